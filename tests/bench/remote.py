"""The sandbox as a process of its own, and what is needed to talk to it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.process import BrokenError, product

SECRET = "ORCHESTRATOR_TARGET__CLIENT_SECRET"
KEY = "ORCHESTRATOR_TARGET__API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    base_url: str
    token_url: str
    client_id: str
    secrets: dict[str, str] = field(repr=False)
    """The trial credentials, as variables of a child's environment."""

    def arguments(self, folder: Path) -> list[str]:
        """What our own scripts are told: addresses and input."""
        return [self.base_url, self.token_url, self.client_id, str(folder)]

    def run(self, folder: Path, out: Path, *settings: str) -> list[str]:
        """The arguments of `orchestrator run` against this remote, with its log at -q."""
        target = (
            f"target.base_url={self.base_url}",
            f"target.token_url={self.token_url}",
            f"target.client_id={self.client_id}",
        )
        overrides = [word for setting in (*target, *settings) for word in ("--set", setting)]
        return ["run", str(folder), "-o", str(out), "-q", *overrides]


@contextmanager
def remote(profile: str, log: Path) -> Iterator[Remote]:
    """Listens on loopback until the block ends."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            product("sandbox", "--profile", profile, "--port", "0", "--seed", "1"),
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise BrokenError(f"the sandbox did not start: {log.read_text(errors='replace').strip()[-500:]}")
            told = json.loads(line)
            yield Remote(
                base_url=told["base_url"],
                token_url=told["token_url"],
                client_id=told["client_id"],
                secrets={SECRET: told["trial_client_secret"], KEY: told["trial_api_key"]},
            )
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def require_all_done(out: Path, files: int) -> None:
    """Raises BrokenError unless the run's own summary says that every file is done."""
    [path] = (out / "runs").glob("*/summary.json")
    done = json.loads(path.read_text())["files"]["done"]
    if done != files:
        raise BrokenError(f"run: {done} of {files} files are done")

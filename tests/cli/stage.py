"""A folder of files, the program, and a sandbox in this process."""

from __future__ import annotations

import csv
import math
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from cli.ledger import Line, newest, read_ledger
from cli.program import Outcome, Running, environment, running
from cli.rosters import Roster, write_all
from orchestrator.sandbox import Fault, Profile, Sandbox, serve

QUICK = Profile(job_base=0.0)

CONFIG = """
[input]
folder = "inbox"
settle = 0

[output]
folder = "out"

[target]
base_url = "{base_url}"
token_url = "{token_url}"
client_id = "{client_id}"

[polling]
first = 0.02
factor = 1.0
cap = 0.05
"""


def held(endpoint: str, kind: str = "hold_before", **where: Any) -> Fault:
    """A request that waits until it is released, however long that takes."""
    return Fault(endpoint=endpoint, kind=kind, seconds=math.inf, **where)


def scripted(*faults: Fault, **knobs: Any) -> Profile:
    return Profile(job_base=0.0, script=faults, **knobs)


def as_options(settings: dict[str, object]) -> list[str]:
    """`limits__uploads=1` as `--set limits.uploads=1`."""
    return [
        word
        for key, value in settings.items()
        for word in (
            "--set",
            f"{key.replace('__', '.')}={str(value).lower() if value in (True, False) else value}",
        )
    ]


class Stage:
    def __init__(self, root: Path, remote: Sandbox) -> None:
        self.root = root
        self.remote = remote
        self.folder, self.out, self.config = root / "inbox", root / "out", root / "orchestrator.toml"
        self.folder.mkdir(exist_ok=True)
        self.config.write_text(
            CONFIG.format(base_url=remote.base_url, token_url=remote.token_url, client_id=remote.client_id)
        )
        self.secrets = {
            "ORCHESTRATOR_TARGET__CLIENT_SECRET": remote.client_secret,
            "ORCHESTRATOR_TARGET__API_KEY": remote.api_key,
        }
        self.on_entry: Callable[[], object] = lambda: None
        self._changed = anyio.Event()
        self._add = remote.record.add
        remote.record.add = self._noted  # type: ignore[method-assign]  # of this one only

    def _noted(self, kind: str, **fields: Any) -> None:
        self._add(kind, **fields)
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
        self.on_entry()

    async def until(self, seen: Callable[[], object]) -> None:
        """Return as soon as *seen* holds, which is asked after every entry of the sandbox's record."""
        while not seen():
            await self._changed.wait()

    # The program

    async def call(self, command: str, *arguments: str, by: Sequence[str] = (), **settings: object) -> Outcome:
        async with self.start(command, *arguments, by=by, **settings) as program:
            await program.wait()
        return program.outcome()

    async def run(self, *arguments: str, **settings: object) -> Outcome:
        return await self.call("run", "--json", *arguments, **settings)

    @asynccontextmanager
    async def start(
        self, command: str, *arguments: str, by: Sequence[str] = (), **settings: object
    ) -> AsyncIterator[Running]:
        words = [command, *arguments, "-c", str(self.config), *as_options(settings)]
        env = environment(**self.secrets)
        async with running(*words, cwd=self.root, env=env, by=by) as program:
            yield program

    # What there is to see afterwards

    @property
    def ledger(self) -> list[Line]:
        return read_ledger(self.out)

    @property
    def jobs(self) -> dict[str, Line]:
        """The newest version of each path."""
        return newest(self.ledger)

    @property
    def states(self) -> dict[str, str]:
        return {path: line.state for path, line in self.jobs.items()}

    @property
    def uploads(self) -> list[dict[str, Any]]:
        return self.remote.record.of("upload")

    def results(self, name: str) -> Path:
        return self.out / "results" / name

    def report(self, outcome: Outcome) -> Path:
        return self.out / "runs" / outcome.json["run"]

    def told(self, outcome: Outcome) -> dict[str, dict[str, str]]:
        """The lines of files.csv, by path; the last of those of one."""
        with (self.report(outcome) / "files.csv").open(newline="") as file:
            return {line["path"]: line for line in csv.DictReader(file)}


async def write_on(path: Path, program: Running) -> None:
    """Append a row every few milliseconds until *program* has ended."""
    with path.open("ab", buffering=0) as file:
        while not program.has_ended:
            file.write(b"N1,01/07/2024,09:00,01/07/2024,17:00\r\n")
            with anyio.move_on_after(0.02):
                await program.wait()


@asynccontextmanager
async def staged(
    root: Path, rosters: Iterable[Roster] = (), profile: Profile = QUICK, *, seed: int = 1
) -> AsyncIterator[Stage]:
    async with serve(profile, seed=seed) as remote:
        stage = Stage(root, remote)
        write_all(stage.folder, rosters)
        yield stage

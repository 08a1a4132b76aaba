"""The real command line in this process, as talkative as it and its libraries can be made."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from anyio.from_thread import start_blocking_portal

from cli.leaks import stored, stored_without_results
from cli.rosters import Roster, write_all
from cli.stage import CONFIG, QUICK, as_options
from orchestrator.cli import app
from orchestrator.sandbox import Profile, Sandbox, serve

LIBRARIES = ("asyncio", "aiohttp", "aiohttp.client", "aiohttp.internal", "concurrent.futures", "pydantic_settings")


@dataclass(frozen=True, kw_only=True)
class Spoken:
    code: int
    out: str
    err: str


@dataclass(kw_only=True)
class Program:
    root: Path
    remote: Sandbox
    capture: pytest.CaptureFixture[str]
    spoken: list[Spoken] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.root / "out"

    def run(self, *arguments: str, **settings: object) -> Spoken:
        self.capture.readouterr()
        code = app(
            ["run", "--json", "-c", str(self.root / "orchestrator.toml"), *arguments, *as_options(settings)],
            standalone_mode=False,
        )
        said = self.capture.readouterr()
        self.spoken.append(Spoken(code=code, out=said.out, err=said.err))
        return self.spoken[-1]

    @property
    def artefacts(self) -> dict[str, bytes]:
        """Whatever the runs so far left, without what quotes cells by right, and the names of all files."""
        return self._said | stored_without_results(self.out)

    @property
    def all_artefacts(self) -> dict[str, bytes]:
        return self._said | stored(self.out)

    @property
    def _said(self) -> dict[str, bytes]:
        places = {
            f"{name} of run {nth}": text.encode()
            for nth, each in enumerate(self.spoken, 1)
            for name, text in (("stdout", each.out), ("stderr", each.err))
        }
        return places | {"the names of files": "\n".join(map(str, self.out.rglob("*"))).encode()}


@contextmanager
def program(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capture: pytest.CaptureFixture[str],
    rosters: list[Roster],
    profile: Profile = QUICK,
) -> Iterator[Program]:
    """A folder, a sandbox in a thread of its own, and every logger at debug, each callback told by asyncio."""
    write_all(root / "inbox", rosters)
    monkeypatch.chdir(root)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(profile)) as remote,
        _talkative(monkeypatch),
    ):
        monkeypatch.setenv("ORCHESTRATOR_TARGET__CLIENT_SECRET", remote.client_secret)
        monkeypatch.setenv("ORCHESTRATOR_TARGET__API_KEY", remote.api_key)
        (root / "orchestrator.toml").write_text(
            CONFIG.format(base_url=remote.base_url, token_url=remote.token_url, client_id=remote.client_id)
        )
        yield Program(root=root, remote=remote, capture=capture)


@contextmanager
def _talkative(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """asyncio tells every callback as too slow, with its arguments, and libraries pass on what they tell."""
    initialize = asyncio.BaseEventLoop.__init__

    def impatient(self: Any) -> None:
        initialize(self)
        self.slow_callback_duration = 0.0

    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    monkeypatch.setattr(asyncio.BaseEventLoop, "__init__", impatient)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in LIBRARIES}
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
        for name in LIBRARIES:
            logging.getLogger(name).setLevel(levels[name])

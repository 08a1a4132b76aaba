"""Whole runs in this process, from a folder over real HTTP to the sandbox, and the moment at which somebody meddles."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import aiofiles
import anyio.lowlevel
import pytest

from cli.ledger import read_ledger
from cli.stage import QUICK
from inbox.changes import ROWS, csv
from orchestrator.batch import Finished, Watcher, run_batch
from orchestrator.config import Credentials, load
from orchestrator.edges import contents, inbox, sheets
from orchestrator.edges.clock import SystemClock
from orchestrator.edges.folder import Folder
from orchestrator.edges.inbox import FolderInbox
from orchestrator.edges.log import set_up_logs
from orchestrator.request import Request
from orchestrator.sandbox import Profile, Sandbox, serve
from orchestrator.targets.platform import Platform
from orchestrator.trip import Trip

NAME = "roster"
ORIGINAL = csv(*ROWS)


def as_sent(content: bytes) -> str:
    """SHA-256 of a clean file as the remote gets it: no line end after the last row."""
    return hashlib.sha256(content.removesuffix(b"\r\n")).hexdigest()


class Restless(SystemClock):
    """Nobody waits in real time: whoever sleeps moves the clock on."""

    passed: ClassVar[float] = 0.0
    """Seconds of the night that went by between the runs."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.passed)

    def __init__(self) -> None:
        self._slept = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._slept

    async def sleep(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        self._slept += seconds


@dataclass
class Looking(Watcher):
    """Keeps what a run says of each file, and has a look of its own at every beginning."""

    began_one: Callable[[], object] = lambda: None
    trips: list[Trip] = field(default_factory=list)

    def began(self, trip: Trip) -> None:
        self.began_one()

    def ended(self, trip: Trip) -> None:
        self.trips.append(trip)


@dataclass(kw_only=True)
class Night:
    root: Path
    remote: Sandbox
    watcher: Looking = field(default_factory=Looking)
    runs: list[str] = field(default_factory=list)

    @property
    def place(self) -> Path:
        return self.root / "inbox" / f"{NAME}.csv"

    @property
    def out(self) -> Path:
        return self.root / "out"

    async def run(self) -> Finished:
        """One run; `watcher.trips` tells what became of the file."""
        self.watcher.trips.clear()
        remote = self.remote
        given = {
            "input.folder": self.place.parent,
            "input.settle": 0,
            "output.folder": self.out,
            "target.base_url": remote.base_url,
            "target.token_url": remote.token_url,
            "target.sole_writer": "true",
        }
        settings = load(None, environ={}, overrides=[f"{key}={value}" for key, value in given.items()])
        secrets = Credentials(client_id=remote.client_id, client_secret=remote.client_secret, api_key=remote.api_key)
        finished = await run_batch(settings, secrets, Request(), self.watcher)
        self.runs.append(finished.summary["run"])
        return finished

    def wait(self, seconds: float) -> None:
        """Between two runs."""
        Restless.passed += seconds

    @property
    def arrived(self) -> list[str]:
        """SHA-256 of the data of every upload that came to the remote whole."""
        return [entry["data_sha256"] for entry in self.remote.record.of("upload") if entry["data_sha256"]]

    @property
    def stands(self) -> str | None:
        """SHA-256 of what the remote holds under the Name."""
        dataset = self.remote.datasets.get(NAME)
        return dataset.data_sha256 if dataset else None

    @property
    def validated(self) -> set[str]:
        """What the ledger says was checked and is to be sent."""
        return {line.sent for line in read_ledger(self.out) if line.sent}

    def require_only_validated_bytes(self) -> None:
        known = {as_sent(ORIGINAL)} | ({as_sent(self.place.read_bytes())} if self.is_a_file else set())
        assert set(self.arrived) <= self.validated
        assert set(self.arrived) <= known

    @property
    def is_a_file(self) -> bool:
        return self.place.is_file() and not self.place.is_symlink()


@asynccontextmanager
async def night(
    root: Path, monkeypatch: pytest.MonkeyPatch, *, streamed: bool, profile: Profile = QUICK
) -> AsyncIterator[Night]:
    """*streamed*: the file counts as too large to hold, and is read in pieces of 1,000 bytes."""
    monkeypatch.setattr("orchestrator.batch.SystemClock", Restless)
    monkeypatch.setattr(Restless, "passed", 0.0)
    if streamed:
        for module in (inbox, contents):
            monkeypatch.setattr(module, "HELD_LIMIT", 2000)
        for module in (contents, sheets):
            monkeypatch.setattr(module, "CHUNK", 1000)
    set_up_logs(as_json=False, level=logging.ERROR, stream=io.StringIO())
    async with serve(profile) as remote:
        made = Night(root=root, remote=remote)
        made.place.parent.mkdir()
        made.place.write_bytes(ORIGINAL)
        yield made


@dataclass
class Meddler:
    """Does something once, at the moment that it is told to wait for; `fired` is whether that came."""

    action: Callable[[], object]
    fired: bool = False

    def __call__(self) -> None:
        if not self.fired:
            self.fired = True
            self.action()


def at_the_beginning(night: Night, meddle: Meddler, _: pytest.MonkeyPatch) -> None:
    """After the listing."""
    night.watcher.began_one = meddle


def opened(nth: int) -> Callable[[Night, Meddler, pytest.MonkeyPatch], None]:
    """The file has just been opened for the *nth* time, and nothing of it has been read."""

    def arrange(night: Night, meddle: Meddler, monkeypatch: pytest.MonkeyPatch) -> None:
        real, count = Folder.open, [0]

        def opening(self: Folder, path: Any) -> int:
            descriptor = real(self, path)
            count[0] += 1
            if count[0] == nth:
                meddle()
            return descriptor

        monkeypatch.setattr(Folder, "open", opening)

    return arrange


def before(place: type, name: str, nth: int = 1) -> Callable[[Night, Meddler, pytest.MonkeyPatch], None]:
    """The method is about to be called for the *nth* time."""

    def arrange(night: Night, meddle: Meddler, monkeypatch: pytest.MonkeyPatch) -> None:
        real, count = getattr(place, name), [0]

        def calling(self: Any, *arguments: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == nth:
                meddle()
            return real(self, *arguments, **options)

        monkeypatch.setattr(place, name, calling)

    return arrange


def before_piece(number: int) -> Callable[[Night, Meddler, pytest.MonkeyPatch], None]:
    """While it is sent, before the piece of that number is read; -1 is the last one."""
    wanted = number if number >= 0 else len(ORIGINAL) // 1000 + number + 1

    def arrange(night: Night, meddle: Meddler, monkeypatch: pytest.MonkeyPatch) -> None:
        @asynccontextmanager
        async def opening(descriptor: int, *arguments: Any, **options: Any) -> AsyncIterator[Any]:
            async with aiofiles.open(descriptor, *arguments, **options) as file:
                pieces = [0]

                async def read(size: int) -> Any:
                    if pieces[0] == wanted:
                        meddle()
                    pieces[0] += 1
                    return await file.read(size)

                yield SimpleNamespace(read=read)

        monkeypatch.setattr(sheets, "aiofiles", SimpleNamespace(open=opening))

    return arrange


Arrange = Callable[[Night, Meddler, pytest.MonkeyPatch], None]
MOMENTS_OF_ANY: dict[str, Arrange] = {
    "between listing and reading": at_the_beginning,
    "while it is read": opened(1),
    "between reading and checking": before(FolderInbox, "_judge"),
    "between checking and the token": before(Platform, "sign_in"),
    "between the intent and the first byte": before(Platform, "submit"),
}
MOMENTS_OF_A_STREAM: dict[str, Arrange] = {
    **MOMENTS_OF_ANY,
    "while it is checked": opened(2),
    "before its first piece is sent": before_piece(0),
    "in the middle of its sending": before_piece(6),
    "before its last piece is sent": before_piece(-1),
    "before the end of the file is seen": before_piece(len(ORIGINAL) // 1000 + 1),
}

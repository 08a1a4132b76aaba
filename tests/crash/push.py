"""A remote of another kind, which takes a push and has nothing to poll; with keys, or without.

A push under a known key replaces what came under that key; under any other, or without one, it adds a copy, also
where the Name is known. The key is the Name of the job, where the client sends one. Nobody can be asked.
The remote takes every push and says so, unless it was told otherwise about a Name.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from orchestrator.errors import Busy, Refused, Unclear
from orchestrator.model import Completed, Failed, Job, Result, Token
from orchestrator.ports import Body, Ended, Fetched, Held, MayGo, Release, Running, Trace

_LONGEST = 1 << 20

AWAY = 7200.0
"""Seconds for which nobody is to come back: longer than a run waits."""

Answer = Literal["taken", "lost", "busy", "away", "refused"]
"""A push is taken when it says so, and when its answer is lost."""


@dataclass(frozen=True, kw_only=True)
class Push:
    """The target, in the program."""

    host: str
    port: int
    keyed: bool
    id: str = "push"
    looks_up: bool = False

    def heed(self, may_go: MayGo) -> None:
        """Nothing comes between the permit and the request."""

    async def sign_in(self) -> None:
        """Nothing is needed."""

    async def probe(self) -> None:
        """It is well."""

    def finds_again(self, job: Job) -> bool:
        return self.keyed

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        return False

    async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Completed:
        texts = [part.text if isinstance(part, Held) else None for part in (body.data, body.events)]
        line = json.dumps({"key": job.name if self.keyed else None, "name": job.name, "texts": texts})
        try:
            async with await anyio.connect_tcp(self.host, self.port) as stream:
                await stream.send(line.encode() + b"\n")
                answer = await BufferedByteReceiveStream(stream).receive_until(b"\n", _LONGEST)
        except (OSError, anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError) as error:
            raise Unclear(f"push: no answer ({type(error).__name__})") from None
        match answer.decode():
            case "taken":
                return Completed()
            case "busy":
                raise Busy("push: the remote is busy")
            case "away":
                raise Busy("push: the remote wants to be left alone", retry_after=AWAY)
            case objection:
                assert objection == "refused"
                raise Refused("push: the remote does not take it")

    async def recall(self, job: Job) -> Trace:
        return Trace.REPEATABLE if self.keyed else Trace.UNKNOWN

    async def check(self, token: Token) -> Running | Ended:
        raise AssertionError("a push has no token")

    def has_forgotten(self, job: Job) -> bool:
        return False

    async def recollect(self, job: Job, body: Body) -> None:
        """Rows are named by their numbers."""

    async def fetch(self, token: Token, key: str) -> Fetched:
        raise AssertionError("a push has no results")

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        raise AssertionError("a push has ended when it is answered")


@dataclass(frozen=True, kw_only=True)
class Pushed:
    at: float
    key: str | None
    name: str
    digests: tuple[str | None, str | None]
    answer: Answer

    @property
    def is_taken(self) -> bool:
        return self.answer in ("taken", "lost")


@dataclass(kw_only=True)
class PushRemote:
    """The other side, in the process that outlives the program."""

    script: dict[str, deque[Answer]] = field(default_factory=dict)
    """What the first pushes under a Name are answered with."""
    log: list[Pushed] = field(default_factory=list)
    standing: list[Pushed] = field(default_factory=list)
    """What is there now."""
    on_push: Callable[[], object] = lambda: None
    """Called when a push has arrived whole, before it is answered."""
    host: str = ""
    port: int = 0

    def copies(self, name: str) -> int:
        return sum(pushed.name == name for pushed in self.standing)

    def take(self, line: bytes) -> Pushed:
        push = json.loads(line)
        digests = [text and hashlib.sha256(text.encode()).hexdigest() for text in push["texts"]]
        script = self.script.get(push["name"])
        answer = script.popleft() if script else "taken"
        pushed = Pushed(
            at=time.time(), key=push["key"], name=push["name"], digests=(digests[0], digests[1]), answer=answer
        )
        self.log.append(pushed)
        if pushed.is_taken:
            self.standing = [one for one in self.standing if one.key is None or one.key != pushed.key] + [pushed]
        return pushed

    async def answer(self, stream: SocketStream) -> None:
        async with stream:
            try:
                pushed = self.take(await BufferedByteReceiveStream(stream).receive_until(b"\n", _LONGEST))
                self.on_push()
                if pushed.answer != "lost":
                    await stream.send(f"{pushed.answer}\n".encode())
            except (anyio.IncompleteRead, anyio.BrokenResourceError):
                return  # the sender died: before its line was whole, or before it could hear of it


@asynccontextmanager
async def push_remote(*, script: Mapping[str, Sequence[Answer]]) -> AsyncIterator[PushRemote]:
    remote = PushRemote(script={name: deque(answers) for name, answers in script.items()})
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as beside:
        remote.host, remote.port = listener.extra(SocketAttribute.local_address)[:2]
        beside.start_soon(listener.serve, remote.answer)
        yield remote
        beside.cancel_scope.cancel()

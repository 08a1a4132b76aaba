"""A remote of another kind, which takes a push and has nothing to poll; with keys, or without.

With keys a push under a known key replaces what is there. Without, each one adds a copy, and nobody can be asked.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from orchestrator.errors import Unclear
from orchestrator.model import Completed, Failed, Job, Result, Token
from orchestrator.ports import Body, Ended, Fetched, Held, Release, Running, Trace

_LONGEST = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Push:
    """The target, in the program."""

    host: str
    port: int
    keyed: bool
    id: str = "push"
    looks_up: bool = False

    async def sign_in(self) -> None:
        """Nothing is needed."""

    async def probe(self) -> None:
        """It is well."""

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        return False

    async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Completed:
        texts = [part.text if isinstance(part, Held) else None for part in (body.data, body.events)]
        line = json.dumps({"name": job.name, "texts": texts})
        try:
            async with await anyio.connect_tcp(self.host, self.port) as stream:
                await stream.send(line.encode() + b"\n")
                answer = await BufferedByteReceiveStream(stream).receive_until(b"\n", _LONGEST)
        except (OSError, anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError) as error:
            raise Unclear(f"push: no answer ({type(error).__name__})") from None
        assert answer == b"taken"
        return Completed()

    async def recall(self, job: Job) -> Trace:
        return Trace.REPLACEABLE if self.keyed else Trace.UNKNOWN

    async def check(self, token: Token) -> Running | Ended:
        raise AssertionError("a push has no token")

    async def fetch(self, token: Token, key: str) -> Fetched:
        raise AssertionError("a push has no results")

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        raise AssertionError("a push has ended when it is answered")


@dataclass(frozen=True, kw_only=True)
class Pushed:
    at: float
    name: str
    digests: tuple[str | None, str | None]


@dataclass(kw_only=True)
class PushRemote:
    """The other side, in the process that outlives the program."""

    keyed: bool
    log: list[Pushed] = field(default_factory=list)
    host: str = ""
    port: int = 0

    def copies(self, name: str) -> int:
        taken = sum(pushed.name == name for pushed in self.log)
        return min(taken, 1) if self.keyed else taken

    async def answer(self, stream: SocketStream) -> None:
        async with stream:
            try:
                line = await BufferedByteReceiveStream(stream).receive_until(b"\n", _LONGEST)
                push = json.loads(line)
                digests = [text and hashlib.sha256(text.encode()).hexdigest() for text in push["texts"]]
                self.log.append(Pushed(at=time.time(), name=push["name"], digests=(digests[0], digests[1])))
                await stream.send(b"taken\n")
            except (anyio.IncompleteRead, anyio.BrokenResourceError):
                return  # the sender died: before its line was whole, or before it could hear of it


@asynccontextmanager
async def push_remote(*, keyed: bool) -> AsyncIterator[PushRemote]:
    remote = PushRemote(keyed=keyed)
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as beside:
        remote.host, remote.port = listener.extra(SocketAttribute.local_address)[:2]
        beside.start_soon(listener.serve, remote.answer)
        yield remote
        beside.cancel_scope.cancel()

"""A server that takes one upload byte by byte, and shows how much of it has arrived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from orchestrator.edges.body import TAIL
from targets.remote import UUID
from targets.wire import answer, grant


@dataclass
class Listener:
    """Takes one upload as far as it is told to, and counts every byte of its body that arrived."""

    reads: int = 1 << 30
    """Bytes of the body after which it reads no more."""
    aborts_at: int = 1 << 30
    """Bytes of the body after which it resets the connection."""
    answers: bytes = answer(200, UUID)
    early: bool = False
    """Answers as soon as it has the headers."""
    size: int = 0
    got: bytearray = field(default_factory=bytearray)
    uploads: int = 0
    tasks: set[asyncio.Task[None] | None] = field(default_factory=set)
    """Of connections: one that reads no more would be lost to the garbage collector, which complains of it."""

    @property
    def whole(self) -> bool:
        return bool(self.size) and len(self.got) == self.size

    async def until_all_but(self, rest: int) -> None:
        """What its system has acknowledged the program may not have read yet."""
        while self.size - len(self.got) > rest:
            await anyio.lowlevel.checkpoint()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())
        try:
            while top := (await reader.readuntil(b"\r\n\r\n")).decode():
                length = next(line for line in top.lower().split("\r\n") if line.startswith("content-length"))
                if "/connect/token" in top:
                    await reader.readexactly(int(length.partition(":")[2]))
                    writer.write(grant())
                else:
                    await self._upload(reader, writer, int(length.partition(":")[2]))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _upload(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int) -> None:
        self.size, self.got = size, bytearray()
        self.uploads += 1
        if self.early:
            writer.write(self.answers)
        while len(self.got) < size:
            if len(self.got) >= self.reads:
                await asyncio.Event().wait()
            if len(self.got) >= self.aborts_at:
                break
            chunk = await reader.read(1 << 16)
            if not chunk:
                raise ConnectionError
            self.got += chunk
        if len(self.got) >= self.aborts_at:
            writer.transport.abort()
            raise ConnectionAbortedError
        if not self.early:
            writer.write(self.answers)


@asynccontextmanager
async def listening(listener: Listener) -> AsyncIterator[str]:
    """The address at which it does."""
    server = await asyncio.start_server(listener.accept, "127.0.0.1", 0, limit=1 << 16)
    try:
        async with asyncio.timeout(20):
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in filter(None, listener.tasks):
            task.cancel()
        await asyncio.sleep(0)


@dataclass
class Releases:
    """Stands for the ledger, and looks at what has arrived when it is asked."""

    listener: Listener
    arrived: list[int] = field(default_factory=list)
    error: Exception | None = None

    async def __call__(self) -> None:
        await self.listener.until_all_but(TAIL)
        for _ in range(50):
            await anyio.lowlevel.checkpoint()  # a commit takes its time: a tail that did not wait for it would arrive
        self.arrived.append(self.listener.size - len(self.listener.got))
        if self.error is not None:
            raise self.error

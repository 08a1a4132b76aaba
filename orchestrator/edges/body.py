"""A request body that knows how far it was sent, and can keep its last bytes back until they may leave.

The length is announced, so a recipient must take a body without its last bytes for an incomplete message
(RFC 9112 6.3). As long as they are here, the submission cannot have arrived, whatever happens to the
connection, to this process or to this machine.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from asyncio import WriteTransport
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp
import anyio

from orchestrator.errors import OrchestratorError
from orchestrator.outcome import Phase
from orchestrator.ports import Release

if sys.platform == "linux":
    import fcntl
    import termios

T = TypeVar("T")

HOLD_FROM = 256 << 10
"""Bytes of a body from which on its sending takes long enough to be interrupted in the middle."""
TAIL = 64
"""Bytes that are given away last."""
PATIENCE = 60.0
"""Seconds in which the other side has to take some more of what was given away, lest the attempt is broken off."""
_LOOK = 0.002
_LONGEST_LOOK = 0.1
"""Seconds between two looks at what is not acknowledged yet."""
_SOON = 1.0
"""Seconds for room that a connection in good order makes; only then are there looks at it."""


@dataclass(slots=True)
class Hold:
    """Between the body and the one who decides: everything else has arrived; the tail may go."""

    drained: anyio.Event = field(default_factory=anyio.Event)
    released: anyio.Event = field(default_factory=anyio.Event)
    failure: OrchestratorError | None = None


class MeasuredBody(aiohttp.payload.Payload):
    """A stream of announced length. *pieces* is read once for every exchange."""

    _autoclose = True

    def __init__(self, pieces: Callable[[], AsyncIterator[bytes]], size: int, hold: Hold | None = None) -> None:
        super().__init__(pieces, content_type="application/octet-stream")
        self._pieces = pieces
        self._size = size
        self._hold = hold
        self.phase = Phase.SENDING

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a body that is streamed is not decoded")

    async def write(self, writer: aiohttp.abc.AbstractStreamWriter) -> None:
        kept = b""
        async for piece in self._pieces():
            kept += piece
            if len(kept) > TAIL:
                await _taken(writer, kept[:-TAIL])
                kept = kept[-TAIL:]
        if self._hold is not None:
            await _drained(writer)
            self._hold.drained.set()
            await self._hold.released.wait()
        self.phase = Phase.SENT
        await _taken(writer, kept)


async def releasing(hold: Hold, release: Release, exchange: Callable[[], Awaitable[T]]) -> T:
    """The exchange, with *release* called once between all bytes but the last and the last.

    Raises what the exchange raises, or what *release* does: then the last bytes stay here.
    """
    answers: list[T] = []
    problem: OrchestratorError | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_release, hold, release, tasks.cancel_scope)
        try:
            answers.append(await exchange())
        except OrchestratorError as error:
            problem = error  # raised below: a task group would wrap it
        tasks.cancel_scope.cancel()
    if (problem := hold.failure or problem) is not None:
        raise problem
    return answers[0]


async def _release(hold: Hold, release: Release, exchange: anyio.CancelScope) -> None:
    await hold.drained.wait()
    try:
        await release()
    except OrchestratorError as error:
        hold.failure = error
        exchange.cancel()
    else:
        hold.released.set()


async def _taken(writer: aiohttp.abc.AbstractStreamWriter, piece: bytes) -> None:
    """Until there is room for more. Raises OSError when the other side stops taking bytes."""
    with anyio.move_on_after(_SOON):  # the piece is given away at once; it is room that is waited for
        await writer.write(piece)
        await writer.drain()
        return
    # Not by `drain` again: after a wait that was broken off it cannot be waited for until there is room.
    await _watched(writer, lambda transport, _: not _is_full(transport))


async def _drained(writer: aiohttp.abc.AbstractStreamWriter) -> None:
    """Until the other side has acknowledged every byte so far. Raises OSError when it stops doing so."""
    await _watched(writer, lambda _, unacknowledged: not unacknowledged)


async def _watched(writer: aiohttp.abc.AbstractStreamWriter, is_enough: Callable[[WriteTransport, int], bool]) -> None:
    """Raises OSError when nothing moves any more before it *is_enough*."""
    look, left, until = _LOOK, -1, anyio.current_time() + PATIENCE
    while (transport := getattr(writer, "transport", None)) is not None and anyio.current_time() < until:
        now = _unacknowledged(transport)
        if is_enough(transport, now):
            return
        if now != left:  # not only when fewer are left than ever: under TLS there is a buffer that nobody can look into
            left, until = now, anyio.current_time() + PATIENCE
        await anyio.sleep(look)
        look = min(look * 2, _LONGEST_LOOK)
    raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


def _is_full(transport: WriteTransport) -> bool:
    low, _ = transport.get_write_buffer_limits()
    return transport.get_write_buffer_size() > low


def _unacknowledged(transport: WriteTransport) -> int:
    """Bytes that wait in this process, and on Linux those in the socket that the peer has not acknowledged."""
    waiting = transport.get_write_buffer_size()
    connection = transport.get_extra_info("socket")
    if sys.platform != "linux" or connection is None or connection.fileno() < 0:
        return waiting
    answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")  # SIOCOUTQ by its other name
    return waiting + int(struct.unpack("i", answer)[0])

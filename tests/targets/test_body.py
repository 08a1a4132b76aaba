"""A body alone on its way out: what it knows of its last bytes, and when it lets them go."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from orchestrator.edges import body as bodies
from orchestrator.edges.answer import Answer
from orchestrator.edges.body import TAIL, Hold, MeasuredBody, releasing
from orchestrator.edges.http import Kind, open_http
from orchestrator.errors import NotSent
from orchestrator.outcome import Phase

SIZE = 60_000
"""Bytes that the transport takes at once, whether anybody reads them or not."""


class BreaksAtTheEnd:
    """A connection that takes every byte, and says that it is gone when it has the last."""

    def __init__(self, size: int) -> None:
        self.left = size

    async def write(self, chunk: bytes) -> None:
        self.left -= len(chunk)
        if not self.left:
            raise ConnectionResetError

    async def drain(self) -> None:
        """There is always room."""


async def test_last_bytes_that_were_given_away_count_as_sent_whatever_comes_of_them() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * TAIL

    body = MeasuredBody(pieces, 3 * TAIL)
    with pytest.raises(ConnectionResetError):
        await body.write(BreaksAtTheEnd(3 * TAIL))  # type: ignore[arg-type]  # all that is used of a writer

    assert body.phase is Phase.SENT


class Slow:
    """A connection whose other side acknowledges a little at every look; and a clock that leaps from look to look."""

    def __init__(self, *unacknowledged: int) -> None:
        self.looks = list(unacknowledged)
        self.seconds = 0.0
        self.transport = self

    async def drain(self) -> None:
        """Nothing is held up on its way into the transport."""

    async def write(self, chunk: bytes) -> None:
        """Whatever it is."""

    def get_extra_info(self, name: str) -> None:
        """No socket: all that waits is what the transport tells of."""

    def get_write_buffer_size(self) -> int:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    async def sleep(self, _: float) -> None:
        self.seconds += bodies.PATIENCE * 0.9
        await anyio.lowlevel.checkpoint()

    @property
    def body(self) -> MeasuredBody:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"x" * 2 * TAIL

        return MeasuredBody(pieces, 2 * TAIL, self.hold())

    def hold(self) -> Hold | None:
        hold = Hold()
        hold.released.set()
        return hold


class Full(Slow):
    """One that has no room until little enough waits in it."""

    async def drain(self) -> None:
        await anyio.sleep_forever()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 2, 8

    def hold(self) -> None:
        """Nothing: it does not come to that."""


@pytest.fixture
def on_its_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[Slow], Slow]:
    def put(slow: Slow) -> Slow:
        monkeypatch.setattr(bodies, "_SOON", 0.0)
        monkeypatch.setattr(anyio, "current_time", lambda: slow.seconds)
        monkeypatch.setattr(anyio, "sleep", slow.sleep)
        return slow

    return put


@pytest.mark.parametrize(
    "make",
    [lambda: Slow(*range(20, -1, -1)), lambda: Full(*(left for left in range(20, 1, -1) for _ in range(2)))],
    ids=["held", "full"],
)
async def test_a_slow_connection_is_waited_for_as_long_as_it_gets_on(
    on_its_clock: Callable[[Slow], Slow], make: Callable[[], Slow]
) -> None:
    slow = on_its_clock(make())
    body = slow.body
    await body.write(slow)  # type: ignore[arg-type]  # all that is used of a writer

    assert body.phase is Phase.SENT
    assert slow.seconds > 10 * bodies.PATIENCE


@pytest.mark.parametrize("make", [lambda: Slow(9, 8, 8), lambda: Full(9, 9, 8)], ids=["held", "full"])
async def test_a_connection_that_does_not_get_on_is_given_up(
    on_its_clock: Callable[[Slow], Slow], make: Callable[[], Slow]
) -> None:
    slow = on_its_clock(make())
    body = slow.body
    with pytest.raises(TimeoutError):
        await body.write(slow)  # type: ignore[arg-type]  # all that is used of a writer

    assert body.phase is Phase.SENDING
    assert slow.seconds < 4 * bodies.PATIENCE


async def test_nothing_is_released_while_a_byte_before_the_tail_is_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that nobody reads from takes little; the rest has left our hands and is still on this machine."""
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)
    hold, released = Hold(), anyio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * SIZE

    async def release() -> None:
        released.set()

    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/api/UploadData"
        async with open_http(tmp_path) as http:

            async def upload() -> Answer:
                headers = {"Content-Length": str(SIZE)}
                return await http.call(Kind.UPLOAD, "POST", url, headers=headers, data=MeasuredBody(pieces, SIZE, hold))

            with anyio.fail_after(5), pytest.raises(NotSent, match="last bytes had not left"):
                await releasing(hold, release, upload)

    assert not released.is_set()

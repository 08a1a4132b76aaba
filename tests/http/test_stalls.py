"""Whoever stops taking bytes, or gives them out one by one, holds nobody up for long (reliability 45 and 46)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from faults.hours import leaping_time
from targets.remote import files_in
from targets.wire import answer, head, scripted

from orchestrator.edges import body as bodies
from orchestrator.edges.answer import READING, SPILL_FROM, WINDOW
from orchestrator.edges.body import MeasuredBody
from orchestrator.edges.http import Http, Kind, open_http
from orchestrator.errors import NotSent, Unclear

PIECE = b"x" * (256 << 10)
PIECES = 64
"""More than the buffers on the way can hold."""
SIZE = PIECES * len(PIECE)


async def send(http: Http, url: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(PIECES):
            yield PIECE

    await http.call(Kind.UPLOAD, "POST", url, headers={"Content-Length": str(SIZE)}, data=MeasuredBody(pieces, SIZE))


@contextmanager
def deaf() -> Iterator[str]:
    """The address of a server that lets everybody connect, and reads nothing."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/UploadData"


async def test_an_upload_of_which_no_more_is_taken_is_given_up_long_before_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)
    monkeypatch.setattr(bodies, "_SOON", 0.05)
    with deaf() as url, anyio.fail_after(10):
        async with open_http(tmp_path) as http:
            with pytest.raises(NotSent, match="stopped taking bytes, and its last bytes had not left"):
                await send(http, url)


@pytest.mark.parametrize("over_tls", [False, True], ids=["plain", "tls"])
async def test_an_upload_whose_every_piece_has_to_wait_arrives_whole(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tls: ssl.SSLContext,
    certificate: tuple[Path, Path],
    over_tls: bool,
) -> None:
    monkeypatch.setattr(bodies, "_SOON", 0.0)
    async with (
        scripted(answer(200, "taken"), tls=tls if over_tls else None) as server,
        open_http(tmp_path, ca_file=str(certificate[0])) as http,
    ):
        await send(http, server.url)

        assert [(request.whole, len(request.body)) for request in server.requests] == [(True, SIZE)]


@dataclass
class Dripping:
    """A server that gives an answer out in pieces of one size, one in every second."""

    url: str = ""
    given: int = 0


@asynccontextmanager
async def dripping(size: int, piece: int) -> AsyncIterator[Dripping]:
    server, over = Dripping(), anyio.Event()
    async with leaping_time() as leap:

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(head(200, "Content-Type: text/csv", f"Content-Length: {size}"))
                while server.given < size and not writer.is_closing():
                    writer.write(b"x" * piece)
                    server.given += piece
                    await writer.drain()
                    for _ in range(10):
                        await anyio.lowlevel.checkpoint()
                    leap(1.0)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            over.set()

        async with await asyncio.start_server(accept, "127.0.0.1", 0) as listener:
            server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
            yield server
            await over.wait()


@pytest.mark.parametrize("size", [3000, SPILL_FROM, 10 * SPILL_FROM])
async def test_a_result_that_drips_is_given_up_after_a_window(tmp_path: Path, size: int) -> None:
    async with dripping(size, piece=1) as server, open_http(tmp_path) as http:
        with pytest.raises(Unclear, match="at less than 1,000 bytes a second"):
            await http.call(Kind.RESULT, "GET", server.url, headers={})

        assert server.given < 3 * WINDOW
    assert files_in(tmp_path) == []


async def test_a_large_result_that_comes_too_slowly_leaves_no_file(tmp_path: Path) -> None:
    async with dripping(100 * SPILL_FROM, piece=900) as server, open_http(tmp_path) as http:
        with pytest.raises(Unclear, match="at less than 1,000 bytes a second"):
            await http.call(Kind.RESULT, "GET", server.url, headers={})

    assert files_in(tmp_path) == []


async def test_a_slow_result_is_waited_for_as_long_as_it_comes_along(tmp_path: Path) -> None:
    async with dripping(size := 2000 * 400, piece=2000) as server, open_http(tmp_path) as http:
        got = await http.call(Kind.RESULT, "GET", server.url, headers={})

    assert got.spilled is not None
    assert got.spilled.size == size


async def test_the_answer_to_an_upload_that_drips_gives_its_place_back(tmp_path: Path) -> None:
    async with dripping(3000, piece=1) as server, open_http(tmp_path) as http:
        with pytest.raises(Unclear, match="no answer in time"):
            await http.call(Kind.UPLOAD, "POST", server.url, headers={}, data=b"{}")

        assert server.given < 1.2 * READING

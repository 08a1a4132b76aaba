"""Whoever stops taking bytes, or gives them out one by one, holds nobody up for long (reliability 45 and 46)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from targets.wire import answer, scripted

from orchestrator.edges import body as bodies
from orchestrator.edges.body import MeasuredBody
from orchestrator.edges.http import Http, Kind, open_http
from orchestrator.errors import NotSent

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

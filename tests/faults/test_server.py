"""The server itself: what it records is so, and what it is told to do it does, or says that it did not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from targets.remote import DATA, TOKEN, remote_at

from faults.fault import PLATFORM, Deed, Endpoint, Fault, Moment
from faults.server import misbehaving


async def test_a_fault_that_was_planned_and_did_not_strike_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="it struck 0 times"):
        async with (
            misbehaving(Endpoint.POLL, Fault(deed=Deed.CLOSE), follows=1) as server,
            remote_at(server, tmp_path) as remote,
        ):
            await remote.upload()


async def test_a_fault_that_is_to_strike_twice_has_to_strike_twice(tmp_path: Path) -> None:
    busy = Fault(says=b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nqueued", times=2)
    with pytest.raises(AssertionError, match="it struck 1 times"):
        async with misbehaving(Endpoint.POLL, busy, follows=1) as server, remote_at(server, tmp_path) as remote:
            await remote.platform.check(TOKEN)


@pytest.mark.parametrize("sent", [0, 1, 2, 3])
async def test_a_request_counts_as_whole_when_its_last_byte_was_read(sent: int) -> None:
    async with misbehaving(Endpoint.UPLOAD, Fault(moment=Moment.HEAD, deed=Deed.ANSWER), follows=0) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
        writer.write(b"POST /api/UploadData HTTP/1.1\r\nContent-Length: 3\r\n\r\n" + b"abc"[:sent])
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()

    [request] = server.requests
    assert (request.body, request.whole, server.whole_uploads) == (b"abc"[:sent], sent == 3, int(sent == 3))


async def test_no_cookie_comes_back(tmp_path: Path) -> None:
    """By name, for a jar would keep none of an address."""
    fine = Fault(
        says=lambda content: b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 36\r\n\r\n" + content
    )
    async with misbehaving(Endpoint.UPLOAD, fine, follows=1) as server:
        server.url = server.url.replace("127.0.0.1", "localhost")
        async with remote_at(server, tmp_path) as remote:
            accepted = await remote.upload(DATA)
            await remote.platform.check(accepted.token)
            await remote.platform.fetch(accepted.token, "feedback")

    assert [request.endpoint for request in server.requests] == list(PLATFORM)
    assert not any("cookie" in request.headers for request in server.requests)

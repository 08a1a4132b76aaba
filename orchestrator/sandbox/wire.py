"""How requests are read and answers are sent, well or badly."""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import ClientError, web
from aiohttp.hdrs import CONTENT_TYPE, EXPECT

from orchestrator.sandbox.answer import Answer, Drop

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER without any time: close() sends RST


async def read(request: web.BaseRequest, limit: int | None) -> bytes | None:
    """The whole body, or None if it never arrived whole. Over *limit* bytes the rest is left unread."""
    if EXPECT in request.headers and request.transport is not None:
        # The low-level server leaves this to us; curl waits for it before a large body.
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    pieces = []
    size = 0
    try:
        while piece := await request.content.readany():
            pieces.append(piece)
            size += len(piece)
            if limit is not None and size > limit:
                break
    except (ConnectionError, ClientError):
        return None
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def response(answer: Answer) -> web.Response:
    headers = {CONTENT_TYPE: answer.content_type, **dict(answer.headers)}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def hang_up(request: web.BaseRequest, drop: Drop) -> web.StreamResponse:
    """End the connection without an answer; what is returned only satisfies aiohttp."""
    transport = request.transport
    if transport is not None:
        if drop.reset:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    return web.Response()


async def truncate(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Promise the whole answer, send half of it, and end the connection."""
    stream = await _begin(request, answer, len(answer.body) or 1)
    await stream.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return stream


async def trickle(
    request: web.BaseRequest, answer: Answer, seconds: float, sleep: Callable[[float], Awaitable[object]]
) -> web.StreamResponse:
    """Send the answer byte by byte, so that it takes *seconds* in all."""
    stream = await _begin(request, answer, len(answer.body))
    with suppress(ConnectionError):  # whoever asked is gone
        for at in range(len(answer.body)):
            await sleep(seconds / len(answer.body))
            await stream.write(answer.body[at : at + 1])
    return stream


async def _begin(request: web.BaseRequest, answer: Answer, length: int) -> web.StreamResponse:
    headers = {CONTENT_TYPE: answer.content_type, **dict(answer.headers)}
    stream = web.StreamResponse(status=answer.status, headers=headers)
    stream.content_length = length
    await stream.prepare(request)
    return stream

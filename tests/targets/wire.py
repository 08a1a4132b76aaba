"""A server that says exactly what its script says, byte for byte, and remembers what it was sent."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias

PATIENCE = 20.0
"""Seconds after which a test that waits for something on the wire is broken."""


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool
    """Whether as many bytes came as Content-Length promised."""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """`early` goes out before the body is read, `silent` never; `close` and `reset` end the connection."""

    data: bytes = b""
    early: bool = False
    silent: bool = False
    close: bool = False
    reset: bool = False
    first: Callable[[], Awaitable[object]] | None = None
    """What happens before the answer."""


Script: TypeAlias = bytes | Reply | Callable[[Request], "bytes | Reply"]


def head(status: int, *headers: str) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Whatever"
    return "\r\n".join((f"HTTP/1.1 {status} {phrase}", *headers, "", "")).encode()


def answer(status: int = 200, body: bytes | str = b"", *headers: str, kind: str = "text/plain") -> bytes:
    """A complete answer of known length."""
    content = body.encode() if isinstance(body, str) else body
    return head(status, f"Content-Type: {kind}", f"Content-Length: {len(content)}", *headers) + content


def unframed(body: bytes, *headers: str, kind: str = "text/plain", status: int = 200) -> Reply:
    """An answer that ends where the connection does, so that nobody can tell whether it is whole."""
    return Reply(data=head(status, f"Content-Type: {kind}", *headers) + body, close=True)


def chunked(*pieces: bytes, kind: str = "text/plain") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return head(200, f"Content-Type: {kind}", "Transfer-Encoding: chunked") + body + b"0\r\n\r\n"


def as_json(value: object, status: int = 200, *headers: str) -> bytes:
    return answer(status, json.dumps(value), *headers, kind="application/json")


def grant(token: str = "bearer-of-the-test", **members: object) -> bytes:
    """A token answer; a member that is `...` is left out."""
    given = {"access_token": token, "token_type": "Bearer", "expires_in": 3600, **members}
    return as_json({name: value for name, value in given.items() if value is not ...})


@dataclass
class Server:
    """Each request to the token path takes the next reply of `tokens`, any other one the next of `replies`.

    The last reply of each is given over and over.
    """

    url: str = ""
    replies: list[Script] = field(default_factory=list)
    tokens: list[Script] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    token_requests: list[Request] = field(default_factory=list)
    connections: int = 0
    greeting: bytes = b""
    """Sent to whoever connects, before anything is read; then the connection ends."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def token_url(self) -> str:
        return f"{self.url}/connect/token"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that a request brings about."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.greeting:
                writer.write(self.greeting)
                await writer.drain()
                writer.write_eof()
                await reader.read()
                return
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            self._changed.set()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its reply; False when the connection is to end."""
        top = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        start, *lines = top.removesuffix("\r\n\r\n").split("\r\n")
        method, target, _ = start.split(" ", 2)
        headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
        sizes = [int(value) for name, value in headers if name.lower() == "content-length"]
        about = Request(method=method, target=target, headers=headers, body=b"", whole=False)
        is_token = target.partition("?")[0] == "/connect/token"
        script, seen = (self.tokens, self.token_requests) if is_token else (self.replies, self.requests)
        peeked = script[min(len(seen), len(script) - 1)]
        early = peeked.data if isinstance(peeked, Reply) and peeked.early else None
        if early is not None:
            writer.write(early)
            await writer.drain()
        body = await _body(reader, sizes[0] if sizes else 0)
        request = Request(
            method=about.method,
            target=about.target,
            headers=headers,
            body=body,
            whole=len(body) == (sizes[0] if sizes else 0),
        )
        seen.append(request)
        self._changed.set()
        if early or not request.whole:
            return False
        reply = peeked(request) if callable(peeked) else peeked
        return await _give(reply if isinstance(reply, Reply) else Reply(data=reply), reader, writer)

    async def end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _body(reader: asyncio.StreamReader, size: int) -> bytes:
    try:
        return await reader.readexactly(size)
    except asyncio.IncompleteReadError as cut:
        return cut.partial
    except ConnectionError:
        return b""


async def _give(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    if reply.first is not None:
        await reply.first()
    writer.write(reply.data)
    await writer.drain()
    if reply.silent:
        await reader.read()
    if reply.reset:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    return not (reply.close or reply.reset or reply.silent)


@asynccontextmanager
async def scripted(
    *replies: Script, tokens: tuple[Script, ...] = (), tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """Listen on loopback; the whole block must be over before patience is."""
    server = Server(replies=list(replies) or [answer()], tokens=list(tokens) or [grant()])
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    port = listener.sockets[0].getsockname()[1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(PATIENCE):
            yield server
    finally:
        listener.close()
        await server.end()
        await listener.wait_closed()


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

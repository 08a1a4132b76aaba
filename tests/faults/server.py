"""A server that misbehaves as planned, and keeps the authoritative record of what reached it.

Its healthy answers are those of `healthy`: a bearer token, a token for each upload, success at the first poll, and
results. Each of them sets a cookie. One fault is planned; how often it strikes is counted, and a
fault that was planned and did not strike is an error.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from targets.remote import BEARER, UUID
from targets.wire import answer, grant

from faults.fault import UPLOADS, Deed, Endpoint, Fault, Moment
from faults.healthy import accepted, told
from faults.hours import Leap, leaping_time
from faults.record import Request, Taken, endpoint_of, taken_of

Accept: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

LONG = 4000.0
"""Seconds: longer than any answer is waited for."""

_DRIP = 40.0
"""Seconds between two bytes: no silence is too long by itself."""

FLOOD = 400
"""Pieces after which it is plain that a flood would not end."""

_NONSENSE = b"\x16\x03\x01\x02 SSH-2.0 \0\xff nonsense\r\n\r\n"
_COOKIE = "Set-Cookie: canary=cookie; Path=/"


@dataclass(kw_only=True)
class Server:
    leap: Leap
    endpoint: Endpoint
    """Whose requests the fault strikes."""
    fault: Fault
    follows: int
    """How many requests come before, which tells where a fault is to strike before a request can be read."""
    requests: list[Request] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    fired: int = 0
    connections: int = 0
    swallowed: int = 0
    """Pieces of a flood that the client took in before it hung up."""
    strays: int = 0
    """Connections to the address that redirects lead to."""
    url: str = ""
    elsewhere: str = ""
    _listeners: list[asyncio.Server] = field(default_factory=list)
    _reserved: socket.socket | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def token_url(self) -> str:
        return f"{self.url}/connect/token"

    def of(self, endpoint: Endpoint) -> list[Request]:
        return [request for request in self.requests if request.endpoint is endpoint]

    @property
    def uploads(self) -> list[Request]:
        return [request for request in self.requests if request.endpoint in UPLOADS]

    @property
    def whole_uploads(self) -> int:
        return sum(request.whole for request in self.uploads)

    def require_that_the_fault_fired(self) -> None:
        assert self.fired == self.fault.times, f"{self.endpoint}: {self.fault}: it struck {self.fired} times"

    def strikes(self, endpoint: Endpoint, *, unread: bool = False) -> bool:
        """Whether the fault is due for the request at hand."""
        is_due = self.fired < self.fault.times and self.fault.deed is not Deed.REFUSE
        return is_due and self.endpoint is endpoint and self.fault.moment.is_before_the_head is unread

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False when the connection is over."""
        fault = self.fault
        first = await reader.readexactly(1) if fault.moment is Moment.KEPT else b""
        if len(self.requests) == self.follows and self.strikes(self.endpoint, unread=True):
            self.fired += 1
            return await self._strike(b"", reader, writer)
        head = first + await reader.readuntil(b"\r\n\r\n")
        request = Request(endpoint=endpoint_of(head, self.endpoint.api), head=head)
        self.requests.append(request)
        if not self.strikes(request.endpoint):
            request.body = await reader.readexactly(request.size)
            return await self._serve(request, writer)
        request.body = await reader.readexactly(fault.moment.of_body(request.size))
        self.fired += 1
        content = b"" if fault.moment.is_before_the_end else self._content(request, take=fault.moment)
        return await self._strike(content, reader, writer)

    async def _serve(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """The healthy answer. What is to strike a new connection needs those before it to end."""
        is_for_a_new_one = self.fault.deed is Deed.REFUSE or self.fault.moment is Moment.CONNECTED
        ends = is_for_a_new_one and len(self.requests) <= self.follows
        if len(self.requests) == self.follows:
            self._refuse_if_planned()
        writer.write(_healthy(self._content(request), *(["Connection: close"] if ends else [])))
        await writer.drain()
        return not ends

    def _content(self, request: Request, take: Moment = Moment.TAKEN) -> bytes:
        """The body of the healthy answer. At `WHOLE` an upload was read, and is not taken."""
        match request.endpoint:
            case Endpoint.TOKEN | Endpoint.TAO_TOKEN:
                return grant(BEARER).partition(b"\r\n\r\n")[2]
            case endpoint if endpoint in UPLOADS:
                return accepted(endpoint, UUID if take is Moment.WHOLE else self._take(request))
            case endpoint:
                return told(endpoint, self.url, rows=self.taken[-1].rows if self.taken else 1)

    def _take(self, request: Request) -> str:
        number = len(self.taken)
        token = str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))) if number else UUID
        self.taken.append(taken_of(request, token))
        return token

    async def _strike(self, content: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        fault = self.fault
        if fault.moment.is_in_the_answer:
            writer.write(fault.moment.of_answer(_healthy(content)))
            await writer.drain()
        match fault.deed:
            case Deed.RESET:
                _reset(writer)
            case Deed.STALL:
                await self._fall_silent()
            case Deed.BABBLE:
                writer.write(_NONSENSE)
            case Deed.ANSWER:
                writer.write(fault.answer(content, self.elsewhere))
                await writer.drain()
                return not fault.closes and await self._read_on(self.requests[-1], reader)
            case Deed.FLOOD:
                await self._flood(writer)
            case Deed.CHATTER:
                await self._flood(writer)
                await self._fall_silent()
            case Deed.DRIP:
                for byte in _healthy(content):
                    writer.write(bytes([byte]))
                    await self._let_the_client_see()
                    self.leap(_DRIP)
        return False

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self.fault.answer(b"", self.elsewhere))
        for self.swallowed in range(1, FLOOD + 1):
            writer.write(self.fault.more)
            await writer.drain()
            await asyncio.sleep(0)

    async def _fall_silent(self) -> None:
        await self._let_the_client_see()
        self.leap(LONG)
        await self._over.wait()

    async def _let_the_client_see(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _read_on(self, request: Request, reader: asyncio.StreamReader) -> bool:
        """As a server does that answers early: take the rest of the body, lest a reset eats the answer."""
        while not request.whole and (more := await reader.read(request.size - len(request.body))):
            request.body += more
        return request.whole

    async def stray(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.strays += 1
        writer.close()

    async def listen(self) -> None:
        self.url = await self._listen(self.accept)
        self.elsewhere = await self._listen(self.stray)
        if self.follows == 0:
            self._refuse_if_planned()

    async def _listen(self, accept: Accept) -> str:
        listener = await asyncio.start_server(accept, "127.0.0.1", 0)
        self._listeners.append(listener)
        return f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"

    def _refuse_if_planned(self) -> None:
        """Nobody listens any more, and nobody else gets the port."""
        if self.fault.deed is Deed.REFUSE:
            self.fired += 1
            self._listeners[0].close()
            self._reserved = socket.socket()
            self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._reserved.bind(("127.0.0.1", int(self.url.rpartition(":")[2])))

    async def recover(self) -> None:
        """From now on it is healthy."""
        self.require_that_the_fault_fired()
        if self._reserved is not None:
            self._listeners.append(await asyncio.start_server(self.accept, sock=self._reserved))

    async def end(self) -> None:
        for listener in self._listeners:
            listener.close()
        if self._reserved is not None:
            self._reserved.close()
        self._over.set()
        if self._tasks:
            await asyncio.wait(self._tasks)  # their clients have gone, and so will they


def _healthy(content: bytes, *headers: str) -> bytes:
    return answer(200, content, _COOKIE, *headers)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def misbehaving(endpoint: Endpoint, fault: Fault, *, follows: int) -> AsyncIterator[Server]:
    async with leaping_time() as leap:
        server = Server(leap=leap, endpoint=endpoint, fault=fault, follows=follows)
        await server.listen()
        try:
            yield server
        finally:
            await server.end()
        server.require_that_the_fault_fired()

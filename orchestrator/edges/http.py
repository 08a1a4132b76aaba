"""One HTTP exchange: aiohttp's answers and exceptions become ours here, and nothing of aiohttp's gets out.

An aiohttp exception carries the bearer token in its repr and the API key in its URL, so none is ever logged,
chained or shown: what survives is the method, the path, the phase and the kind of trouble.

Redirects are never followed, proxies and .netrc of the environment are ignored, cookies are dropped, and
bodies are asked for and read uncompressed, so that a short answer cannot pass for a whole one.
"""

from __future__ import annotations

import enum
import errno
import os
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import aiohttp
from yarl import URL

from orchestrator import __version__
from orchestrator.edges.addresses import Address, Pins, Resolver
from orchestrator.edges.answer import Answer, Misframed, Unusable, read_answer
from orchestrator.edges.body import MeasuredBody
from orchestrator.errors import ConfigError, Garbled, Misdirected, NotSent, TargetError, Unclear, Unreachable
from orchestrator.outcome import Outcome, Phase, Refusals, Reply, outcome_of

KEEPALIVE = 4.0
"""Seconds that an idle connection is kept: less than common servers keep theirs, so that a request seldom
meets a connection that is just being closed, which would leave it unclear whether it arrived."""

_CONNECT = 10.0
_SLOWEST = 64 << 10
"""Bytes a second below which an upload counts as stuck."""


class Kind(enum.StrEnum):
    """What a request is for; the report counts them by this."""

    TOKEN = "token"  # noqa: S105 -- what a request is for, not a credential
    UPLOAD = "upload"
    POLL = "poll"
    RESULT = "result"


_TIMEOUTS = {
    Kind.TOKEN: aiohttp.ClientTimeout(total=30, connect=_CONNECT),
    Kind.POLL: aiohttp.ClientTimeout(total=30, connect=_CONNECT),
    Kind.RESULT: aiohttp.ClientTimeout(total=3600, connect=_CONNECT, sock_read=60),
}


@dataclass(frozen=True)
class Http:
    """Raises Unreachable without a connection, Misdirected when TLS fails, NotSent while the last byte of the body is
    here, Garbled for a success that comes by then, Unclear in all other trouble.
    """

    session: aiohttp.ClientSession = field(repr=False)
    fresh: aiohttp.ClientSession = field(repr=False)
    """Has a new connection for each request: a server may be closing one that was used before."""
    pinned: aiohttp.ClientSession = field(repr=False)
    """Looks no name up: all its connections lead where *pins* says."""
    pins: Pins = field(repr=False)
    spill: Path
    counts: Counter[Kind] = field(default_factory=Counter)

    async def call(
        self,
        kind: Kind,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        data: bytes | MeasuredBody | None = None,
        once: bool = False,
        where: str = "",
        at: Sequence[Address] = (),
    ) -> Answer:
        """With *once* it is a request whose loss would leave a doubt, so it has a connection of its own.

        *where* is what errors call it, when its address is a secret; *at* is where its host is known to be.
        """
        self.counts[kind] += 1
        where = where or f"{method} {url.partition('?')[0]}"
        timeout = _TIMEOUTS.get(kind) or _upload_timeout(data)
        status = 0
        try:
            parsed = URL(url, encoded=True)
            if at:
                self.pins.pin(parsed.raw_host or "", at)
            async with (self.pinned if at else self.fresh if once else self.session).request(
                method,
                parsed,
                headers=headers,
                data=data,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                status = response.status
                answer = await read_answer(response, self.spill if kind is Kind.RESULT else None)
            return replace(answer, phase=_phase(data))  # only now is it certain that no more of it leaves
        except (aiohttp.ClientError, TimeoutError, OSError, Unusable) as error:
            problem = _translated(error, where, _phase(data), status)
        raise problem  # outside the handler, so that the library's exception is not its context


def _upload_timeout(data: bytes | MeasuredBody | None) -> aiohttp.ClientTimeout:
    size = data.size if isinstance(data, MeasuredBody) else len(data or b"")
    return aiohttp.ClientTimeout(total=180 + (size or 0) / _SLOWEST, connect=_CONNECT, sock_read=120)


def _phase(data: bytes | MeasuredBody | None) -> Phase:
    """Of a connection that was made: what is given away in one piece may have left."""
    return data.phase if isinstance(data, MeasuredBody) else Phase.SENT


def _translated(error: Exception, where: str, phase: Phase, status: int) -> TargetError:
    """*status* is 0 when no answer had begun. The order matters: a refused connection is a kind of OSError."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return Misdirected(
                f"{where}: the server's certificate is not trusted. Check target.base_url and target.token_url, "
                "or name your own authority in target.ca_file."
            )
        case aiohttp.ClientConnectorSSLError():
            return Misdirected(f"{where}: no TLS connection could be made. Is this really an https address?")
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return Unreachable(f"{where}: cannot connect ({_reason(error)}). Check the address and the network.")
    match outcome_of(phase, Reply(status=status, is_whole=False) if status else None, Refusals()):
        case Outcome.UNCLEAR if isinstance(error, Misframed):
            return Garbled(f"{where}: {error}")
        case Outcome.UNCLEAR:
            return Unclear(f"{where}: {_trouble(error)}")
        case Outcome.GARBLED:
            return Garbled(f"{where}: the answer was {status} before the whole submission was sent")
        case _:
            return NotSent(f"{where}: {_trouble(error)}, and its last bytes had not left")


def _trouble(error: Exception) -> str:
    match error:
        case Unusable():
            return str(error)
        case aiohttp.ClientOSError(errno=errno.ETIMEDOUT):
            return "the other side stopped taking bytes"
        case aiohttp.ServerDisconnectedError():
            return "the connection was closed without an answer"
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ClientPayloadError():
            return "the answer was cut off"
        case aiohttp.ClientResponseError():
            return "the answer is not HTTP"
        case _:
            return f"the connection broke ({type(error).__name__})"


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection within 10 s"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host name is not known"
    code = getattr(error, "errno", None)
    return os.strerror(code).lower() if code and code > 0 else "no connection"


def trust(ca_file: str) -> ssl.SSLContext | Literal[True]:
    """True stands for the authorities of this machine: aiohttp read them when it was imported, and once is enough."""
    if not ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise ConfigError(f"target.ca_file: {ca_file} is not a readable PEM file. Name one, or leave it out.") from None


@asynccontextmanager
async def open_http(spill: Path, *, ca_file: str = "") -> AsyncIterator[Http]:
    tls = trust(ca_file)
    kept = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE, ssl=tls, resolver=Resolver())
    fresh = aiohttp.TCPConnector(limit=0, force_close=True, ssl=tls, resolver=Resolver())
    pins = Pins()
    led = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE, ssl=tls, resolver=pins, use_dns_cache=False)
    async with _session(kept) as session, _session(fresh) as once, _session(led) as pinned:
        yield Http(session=session, fresh=once, pinned=pinned, pins=pins, spill=spill)


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        headers={"Accept-Encoding": "identity", "User-Agent": f"batch-upload-orchestrator/{__version__}"},
    )
    # Without this, aiohttp sends a GET a second time by itself when a kept connection breaks. Retries are
    # ours: counted, spaced and limited. There is no public switch; a test holds that nothing goes out twice.
    session._retry_connection = False
    return session

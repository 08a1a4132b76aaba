"""One HTTP exchange: aiohttp's answers and exceptions become ours here, and nothing of aiohttp's gets out.

An aiohttp exception carries the bearer token in its repr and the API key in its URL, so none is ever logged,
chained or shown: what survives is the method, the path, the phase and the kind of trouble.

Redirects are never followed, proxies and .netrc of the environment are ignored, cookies are dropped, and
bodies are asked for and read uncompressed, so that a short answer cannot pass for a whole one.
"""

from __future__ import annotations

import enum
import hashlib
import os
import ssl
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
from aiofiles.threadpool import wrap
from yarl import URL

from orchestrator import __version__
from orchestrator.edges.atomic import open_private, storage_trouble
from orchestrator.edges.body import MeasuredBody
from orchestrator.edges.retry_after import seconds_of
from orchestrator.errors import ConfigError, Misdirected, NotSent, TargetError, Unclear, Unreachable
from orchestrator.outcome import Outcome, Phase, Refusals, outcome_of

HELD_LIMIT = 64 << 10
"""Bytes of an answer that are held in memory; longer results are spilled to a file."""

RESULT_LIMIT = 16 << 30
"""Bytes of a result; something that never ends must not fill the disk."""

ANSWER_LIMIT = 1 << 20
"""Bytes of any answer that is not a result; more is not an answer of this API."""

KEEPALIVE = 4.0
"""Seconds that an idle connection is kept: less than common servers keep theirs, so that a POST does not
meet a connection that is just being closed, which would leave it unclear whether it arrived."""

_CHUNK = 1 << 20
_CONNECT = 10.0
_SLOWEST = 64 << 10
"""Bytes a second below which an upload counts as stuck."""


class Kind(enum.StrEnum):
    """What a request is for; the report counts them by this."""

    TOKEN = "token"  # noqa: S105 -- what a request is for, not a credential
    UPLOAD = "upload"
    POLL = "poll"
    RESULT = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spilled:
    """A result that was too long to hold, in a file that whoever gets it puts in its place."""

    path: str
    size: int
    sha256: str
    head: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole, well-framed answer of any status."""

    status: int
    content_type: str
    body: bytes
    retry_after: float | None = None
    spilled: Spilled | None = None
    phase: Phase = Phase.SENT
    """How far the request's body went until the answer was read."""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8-sig", "replace")


_TIMEOUTS = {
    Kind.TOKEN: aiohttp.ClientTimeout(total=30, connect=_CONNECT),
    Kind.POLL: aiohttp.ClientTimeout(total=30, connect=_CONNECT),
    Kind.RESULT: aiohttp.ClientTimeout(total=3600, connect=_CONNECT, sock_read=60),
}


@dataclass(frozen=True)
class Http:
    """Raises Unreachable before anything was sent, Misdirected when TLS fails, Unclear in all other trouble."""

    session: aiohttp.ClientSession = field(repr=False)
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
    ) -> Answer:
        self.counts[kind] += 1
        where = f"{method} {url.partition('?')[0]}"
        timeout = _TIMEOUTS.get(kind) or _upload_timeout(data)
        try:
            async with self.session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=data,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                answer = await self._read(kind, where, response)
            return replace(answer, phase=_phase(data))  # only now is it certain that no more of it leaves
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:
            problem = _translated(error, where, _phase(data))
        raise problem  # outside the handler, so that the library's exception is not its context

    async def _read(self, kind: Kind, where: str, response: aiohttp.ClientResponse) -> Answer:
        body, spilled = b"", None
        if flaw := _flaw_in(response):
            if response.status < 400:
                raise Unclear(f"{where}: {flaw}")  # the status alone tells what a refusal means
        elif kind is Kind.RESULT and response.status == 200 and "html" not in response.content_type:
            body, spilled = await self._spool(response)
        else:
            body = await _read_at_most(response, ANSWER_LIMIT, where)
        headers = response.headers
        return Answer(
            status=response.status,
            content_type=headers.get("Content-Type", ""),
            body=body,
            retry_after=seconds_of(headers.get("Retry-After"), headers.get("Date")),
            spilled=spilled,
        )

    async def _spool(self, response: aiohttp.ClientResponse) -> tuple[bytes, Spilled | None]:
        """Into memory while it is small, into a file of its own when it is not."""
        if response.content_length is not None and response.content_length <= HELD_LIMIT:
            return await response.read(), None
        held = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            held += chunk
            if len(held) > HELD_LIMIT:
                return b"", await self._spill(held, response)
        return bytes(held), None

    async def _spill(self, held: bytearray, response: aiohttp.ClientResponse) -> Spilled:
        path, size, digest = self.spill / uuid.uuid4().hex, len(held), hashlib.sha256(held)
        try:
            with open_private(path) as opened:  # not in a thread: a cancel would lose the handle
                file = wrap(opened)
                await file.write(held)
                async for chunk in response.content.iter_chunked(_CHUNK):
                    size += len(chunk)
                    if size > RESULT_LIMIT:
                        raise Unclear(f"a result is longer than {RESULT_LIMIT:,} bytes")
                    digest.update(chunk)
                    await file.write(chunk)
        except BaseException as error:
            with suppress(OSError):  # what went wrong first is what is told
                path.unlink(missing_ok=True)
            if isinstance(error, OSError) and not isinstance(error, aiohttp.ClientError | TimeoutError):
                raise storage_trouble(path, error) from None
            raise
        return Spilled(path=str(path), size=size, sha256=digest.hexdigest(), head=bytes(held[:HELD_LIMIT]))


def _flaw_in(response: aiohttp.ClientResponse) -> str:
    """Why the body cannot be known to be whole; empty when it can."""
    headers = response.headers
    if headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        return "the answer is compressed although that was not asked for"
    chunked = headers.get("Transfer-Encoding", "").lower().rpartition(",")[2].strip() == "chunked"
    has_body = 200 <= response.status < 300 and response.status != 204
    if has_body and response.content_length is None and not chunked:
        return "the answer does not say where it ends, so it may be cut off"
    return ""


async def _read_at_most(response: aiohttp.ClientResponse, limit: int, where: str) -> bytes:
    if response.content_length is not None and response.content_length <= limit:
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise Unclear(f"{where}: the answer is longer than any answer of this API")
    return bytes(body)


def _upload_timeout(data: bytes | MeasuredBody | None) -> aiohttp.ClientTimeout:
    size = data.size if isinstance(data, MeasuredBody) else len(data or b"")
    return aiohttp.ClientTimeout(total=180 + (size or 0) / _SLOWEST, connect=_CONNECT, sock_read=120)


def _phase(data: bytes | MeasuredBody | None) -> Phase:
    """Of a connection that was made: what is given away in one piece may have left."""
    return data.phase if isinstance(data, MeasuredBody) else Phase.SENT


def _translated(error: Exception, where: str, phase: Phase) -> TargetError:
    """The order matters: aiohttp's classes overlap, and a refused connection is a kind of OSError."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return Misdirected(
                f"{where}: the server's certificate is not trusted. Check target.base_url and target.token_url, "
                "or name your own authority in target.ca_file."
            )
        case aiohttp.ClientConnectorSSLError():
            return Misdirected(f"{where}: no TLS connection could be made. Is this really an https address?")
        case UnicodeError():
            return Unreachable(f"{where}: cannot connect (this cannot be a host name)")
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return Unreachable(f"{where}: cannot connect ({_reason(error)})")
    if outcome_of(phase, None, Refusals()) is Outcome.NOT_SENT:
        return NotSent(f"{where}: {_trouble(error)}, and its last bytes had not left")
    return Unclear(f"{where}: {_trouble(error)}")


def _trouble(error: Exception) -> str:
    match error:
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


def tls_context(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError):
        raise ConfigError(f"target.ca_file: {ca_file} is not a readable PEM file. Name one, or leave it out.") from None


@asynccontextmanager
async def open_http(spill: Path, *, ca_file: str = "") -> AsyncIterator[Http]:
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE, ssl=tls_context(ca_file))
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        headers={"Accept-Encoding": "identity", "User-Agent": f"batch-upload-orchestrator/{__version__}"},
    ) as session:
        # Without this, aiohttp sends a GET a second time by itself when a kept connection breaks. Retries are
        # ours: counted, spaced and limited. There is no public switch; a test holds that nothing goes out twice.
        session._retry_connection = False
        yield Http(session=session, spill=spill)

"""What comes back: an answer is read to its end, within limits, and a long result is spilled to a file."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import anyio
from aiofiles.threadpool import wrap

from orchestrator.edges.atomic import open_private, storage_trouble
from orchestrator.edges.retry_after import seconds_of
from orchestrator.outcome import Phase

SPILL_FROM = 64 << 10
"""Bytes of a result that are held in memory; longer ones are spilled to a file."""

RESULT_LIMIT = 16 << 30
"""Bytes of a result; something that never ends must not fill the disk."""

ANSWER_LIMIT = 1 << 20
"""Bytes of any answer that is not a result; more is not an answer of this API."""

READING = 120.0
"""Seconds for the body of any answer that is not a result."""

WINDOW = 60.0
SLOWEST = 1000
"""Bytes a second, over a WINDOW of seconds, below which a result is not waited for: it keeps others from theirs."""

_PIECE = 1 << 20
_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html)\b", re.IGNORECASE)


class Unusable(Exception):
    """An answer began, and its body cannot be had whole. The message says why, and quotes nothing of it."""


class Misframed(Unusable):
    """It comes in a form that this API does not use, as it will the next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spilled:
    """A result that was too long to hold, in a file that whoever gets it puts in its place."""

    path: str
    size: int
    sha256: str
    head: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A well-framed answer of any status, or an error in whatever frame it came."""

    status: int
    content_type: str
    body: bytes
    retry_after: float | None = None
    spilled: Spilled | None = None
    is_whole: bool = True
    """False for an error that is compressed, or does not say where it ends."""
    phase: Phase = Phase.SENT
    """How far the request's body went until the answer was read."""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8-sig", "replace")


def begins_as_page(body: bytes | bytearray) -> bool:
    """For those who call everything text."""
    return _PAGE.match(body) is not None


async def read_answer(response: aiohttp.ClientResponse, spill: Path | None) -> Answer:
    """With *spill*, a folder, a result of any length is expected. Raises Unusable, or TimeoutError."""
    body, spilled = b"", None
    flaw = _flaw_in(response)
    if flaw and response.status < 400:
        raise Misframed(flaw)
    if spill is not None and response.status == 200 and "html" not in response.content_type:
        body, spilled = await _spool(response, spill)
    else:
        with anyio.fail_after(READING):
            body = await _read_at_most(response, ANSWER_LIMIT)
    headers = response.headers
    return Answer(
        status=response.status,
        content_type=headers.get("Content-Type", ""),
        body=body,
        retry_after=seconds_of(headers.get("Retry-After"), headers.get("Date")),
        spilled=spilled,
        is_whole=not flaw,
    )


def _flaw_in(response: aiohttp.ClientResponse) -> str:
    """Why the body cannot be known to be whole; empty when it can, or when nothing depends on it."""
    headers = response.headers
    if headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        return "the answer is compressed although that was not asked for"
    chunked = headers.get("Transfer-Encoding", "").lower().rpartition(",")[2].strip() == "chunked"
    has_body = response.status >= 200 and response.status != 204 and not 300 <= response.status < 400
    if has_body and response.content_length is None and not chunked:
        return "the answer does not say where it ends, so it may be cut off"
    return ""


async def _read_at_most(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if response.content_length is not None and response.content_length <= limit:
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_chunked(_PIECE):
        body += chunk
        if len(body) > limit:
            raise _too_long()
    return bytes(body)


def _too_long() -> Unusable:
    return Unusable("the answer is longer than any answer of this API")


async def _spool(response: aiohttp.ClientResponse, spill: Path) -> tuple[bytes, Spilled | None]:
    """Into memory while it is small, or a page, which nobody keeps; else into a file of its own."""
    held, chunks = bytearray(), _chunks(response)
    async for chunk in chunks:
        held += chunk
        if len(held) > SPILL_FROM and not begins_as_page(held):
            return b"", await _spill(held, chunks, spill)
        if len(held) > ANSWER_LIMIT:
            raise _too_long()
    return bytes(held), None


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """As they come. Raises Unusable when they drip: no silence between two of them is long enough to be noticed."""
    got, waited, since = 0, 0.0, anyio.current_time()
    async for chunk in response.content.iter_chunked(_PIECE):
        got, waited = got + len(chunk), waited + anyio.current_time() - since
        if waited >= WINDOW:
            if got < SLOWEST * waited:
                raise Unusable(f"the result came at less than {SLOWEST:,} bytes a second")
            got, waited = 0, 0.0
        yield chunk
        since = anyio.current_time()  # what is done with it in between is no matter of the other side


async def _spill(held: bytearray, chunks: AsyncIterator[bytes], spill: Path) -> Spilled:
    path, size, digest = spill / uuid.uuid4().hex, len(held), hashlib.sha256(held)
    try:
        with open_private(path) as opened:  # not in a thread: a cancel would lose the handle
            file = wrap(opened)
            await file.write(held)
            async for chunk in chunks:
                size += len(chunk)
                if size > RESULT_LIMIT:
                    raise Unusable(f"the result is longer than {RESULT_LIMIT:,} bytes")
                digest.update(chunk)
                await file.write(chunk)
    except BaseException as error:
        with suppress(OSError):  # what went wrong first is what is told
            path.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, aiohttp.ClientError | TimeoutError):
            raise storage_trouble(path, error) from None
        raise
    return Spilled(path=str(path), size=size, sha256=digest.hexdigest(), head=bytes(held[:SPILL_FROM]))

"""What comes back: an answer is read to its end, within limits, and a long result is spilled to a file."""

from __future__ import annotations

import hashlib
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
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

_PIECE = 1 << 20
_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html)\b", re.IGNORECASE)


class Unusable(Exception):
    """An answer began, and its body cannot be had whole. The message says why, and quotes nothing of it."""


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
    """With *spill*, a folder, a result of any length is expected. Raises Unusable."""
    body, spilled = b"", None
    flaw = _flaw_in(response)
    if flaw and response.status < 400:
        raise Unusable(flaw)
    if spill is not None and response.status == 200 and "html" not in response.content_type:
        body, spilled = await _spool(response, spill)
    else:
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


async def _read_at_most(response: aiohttp.ClientResponse, limit: int, begun: bytes = b"") -> bytes:
    if response.content_length is not None and response.content_length <= limit:
        return begun + await response.read()
    body = bytearray(begun)
    async for chunk in response.content.iter_chunked(_PIECE):
        body += chunk
        if len(body) > limit:
            raise Unusable("the answer is longer than any answer of this API")
    return bytes(body)


async def _spool(response: aiohttp.ClientResponse, spill: Path) -> tuple[bytes, Spilled | None]:
    """Into memory while it is small, or a page, which nobody keeps; else into a file of its own."""
    if response.content_length is not None and response.content_length <= SPILL_FROM:
        return await response.read(), None
    held = bytearray()
    async for chunk in response.content.iter_chunked(_PIECE):
        held += chunk
        if len(held) > SPILL_FROM:
            if begins_as_page(held):
                return await _read_at_most(response, ANSWER_LIMIT, bytes(held)), None
            return b"", await _spill(held, response, spill)
    return bytes(held), None


async def _spill(held: bytearray, response: aiohttp.ClientResponse, spill: Path) -> Spilled:
    path, size, digest = spill / uuid.uuid4().hex, len(held), hashlib.sha256(held)
    try:
        with open_private(path) as opened:  # not in a thread: a cancel would lose the handle
            file = wrap(opened)
            await file.write(held)
            async for chunk in response.content.iter_chunked(_PIECE):
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

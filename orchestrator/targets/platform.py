"""The Platform's Upload API: a token for every upload, results by token, replaced by Name with Overwrite."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from orchestrator.edges.http import Answer, Http, Kind
from orchestrator.edges.oauth import ClientCredentials, authorized
from orchestrator.errors import Misdirected, NotSent, SourceChanged
from orchestrator.model import Accepted, Completed, Failed, Job, Result, Token
from orchestrator.ports import Body, Clock, Ended, Fetched, Held, Part, Running, Trace
from orchestrator.targets.answers import read_feedback, require_result, status_of, token_of

_AT_ONCE = 1 << 20
"""Bytes that are handed to the transport in one piece; aiohttp warns about more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformConfig:
    id: str
    base_url: str
    client_id: str
    api_key: str = field(repr=False)
    results: tuple[str, ...] = ("feedback", "tableofresultids")
    overwrite_as_text: bool = True
    """The vendor's schema says boolean, every one of its examples the string "false"."""
    repeat_replaces: bool = False
    """Nobody else can stand under our Names: they are content-addressed, or we are their sole writer."""


class Platform:
    def __init__(self, config: PlatformConfig, http: Http, credentials: ClientCredentials, clock: Clock) -> None:
        self._config = config
        self._http = http
        self._credentials = credentials
        self._clock = clock
        self._key = quote(config.api_key, safe="")

    @property
    def id(self) -> str:
        return self._config.id

    async def sign_in(self) -> None:
        """Raises Denied, Misdirected or NotSent when no token can be had."""
        await self._credentials.token()

    async def probe(self) -> None:
        """A GET is not allowed at the upload endpoint and sends nothing. Raises Misdirected when there is none."""
        url = f"{self._config.base_url}/api/UploadData"
        answer = await authorized(
            self._credentials, lambda authorization: self._http.call(Kind.POLL, "GET", url, headers=authorization)
        )
        if answer.status == 404:
            raise Misdirected(f"{url}: there is no upload endpoint (404). Check target.base_url.")
        if answer.status == 429 or answer.status >= 500:
            raise NotSent(f"{url}: the remote answered {answer.status}", retry_after=answer.retry_after)

    async def submit(self, job: Job, body: Body, *, overwrite: bool) -> Accepted:
        members = self._members(job, overwrite=overwrite)
        payload = _Payload(members, body)
        url = f"{self._config.base_url}/api/UploadData"

        async def exchange(authorization: Mapping[str, str]) -> Answer:
            headers = {
                **authorization,
                "Content-Type": "application/json",
                "Content-Length": str(payload.size),
            }
            return await self._http.call(
                Kind.UPLOAD, "POST", url, headers=headers, data=payload.open(), size=payload.size
            )

        try:
            answer = await authorized(self._credentials, exchange)
        finally:
            payload.require_unchanged()
        return Accepted(token_of(answer), self._clock.now().timestamp())

    async def recall(self, job: Job) -> Trace:
        """The API has no look-up by Name, so all that helps is that replacing by Name does no harm."""
        if self._config.repeat_replaces or job.replaces or job.overwrote:
            return Trace.REPLACEABLE
        return Trace.UNKNOWN

    async def check(self, token: Token) -> Running | Ended:
        return status_of(await self._get(Kind.POLL, token, "status"), self._config.results)

    async def fetch(self, token: Token, key: str) -> Fetched:
        answer = await self._get(Kind.RESULT, token, key)
        require_result(answer, key)
        kind, body = answer.content_type, answer.body
        if (spilled := answer.spilled) is not None:
            return Fetched(
                key=key,
                content_type=kind,
                body=None,
                spilled=spilled.path,
                head=spilled.head,
                size=spilled.size,
                sha256=spilled.sha256,
            )
        digest = hashlib.sha256(body).hexdigest()
        return Fetched(key=key, content_type=kind, body=body, size=len(body), sha256=digest)

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        if ended.success:
            return Completed(tuple(results))
        said = next((r.body if r.body is not None else r.head for r in results if r.key == "feedback"), b"")
        feedback = read_feedback(said, job.name)
        if feedback.is_about_name:
            return Failed("name_conflict: the Name exists at the remote, and is not known to be ours", tuple(results))
        cause = f"the remote refuses {feedback.rows} rows" if feedback.rows else f"the remote says: {ended.word}"
        return Failed(f"{cause}; see feedback under results/", tuple(results), owns=feedback.rows > 0)

    def _members(self, job: Job, *, overwrite: bool) -> dict[str, Any]:
        return {
            "Name": job.name,
            "Username": self._config.client_id,
            "Key": self._config.api_key,
            "Overwrite": str(overwrite).lower() if self._config.overwrite_as_text else overwrite,
        }

    async def _get(self, kind: Kind, token: Token, key: str) -> Answer:
        url = (
            f"{self._config.base_url}/api/GetResults?token={quote(token, safe='')}"
            f"&key={self._key}&dataKey={quote(key, safe='')}"
        )
        return await authorized(
            self._credentials, lambda authorization: self._http.call(kind, "GET", url, headers=authorization)
        )


class _Payload:
    """The request body: whole in memory for held text, a stream of known length for streamed text."""

    def __init__(self, members: dict[str, Any], body: Body) -> None:
        self._changed = False
        parts = {"Data": body.data} if body.events is None else {"Data": body.data, "EventData": body.events}
        self._whole: bytes | None = None
        if all(isinstance(part, Held) for part in parts.values()):
            texts = {name: part.text for name, part in parts.items() if isinstance(part, Held)}
            self._whole = json.dumps(members | texts, ensure_ascii=False).encode()
            self.size = len(self._whole)
            return  # the usual case: the rest is for files too large to hold
        self._head = json.dumps(members, ensure_ascii=False).encode()[:-1]
        self._parts = parts
        frame = sum(len(f', "{name}": ""') for name in parts) + 1
        self.size = len(self._head) + frame + sum(_size(part) for part in parts.values())

    def open(self) -> bytes | io.BytesIO | AsyncIterator[bytes]:
        if self._whole is None:
            return self._stream()
        return self._whole if self.size <= _AT_ONCE else io.BytesIO(self._whole)

    def require_unchanged(self) -> None:
        """Raises SourceChanged when that is why the exchange broke: then the body was never complete."""
        if self._changed:
            raise SourceChanged("the file changed while it was sent, so its sending was broken off")

    async def _stream(self) -> AsyncIterator[bytes]:
        yield self._head
        try:
            for name, part in self._parts.items():
                yield f', "{name}": "'.encode()
                left = _size(part)
                async for piece in _pieces(part):
                    escaped = json.dumps(piece, ensure_ascii=False).encode()[1:-1]
                    left -= len(escaped)
                    if left < 0:  # the transport would cut it to the announced length and call it whole
                        raise SourceChanged("the file grew while it was sent")
                    yield escaped
                yield b'"'
        except SourceChanged:
            self._changed = True
            raise
        yield b"}"


def _size(part: Part) -> int:
    if isinstance(part, Held):
        return len(json.dumps(part.text, ensure_ascii=False).encode()) - 2
    return part.json_size


async def _pieces(part: Part) -> AsyncIterator[str]:
    if isinstance(part, Held):
        yield part.text
        return
    async for piece in part.pieces():
        yield piece

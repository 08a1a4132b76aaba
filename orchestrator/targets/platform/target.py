"""The Platform's Upload API: a token for every upload, results by token, replaced by Name with Overwrite."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from orchestrator.edges.answer import Answer
from orchestrator.edges.body import HOLD_FROM, Hold
from orchestrator.edges.http import Http, Kind
from orchestrator.edges.oauth import ClientCredentials, authorized
from orchestrator.model import Accepted, Completed, Failed, Job, Result, Token
from orchestrator.ports import Body, Clock, Ended, Fetched, MayGo, Release, Running, Trace
from orchestrator.targets.fetched import fetched_of
from orchestrator.targets.outgoing import submitted
from orchestrator.targets.platform.answers import (
    FEEDBACK,
    NAME_CONFLICT,
    NO_ACCESS,
    objections_in,
    read_feedback,
    require_result,
    status_of,
    token_of,
)
from orchestrator.targets.platform.payload import length_of, payload_of
from orchestrator.targets.probed import require_well
from orchestrator.targets.taken import denies


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
        self._may_go: MayGo = lambda: True

    @property
    def id(self) -> str:
        return self._config.id

    def heed(self, may_go: MayGo) -> None:
        self._may_go = may_go

    async def sign_in(self) -> None:
        """Raises Denied, Misdirected or NotSent when no token can be had."""
        await self._credentials.token()

    async def probe(self) -> None:
        url = f"{self._config.base_url}/api/UploadData"
        answer = await self._authorized(
            lambda authorization: self._http.call(Kind.POLL, "GET", url, headers=authorization)
        )
        require_well(answer, url, denied=NO_ACCESS, remedy="Check target.base_url.")

    @property
    def looks_up(self) -> bool:
        return False

    def finds_again(self, job: Job) -> bool:
        """All of it takes the place of all that stands under its Name."""
        return True

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        """Where a repeat would do no harm, or the body leaves in a moment, holding back gains nothing."""
        return not self._replaces(job, overwrite=overwrite) and length_of(body) > HOLD_FROM

    async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Accepted:
        hold = Hold() if release is not None else None
        payload = payload_of(self._members(job, overwrite=overwrite), body, hold)
        url = f"{self._config.base_url}/api/UploadData"
        once = not self._replaces(job, overwrite=overwrite)

        async def exchange(authorization: Mapping[str, str]) -> Answer:
            headers = {
                **authorization,
                "Content-Type": "application/json",
                "Content-Length": str(payload.size),
            }
            return await self._http.call(Kind.UPLOAD, "POST", url, headers=headers, data=payload.open(), once=once)

        async def send() -> Answer:
            return await authorized(self._credentials, exchange, self._may_go, denies)

        token = await submitted(payload, hold, release, send, token_of)
        return Accepted(token, self._clock.now().timestamp())

    async def recall(self, job: Job) -> Trace:
        """The API has no look-up by Name, so all that helps is that replacing by Name does no harm."""
        return Trace.REPEATABLE if self._replaces(job, overwrite=job.overwrote) else Trace.UNKNOWN

    def _replaces(self, job: Job, *, overwrite: bool) -> bool:
        """Sending it twice has the effect of sending it once."""
        return overwrite or self._config.repeat_replaces or job.replaces

    async def check(self, token: Token) -> Running | Ended:
        return status_of(await self._get(Kind.POLL, token, "status"), self._config.results)

    def has_forgotten(self, job: Job) -> bool:
        return False  # rows are named by their numbers

    async def recollect(self, job: Job, body: Body) -> None:
        """Nothing is to be known of it."""

    async def fetch(self, token: Token, key: str) -> Fetched:
        answer = await self._get(Kind.RESULT, token, key)
        require_result(answer, key)
        fetched = fetched_of(key, answer)
        if key != FEEDBACK:
            return fetched
        said = answer.body if answer.spilled is None else answer.spilled.head
        return replace(fetched, objections=objections_in(said))

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        if ended.success:
            return Completed(tuple(results))
        said = next((r.body if r.body is not None else r.head for r in results if r.key == FEEDBACK), b"")
        feedback = read_feedback(said, job.name)
        if feedback.is_about_name and not job.overwrote:
            return Failed(NAME_CONFLICT, tuple(results))
        cause = f"the remote refuses {feedback.rows} rows" if feedback.rows else f"the remote says: {ended.word}"
        ours = feedback.rows > 0 or self._config.repeat_replaces
        return Failed(f"{cause}; see feedback under results/", tuple(results), owns=ours)

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
        return await self._authorized(lambda authorization: self._http.call(kind, "GET", url, headers=authorization))

    async def _authorized(self, exchange: Callable[[Mapping[str, str]], Awaitable[Answer]]) -> Answer:
        return await authorized(self._credentials, exchange, self._may_go)

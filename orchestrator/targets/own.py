"""What a remote API of one's own is made from: what it is given, and the ways in which it may be like most others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.edges.answer import Answer
from orchestrator.edges.http import Http, Kind
from orchestrator.errors import LeftAlone, NotSent, Refused
from orchestrator.model import Accepted, Completed, Failed, Job, Result, Token
from orchestrator.outcome import Refusals
from orchestrator.ports import Body, Clock, Ended, Fetched, Held, MayGo, Release, Running, Streamed, Trace
from orchestrator.targets.fetched import fetched_of
from orchestrator.targets.outgoing import Outgoing
from orchestrator.targets.taken import Manners, is_page, taken

__all__ = [
    "Accepted",
    "Answer",
    "Body",
    "Completed",
    "Ended",
    "Failed",
    "Fetched",
    "Held",
    "Job",
    "Kind",
    "Manners",
    "Outgoing",
    "Own",
    "Refusals",
    "Release",
    "Result",
    "Running",
    "Setup",
    "Streamed",
    "Token",
    "Trace",
    "fetched_of",
    "is_page",
    "taken",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """From the configuration: the keys of `[target]`, and its table `options` as it stands there."""

    id: str
    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    api_key: str = field(repr=False)
    options: Mapping[str, Any]
    http: Http
    clock: Clock


class Own(ABC):
    """A remote that takes a submission and says so, and knows no more of it. Override what yours does otherwise.

    `submit` is what every remote has to say itself. What `ports/target.py` promises of each of these holds here too.
    """

    looks_up = False

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._may_go: MayGo = lambda: True

    @property
    def id(self) -> str:
        return self.setup.id

    def heed(self, may_go: MayGo) -> None:
        self._may_go = may_go

    async def call(self, kind: Kind, method: str, path: str, headers: Mapping[str, str], **more: Any) -> Answer:
        """One exchange, below `base_url`. Raises LeftAlone when the remote has asked for a wait meanwhile."""
        if not self._may_go():
            raise LeftAlone("the remote wants to be left alone since just before it was asked")
        return await self.setup.http.call(kind, method, self.setup.base_url + path, headers=headers, **more)

    async def sign_in(self) -> None:  # noqa: B027  # what most need: nothing
        """Nothing is needed before the first byte."""

    async def probe(self) -> None:
        answer = await self.call(Kind.POLL, "GET", "/", {})
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise NotSent(f"GET /: the remote answered {answer.status}", retry_after=answer.retry_after)

    def finds_again(self, job: Job) -> bool:
        """Of a remote that replaces by Name it is not asked: `target.replaces` says so."""
        return False

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        return False

    @abstractmethod
    async def submit(
        self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None
    ) -> Accepted | Completed:
        """Every remote has a way of its own."""

    async def recall(self, job: Job) -> Accepted | Completed | Trace:
        """Nobody can tell, so a person decides: sending again might be a second copy."""
        return Trace.UNKNOWN

    async def check(self, token: Token) -> Running | Ended:
        """It was taken, and there is no more to ask."""
        return Ended(success=True, word="", results=())

    def has_forgotten(self, job: Job) -> bool:
        return False

    async def recollect(self, job: Job, body: Body) -> None:  # noqa: B027  # what most need: nothing
        """Nothing is to be known of it."""

    async def fetch(self, token: Token, key: str) -> Fetched:
        """Nothing is offered, unless `check` names results."""
        raise Refused(f"{key}: this remote offers no results")

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        return Completed(tuple(results)) if ended.success else Failed(f"the remote says: {ended.word}", tuple(results))

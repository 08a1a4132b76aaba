"""The remote API."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from orchestrator.model import (
    Accepted,
    Completed,
    Failed,
    Job,
    Result,
    Token,
)
from orchestrator.ports.inbox import Body
from orchestrator.ranges import NO_RANGES, Ranges


class Trace(enum.Enum):
    """What is known of a submit whose answer we never saw."""

    ABSENT = enum.auto()  # it certainly did not arrive
    REPEATABLE = enum.auto()  # sending again does no harm, or less than not to have sent it: the target knows
    UNKNOWN = enum.auto()  # nobody can tell


@dataclass(frozen=True, slots=True)
class Running:
    """Not ended. `word` is the remote's own status when nobody documents it."""

    word: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The remote has judged it; `results` are the keys of what there is to fetch."""

    success: bool
    word: str
    results: tuple[str, ...]
    by_row: bool = True
    """False where a success is none of every row, and no result will ever tell which of them the remote took."""


Release: TypeAlias = Callable[[], Awaitable[None]]
"""Makes it durable that the last bytes of a submission are about to leave."""


MayGo: TypeAlias = Callable[[], bool]
"""Whether a request that was let through may still leave."""


class Target(Protocol):
    """One remote bulk-import API. Raises only TargetError; never sleeps, retries or logs."""

    @property
    def id(self) -> str:
        """Which remote and whose account: a ledger belongs to one."""
        ...

    @property
    def looks_up(self) -> bool:
        """Whether `recall` asks the remote, and so waits for its turn as every request does."""
        ...

    def heed(self, may_go: MayGo) -> None:
        """From now on ask *may_go* before each request, in the moment in which it leaves; no means LeftAlone.

        Between the permit and the request may lie what takes its time, as a new bearer token does.
        """
        ...

    async def sign_in(self) -> None:
        """Have everything that a submit needs before its first byte. Raises Denied, Misdirected or NotSent."""
        ...

    async def probe(self) -> None:
        """One request that changes nothing. Raises NotSent or Unclear while the remote is not well."""
        ...

    def finds_again(self, job: Job) -> bool:
        """Whether each row of another version takes the place of its own in this one, and none comes to it as a copy.

        Asked of a job that was judged, at a remote that does not replace by Name.
        """
        ...

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        """Whether the last bytes of this submit are to be kept back until `release` has returned."""
        ...

    async def submit(
        self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None
    ) -> Accepted | Completed:
        """Send it. Completed when there is nothing to wait for.

        With *release* the last bytes leave after it has returned, and never when it raises.
        """
        ...

    async def recall(self, job: Job) -> Accepted | Completed | Trace:
        """Find out whether an earlier submit of this job arrived."""
        ...

    async def check(self, token: Token) -> Running | Ended:
        """Raises Missing when the remote does not know the token."""
        ...

    def has_forgotten(self, job: Job) -> bool:
        """Whether its results may name rows by what only the text that was sent tells, and it has not that any more."""
        ...

    async def recollect(self, job: Job, body: Body) -> None:
        """Look at what was sent of it once more, before `fetch`, or before what is `unplaced` is fetched again.

        Raises SourceChanged.
        """
        ...

    async def fetch(self, token: Token, key: str) -> Fetched: ...

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        """What the remote's verdict and its results say about the job."""
        ...


OBJECTIONS_LIMIT = 10_000
"""Objections to one submission that are joined to its rows; the remote's own answer holds them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """What the remote has against one row."""

    rows: tuple[int, ...]
    """Which of the rows that were sent, from 1; more than one where the remote's way of counting is not known, and
    none where nobody knows which row is meant."""
    says: str
    """In its own words, which may quote a cell: they belong in the results, and nowhere else."""
    column: str = ""
    """Which one it names, where it names one that was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A result that was downloaded: held when small, else spilled to a file of its own."""

    key: str
    content_type: str
    body: bytes | None
    spilled: str | None = None
    head: bytes = b""
    """How a spilled result begins."""
    size: int
    sha256: str
    refused: int = 0
    """Rows that the remote did not take, according to this result."""
    rows: Ranges = NO_RANGES
    """Those of them that are known for sure, of the rows that were sent, from 1."""
    objections: tuple[Objection, ...] = ()
    """To the first of them."""
    told: int | None = None
    """So many rows the result tells of, where it counts all of them: those that were sent, if they are as many."""
    keyed: bool = False
    """What it names it names by what stands in the row, so that this holds however many it tells of; else its rows are
    counted off."""
    unplaced: bool = False
    """Its rows are counted off, and what was sent would tell whether they are those: to be fetched once more after
    `recollect`, which costs no request."""
    leaves_open: bool = False
    """It has something against rows that it does not name: of those that it does not refuse nobody can tell."""
    unknown: int = 0
    """Rows that were sent, and nobody can tell from this result what became of them."""
    remark: str = ""
    """What a person should know of it; quotes nothing."""

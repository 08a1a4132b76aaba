"""What the core asks of the outside world. Read this file first."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from orchestrator.model import (
    Accepted,
    Checked,
    Completed,
    Event,
    Failed,
    Job,
    Key,
    Name,
    Rejected,
    RelPath,
    Result,
    Source,
    Token,
)


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time in UTC, for people and for what must outlive the process."""
        ...

    def monotonic(self) -> float:
        """Seconds that only go up. For every duration and every deadline of this run."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Ledger(Protocol):
    def find(self, key: Key) -> Job | None:
        """The newest version under *key*: one indexed look-up, cheaper than going anywhere to make it."""
        ...

    def holder(self, token: Token) -> Job | None:
        """The job that the remote gave *token* to."""
        ...

    async def record(self, job: Job, *events: Event) -> Job:
        """Make *events* durable, all or none; only then return the job that they lead to."""
        ...


# The input folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What changes when somebody writes to a file or puts another in its place."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A CSV file as the listing saw it; `fault` says why it cannot be taken, if it cannot."""

    path: RelPath
    size: int = 0
    """Bytes, those of the events included."""
    events: RelPath | None = None
    stamp: Stamp | None = None
    events_stamp: Stamp | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at a file's bytes. Large files are hashed now and read again when they are needed."""

    file: File
    source: Source
    name: Name
    key: Key
    data: bytes | None
    events: bytes | None
    verdict: Prepared | Rejected | Moving | None = None
    """Already there when it was clear while reading that it would be asked for."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    cause: str


@dataclass(frozen=True, slots=True)
class Moving:
    """Somebody is still writing the file, or it went away between listing and reading."""

    cause: str


@dataclass(frozen=True, slots=True)
class Held:
    """CSV text in memory, as the remote is to get it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """CSV text too large to hold: read again and judged again while it is sent."""

    json_size: int
    """Bytes of the text in UTF-8, escaped as the inside of a JSON string."""
    pieces: Callable[[], AsyncIterator[str]]
    """Raises SourceChanged before the last piece unless the bytes are those that were validated."""


Part: TypeAlias = Held | Streamed


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    data: Part
    events: Part | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    checked: Checked
    body: Body


HELD_LIMIT = 8 << 20
"""Bytes up to which a file is held in memory between its check and its upload; larger ones are streamed."""


class Inbox(Protocol):
    """The input folder: reads a file, then judges what it read. Both share hops to a thread."""

    async def read(self, file: File) -> Reading | Unreadable | Moving: ...

    async def judge(self, reading: Reading) -> Prepared | Rejected | Moving:
        """Check every row and put the bad ones in place under `rejects/`."""
        ...

    async def is_settled(self, job: Job, file: File) -> bool:
        """Whether a rejection still stands: judged by these rules, its rejects file in place."""
        ...


# The remote API


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

    async def fetch(self, token: Token, key: str) -> Fetched: ...

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        """What the remote's verdict and its results say about the job."""
        ...


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


# The output folder


class Sink(Protocol):
    async def keep(self, job: Job, fetched: Fetched) -> Result:
        """A large result is put in place whole, here and now; a small one goes into the ledger first."""
        ...

    async def project(self, job: Job, results: Sequence[Result]) -> None:
        """Write what the ledger holds as files under `results/`. Writing it twice is harmless."""
        ...

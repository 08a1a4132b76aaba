"""What a job is and how it may change. Pure: no I/O, no clock, no logging."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import NewType, TypeAlias

from orchestrator.errors import IllegalTransition

RelPath = NewType("RelPath", str)
"""Where a file lies below the input folder, with forward slashes: what people call it by."""

Name = NewType("Name", str)
"""What the remote calls the submission: the same Name with Overwrite replaces it."""

Key = NewType("Key", str)
"""Which line of versions a job belongs to: its Name without regard to case or Unicode form."""

Digest = NewType("Digest", str)
"""SHA-256, 64 hexadecimal digits."""

Token = NewType("Token", str)
"""What the remote gave us to ask again with. Opaque to all but the target that issued it."""


class State(enum.StrEnum):
    FOUND = "found"
    READY = "ready"
    SENDING = "sending"
    WAITING = "waiting"
    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    SUPERSEDED = "superseded"

    @property
    def is_open(self) -> bool:
        """Whether a run has something to do about it."""
        return self in _OPEN


_OPEN = frozenset({State.FOUND, State.READY, State.SENDING, State.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The bytes that a job stands for: a file and, where it has one, its companion of events."""

    data: Digest
    events: Digest | None = None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the check of one CSV found; enough to join a sent row to its source line after a restart."""

    rows: int = 0
    bad: int = 0
    header: bool = True
    gaps: tuple[tuple[int, int], ...] = ()
    """Ranges of lines, both ends in, that hold no first line of a sent row."""
    sent: Digest | None = None
    """SHA-256 of the text as the remote gets it; None when nothing of this sheet is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    data: Sheet
    events: Sheet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One answer of the remote about a job, as it came."""

    key: str
    suffix: str
    """The file name's end that its content type calls for, with the dot."""
    size: int
    sha256: Digest
    body: bytes | None
    """None when it is too large for the ledger: then the file under `results/` is the original."""
    head: bytes = b""
    """How one begins that is too large; not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    key: Key
    version: int
    name: Name
    path: RelPath
    state: State = State.FOUND
    cause: str = ""
    source: Source | None = None
    """None when the file was refused before it was read."""
    checked: Sheets | None = None
    rules: str = ""
    """Digest of the rules that judged it: a rejection holds only for these."""
    attempts: int = 0
    token: Token | None = None
    accepted_at: float | None = None
    """Unix time; wall time, because it has to outlive the process."""
    owns: bool = False
    """The remote took an earlier version under this Name from us: it is ours to replace."""
    overwrote: bool = False
    """The last attempt was sent with Overwrite, so that sending it again changes nothing."""
    repeats: bool = False
    """An attempt may have arrived, and sending again was found to replace it."""

    @property
    def replaces(self) -> bool:
        """Whether the next send may overwrite what stands under the Name."""
        return self.owns or self.repeats


# What can happen to a job. One class each, in the past tense, written to the ledger as it is.


@dataclass(frozen=True, slots=True)
class Checked:
    sheets: Sheets
    rules: str


@dataclass(frozen=True, slots=True)
class Rejected:
    cause: str
    rules: str = ""
    sheets: Sheets | None = None


@dataclass(frozen=True, slots=True)
class Reopened:
    """The rules that rejected it have changed, or its rejects file is gone: it is judged again."""


@dataclass(frozen=True, slots=True)
class SendStarted:
    overwrite: bool


@dataclass(frozen=True, slots=True)
class SendUndone:
    """The remote certainly does not have this attempt."""

    cause: str


@dataclass(frozen=True, slots=True)
class SendRepeatable:
    """The answer was lost, but sending again has the effect of sending once."""

    cause: str


@dataclass(frozen=True, slots=True)
class Accepted:
    token: Token
    at: float


@dataclass(frozen=True, slots=True)
class Completed:
    results: tuple[Result, ...] = ()
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    cause: str
    results: tuple[Result, ...] = ()
    owns: bool = False
    """The remote took the submission in and named its bad rows: the Name is ours to replace."""


@dataclass(frozen=True, slots=True)
class Doubted:
    """Nobody can tell, or it never ended. The cause is the evidence that a person decides by."""

    cause: str


@dataclass(frozen=True, slots=True)
class Superseded:
    cause: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """A person's verdict on an item in doubt."""

    verdict: Verdict
    token: Token | None = None
    at: float = 0.0


class Verdict(enum.StrEnum):
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    RESEND = "resend"
    ABANDON = "abandon"


Event: TypeAlias = (
    Checked
    | Rejected
    | Reopened
    | SendStarted
    | SendUndone
    | SendRepeatable
    | Accepted
    | Completed
    | Failed
    | Doubted
    | Superseded
    | Resolved
)


def evolve(job: Job, *events: Event) -> Job:
    """The only place where a job changes state. Raises IllegalTransition for every pair not named here."""
    for event in events:
        job = _evolved(job, event)
    return job


def _evolved(job: Job, event: Event) -> Job:
    match job.state, event:
        case State.FOUND, Checked(sheets, rules):
            return replace(job, state=State.READY, checked=sheets, rules=rules, cause="")
        case State.FOUND, Rejected(cause, rules, sheets):
            return replace(job, state=State.REJECTED, cause=cause, rules=rules, checked=sheets)
        case State.REJECTED, Reopened():
            return replace(job, state=State.FOUND)
        case State.READY, SendStarted(overwrite):
            return replace(job, state=State.SENDING, attempts=job.attempts + 1, overwrote=overwrite, cause="")
        case State.READY, Superseded(cause):
            return replace(job, state=State.SUPERSEDED, cause=cause)
        case State.SENDING, SendUndone(cause):
            return replace(job, state=State.READY, cause=cause)
        case State.SENDING, SendRepeatable(cause):
            return replace(job, state=State.READY, cause=cause, repeats=True)
        case State.SENDING, Accepted(token, at):
            return replace(job, state=State.WAITING, token=token, accepted_at=at, cause="")
        case ((State.SENDING | State.WAITING), Completed(_, cause)):
            return replace(job, state=State.DONE, cause=cause, owns=True)
        case ((State.SENDING | State.WAITING), Failed(cause, _, owns)):
            return replace(job, state=State.FAILED, cause=cause, owns=job.owns or owns)
        case ((State.READY | State.SENDING | State.WAITING), Doubted(cause)):
            return replace(job, state=State.IN_DOUBT, cause=cause)
        case State.IN_DOUBT, Resolved():
            return _resolved(job, event)
        case _:
            raise IllegalTransition(f"{type(event).__name__} cannot happen to a job that is {job.state}")


def _resolved(job: Job, event: Resolved) -> Job:
    match event.verdict:
        case Verdict.ACCEPTED:
            if event.token is None:
                raise IllegalTransition("a job is accepted with its token, or not at all")
            return replace(job, state=State.WAITING, token=event.token, accepted_at=event.at, cause="")
        case Verdict.NOT_ACCEPTED:
            return replace(job, state=State.READY, cause="a person says that it did not arrive")
        case Verdict.RESEND:
            return replace(job, state=State.READY, cause="a person wants it sent again", repeats=True)
        case Verdict.ABANDON:
            return replace(job, state=State.FAILED, cause="abandoned by a person")


def next_version(job: Job, source: Source) -> Job:
    """The job that follows *job* under its Name, for other bytes or for the same ones once more."""
    return Job(
        key=job.key,
        version=job.version + 1,
        name=job.name,
        path=job.path,
        source=source,
        owns=job.owns,
        repeats=job.repeats,
    )

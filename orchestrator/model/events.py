"""What can happen to a job. One class each, in the past tense, written to the ledger as it is."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from orchestrator.model.job import Result, Sheets, Token
from orchestrator.ranges import NO_RANGES, Ranges


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
class Restored:
    """Its bytes are those of an earlier version, which the remote has: it is what that one is, and nothing is sent."""

    version: int
    sheets: Sheets | None
    rules: str
    cause: str
    refused: int
    unknown: int
    parts: int


@dataclass(frozen=True, slots=True)
class Divided:
    """It is sent in so many parts, all of which came into the ledger with this."""

    parts: int
    at: float


@dataclass(frozen=True, slots=True)
class SendStarted:
    overwrite: bool
    at: float
    held: bool = False
    """Its last bytes are kept back until TailReleased is durable."""


@dataclass(frozen=True, slots=True)
class TailReleased:
    """From now on the attempt may arrive whole."""


@dataclass(frozen=True, slots=True)
class SendUndone:
    """The remote certainly does not have this attempt."""

    cause: str


@dataclass(frozen=True, slots=True)
class SendRepeatable:
    """The answer was lost, but sending again has the effect of sending once, or whoever runs it takes two for none."""

    cause: str
    at: float
    """Unix time at which it was given up."""


@dataclass(frozen=True, slots=True)
class Accepted:
    token: Token
    at: float


@dataclass(frozen=True, slots=True)
class Completed:
    results: tuple[Result, ...] = ()
    cause: str = ""
    refused: int = 0
    """Rows that the remote, which judges each by itself, did not take."""
    lines: Ranges = NO_RANGES
    """Of those of them that are known."""
    unknown: int = 0
    """Rows of which its results should tell what became of them, and do not."""


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
    at: float | None = None
    """Unix time at which the answer was given up; None: there was one."""
    token: Token | None = None
    """What it was answered with, where that proves nothing."""


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
    | Restored
    | Divided
    | SendStarted
    | TailReleased
    | SendUndone
    | SendRepeatable
    | Accepted
    | Completed
    | Failed
    | Doubted
    | Superseded
    | Resolved
)

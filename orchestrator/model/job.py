"""What a job is."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NewType

from orchestrator.ranges import NO_RANGES, Ranges

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
    mends: Digest | None = None
    """Of the rows that a person mended, which take the place of theirs; None where there are none."""
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which piece of a file, where the remote takes no more at once: its first bytes, and those of some of its rows."""

    number: int
    """From 1."""
    of: int
    head: int
    """Bytes of the byte order mark and the header, which every piece begins with."""
    start: int
    size: int
    """Where its rows begin in the file, and how many bytes they are."""
    line: int
    """The physical line that they begin on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the check of one CSV found; enough to join a sent row to its source line after a restart."""

    rows: int = 0
    bad: int = 0
    header: bool = True
    gaps: Ranges = NO_RANGES
    """The lines that no sent row begins on."""
    sent: Digest | None = None
    """SHA-256 of the text as the remote gets it; None when nothing of this sheet is sent."""
    schema: str = ""
    """The kind of file that it was found to be."""
    warned: int = 0
    """Rows with a warning, good and bad."""
    left_out: int = 0
    """Rows of the source that its mapping takes out; they are none of `rows`."""
    refused: Ranges = NO_RANGES
    """The lines on which rows begin that were sent, and that the remote, which took the others, refused."""

    def gather_unsent(self) -> Ranges:
        """The lines of which a remote that took this has no row, whether we kept it back or they did."""
        return self.gaps | self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    data: Sheet
    events: Sheet | None = None

    @property
    def bad(self) -> int:
        """Rows, of both."""
        return self.data.bad + (self.events.bad if self.events is not None else 0)

    @property
    def lost_events(self) -> int:
        """Rows of events of which none is right, so that the data goes without them, if it goes."""
        return self.events.bad if self.events is not None and self.events.sent is None else 0


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


ABANDONED = "abandoned by a person"
"""Why a job has failed that a person will not have sent again: whether it arrived is not known."""


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
    """Unix time; wall time, because it has to outlive the process. Of a file in parts: when it was divided."""
    owns: bool = False
    """The remote took an earlier version under this Name from us: it is ours to replace. What went in parts has
    nothing under its own Name."""
    overwrote: bool = False
    """The last attempt was sent with Overwrite, so that sending it again changes nothing."""
    repeats: bool = False
    """An attempt may have arrived, and sending again was found to do no harm, or was allowed."""
    held: bool = False
    """The last bytes of the attempt under way are still ours, so it cannot have arrived whole."""
    sent_at: float | None = None
    """Unix time at which the last attempt began."""
    parts: int = 0
    """Into how many parts its file was divided: each is a job of its own, and this one has ended when they have."""
    part: Part | None = None
    """Set in one of these."""
    refused: int = 0
    """Rows that the remote did not take although the job is done: it judges each by itself."""
    unknown: int = 0
    """Rows of a job that is done, of which the remote's results should tell what became of them, and do not."""
    lost_at: float | None = None
    """Unix time at which the last lost answer was given up, in this version or before: its attempt may yet arrive."""

    @property
    def replaces(self) -> bool:
        """Whether the next send may overwrite what stands under the Name."""
        return self.owns or self.repeats

    @property
    def is_abandoned(self) -> bool:
        return self.state is State.FAILED and self.cause.startswith(ABANDONED)

    @property
    def keeps_its_name(self) -> bool:
        """Whether the Name belongs to this path, because something may have been sent under it."""
        return self.state is not State.REJECTED or self.owns

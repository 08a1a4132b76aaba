"""What one run did, counted so that every file and every row stands somewhere. Pure.

found + adopted = the sum of all endings
read = invalid + withheld + known + sent
sent = accepted + refused + unknown
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field

from orchestrator.model import Job, RelPath, Sheet, State


class Ending(enum.StrEnum):
    """Where a file stands at the end of a run."""

    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    WAITING = "waiting"
    UNSENT = "unsent"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    SUPERSEDED = "superseded"


_ENDINGS = {
    State.FOUND: Ending.UNSENT,
    State.READY: Ending.UNSENT,
    State.SENDING: Ending.WAITING,
    State.WAITING: Ending.WAITING,
    State.DONE: Ending.DONE,
    State.REJECTED: Ending.REJECTED,
    State.FAILED: Ending.FAILED,
    State.IN_DOUBT: Ending.IN_DOUBT,
    State.SUPERSEDED: Ending.SUPERSEDED,
}


_OF_A_WHOLE = (
    *(Ending.IN_DOUBT, Ending.WAITING, Ending.UNSENT, Ending.DEFERRED),
    *(Ending.FAILED, Ending.REJECTED, Ending.SUPERSEDED, Ending.SKIPPED, Ending.DONE),
)
"""Which end of a part is that of a file whose parts have not all ended: what asks for the most comes first."""


@dataclass(slots=True, kw_only=True)
class Trip:
    """What one file went through in this run. The pipeline writes it down, the reports read it."""

    path: RelPath
    adopted: bool = False
    job: Job | None = None
    ending: Ending | None = None
    """Set where the job's state alone does not say it: skipped, deferred, unsent."""
    cause: str = ""
    kept: str = ""
    """Why it must not be sent, however good it is: a file whose rows it refers to is not done, or its own rows are at
    the remote already, in other parts."""
    left: str = ""
    """What the remote still has of the version before, although this one is done."""
    unknown: int = 0
    """Rows of a file that is done of which its results do not tell what became of them."""
    untellable: int = 0
    """Those of them of which no results were to be had: so it is configured, and nothing is to be done about it."""
    unnamed: int = 0
    """Rows that an earlier version of its bytes brought and that were refused, nobody knows which."""
    known: bool = False
    """A part that the remote had before this run, of a file that changed around it or failed."""
    judged: bool = False
    """Its rows were read in this run, so they count in this run."""
    tries: int = 0
    garbled: int = 0
    """Tries whose answers were none that this API would give."""
    first_try: float = 0.0
    """When it began, on the run's own clock."""
    polls: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """By phase: prepare, upload, wait, collect."""
    parts: list[Trip] = field(default_factory=list)
    """Those of a file that is sent in parts: each a job of its own, all of them one file."""

    def begin_try(self, now: float) -> None:
        self.tries += 1
        if self.tries == 1:
            self.first_try = now

    def spend(self, phase: str, seconds: float) -> None:
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds

    @property
    def end(self) -> Ending:
        if self.ending is not None:
            return self.ending
        if self.parts and self.job is not None and self.job.state is State.WAITING:
            return min((part.end for part in self.parts), key=_OF_A_WHOLE.index)
        return _ENDINGS[self.job.state] if self.job is not None else Ending.UNSENT

    @property
    def attempts(self) -> int | None:
        """Of all runs; None for a file in parts of which none were looked at in this run."""
        if self.parts:
            return sum(part.attempts or 0 for part in self.parts)
        if self.job is None:
            return 0
        return None if self.job.parts else self.job.attempts

    @property
    def has_refused(self) -> bool:
        """It is done, but for rows that the remote refused, and everybody knows which."""
        return self.end is Ending.DONE and bool(self.job and self.job.checked and self.job.checked.data.refused)

    @property
    def is_kept(self) -> bool:
        """It could be sent but for what a person has to look at."""
        return bool(self.kept) and self.end is Ending.UNSENT

    @property
    def why(self) -> str:
        if self.is_kept:
            return self.kept
        return self.cause or (self.job.cause if self.job is not None else "") or self.left


def _went_out(job: Job) -> bool:
    """Whether its rows may be at the remote, so that they are not withheld."""
    return job.attempts > 0 and (job.repeats or job.state not in (State.READY, State.SUPERSEDED))


@dataclass(slots=True)
class RowBook:
    read: int = 0
    invalid: int = 0
    withheld: int = 0
    known: int = 0
    """Good rows of parts that the remote had before."""
    sent: int = 0
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    left_out: int = 0
    """Rows of the source that its mapping takes out, which are none of those read."""
    warned: int = 0
    """Rows with a warning, good and bad."""

    def note(self, sheet: Sheet) -> None:
        """Of a whole file: its parts do not know."""
        self.left_out += sheet.left_out
        self.warned += sheet.warned

    def add_known(self, sheet: Sheet) -> None:
        """Of a part that is not sent again."""
        self.read += sheet.rows
        self.invalid += sheet.bad
        self.known += sheet.rows - sheet.bad

    def add(self, sheet: Sheet, ending: Ending, *, submitted: bool, refused: int = 0, unknown: int = 0) -> None:
        """Of a file that is done the remote did not take *refused* rows, and does not tell of *unknown* ones."""
        good = sheet.rows - sheet.bad
        self.read += sheet.rows
        self.invalid += sheet.bad
        if not submitted:
            self.withheld += good
            return
        self.sent += good
        match ending:
            case Ending.DONE:
                self.accepted += good - refused - unknown
                self.refused += refused
                self.unknown += unknown
            case Ending.FAILED:
                self.refused += good
            case _:
                self.unknown += good

    @property
    def balances(self) -> bool:
        return (
            self.read == self.invalid + self.withheld + self.known + self.sent
            and self.sent == self.accepted + self.refused + self.unknown
        )


@dataclass(slots=True)
class Books:
    found: int = 0
    adopted: int = 0
    endings: Counter[Ending] = field(default_factory=Counter)
    data: RowBook = field(default_factory=RowBook)
    events: RowBook = field(default_factory=RowBook)
    kept: int = 0
    """Files that are unsent for the sake of another one."""
    overtaken: int = 0
    """Files that were replaced before they were sent: what took their place is for the next run."""
    dropped: int = 0
    """Rows left out of files that were sent in this run."""
    refused: int = 0
    """Rows that the remote did not take of files that were done in this run."""
    untold: int = 0
    """Rows of files that were done in this run, of which the remote does not say whether it took them."""
    untellable: int = 0
    """The same, where no results are to be had that would say so."""

    def enter(self, trip: Trip) -> None:
        """One file: it counts once, and its rows where the parts of it stand."""
        self.endings[trip.end] += 1
        self.kept += trip.is_kept
        self.overtaken += trip.end is Ending.SUPERSEDED and not trip.adopted
        if trip.judged and trip.job is not None and (sheets := trip.job.checked) is not None:
            self.data.note(sheets.data)
            if sheets.events is not None:
                self.events.note(sheets.events)
        for part in trip.parts or (trip,):
            self._enter_rows(part)

    def _enter_rows(self, trip: Trip) -> None:
        job = trip.job
        if job is not None and trip.end is Ending.DONE:
            self.refused += job.refused
            self.untold += trip.unknown - trip.untellable + trip.unnamed
            self.untellable += trip.untellable
        if not trip.judged or job is None or job.checked is None:
            return
        if trip.known:
            self.data.add_known(job.checked.data)
            return
        sent = _went_out(job)
        self.data.add(job.checked.data, trip.end, submitted=sent, refused=job.refused, unknown=trip.unknown)
        if (events := job.checked.events) is not None:
            self.events.add(events, trip.end, submitted=sent)
        if sent:
            self.dropped += job.checked.data.bad + (events.bad if events else 0)

    @property
    def remark(self) -> str:
        """What a person should know of the counts, although nothing is to be done about it."""
        if not self.untellable:
            return ""
        return f"of {self.untellable:,} rows nobody can tell whether the remote took them: it does not tell of rows"

    @property
    def balance(self) -> bool:
        files = self.found + self.adopted == self.endings.total()
        return files and self.data.balances and self.events.balances

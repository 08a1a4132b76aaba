"""What one run did, counted so that every file and every row stands somewhere. Pure.

found + adopted = the sum of all endings
read = invalid + withheld + known + sent
sent = accepted + refused + unknown
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from orchestrator.model import Job, Sheet, State
from orchestrator.trip import Ending, Trip


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

    def add_known(self, rows: int, bad: int) -> None:
        """Of parts that are not sent again."""
        self.read += rows
        self.invalid += bad
        self.known += rows - bad

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
    owed: int = 0
    """Rows that are not at the remote for sure, of files that an earlier run read, and that ended in this one or in one
    that was killed."""
    left: int = 0
    """Files with rows of another version that a person has to see to: the remote still has them, or never got them."""

    def enter(self, trip: Trip) -> None:
        """One file: it counts once, and its rows where the parts of it stand."""
        self.endings[trip.end] += 1
        self.kept += trip.is_kept
        self.overtaken += trip.end is Ending.SUPERSEDED and not trip.adopted
        self.left += bool(trip.left)
        if trip.end is Ending.DONE and not trip.judged and trip.job is not None and trip.job.checked is not None:
            self.owed += trip.job.checked.bad
        if trip.judged and trip.job is not None and (sheets := trip.job.checked) is not None:
            self.data.note(sheets.data)
            if sheets.events is not None:
                self.events.note(sheets.events)
        for part in trip.parts or (trip,):
            self._enter_rows(part)
        if trip.parts:
            self._enter_known(trip)

    def owe(self, job: Job) -> None:
        """It was done in a run that was killed before it could tell."""
        self.owed += (job.checked.bad if job.checked is not None else 0) + job.refused + job.unknown

    def _enter_rows(self, trip: Trip) -> None:
        job = trip.job
        if job is not None and trip.end is Ending.DONE:
            self.refused += job.refused
            self.untold += job.unknown + trip.unnamed
            self.untellable += trip.untellable
        if not trip.judged or trip.known or job is None or job.checked is None:
            return
        sent = _went_out(job)
        unknown = job.unknown + trip.untellable
        self.data.add(job.checked.data, trip.end, submitted=sent, refused=job.refused, unknown=unknown)
        if (events := job.checked.events) is not None:
            self.events.add(events, trip.end, submitted=sent)
        if sent:
            self.dropped += job.checked.bad

    def _enter_known(self, trip: Trip) -> None:
        """The rows of its parts that the remote had before: what they are told of was read when they were sent, and
        bad rows may have come to them since."""
        if not trip.judged or trip.job is None or trip.job.checked is None:
            return
        whole = trip.job.checked.data
        others = [part.job.checked.data for part in trip.parts if not part.known and part.job and part.job.checked]
        bad = whole.bad - sum(sheet.bad for sheet in others)
        self.data.add_known(whole.rows - sum(sheet.rows for sheet in others), bad)
        self.dropped += bad

    @property
    def remark(self) -> str:
        """What a person should know beside the counts."""
        told = []
        if self.owed:
            where = "not at the remote, as far as anybody knows: see rejects/ and results/"
            told.append(f"{self.owed:,} rows that an earlier run read are {where}")
        if self.untellable:
            unknown = "nobody can tell whether the remote took them: it does not tell of rows"
            told.append(f"of {self.untellable:,} rows {unknown}")
        return "\n".join(told)

    @property
    def balance(self) -> bool:
        files = self.found + self.adopted == self.endings.total()
        return files and self.data.balances and self.events.balances

"""One file on its way through a run, and where it stands at the end of it. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from orchestrator.model import Job, RelPath, State


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
    """What a person has to do about rows of a version before, or of this one where no later one holds them."""
    without_events: str = ""
    """That it is done without its events, as all their rows are bad, and what it took the place of."""
    untellable: int = 0
    """Rows of a file that is done of which no results were to be had: so it is configured."""
    unnamed: int = 0
    """Rows that an earlier version of its bytes brought and that were refused, nobody knows which."""
    known: bool = False
    """A part that the remote had before this run, of a file that changed around it or failed."""
    restored: bool = False
    """Its bytes are those of an earlier version, whose list has to take the place of that of the one in between."""
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
        cause = self.cause or (self.job.cause if self.job is not None else "")
        return "; ".join(filter(None, (cause, self.left, self.without_events)))

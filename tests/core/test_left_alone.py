"""The remote asks to be left alone while an upload is between its permit and its first byte."""

from __future__ import annotations

from fakes import FakeLedger
from journey import A, job_of, world

from orchestrator.errors import NotSent
from orchestrator.model import Event, Job, SendStarted, State
from orchestrator.trip import Trip
from orchestrator.way import Way


class Interrupted(FakeLedger):
    """While it writes the first intent down, somebody else is told to stay away."""

    way: Way

    async def record(self, job: Job, *events: Event) -> Job:
        if isinstance(events[-1], SendStarted) and not job.attempts:
            self.way.failed(NotSent("429", retry_after=77.0))
        return await super().record(job, *events)


async def test_what_was_about_to_leave_stays_here_and_leaves_when_the_time_has_come() -> None:
    ledger = Interrupted()
    w = world(ledger=ledger)
    pipeline = w.pipeline()
    ledger.way = pipeline.delivery.lane.way
    submit, sent_at = w.target.submit, []

    async def noted(*args: object, **options: object) -> object:
        sent_at.append(w.clock.time)
        return await submit(*args, **options)  # type: ignore[arg-type]  # as it came

    w.target.submit = noted  # type: ignore[assignment]  # of this one only
    await pipeline.take(w.inbox.file("a.csv"), Trip(path=A))

    assert [at >= 77.0 for at in sent_at] == [True]
    assert job_of(w).state is State.DONE
    told = [type(event).__name__ for _, event in ledger.events]
    assert told == ["Checked", "SendStarted", "SendUndone", "SendStarted", "Accepted", "Completed"]

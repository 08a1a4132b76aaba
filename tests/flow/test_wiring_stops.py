"""A stop that comes while the ledger writes: the run knows of what was written, or it was not written."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import anyio
import pytest
from fakes import FakeLedger, FakeTarget, World

from orchestrator.config import Settings
from orchestrator.errors import NotSent
from orchestrator.guards import Grace
from orchestrator.model import Accepted, Checked, Completed, Event, Job, Rejected, RelPath, State
from orchestrator.pipeline import Pipeline
from orchestrator.trip import Trip
from orchestrator.wiring import Parts, make_pipeline

A = RelPath("a.csv")


@dataclass
class Leisurely(FakeLedger):
    """Has written one kind of event, and does not say so before somebody has told the run to stop at once."""

    at: type = Checked
    grace: Grace = field(default_factory=Grace)
    stop: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    async def record(self, job: Job, *events: Event) -> Job:
        job = await super().record(job, *events)
        if any(isinstance(event, self.at) for event in events):
            self.stop.cancel()
            self.grace.expire()
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
        return job


def wired(world: World) -> Pipeline:
    parts = Parts(
        target=world.target,
        ledger=world.ledger,
        inbox=world.inbox,
        sink=world.sink,
        clock=world.clock,
        grace=world.grace,
        retried=world.retried,
        rng=random.Random(0),
    )
    return make_pipeline(Settings(), parts, retry_failed=False)


@pytest.mark.parametrize(
    ("at", "text", "state"),
    [
        (Rejected, "bad", State.REJECTED),  # of the pipeline
        (Checked, "good", State.READY),  # of the delivery, before an upload
        (Accepted, "good", State.WAITING),  # of the delivery, when grace is over as well
        (Completed, "good", State.DONE),  # of the tracking
    ],
)
async def test_a_stop_in_the_middle_of_a_commit_leaves_the_run_with_what_the_ledger_has(
    at: type, text: str, state: State
) -> None:
    ledger = Leisurely(at=at)
    world = World(ledger=ledger, grace=ledger.grace, target=FakeTarget(polls_needed=1))
    world.inbox.files[A] = text
    if at is Checked:
        world.target.locked_out[1] = NotSent("503")  # else it is written together with the intent to send
    trip = Trip(path=A)
    with ledger.stop:
        await wired(world).take(world.inbox.file(A), trip)
        await anyio.sleep_forever()

    assert trip.job is not None
    assert [trip.job.state] == [job.state for job in ledger.jobs.values()] == [state]

"""The last bytes of a large upload, before and after they were let go."""

from __future__ import annotations

import pytest
from fakes import Death, FakeLedger, FakeTarget
from journey import job_of, run, world

from orchestrator.errors import (
    Garbled,
    StorageError,
)
from orchestrator.model import Event, Job, State, TailReleased
from orchestrator.ports import Body


async def test_a_death_before_the_tail_was_released_leaves_no_doubt() -> None:
    w = world(target=FakeTarget(holds=True))
    w.ledger.script.before[2] = Death()
    with pytest.raises(Death):
        await run(w)

    assert job_of(w).held
    await run(w)
    assert job_of(w).state is State.DONE
    assert w.target.remote.copies == {"a": [("good", False)]}


async def test_a_death_after_the_tail_was_released_leaves_a_doubt() -> None:
    w = world(target=FakeTarget(holds=True))
    w.ledger.script.after[2] = Death()
    with pytest.raises(Death):
        await run(w)

    assert not job_of(w).held
    await run(w)
    assert job_of(w).state is State.IN_DOUBT


async def test_a_tail_whose_release_is_not_durable_stays_here() -> None:
    w = world(target=FakeTarget(holds=True))
    w.ledger.script.before[2] = StorageError("the disk is full")
    with pytest.raises(StorageError):
        await run(w)

    assert w.target.remote.copies == {}


async def test_what_is_held_back_is_noted_with_the_intent_and_let_go_with_an_event() -> None:
    w = world(target=FakeTarget(holds=True))
    await run(w)

    assert [type(event).__name__ for _, event in w.ledger.events] == [
        "Checked",
        "SendStarted",
        "TailReleased",
        "Accepted",
        "Completed",
    ]
    assert job_of(w).state is State.DONE
    assert not job_of(w).held


async def test_an_answer_that_makes_no_sense_before_the_tail_was_released_is_a_doubt_all_the_same() -> None:
    w = world(target=FakeTarget(holds=True))
    w.target.script.before[1] = Garbled("200 and a token, in the middle of the body")
    await run(w)

    assert job_of(w).state is State.IN_DOUBT
    assert not job_of(w).held


async def test_on_a_disk_that_begins_nothing_any_more_such_an_answer_is_a_doubt_as_well() -> None:
    class Full(FakeLedger):
        async def record(self, job: Job, *events: Event) -> Job:
            if any(isinstance(event, TailReleased) for event in events):
                raise StorageError("full")
            return await super().record(job, *events)

    w = world(target=FakeTarget(holds=True), ledger=Full())
    w.target.script.before[1] = Garbled("200 and a token, in the middle of the body")
    await run(w)
    await run(w)

    assert job_of(w).state is State.IN_DOUBT
    assert w.target.remote.copies == {}


async def test_whether_to_hold_back_is_asked_of_a_file_that_was_checked() -> None:
    """What may be repeated hangs on what kind of file it was found to be."""
    asked: list[Job] = []

    class Asked(FakeTarget):
        def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
            asked.append(job)
            return False

    await run(world(target=Asked()))

    (job,) = asked
    assert job.checked is not None
    assert job.state is State.READY

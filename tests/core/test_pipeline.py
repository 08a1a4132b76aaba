"""The way of a file through a run: in order, past every fault, and past every death."""

from __future__ import annotations

import anyio
import pytest
from fakes import Death, FakeTarget, World
from journey import A, job_of, run, world

from orchestrator.backoff import Backoff
from orchestrator.errors import (
    NotSent,
    Unclear,
)
from orchestrator.model import (
    RelPath,
    State,
)
from orchestrator.ports import File, Trace
from orchestrator.trip import Ending, Trip


async def test_a_file_goes_from_the_folder_to_its_results() -> None:
    w = world()
    trip = await run(w)

    assert trip.end is Ending.DONE
    assert w.target.remote.copies == {"a": [("good", False)]}
    assert w.sink.written == {("a", 1): ("feedback",)}
    assert [type(event).__name__ for _, event in w.ledger.events] == [
        "Checked",
        "SendStarted",
        "Accepted",
        "Completed",
    ]


async def test_a_finished_file_is_skipped_without_a_request() -> None:
    w = world()
    await run(w)
    calls = w.target.script.calls
    trip = await run(w)

    assert trip.end is Ending.SKIPPED
    assert w.target.script.calls == calls
    assert w.inbox.judged == 1


async def test_nothing_is_sent_before_its_intent_is_durable() -> None:
    w = world()
    w.ledger.script.before[1] = Death()
    with pytest.raises(Death):
        await run(w)

    assert w.target.remote.copies == {}


async def test_no_poll_comes_before_its_token_is_durable() -> None:
    w = world()
    w.ledger.script.before[2] = Death()
    with pytest.raises(Death):
        await run(w)

    assert w.target.polls == 0


async def test_a_rejected_file_is_never_sent_and_judged_again_only_under_new_rules() -> None:
    w = world("bad")
    first = await run(w)
    again = await run(w)
    w.inbox.rules = "rules-2"
    anew = await run(w)

    assert [trip.end for trip in (first, again, anew)] == [Ending.REJECTED] * 3
    assert [trip.judged for trip in (first, again, anew)] == [True, False, True]
    assert w.target.remote.copies == {}


async def test_a_rejected_file_that_new_rules_allow_is_sent() -> None:
    w = world("bad")
    await run(w)
    w.inbox.files[A] = "good"
    w.inbox.rules = "rules-2"
    trip = await run(w)

    assert trip.end is Ending.DONE


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", range(1, 6))
@pytest.mark.parametrize("error", [Death(), NotSent("x"), Unclear("x")], ids=["death", "not sent", "unclear"])
@pytest.mark.parametrize("trace", [Trace.UNKNOWN, Trace.REPEATABLE])
async def test_one_fault_at_the_remote_never_loses_or_silently_duplicates(
    when: str, call: int, error: BaseException, trace: Trace
) -> None:
    is_a_lie = when == "after" and isinstance(error, NotSent)
    w = world(target=FakeTarget(trace=trace))
    getattr(w.target.script, when)[call] = error
    for _ in range(3):
        try:
            await run(w)
        except Death:
            continue

    state = job_of(w).state
    assert not w.target.remote.silent_duplicates() or is_a_lie
    if trace is Trace.REPEATABLE:
        assert state is State.DONE
    else:
        assert state in (State.DONE, State.IN_DOUBT)
        assert state is State.DONE or call == 1, "only a lost upload can be in doubt"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", range(1, 4))
@pytest.mark.parametrize("trace", [Trace.UNKNOWN, Trace.REPEATABLE])
async def test_a_death_around_any_transition_never_loses_or_silently_duplicates(
    when: str, call: int, trace: Trace
) -> None:
    w = world(target=FakeTarget(trace=trace))
    getattr(w.ledger.script, when)[call] = Death()
    with pytest.raises(Death):
        await run(w)
    await run(w)

    assert not w.target.remote.silent_duplicates()
    doubtful = trace is Trace.UNKNOWN and (when, call) in {("after", 1), ("before", 2)}
    assert job_of(w).state is (State.IN_DOUBT if doubtful else State.DONE)


async def test_rows_that_were_dropped_count_in_the_run_that_sends_the_rest() -> None:
    w = world(sending=Backoff(tries=1))
    w.target.script.before[1] = NotSent("busy")
    await run(w)
    trip = Trip(path=A, adopted=True)
    await w.pipeline().drive(job_of(w), trip, w.inbox.file("a.csv"))

    assert (trip.end, trip.judged) == (Ending.DONE, True)


async def test_a_rejected_file_takes_its_name_along_when_it_moves() -> None:
    w = world("bad")
    w.inbox.pattern = "{stem}"
    await run(w)
    w.inbox.files = {RelPath("b/a.csv"): "bad"}
    w.inbox.rules = "rules-2"
    await run(w, "b/a.csv")

    assert job_of(w, 2).path == "b/a.csv"


async def test_a_file_that_went_away_before_it_was_sent_needs_a_person() -> None:
    w = world(sending=Backoff(tries=1))
    w.target.script.before[1] = NotSent("busy")
    await run(w)
    trip = Trip(path=A, adopted=True)
    await w.pipeline().drive(job_of(w), trip, None)

    assert trip.end is Ending.IN_DOUBT
    assert "source_gone" in trip.why


async def test_a_moving_file_is_deferred_and_leaves_no_trace() -> None:
    w = world("moving")
    trip = await run(w)

    assert trip.end is Ending.DEFERRED
    assert w.ledger.jobs == {}


async def test_a_refused_file_is_refused_once_in_the_ledger_and_every_night_in_the_report() -> None:
    w = world()
    for _ in range(2):
        trip = Trip(path=A)
        await w.pipeline().take(File(path=A, fault="a pipe, not a file"), trip)
        assert trip.end is Ending.REJECTED

    assert len(w.ledger.events) == 1


async def test_a_second_path_under_one_name_is_refused_and_the_first_is_sent() -> None:
    w = world()
    w.inbox.pattern = "{stem}"
    w.inbox.files[RelPath("b/A.csv")] = "other"
    pipeline = w.pipeline()
    first, second = Trip(path=A), Trip(path=RelPath("b/A.csv"))
    await pipeline.take(w.inbox.file("a.csv"), first)
    await pipeline.take(w.inbox.file("b/A.csv"), second)

    assert (first.end, second.end) == (Ending.DONE, Ending.REJECTED)
    assert "name_clash" in second.why
    assert "a.csv" in second.why


async def test_never_more_uploads_at_once_than_allowed() -> None:
    w = World(uploads=3)
    pipeline = w.pipeline()
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            path = RelPath(f"{number}.csv")
            w.inbox.files[path] = f"text {number}"
            tasks.start_soon(pipeline.take, w.inbox.file(path), Trip(path=path))

    assert len(w.target.remote.copies) == 20
    assert w.target.most_inside == 3

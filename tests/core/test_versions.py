"""Files that change, Names that move, tokens that come twice."""

from __future__ import annotations

import anyio
import pytest
from fakes import FakeTarget
from journey import A, job_of, run, world

from orchestrator.backoff import Backoff
from orchestrator.errors import (
    NotSent,
    Unclear,
)
from orchestrator.intake import LATE, may_arrive_late
from orchestrator.model import (
    Job,
    Key,
    Name,
    RelPath,
    State,
    Token,
)
from orchestrator.ports import Trace
from orchestrator.trip import Ending, Trip


async def test_a_failed_submission_keeps_its_feedback_and_is_not_sent_again() -> None:
    w = world(target=FakeTarget(success=False))
    first = await run(w)
    again = await run(w)

    assert (first.end, again.end) == (Ending.FAILED, Ending.FAILED)
    assert w.sink.written == {("a", 1): ("feedback",)}
    assert len(w.target.remote.copies[Name("a")]) == 1


async def test_a_mended_file_is_sent_as_the_next_version_over_its_own_name() -> None:
    w = world(target=FakeTarget(success=False))
    await run(w)
    w.inbox.files[A] = "mended"
    w.target.success = True
    trip = await run(w)

    assert (trip.end, job_of(w, 2).version) == (Ending.DONE, 2)
    assert w.target.remote.copies[Name("a")] == [("good", False), ("mended", True)]


async def test_a_file_that_goes_back_to_older_bytes_is_sent_again() -> None:
    w = world("A")
    for text in ("A", "B", "A"):
        w.inbox.files[A] = text
        assert (await run(w)).end is Ending.DONE

    assert [text for text, _ in w.target.remote.copies[Name("a")]] == ["A", "B", "A"]


async def test_a_new_version_waits_while_the_one_before_is_in_doubt() -> None:
    w = world()
    w.target.script.after[1] = Unclear("reset")
    await run(w)
    w.inbox.files[A] = "newer"
    trip = await run(w)

    assert trip.end is Ending.UNSENT
    assert "version 1" in trip.why
    assert len(w.target.remote.copies[Name("a")]) == 1


async def test_a_file_replaced_before_it_was_sent_is_superseded_and_the_new_one_is_sent() -> None:
    w = world(sending=Backoff(tries=1))
    w.target.script.before[1] = NotSent("busy")
    await run(w)
    w.inbox.files[A] = "newer"
    trip = await run(w)

    assert job_of(w, 1).state is State.SUPERSEDED
    assert trip.end is Ending.DONE
    assert w.target.remote.copies == {"a": [("newer", False)]}


async def test_a_superseded_version_that_may_have_arrived_is_replaced_not_doubled() -> None:
    w = world(sending=Backoff(tries=1), target=FakeTarget(trace=Trace.REPEATABLE))
    w.target.script.after[1] = Unclear("reset")
    await run(w)
    w.inbox.files[A] = "newer"
    w.clock.time += LATE
    await run(w)

    assert w.target.remote.copies[Name("a")] == [("good", False), ("newer", True)]


@pytest.mark.parametrize("since", [0.0, LATE - 30, -LATE + 30])
async def test_nothing_newer_is_sent_while_a_lost_attempt_may_still_arrive(since: float) -> None:
    """It would be replaced by the older bytes when these come late. A clock that was set back only waits."""
    w = world(sending=Backoff(tries=1), target=FakeTarget(trace=Trace.REPEATABLE))
    w.target.script.after[1] = Unclear("reset")
    await run(w)
    w.inbox.files[A] = "newer"
    w.clock.time += since
    trip = await run(w)

    assert trip.end is Ending.UNSENT
    assert "may still arrive late" in trip.why
    assert w.target.remote.copies[Name("a")] == [("good", False)]

    w.clock.time += 2 * LATE
    assert (await run(w)).end is Ending.DONE


@pytest.mark.parametrize(
    ("minutes", "end"),
    [(14.99, Ending.UNSENT), (15.0, Ending.DONE), (-15.0, Ending.UNSENT)],
    ids=["sooner", "later", "the clock was set back"],
)
async def test_a_lost_attempt_is_waited_for_a_quarter_of_an_hour_and_no_longer(minutes: float, end: Ending) -> None:
    w = world(sending=Backoff(tries=1), target=FakeTarget(trace=Trace.REPEATABLE))
    w.target.script.after[1] = Unclear("reset")
    await run(w)
    w.inbox.files[A] = "newer"
    w.clock.time += 60 * minutes

    assert (await run(w)).end is end


def test_what_a_clock_noted_that_was_wrong_by_days_is_not_waited_for() -> None:
    lost = Job(key=Key("a"), name=Name("a"), path=A, version=1, lost_at=1_000_000.0)

    assert may_arrive_late(lost, 1_000_000.0 - 23 * 3600)
    assert not may_arrive_late(lost, 1_000_000.0 - 24 * 3600)


async def test_the_same_bytes_need_not_wait_for_a_lost_attempt_of_their_own() -> None:
    w = world(target=FakeTarget(trace=Trace.REPEATABLE))
    w.target.script.after[1] = Unclear("reset")

    assert (await run(w)).end is Ending.DONE
    assert w.target.remote.copies[Name("a")] == [("good", False), ("good", True)]


async def test_a_version_that_was_done_after_a_lost_attempt_does_not_make_that_attempt_harmless() -> None:
    w = world(target=FakeTarget(trace=Trace.REPEATABLE))
    w.target.script.after[1] = Unclear("reset")
    await run(w)
    w.inbox.files[A] = "newer"

    assert (await run(w)).end is Ending.UNSENT
    w.clock.time += LATE
    assert (await run(w)).end is Ending.DONE


async def test_a_token_that_was_given_out_twice_ends_neither_submission() -> None:
    b = RelPath("b.csv")
    w = world()
    w.inbox.files[b] = "good too"
    w.target.remote.only_token = Token("one-for-all")
    pipeline = w.pipeline()
    trips = [Trip(path=path) for path in (A, b)]
    async with anyio.create_task_group() as tasks:
        for trip in trips:
            tasks.start_soon(pipeline.take, w.inbox.file(trip.path), trip)

    assert [trip.end for trip in trips] == [Ending.IN_DOUBT, Ending.IN_DOUBT]
    assert all("token_twice" in trip.why for trip in trips)
    assert not any("one-for-all" in trip.why for trip in trips), "a token is not shown"


async def test_a_token_that_an_earlier_run_got_as_well_is_not_taken_for_a_new_one() -> None:
    b = RelPath("b.csv")
    w = world()
    w.target.remote.only_token = Token("one-for-all")
    assert (await run(w)).end is Ending.DONE
    w.inbox.files = {b: "good too"}
    trip = Trip(path=b)
    await w.pipeline().take(w.inbox.file(b), trip)

    assert trip.end is Ending.IN_DOUBT
    assert "as for a.csv (version 1)" in trip.why


async def test_a_token_that_was_given_out_twice_ends_neither_submission_in_a_later_run() -> None:
    b = RelPath("b.csv")
    w = world(target=FakeTarget(polls_needed=10**9), patience=1.0)
    w.inbox.files[b] = "good too"
    w.target.remote.only_token = Token("one-for-all")
    for path in (A, b):
        await run(w, path)
    assert [w.ledger.jobs[Key(key), 1].state for key in ("a", "b")] == [State.WAITING, State.IN_DOUBT]

    w.target.polls_needed = 1
    await run(w)

    assert job_of(w).state is State.IN_DOUBT
    assert "token_twice" in job_of(w).cause

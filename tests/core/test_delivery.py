"""An upload and its answer: tries, refusals, lost answers, stops."""

from __future__ import annotations

import anyio
import pytest
from fakes import EPOCH, Death, FakeLedger, FakeTarget
from journey import A, job_of, run, world

from orchestrator.backoff import Backoff
from orchestrator.errors import (
    Denied,
    Garbled,
    Misdirected,
    NotSent,
    Refused,
    SourceChanged,
    Unclear,
    Unreachable,
)
from orchestrator.flow.gate import FIRST_TRIES
from orchestrator.guards import Sense
from orchestrator.intake import LATE
from orchestrator.model import (
    Event,
    Job,
    Name,
    RelPath,
    Resolved,
    SendStarted,
    State,
    Verdict,
)
from orchestrator.ports import Trace
from orchestrator.trip import Ending, Trip


async def test_a_lost_answer_is_followed_by_a_send_that_replaces() -> None:
    w = world(target=FakeTarget(trace=Trace.REPEATABLE))
    w.target.script.after[1] = Unclear("reset")
    await run(w)

    assert [overwrite for _, overwrite in w.target.remote.copies[Name("a")]] == [False, True]
    assert w.retries == 1


async def test_a_lost_answer_that_nobody_can_clear_up_is_in_doubt_with_its_evidence() -> None:
    w = world()
    w.target.script.after[1] = Unclear("POST /api/UploadData: the connection broke")
    trip = await run(w)

    assert trip.end is Ending.IN_DOUBT
    assert "upload 1 may have arrived: POST /api/UploadData: the connection broke" in trip.why


@pytest.mark.parametrize("says", ["name_conflict: the Name exists", "the remote refuses the content"])
async def test_a_refused_repeat_says_nothing_about_the_attempt_whose_answer_was_lost(says: str) -> None:
    w = world(target=FakeTarget(trace=Trace.REPEATABLE))
    w.target.script.after[1] = Unclear("504")
    w.target.script.before[2] = Refused(says)
    trip = await run(w)

    assert trip.end is Ending.IN_DOUBT
    assert "an earlier attempt may have arrived" in trip.why
    assert says in trip.why
    assert len(w.target.remote.copies[Name("a")]) == 1


async def test_a_newer_version_that_is_refused_has_failed_whatever_became_of_the_one_before() -> None:
    w = world(target=FakeTarget(trace=Trace.REPEATABLE))
    w.target.script.after[1] = Unclear("504")
    w.target.script.before[2] = NotSent("broken off")
    w.sending = Backoff(tries=2)
    await run(w)
    w.inbox.files[A] = "newer"
    w.clock.time += LATE
    w.target.script.before[w.target.script.calls + 1] = Refused("no")
    await run(w)

    assert job_of(w, 1).state is State.SUPERSEDED
    assert job_of(w, 2).state is State.FAILED


async def test_a_file_that_goes_away_after_a_lost_answer_is_not_said_to_have_been_unsent() -> None:
    w = world(target=FakeTarget(trace=Trace.REPEATABLE), sending=Backoff(tries=1))
    w.target.script.after[1] = Unclear("504")
    await run(w)
    await w.pipeline().drive(job_of(w), Trip(path=A, adopted=True), None)

    assert job_of(w).state is State.IN_DOUBT
    assert "may have arrived" in job_of(w).cause
    assert "--not-accepted" not in job_of(w).cause


async def test_rules_that_change_after_a_lost_answer_do_not_hide_that_it_may_have_arrived() -> None:
    w = world(target=FakeTarget(trace=Trace.REPEATABLE), sending=Backoff(tries=1))
    w.target.script.after[1] = Unclear("504")
    await run(w)
    w.inbox.rules = "rules-2"
    await w.pipeline().drive(job_of(w), Trip(path=A, adopted=True), w.inbox.file("a.csv"))

    assert job_of(w).state is State.SUPERSEDED
    assert "may have arrived" in job_of(w).cause


async def test_lost_answers_that_a_repeat_mends_do_not_end_the_run() -> None:
    """A second of 502 behind a gateway, with more uploads in flight than the row of senseless answers may be long."""
    paths = [RelPath(f"{n}.csv") for n in range(2 * Sense.LATER)]
    w = world(target=FakeTarget(trace=Trace.REPEATABLE), uploads=len(paths))
    w.inbox.files |= dict.fromkeys(paths, "good")
    w.target.script.before |= {call: Unclear("502") for call in range(1, len(paths) + 1)}
    pipeline = w.pipeline()
    trips = [Trip(path=path) for path in paths]
    async with anyio.create_task_group() as tasks:
        for trip in trips:
            tasks.start_soon(pipeline.take, w.inbox.file(trip.path), trip)

    assert {trip.end for trip in trips} == {Ending.DONE}


async def test_an_item_in_doubt_is_left_alone_until_a_person_decides() -> None:
    w = world()
    w.target.script.after[1] = Unclear("reset")
    await run(w)
    trip = await run(w)

    assert trip.end is Ending.IN_DOUBT
    assert len(w.target.remote.copies[Name("a")]) == 1

    await w.ledger.record(job_of(w), Resolved(Verdict.RESEND))
    await run(w)
    assert job_of(w).state is State.DONE
    assert [overwrite for _, overwrite in w.target.remote.copies[Name("a")]] == [False, True]


async def test_a_person_who_has_the_token_makes_it_go_on_from_there() -> None:
    w = world()
    w.target.script.after[1] = Unclear("reset")
    await run(w)
    token = next(iter(w.target.remote.tokens))
    await w.ledger.record(job_of(w), Resolved(Verdict.ACCEPTED, token, EPOCH.timestamp()))
    await run(w)

    assert job_of(w).state is State.DONE
    assert len(w.target.remote.copies[Name("a")]) == 1


async def test_tries_that_are_used_up_leave_the_file_ready_for_the_next_run() -> None:
    w = world(sending=Backoff(tries=3))
    w.target.script.before |= {call: NotSent("busy") for call in (1, 2, 3)}
    trip = await run(w)

    assert trip.end is Ending.UNSENT
    assert (trip.tries, job_of(w).attempts) == (3, 3)
    assert "busy" in trip.why

    assert (await run(w)).job == job_of(w)
    assert job_of(w).state is State.DONE


async def test_a_remote_out_of_reach_ends_the_run_after_all_tries() -> None:
    w = world(sending=Backoff(tries=15))
    w.target.script.before |= {call: Unreachable("refused") for call in range(1, 20)}
    with pytest.raises(Unreachable):
        await run(w)

    assert job_of(w).state is State.READY
    assert w.target.script.calls == FIRST_TRIES


@pytest.mark.parametrize("error", [Denied("no"), Misdirected("404")])
async def test_trouble_of_the_whole_target_is_raised_after_the_file_is_noted_as_not_sent(
    error: Exception,
) -> None:
    w = world()
    w.target.script.before[1] = error
    with pytest.raises(type(error)):
        await run(w)

    assert job_of(w).state is State.READY


async def test_no_intent_is_noted_before_there_is_a_token_to_send_with() -> None:
    w = world()
    w.target.locked_out |= {1: NotSent("503"), 2: Death()}
    with pytest.raises(Death):
        await run(w)

    assert job_of(w).state is State.READY, "so a death while the token is fetched leaves no doubt"
    assert (await run(w)).job is not None
    assert job_of(w).state is State.DONE
    assert w.target.remote.copies == {"a": [("good", False)]}


async def test_what_the_remote_refuses_at_once_has_failed() -> None:
    w = world()
    w.target.script.before[1] = Refused("upload: name_conflict")
    trip = await run(w)

    assert trip.end is Ending.FAILED
    assert not job_of(w).owns


async def test_a_source_that_changes_while_it_is_sent_was_not_sent() -> None:
    w = world(sending=Backoff(tries=1))
    w.target.script.before[1] = SourceChanged("the file changed while it was sent")
    trip = await run(w)

    assert trip.end is Ending.UNSENT
    assert "changed" in trip.why


async def test_a_retry_after_holds_everybody_back() -> None:
    w = world()
    w.target.script.before[1] = NotSent("429", retry_after=77.0)
    await run(w)

    assert w.clock.time >= 77.0
    assert job_of(w).state is State.DONE


async def test_rules_that_change_before_it_was_sent_judge_it_anew() -> None:
    w = world(sending=Backoff(tries=1))
    w.target.script.before[1] = NotSent("busy")
    await run(w)
    w.inbox.rules = "rules-2"
    trip = await run(w)

    assert job_of(w, 1).state is State.SUPERSEDED
    assert (trip.end, job_of(w, 2).rules) == (Ending.DONE, "rules-2")


async def test_a_file_that_moves_while_it_is_checked_for_its_next_try_waits_for_the_next_run() -> None:
    w = world()
    w.target.script.before[1] = NotSent("busy")
    w.inbox.moves_at = 2
    trip = await run(w)

    assert job_of(w).state is State.READY
    assert (trip.end, trip.why) == (Ending.UNSENT, "it was replaced while it was checked: the next run looks again")

    await run(w)
    assert job_of(w).state is State.DONE


async def test_what_is_not_selected_is_not_sent_again_after_a_lost_answer() -> None:
    w = world(target=FakeTarget(trace=Trace.REPEATABLE))
    w.ledger.script.after[1] = Death()
    with pytest.raises(Death):
        await run(w)
    await w.pipeline().drive(job_of(w), Trip(path=A, adopted=True), w.inbox.file("a.csv"), may_send=False)

    assert job_of(w).state is State.READY
    assert w.target.remote.copies == {}


async def test_a_stop_waits_for_the_upload_under_way_and_keeps_its_token() -> None:
    w = world()
    held, release = anyio.Event(), anyio.Event()

    class Slow(FakeTarget):
        async def submit(self, *args: object, **options: object) -> object:  # type: ignore[override]  # all is passed on
            held.set()
            await release.wait()
            return await FakeTarget.submit(self, *args, **options)  # type: ignore[arg-type]  # as it came

    w.target = Slow(remote=w.target.remote)
    trip = Trip(path=A)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(w.pipeline().take, w.inbox.file("a.csv"), trip)
        await held.wait()
        tasks.cancel_scope.cancel()
        release.set()

    assert trip.end is Ending.WAITING
    assert job_of(w).token is not None


@pytest.mark.parametrize(("trace", "state"), [(Trace.UNKNOWN, State.IN_DOUBT), (Trace.REPEATABLE, State.READY)])
async def test_grace_that_runs_out_leaves_no_upload_without_its_outcome(trace: Trace, state: State) -> None:
    w = world()
    held = anyio.Event()

    class Stuck(FakeTarget):
        async def submit(self, *args: object, **options: object) -> object:  # type: ignore[override]  # all is passed on
            held.set()
            await anyio.sleep_forever()
            return None

    w.target = Stuck(trace=trace)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(w.pipeline().take, w.inbox.file("a.csv"), Trip(path=A))
        await held.wait()
        tasks.cancel_scope.cancel()
        w.grace.expire()

    assert job_of(w).state is state


async def test_grace_that_runs_out_while_the_intent_is_written_down_leaves_nothing_to_doubt() -> None:
    class Slow(FakeLedger):
        async def record(self, job: Job, *events: Event) -> Job:
            if isinstance(events[-1], SendStarted):
                noting.set()
                await expired.wait()
            return await super().record(job, *events)

    noting, expired = anyio.Event(), anyio.Event()
    w = world(ledger=Slow())
    trip = Trip(path=A)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(w.pipeline().take, w.inbox.file("a.csv"), trip)
        await noting.wait()
        tasks.cancel_scope.cancel()
        w.grace.expire()
        expired.set()

    assert (job_of(w).state, job_of(w).cause) == (State.READY, "the run was stopped just before it was sent")
    assert w.target.remote.copies == {}


async def test_a_way_that_closes_again_and_again_just_before_it_is_sent_costs_no_try() -> None:
    class Closing(FakeLedger):
        async def record(self, job: Job, *events: Event) -> Job:
            if isinstance(events[-1], SendStarted) and job.attempts < 5:
                w.gate.hold(w.clock.time, 60.0)
            return await super().record(job, *events)

    w = world(ledger=Closing(), sending=Backoff(tries=1))
    trip = Trip(path=A)
    await w.pipeline().take(w.inbox.file("a.csv"), trip)

    assert (trip.end, trip.tries, w.retries) == (Ending.DONE, 1, 0)
    assert job_of(w).attempts == 6


async def test_a_file_whose_answers_nobody_understands_is_left_to_the_next_run_after_a_few_tries() -> None:
    many = Backoff(tries=3 * Sense.OF_ONE_FILE)
    w = world(target=FakeTarget(trace=Trace.REPEATABLE), sense=understanding(), sending=many)
    w.target.script.before |= {call: Garbled("200 without a token") for call in range(1, 100)}
    trip = await run(w)

    assert (trip.end, trip.tries) == (Ending.UNSENT, Sense.OF_ONE_FILE)
    assert job_of(w).state is State.READY
    assert "200 without a token; 5 tries in this run" in trip.why
    assert w.clock.time < 10.0


def understanding() -> Sense:
    sense = Sense()
    sense.understood()
    return sense

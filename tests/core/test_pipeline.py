from __future__ import annotations

import anyio
import pytest
from fakes import EPOCH, Death, FakeTarget, World

from orchestrator.backoff import Backoff
from orchestrator.books import Ending, Trip
from orchestrator.errors import (
    Denied,
    Garbled,
    Misdirected,
    Missing,
    NotSent,
    Refused,
    SourceChanged,
    StorageError,
    Unclear,
    Unreachable,
)
from orchestrator.flow.gate import FIRST_TRIES
from orchestrator.intake import LATE
from orchestrator.model import (
    Job,
    Key,
    Name,
    RelPath,
    Resolved,
    State,
    Token,
    Verdict,
)
from orchestrator.ports import File, Trace

A = RelPath("a.csv")


def world(text: str = "good", **settings: object) -> World:
    made = World(**settings)  # type: ignore[arg-type]  # the names are those of the fields
    made.inbox.files[A] = text
    return made


async def run(w: World, path: str = "a.csv") -> Trip:
    """One run of a fresh process over one path: what is open first, then the file."""
    pipeline = w.pipeline()
    trip = Trip(path=RelPath(path))
    for job in w.ledger.unfinished():
        await pipeline.drive(job, Trip(path=job.path, adopted=True), w.inbox.file(job.path))
    await pipeline.take(w.inbox.file(path), trip)
    return trip


def job_of(w: World, version: int = 1, key: str = "a") -> Job:
    return w.ledger.jobs[Key(key), version]


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
@pytest.mark.parametrize("trace", [Trace.UNKNOWN, Trace.REPLACEABLE])
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
    if trace is Trace.REPLACEABLE:
        assert state is State.DONE
    else:
        assert state in (State.DONE, State.IN_DOUBT)
        assert state is State.DONE or call == 1, "only a lost upload can be in doubt"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", range(1, 4))
@pytest.mark.parametrize("trace", [Trace.UNKNOWN, Trace.REPLACEABLE])
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


async def test_a_lost_answer_is_followed_by_a_send_that_replaces() -> None:
    w = world(target=FakeTarget(trace=Trace.REPLACEABLE))
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


async def test_a_failed_poll_is_tried_again_without_a_new_upload() -> None:
    w = world()
    w.target.script.before |= {2: Unclear("cut"), 3: NotSent("503"), 4: Unclear("html")}
    trip = await run(w)

    assert trip.end is Ending.DONE
    assert len(w.target.remote.copies[Name("a")]) == 1
    assert w.retries == 3


async def test_polls_that_never_get_through_leave_it_waiting_for_the_next_run() -> None:
    w = world(reading=Backoff(tries=3))
    w.target.script.before |= {call: Unclear("cut") for call in (2, 3, 4)}
    trip = await run(w)

    assert trip.end is Ending.WAITING
    assert (await run(w)).end is Ending.SKIPPED
    assert len(w.target.remote.copies[Name("a")]) == 1


async def test_a_job_that_outlasts_the_patience_of_a_run_stays_waiting() -> None:
    w = world(target=FakeTarget(polls_needed=10_000), patience=300.0)
    trip = await run(w)

    assert trip.end is Ending.WAITING
    assert "next run" in trip.why
    assert w.clock.time <= 300.0


async def test_a_job_that_never_ends_is_in_doubt_after_all() -> None:
    w = world(target=FakeTarget(polls_needed=10_000), patience=3000.0, give_up=200.0)
    trip = await run(w)

    assert trip.end is Ending.IN_DOUBT
    assert "never ended" in trip.why


async def test_a_token_that_the_remote_forgot_is_in_doubt_but_not_at_once() -> None:
    w = world()
    w.target.script.before |= {call: Missing("status: 404") for call in range(2, 100)}
    trip = await run(w)

    assert trip.end is Ending.IN_DOUBT
    assert trip.polls >= 3
    assert w.clock.time > 60.0


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
    w = world(sending=Backoff(tries=1), target=FakeTarget(trace=Trace.REPLACEABLE))
    w.target.script.after[1] = Unclear("reset")
    await run(w)
    w.inbox.files[A] = "newer"
    w.clock.time += LATE
    await run(w)

    assert w.target.remote.copies[Name("a")] == [("good", False), ("newer", True)]


@pytest.mark.parametrize("since", [0.0, LATE - 30, -LATE + 30])
async def test_nothing_newer_is_sent_while_a_lost_attempt_may_still_arrive(since: float) -> None:
    """It would be replaced by the older bytes when these come late. A clock that was set back only waits."""
    w = world(sending=Backoff(tries=1), target=FakeTarget(trace=Trace.REPLACEABLE))
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


async def test_the_same_bytes_need_not_wait_for_a_lost_attempt_of_their_own() -> None:
    w = world(target=FakeTarget(trace=Trace.REPLACEABLE))
    w.target.script.after[1] = Unclear("reset")

    assert (await run(w)).end is Ending.DONE
    assert w.target.remote.copies[Name("a")] == [("good", False), ("good", True)]


async def test_a_version_that_was_done_after_a_lost_attempt_does_not_make_that_attempt_harmless() -> None:
    w = world(target=FakeTarget(trace=Trace.REPLACEABLE))
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


async def test_rules_that_change_before_it_was_sent_judge_it_anew() -> None:
    w = world(sending=Backoff(tries=1))
    w.target.script.before[1] = NotSent("busy")
    await run(w)
    w.inbox.rules = "rules-2"
    trip = await run(w)

    assert job_of(w, 1).state is State.SUPERSEDED
    assert (trip.end, job_of(w, 2).rules) == (Ending.DONE, "rules-2")


async def test_rows_that_were_dropped_count_in_the_run_that_sends_the_rest() -> None:
    w = world(sending=Backoff(tries=1))
    w.target.script.before[1] = NotSent("busy")
    await run(w)
    trip = Trip(path=A, adopted=True)
    await w.pipeline().drive(job_of(w), trip, w.inbox.file("a.csv"))

    assert (trip.end, trip.judged) == (Ending.DONE, True)


async def test_what_is_not_selected_is_not_sent_again_after_a_lost_answer() -> None:
    w = world(target=FakeTarget(trace=Trace.REPLACEABLE))
    w.ledger.script.after[1] = Death()
    with pytest.raises(Death):
        await run(w)
    await w.pipeline().drive(job_of(w), Trip(path=A, adopted=True), w.inbox.file("a.csv"), may_send=False)

    assert job_of(w).state is State.READY
    assert w.target.remote.copies == {}


async def test_a_result_that_is_not_there_yet_is_asked_for_by_the_next_run() -> None:
    w = world()
    w.target.script.before[4] = Missing("feedback: 404")
    trip = await run(w)

    assert trip.end is Ending.WAITING
    assert (await run(w)).end is Ending.SKIPPED
    assert w.sink.written == {("a", 1): ("feedback",)}


async def test_a_result_that_the_remote_does_not_offer_is_told_by_the_ledger() -> None:
    w = world()
    w.target.script.before[4] = Refused("feedback: the remote does not offer this result (400)")
    await run(w)

    assert job_of(w).state is State.DONE
    assert "does not offer" in job_of(w).cause


async def test_every_run_asks_at_least_once_however_short_its_patience() -> None:
    w = world(target=FakeTarget(polls_needed=1), patience=0.5)

    assert (await run(w)).end is Ending.DONE


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


async def test_a_stop_waits_for_the_upload_under_way_and_keeps_its_token() -> None:
    w = world()
    held, release = anyio.Event(), anyio.Event()

    class Slow(FakeTarget):
        async def submit(self, *args: object, **options: object) -> object:  # type: ignore[override]
            held.set()
            await release.wait()
            return await FakeTarget.submit(self, *args, **options)  # type: ignore[arg-type]

    w.target = Slow(remote=w.target.remote)
    trip = Trip(path=A)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(w.pipeline().take, w.inbox.file("a.csv"), trip)
        await held.wait()
        tasks.cancel_scope.cancel()
        release.set()

    assert trip.end is Ending.WAITING
    assert job_of(w).token is not None


@pytest.mark.parametrize(("trace", "state"), [(Trace.UNKNOWN, State.IN_DOUBT), (Trace.REPLACEABLE, State.READY)])
async def test_grace_that_runs_out_leaves_no_upload_without_its_outcome(trace: Trace, state: State) -> None:
    w = world()
    held = anyio.Event()

    class Stuck(FakeTarget):
        async def submit(self, *args: object, **options: object) -> object:  # type: ignore[override]
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


async def test_a_token_is_what_the_results_are_asked_with() -> None:
    w = world()
    await run(w)

    assert job_of(w).token == Token("token-0")


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

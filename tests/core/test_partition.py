"""A file that is larger than the remote takes at once: in parts, each once, and whole in the end."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from fakes import Death, FakeTarget, World
from journey import A, job_of, run, world

from orchestrator.backoff import Backoff
from orchestrator.books import Books
from orchestrator.errors import Denied, NotSent, OutputError, Refused, Unclear
from orchestrator.exits import Exit, exit_of
from orchestrator.intake import LATE
from orchestrator.model import Accepted, Completed, Job, Key, Name, Resolved, State, Verdict
from orchestrator.naming import key_of, part_name
from orchestrator.ports import Body, Release, Trace
from orchestrator.trip import Ending, Trip

WHOLE = "one|two|three"
NAMES = [part_name(Name("a"), number) for number in (1, 2, 3)]


@dataclass
class Away(FakeTarget):
    """Does not take what is under these Names, for now."""

    away: set[Name] = field(default_factory=set)

    async def submit(
        self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None
    ) -> Accepted | Completed:
        if job.name in self.away:
            raise NotSent("not now")
        return await super().submit(job, body, overwrite=overwrite, release=release)


@dataclass
class Refusing(FakeTarget):
    """Takes nothing under these Names."""

    refused: set[Name] = field(default_factory=set)

    async def submit(
        self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None
    ) -> Accepted | Completed:
        if job.name in self.refused:
            raise Refused("no")
        return await super().submit(job, body, overwrite=overwrite, release=release)


@dataclass
class Losing(FakeTarget):
    """Takes what is under these Names, and its answer is lost the first time."""

    lost: set[Name] = field(default_factory=set)

    async def submit(
        self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None
    ) -> Accepted | Completed:
        taken = await super().submit(job, body, overwrite=overwrite, release=release)
        if job.name in self.lost:
            self.lost.discard(job.name)
            raise Unclear("lost")
        return taken


def without_its_second_part() -> tuple[World, Away]:
    target = Away(away={NAMES[1]})
    return world(WHOLE, target=target, sending=Backoff(tries=1)), target


def part(w: World, number: int) -> Job:
    job = w.ledger.find(key_of(part_name(Name("a"), number)))
    assert job is not None
    return job


def at_the_remote(w: World) -> dict[Name, str]:
    """The text that stands under each Name, sent last."""
    return {name: sends[-1][0] for name, sends in w.target.remote.copies.items()}


def adopted(w: World) -> list[Job]:
    """What the next run begins with."""
    return [job for job in w.ledger.unfinished() if job.part is None]


async def run_again(w: World) -> Trip:
    """As the next run does: what is open first, the file after it."""
    jobs = adopted(w)
    if not jobs:
        return await run(w)
    trip = Trip(path=A, job=jobs[0], adopted=True)
    await w.pipeline().drive(jobs[0], trip, w.inbox.file("a.csv") if A in w.inbox.files else None)
    return trip


async def test_each_part_is_sent_once_under_a_name_of_its_own_and_the_file_is_done() -> None:
    w = world(WHOLE)
    trip = await run(w)

    assert trip.end is Ending.DONE
    assert w.target.remote.copies == dict(
        zip(NAMES, [[("one", False)], [("two", False)], [("three", False)]], strict=True)
    )
    assert job_of(w).parts == 3
    assert {part(w, number).state for number in (1, 2, 3)} == {State.DONE}


async def test_a_finished_file_in_parts_is_skipped_without_a_request() -> None:
    w = world(WHOLE)
    await run(w)
    calls = w.target.script.calls
    trip = await run(w)

    assert trip.end is Ending.SKIPPED
    assert w.target.script.calls == calls


async def test_the_rows_of_a_file_in_parts_stand_where_its_parts_do() -> None:
    w = world(WHOLE)
    w.target.script.after[1] = Unclear("lost")
    trip = await run(w)
    books = Books(found=1)
    books.enter(trip)

    assert trip.end is Ending.IN_DOUBT
    assert books.balance
    assert (books.data.read, books.data.accepted, books.data.unknown) == (30, 20, 10)


async def test_the_attempts_of_a_file_in_parts_are_those_of_its_parts() -> None:
    w = world(WHOLE)
    w.target.script.before[1] = NotSent("not now")
    trip = await run(w)

    assert trip.end is Ending.DONE
    assert trip.attempts == sum(part(w, number).attempts for number in (1, 2, 3)) == 4
    assert (await run(w)).attempts is None, "nobody looked at them"


@pytest.mark.parametrize("missing", [[1], [1, 2, 3]])
async def test_a_file_of_which_the_ledger_misses_parts_is_never_called_done(missing: list[int]) -> None:
    w, target = without_its_second_part()
    await run(w)
    for number in missing:
        del w.ledger.jobs[part(w, number).key, 1]
    target.away.clear()

    with pytest.raises(OutputError, match=rf"a\.csv: the ledger is damaged: of 3 parts it has {3 - len(missing)}\."):
        await run_again(w)
    assert job_of(w).state is State.WAITING


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", range(1, 12))
async def test_a_death_around_any_commit_leaves_a_file_that_the_next_run_ends(write: int, when: str) -> None:
    w = world(WHOLE)
    w.target.trace = Trace.REPEATABLE
    getattr(w.ledger.script, when)[write] = Death()
    struck = False
    try:
        await run(w)
    except BaseExceptionGroup as deaths:
        struck = deaths.subgroup(Death) is not None
    except Death:
        struck = True
    trip = await run_again(w)

    assert struck == (write <= 11)
    assert trip.end in (Ending.DONE, Ending.SKIPPED)
    assert at_the_remote(w) == dict(zip(NAMES, WHOLE.split("|"), strict=True))
    assert w.target.remote.silent_duplicates() == []


async def test_all_parts_come_into_the_ledger_with_the_division_or_none() -> None:
    w = world(WHOLE)
    w.ledger.script.before[1] = Death()
    with pytest.raises(Death):
        await run(w)
    none = dict(w.ledger.jobs)
    w.ledger.script.after[2] = Death()
    with pytest.raises(Death):
        await run(w)

    assert none == {}
    assert {key for key, _ in w.ledger.jobs} == {Key("a"), *map(key_of, NAMES)}
    assert w.target.remote.copies == {}


async def test_only_the_parts_that_failed_are_sent_again() -> None:
    w = world(WHOLE, target=FakeTarget(polls_needed=1))
    w.target.script.before[2] = Refused("400")
    failed = await run(w)
    w.retry_failed = True
    again = await run(w)

    assert failed.end is Ending.FAILED
    assert "1 failed" in failed.why
    assert again.end is Ending.DONE
    assert [len(sends) for sends in w.target.remote.copies.values()] == [1, 1, 1]


async def test_a_part_in_doubt_keeps_the_file_open_until_a_person_has_spoken() -> None:
    w = world(WHOLE)
    w.target.script.after[1] = Unclear("lost")
    first = await run(w)
    again = await run_again(w)
    doubted = next(job for job in w.ledger.jobs.values() if job.state is State.IN_DOUBT)
    await w.ledger.record(doubted, Resolved(Verdict.RESEND))
    last = await run_again(w)

    assert [first.end, again.end, last.end] == [Ending.IN_DOUBT, Ending.IN_DOUBT, Ending.DONE]
    assert doubted.part is not None
    assert job_of(w).state is State.DONE
    assert w.target.remote.silent_duplicates() == []


async def test_a_changed_file_sends_only_the_parts_that_changed() -> None:
    w = world(WHOLE)
    await run(w)
    w.inbox.files[A] = "one|TWO|three|four"
    trip = await run(w)

    assert trip.end is Ending.DONE
    assert job_of(w, version=2).state is State.DONE
    assert {name: len(sends) for name, sends in w.target.remote.copies.items()} == {
        **dict(zip(NAMES, [1, 2, 1], strict=True)),
        part_name(Name("a"), 4): 1,
    }
    assert at_the_remote(w)[NAMES[1]] == "TWO"


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("one", "one|two", "a"),
        ("one|two", "one", "a#0001 to a#0002"),
        ("one|two|three", "one|TWO", "a#0003"),
        ("one|two|three|four", "one|TWO", "a#0003 to a#0004"),
        ("one|two", "one|two|three", ""),
    ],
)
async def test_what_stays_at_the_remote_beside_a_changed_file_is_told_once(before: str, after: str, left: str) -> None:
    w = world(before)
    await run(w)
    w.inbox.files[A] = after
    changed = await run(w)
    known = await run(w)

    words = f"the remote still has rows of version 1, as {left}: remove them there" if left else ""
    assert [(trip.end, trip.why) for trip in (changed, known)] == [(Ending.DONE, words), (Ending.SKIPPED, "")]
    books = Books(found=1)
    books.enter(changed)
    assert exit_of(books, [], enough=True) is (Exit.REJECTS if left else Exit.OK)


@pytest.mark.parametrize(
    ("away", "left"), [({2}, "a#0001, a#0003 to a#0004"), ({1, 4}, "a#0002 to a#0003"), ({1, 2, 3, 4}, "")]
)
async def test_so_is_what_stays_of_a_version_that_did_not_get_there_whole(away: set[int], left: str) -> None:
    target = Refusing(refused={part_name(Name("a"), number) for number in away})
    w = world("one|two|three|four", target=target)
    assert (await run(w)).end is Ending.FAILED
    w.inbox.files[A] = "all of it"

    trip = await run(w)

    assert trip.end is Ending.DONE
    assert trip.why == (f"the remote still has rows of version 1, as {left}: remove them there" if left else "")


async def test_each_version_is_told_of_which_something_stays() -> None:
    target = Refusing()
    w = world("one|two|three|four", target=target)
    await run(w)
    target.refused.add(NAMES[1])
    w.inbox.files[A] = "1|2|3"
    assert (await run(w)).end is Ending.FAILED
    w.inbox.files[A] = "all of it"

    trip = await run(w)

    told = "version 2, as a#0001 to a#0003, and of version 1, as a#0004"
    assert (trip.end, trip.why) == (Ending.DONE, f"the remote still has rows of {told}: remove them there")


async def test_where_what_is_sent_is_added_nothing_was_ever_to_go() -> None:
    w = world("one|two", adds=True)
    await run(w)
    w.inbox.files[A] = "one"

    assert (await run(w)).why == ""


async def test_what_was_not_sent_of_a_replaced_file_is_superseded_and_the_next_version_follows() -> None:
    w, target = without_its_second_part()
    unsent = await run(w)
    target.away.clear()
    w.inbox.files[A] = "one|TWO|three"
    replaced = await run_again(w)
    trip = await run_again(w)

    assert [unsent.end, replaced.end, trip.end] == [Ending.UNSENT, Ending.SUPERSEDED, Ending.DONE]
    assert "1 superseded" in replaced.why
    assert list(w.target.remote.copies.values()) == [
        [("one", False)],
        [("three", False)],
        [("TWO", False)],
    ]


async def test_a_file_that_is_taken_away_in_the_middle_has_failed_and_goes_on_when_it_is_back() -> None:
    w, target = without_its_second_part()
    await run(w)
    target.away.clear()
    text = w.inbox.files.pop(A)
    gone = await run_again(w)
    w.inbox.files[A] = text
    w.retry_failed = True
    back = await run(w)

    assert gone.end is Ending.FAILED
    assert "put it back" in gone.why
    assert back.end is Ending.DONE
    assert [len(sends) for sends in w.target.remote.copies.values()] == [1, 1, 1]


@pytest.mark.parametrize("in_one_run", [True, False])
async def test_a_part_whose_name_belongs_to_another_file_rejects_the_whole(in_one_run: bool) -> None:
    w = world(WHOLE)
    other = w.inbox.file("a#0002.csv")
    w.inbox.files[other.path] = "good"
    pipeline = w.pipeline()
    await pipeline.take(other, Trip(path=other.path))
    trip = Trip(path=A)
    await (pipeline if in_one_run else w.pipeline()).take(w.inbox.file("a.csv"), trip)

    assert trip.end is Ending.REJECTED
    assert "name_clash" in trip.why
    assert list(w.target.remote.copies) == ["a#0002"]


async def test_a_new_version_waits_for_a_lost_attempt_of_one_part() -> None:
    w = world(WHOLE, target=FakeTarget(trace=Trace.REPEATABLE))
    w.target.script.after[1] = Unclear("lost")
    await run(w)
    w.inbox.files[A] = "ONE|TWO|THREE"
    before = await run(w)
    w.clock.time += LATE
    after = await run(w)

    assert before.end is Ending.UNSENT
    assert "may still arrive late" in before.why
    assert after.end is Ending.DONE
    assert at_the_remote(w) == dict(zip(NAMES, ["ONE", "TWO", "THREE"], strict=True))


@pytest.mark.parametrize("after", ["ONE TWO THREE", "ONE|TWO THREE"])
async def test_a_new_version_waits_for_a_lost_attempt_of_a_part_that_it_has_no_more(after: str) -> None:
    w = world(WHOLE, target=Losing(trace=Trace.REPEATABLE, lost={NAMES[2]}))
    await run(w)
    w.inbox.files[A] = after
    before = await run(w)
    w.clock.time += LATE
    ended = await run(w)

    assert before.end is Ending.UNSENT
    assert "may still arrive late" in before.why
    assert ended.end is Ending.DONE


async def test_a_name_that_only_parts_had_is_not_sent_over() -> None:
    w = world("one|two")
    await run(w)
    w.inbox.files[A] = "small"
    await run(w)

    assert w.target.remote.copies[Name("a")] == [("small", False)]


async def test_what_ends_the_run_for_one_part_ends_it_for_all_and_the_next_run_goes_on() -> None:
    w = world("|".join(str(number) for number in range(200)), uploads=1)
    w.target.script.before[3] = Denied("403")
    trip = Trip(path=A)
    with pytest.raises(Denied):
        await w.pipeline().take(w.inbox.file("a.csv"), trip)
    sent = len(w.target.remote.copies)
    again = await run_again(w)

    assert sent < 5
    assert trip.end in (Ending.WAITING, Ending.UNSENT)
    assert again.end is Ending.DONE
    assert len(w.target.remote.copies) == 200

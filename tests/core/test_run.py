from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import anyio
import pytest
from fakes import FakeTarget, World

from orchestrator.backoff import Backoff
from orchestrator.books import Books
from orchestrator.errands import plan
from orchestrator.errors import (
    Denied,
    Garbled,
    Missing,
    NotSent,
    Refused,
    StorageError,
    TargetError,
    Unclear,
    Unreachable,
)
from orchestrator.model import Job, RelPath, State
from orchestrator.ports import File, Stamp
from orchestrator.run import Run, Stop
from orchestrator.trip import Ending, Trip


def everything(_: RelPath) -> bool:
    return True


class Night:
    """One run over a world, with what it reported."""

    def __init__(self, world: World, *, in_flight: int = 10, look_again: Callable[[File], File] | None = None) -> None:
        self.world = world
        self.trips: list[Trip] = []
        self.run = Run(
            pipeline=world.pipeline(),
            clock=world.clock,
            grace=world.grace,
            grace_seconds=math.inf,
            in_flight=in_flight,
            settle=2.0,
            look_again=look_again or (lambda file: file),
            begun=lambda trip: None,
            report=self.trips.append,
        )

    async def carry_out(self, *, canary: int = 0, young: Sequence[str] = ()) -> dict[str, Ending]:
        files = [self.world.inbox.file(path) for path in sorted(self.world.inbox.files)]
        errands = [replace(e, young=e.path in young) for e in plan(files, self.unfinished(), everything)]
        self.run.canary = canary
        await self.run.carry_out(errands)
        books = Books(
            found=sum(e.file is not None for e in errands) - self.run.merged,
            adopted=sum(len(e.jobs) for e in errands),
        )
        for trip in self.trips:
            books.enter(trip)
        assert books.balance, self.trips
        return {trip.path: trip.end for trip in self.trips}

    def unfinished(self) -> list[Job]:
        open_or_doubtful = self.world.ledger.jobs.values()
        return [job for job in open_or_doubtful if job.state.is_open or job.state is State.IN_DOUBT]


def world_of(number: int, **settings: object) -> World:
    world = World(**settings)  # type: ignore[arg-type]  # the names are those of the fields
    for n in range(number):
        world.inbox.files[RelPath(f"{n:02}.csv")] = f"text {n}"
    return world


async def test_every_file_ends_in_one_line_of_the_report() -> None:
    ends = await Night(world_of(25)).carry_out()

    assert len(ends) == 25
    assert set(ends.values()) == {Ending.DONE}


async def test_no_more_files_are_under_way_than_allowed() -> None:
    world = world_of(20, uploads=20)
    await Night(world, in_flight=4).carry_out()

    assert 1 < world.target.most_inside <= 4


async def test_an_adopted_file_is_counted_once() -> None:
    world = world_of(3, sending=Backoff(tries=1))
    world.target.script.before |= {1: NotSent("busy"), 2: NotSent("busy")}
    await Night(world).carry_out()
    night = Night(world)
    ends = await night.carry_out()

    assert sorted(ends.values()) == [Ending.DONE, Ending.DONE, Ending.SKIPPED]
    assert night.run.merged == 2
    assert sum(trip.adopted for trip in night.trips) == 2


async def test_an_adopted_version_and_the_new_bytes_of_its_file_are_two_lines() -> None:
    world = world_of(1, sending=Backoff(tries=1))
    world.target.script.before[1] = NotSent("busy")
    await Night(world).carry_out()
    world.inbox.files[RelPath("00.csv")] = "newer"
    night = Night(world)
    await night.carry_out()

    assert [trip.end for trip in night.trips] == [Ending.SUPERSEDED, Ending.DONE]
    assert night.run.merged == 0


async def test_an_item_in_doubt_is_shown_every_night_even_when_its_file_is_gone() -> None:
    world = world_of(1)
    world.target.script.after[1] = Unclear("reset")
    await Night(world).carry_out()
    world.inbox.files.clear()

    assert await Night(world).carry_out() == {"00.csv": Ending.IN_DOUBT}


@pytest.mark.parametrize(
    ("error", "stop"),
    [
        (Denied("no"), Stop.DENIED),
        (StorageError("full"), Stop.STORAGE),
    ],
)
async def test_trouble_that_concerns_all_stops_the_run_and_leaves_the_rest_unsent(error: Exception, stop: Stop) -> None:
    world = world_of(30, uploads=1)
    world.target.script.before[1] = error
    night = Night(world, in_flight=2)
    ends = await night.carry_out()

    assert night.run.halts
    assert night.run.halts[0].stop is stop
    assert len(ends) == 30
    assert sum(end is Ending.DONE for end in ends.values()) == 0


async def test_a_remote_that_nobody_reaches_ends_the_run_soon() -> None:
    world = world_of(30)
    world.target.script.before |= {call: Unreachable("refused") for call in range(1, 1000)}
    night = Night(world)
    await night.carry_out()

    assert night.run.halts
    assert night.run.halts[0].stop is Stop.UNREACHABLE
    assert world.target.script.calls < 2 * 30, "not even two tries of every file"


async def test_a_stop_begins_nothing_new_and_balances_the_books() -> None:
    world = world_of(30, uploads=1)
    night = Night(world, in_flight=3)

    class Stopping(FakeTarget):
        async def submit(self, *args: object, **options: object) -> object:  # type: ignore[override]  # all is passed on
            night.run.halt(Stop.SIGTERM, "stopped")
            return await FakeTarget.submit(self, *args, **options)  # type: ignore[arg-type]  # as it came

    world.target = Stopping()
    night = Night(world, in_flight=3)
    ends = await night.carry_out()

    assert len(world.target.remote.copies) == 1
    assert sorted(set(ends.values())) == [Ending.UNSENT, Ending.WAITING]


async def test_the_run_after_a_stop_finishes_the_rest() -> None:
    world = world_of(10, uploads=1)
    first = Night(world, in_flight=1)

    class Stopping(FakeTarget):
        async def check(self, *args: object) -> object:  # type: ignore[override]  # all is passed on
            first.run.halt(Stop.SIGTERM, "stopped")
            return await FakeTarget.check(self, *args)  # type: ignore[arg-type]  # as it came

    world.target = Stopping()
    first = Night(world, in_flight=1)
    await first.carry_out()
    world.target = FakeTarget(remote=world.target.remote)
    night = Night(world)
    ends = await night.carry_out()

    assert set(ends.values()) == {Ending.DONE}, night.trips
    assert all(len(copies) == 1 for copies in world.target.remote.copies.values())


async def test_canaries_go_through_to_done_before_anything_else_starts() -> None:
    world = world_of(10, uploads=10)
    night = Night(world, in_flight=10)
    await night.carry_out(canary=2)

    events = [(path, type(event).__name__) for path, event in world.ledger.events]
    canaries_done = max(events.index((path, "Completed")) for path in ("00.csv", "01.csv"))
    first_of_the_rest = min(events.index((f"{n:02}.csv", "SendStarted")) for n in range(2, 10))
    assert canaries_done < first_of_the_rest


async def test_a_canary_that_fails_keeps_everything_else_from_starting() -> None:
    world = world_of(10, target=FakeTarget(success=False))
    night = Night(world)
    ends = await night.carry_out(canary=1)

    assert night.run.halts
    assert night.run.halts[0].stop is Stop.CANARY
    assert "--retry-failed" in night.run.halts[0].message
    assert sorted(ends.values()) == [Ending.FAILED] + [Ending.UNSENT] * 9
    assert len(world.target.remote.copies) == 1


@pytest.mark.parametrize("end", [Ending.WAITING, Ending.UNSENT, Ending.IN_DOUBT])
async def test_a_canary_that_may_still_get_there_is_not_told_as_failed(end: Ending) -> None:
    """Not even beside one that failed: the same command asks for the other."""
    world = world_of(5, sending=Backoff(tries=1), target=FakeTarget(polls_needed=10_000), patience=1.0)
    if end is not Ending.WAITING:
        error = NotSent("busy") if end is Ending.UNSENT else Unclear("reset")
        (world.target.script.before if end is Ending.UNSENT else world.target.script.after)[1] = error
    night = Night(world)
    ends = await night.carry_out(canary=1)

    assert ends.pop("00.csv") is end
    assert night.run.halts[0].stop is Stop.CANARY
    assert "--retry-failed" not in night.run.halts[0].message
    assert set(ends.values()) == {Ending.UNSENT}


async def test_a_canary_that_was_replaced_before_it_was_sent_has_not_come_through() -> None:
    world = world_of(5)

    class Replacing(FakeTarget):
        async def submit(self, *args: object, **options: object) -> object:  # type: ignore[override]  # all is passed on
            world.inbox.files[RelPath("00.csv")] = "newer"
            return await FakeTarget.submit(self, *args, **options)  # type: ignore[arg-type]  # as it came

    world.target = Replacing()
    world.target.script.before[1] = NotSent("busy")
    night = Night(world)
    ends = await night.carry_out(canary=1)

    assert (ends.pop("00.csv"), set(ends.values())) == (Ending.SUPERSEDED, {Ending.UNSENT})
    assert night.run.halts[0].stop is Stop.CANARY


async def test_a_rejected_or_known_file_is_no_canary() -> None:
    world = world_of(5)
    await Night(world).carry_out()
    world.inbox.files |= {RelPath("10.csv"): "bad", RelPath("11.csv"): "good", RelPath("12.csv"): "good too"}
    ends = await Night(world).carry_out(canary=1)

    assert ends["12.csv"] is Ending.DONE
    assert ends["10.csv"] is Ending.REJECTED


async def test_a_canary_that_is_still_being_written_leaves_its_place_to_the_next() -> None:
    """It harms nothing, and proves nothing: the rest waits for one that came through."""
    world = world_of(5)
    night = Night(world, look_again=lambda file: replace(file, events=RelPath("just came")))
    ends = await night.carry_out(canary=1, young=["00.csv"])

    assert (ends.pop("00.csv"), set(ends.values())) == (Ending.DEFERRED, {Ending.DONE})
    names = [(path, type(event).__name__) for path, event in world.ledger.events]
    first_of_the_rest = min(names.index((f"{n:02}.csv", "SendStarted")) for n in range(2, 5))
    assert names.index(("01.csv", "Completed")) < first_of_the_rest


async def test_a_young_file_that_keeps_still_is_taken_in_the_same_run() -> None:
    world = world_of(3)
    ends = await Night(world).carry_out(young=["02.csv"])

    assert set(ends.values()) == {Ending.DONE}
    assert 2.0 in world.clock.slept


@pytest.mark.parametrize(
    "change",
    [
        {"stamp": Stamp(size=2, mtime_ns=2, inode=1)},
        {"events_stamp": Stamp(size=2, mtime_ns=2, inode=1)},
        {"events": RelPath("02.events.csv")},
    ],
    ids=["it", "its companion", "a companion that came meanwhile"],
)
async def test_a_young_file_that_is_still_written_to_is_deferred(change: dict[str, Any]) -> None:
    world = world_of(3)
    ends = await Night(world, look_again=lambda file: replace(file, **change)).carry_out(young=["02.csv"])

    assert ends == {"00.csv": Ending.DONE, "01.csv": Ending.DONE, "02.csv": Ending.DEFERRED}
    assert "02" not in world.target.remote.copies


async def test_an_adopted_job_is_followed_although_its_file_is_written_to_again() -> None:
    def grown(file: File) -> File:
        return replace(file, stamp=Stamp(size=2, mtime_ns=2, inode=1))

    world = world_of(1, target=FakeTarget(polls_needed=10_000), patience=10.0)
    await Night(world).carry_out()
    world.target.polls_needed = 1
    night = Night(world, look_again=grown)
    await night.carry_out(young=["00.csv"])

    assert [trip.end for trip in night.trips] == [Ending.DONE, Ending.DEFERRED]


async def test_what_is_not_selected_is_followed_to_its_end_but_not_sent() -> None:
    world = world_of(2, sending=Backoff(tries=1), reading=Backoff(tries=1))
    world.target.script.before |= {1: NotSent("busy")}
    await Night(world).carry_out()
    open_jobs = [replace(job, state=State.READY) for job in world.ledger.jobs.values() if job.state is State.READY]
    files = [world.inbox.file(path) for path in sorted(world.inbox.files)]
    errands = plan(files, open_jobs, lambda path: False)
    night = Night(world)
    await night.run.carry_out(errands)

    assert [trip.end for trip in night.trips] == [Ending.UNSENT]


async def test_every_adopted_job_of_a_path_is_reported_although_the_first_one_ends_the_run() -> None:
    world = world_of(1, target=FakeTarget(polls_needed=10_000), patience=1.0)
    world.inbox.pattern = "{relative}-{sha12}"
    for text in ("one", "two"):
        world.inbox.files[RelPath("00.csv")] = text
        await Night(world).carry_out()
    assert [job.state for job in world.ledger.jobs.values()] == [State.WAITING, State.WAITING]
    world.target.script.before[world.target.script.calls + 1] = Denied("no")
    night = Night(world)
    await night.carry_out()

    assert sum(trip.adopted for trip in night.trips) == 2


async def test_an_old_item_in_doubt_is_no_canary() -> None:
    world = world_of(1)
    world.target.script.after[1] = Unclear("reset")
    await Night(world).carry_out()
    world.inbox.files[RelPath("01.csv")] = "new"
    ends = await Night(world).carry_out(canary=1)

    assert ends == {"00.csv": Ending.IN_DOUBT, "01.csv": Ending.DONE}


async def test_a_remote_that_answers_with_pages_leaves_few_files_in_doubt() -> None:
    world = world_of(60)
    world.target.script.before |= {call: Garbled("a page") for call in range(1, 1000)}
    night = Night(world)
    ends = await night.carry_out()

    assert night.run.halts[0].stop is Stop.MISDIRECTED
    assert sum(end is Ending.IN_DOUBT for end in ends.values()) <= 3 + world.uploads


async def test_a_bug_in_one_file_is_not_swallowed() -> None:
    world = world_of(3)
    world.target.script.before[1] = ZeroDivisionError()
    with pytest.raises(ExceptionGroup) as caught:
        await Night(world).carry_out()

    assert caught.group_contains(ZeroDivisionError)


async def test_a_halt_after_the_first_keeps_the_first_reason() -> None:
    night = Night(world_of(0))
    night.run.halt(Stop.CANARY, "first")
    night.run.halt(Stop.SIGINT, "second")
    with anyio.fail_after(1):
        await night.run.carry_out([])

    assert night.run.halts
    assert night.run.halts[0].message == "first"


@pytest.mark.parametrize(
    ("what", "error", "end"),
    [
        ("check", Refused("400"), Ending.WAITING),
        ("submit", Missing("404"), Ending.IN_DOUBT),
        ("sign_in", Unclear("cut"), Ending.DONE),
        ("sign_in", Refused("400"), Ending.DONE),
    ],
)
async def test_an_error_that_nobody_expects_there_is_that_files_own(
    monkeypatch: pytest.MonkeyPatch, what: str, error: TargetError, end: Ending
) -> None:
    """A target of somebody's own may raise any of them anywhere."""
    world = world_of(5)
    real, calls = getattr(world.target, what), itertools.count(1)

    async def third_time_unlucky(*given: object, **options: object) -> object:
        if next(calls) == 3:
            raise error
        return await real(*given, **options)

    monkeypatch.setattr(world.target, what, third_time_unlucky)
    ends = await Night(world).carry_out()

    assert Counter(ends.values()) == Counter({Ending.DONE: 4}) + Counter([end])

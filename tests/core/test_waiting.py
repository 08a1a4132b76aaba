"""A run whose files wait for each other: none goes before its time, none waits for ever, none for want of room."""

from __future__ import annotations

from collections.abc import Mapping

import anyio
import pytest
from fakes import FakeTarget, World
from hypothesis import given
from hypothesis import strategies as st
from test_run import Night, world_of

from orchestrator.backoff import Backoff
from orchestrator.books import Books
from orchestrator.errors import NotSent, StorageError, Unclear
from orchestrator.exits import Exit, exit_of
from orchestrator.model import RelPath, State
from orchestrator.precedence import Precedence
from orchestrator.run import Stop
from orchestrator.trip import Ending

FIRST, SECOND, THIRD, *_ = PATHS = [RelPath(f"0{number}.csv") for number in range(6)]
Needs = Mapping[RelPath, set[RelPath]]
CHAIN: Needs = {FIRST: {SECOND}, SECOND: {THIRD}}
"""The first by its path is the last that may go."""


def waiting(world: World, needs: Needs, *, in_flight: int = 10) -> Night:
    async def look_across() -> Precedence:
        return Precedence.of(needs)

    night = Night(world, in_flight=in_flight)
    night.run.look_across = look_across
    return night


def require_in_turn(world: World, needs: Needs) -> None:
    """Nothing of a file left before all that it needs was done."""
    events = [(path, type(event).__name__) for path, event in world.ledger.events]
    for child, parents in Precedence.of(needs).parents.items():
        if (child, "SendStarted") in events:
            for parent in parents:
                assert events.index((parent, "Completed")) < events.index((child, "SendStarted")), events


def exit_code(night: Night) -> Exit:
    books = Books(found=len(night.trips))
    for trip in night.trips:
        books.enter(trip)
    return exit_of(books, night.run.halts, enough=True)


@pytest.mark.parametrize("in_flight", [1, 2, 10])
async def test_a_file_goes_when_those_that_it_needs_are_done_however_little_room_there_is(in_flight: int) -> None:
    world = world_of(6)
    ends = await waiting(world, CHAIN, in_flight=in_flight).carry_out()

    assert set(ends.values()) == {Ending.DONE}
    require_in_turn(world, CHAIN)


async def test_others_go_on_while_one_waits() -> None:
    world = world_of(6, uploads=1)
    await waiting(world, {FIRST: {THIRD}}, in_flight=1).carry_out()

    begun = [path for path, event in world.ledger.events if type(event).__name__ == "SendStarted"]
    assert begun == [SECOND, THIRD, FIRST, *PATHS[3:]]


@given(
    st.dictionaries(st.sampled_from(PATHS), st.sets(st.sampled_from(PATHS)), max_size=6),
    st.sets(st.sampled_from(PATHS), max_size=2),
    st.integers(1, 4),
    st.integers(0, 3),
)
def test_every_file_ends_and_none_is_sent_without_what_it_needs(
    needs: dict[RelPath, set[RelPath]], bad: set[RelPath], in_flight: int, canary: int
) -> None:
    world = world_of(6)
    world.inbox.files |= {path: f"bad {path}" for path in bad}

    async def whole() -> dict[str, Ending]:
        with anyio.fail_after(10):
            return await waiting(world, needs, in_flight=in_flight).carry_out(canary=canary)

    ends = anyio.run(whole)
    parents = Precedence.of(needs).parents

    require_in_turn(world, needs)
    for path in PATHS:
        free = all(ends[parent] is Ending.DONE for parent in parents.get(path, ()))
        assert ends[path] is (Ending.REJECTED if path in bad else Ending.DONE if free else Ending.UNSENT)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (Ending.REJECTED, Exit.REJECTS),
        (Ending.FAILED, Exit.REJECTS),
        (Ending.IN_DOUBT, Exit.IN_DOUBT),
        (Ending.UNSENT, Exit.UNFINISHED),
        (Ending.WAITING, Exit.UNFINISHED),
        (Ending.DEFERRED, Exit.UNFINISHED),
    ],
)
async def test_a_file_is_kept_as_long_as_one_that_it_needs_is_anything_but_done(end: Ending, code: Exit) -> None:
    """And so is what needs the kept one. The exit code is that of the first of them."""
    world = world_of(3, sending=Backoff(tries=1), patience=1.0)
    if end in (Ending.REJECTED, Ending.DEFERRED):
        world.inbox.files[THIRD] = "bad" if end is Ending.REJECTED else "moving"
    world.target.success = end is not Ending.FAILED
    world.target.polls_needed = 10_000 if end is Ending.WAITING else 1
    if end is Ending.UNSENT:
        world.target.script.before[1] = NotSent("busy")
    if end is Ending.IN_DOUBT:
        world.target.script.after[1] = Unclear("reset")
    night = waiting(world, CHAIN)
    ends = await night.carry_out()

    assert ends == {FIRST: Ending.UNSENT, SECOND: Ending.UNSENT, THIRD: end}
    assert {path for path, event in world.ledger.events if type(event).__name__ == "SendStarted"} <= {THIRD}
    causes = {trip.path: trip.why for trip in night.trips}
    assert f"rows of {THIRD}, which is {end.replace('_', ' ')}" in causes[SECOND]
    assert f"rows of {SECOND}, which is unsent" in causes[FIRST]
    assert exit_code(night) is code


async def test_a_file_that_is_bad_itself_is_told_so_although_it_has_to_wait() -> None:
    world = world_of(3)
    world.inbox.files |= {SECOND: "bad", THIRD: "bad too"}
    ends = await waiting(world, CHAIN).carry_out()

    assert ends == {FIRST: Ending.UNSENT, SECOND: Ending.REJECTED, THIRD: Ending.REJECTED}


async def test_the_next_run_goes_on_where_the_file_was_mended() -> None:
    world = world_of(3)
    world.inbox.files[THIRD] = "bad"
    await waiting(world, CHAIN).carry_out()
    world.inbox.files[THIRD] = "mended"
    ends = await waiting(world, CHAIN).carry_out()

    assert set(ends.values()) == {Ending.DONE}
    require_in_turn(world, CHAIN)


async def test_a_file_in_parts_is_not_even_divided_while_it_is_kept() -> None:
    world = world_of(2)
    world.inbox.files |= {FIRST: "a|b|c", SECOND: "bad"}
    ends = await waiting(world, {FIRST: {SECOND}}).carry_out()

    assert ends == {FIRST: Ending.UNSENT, SECOND: Ending.REJECTED}
    assert {job.path for job in world.ledger.jobs.values()} == {SECOND}


async def test_what_an_earlier_run_left_ready_is_kept_as_well() -> None:
    world = world_of(1, sending=Backoff(tries=1))
    world.target.script.before[1] = NotSent("busy")
    await Night(world).carry_out()
    assert [job.state for job in world.ledger.jobs.values()] == [State.READY]
    world.inbox.files[SECOND] = "bad"
    night = waiting(world, {FIRST: {SECOND}})
    ends = await night.carry_out()

    assert ends == {FIRST: Ending.UNSENT, SECOND: Ending.REJECTED}
    assert exit_code(night) is Exit.REJECTS
    assert not world.target.remote.copies


async def test_what_is_done_already_is_not_kept_whatever_becomes_of_the_others() -> None:
    world = world_of(2)
    await Night(world).carry_out()
    world.inbox.files[SECOND] = "bad"
    ends = await waiting(world, {FIRST: {SECOND}}).carry_out()

    assert ends == {FIRST: Ending.SKIPPED, SECOND: Ending.REJECTED}


async def test_a_canary_comes_after_those_that_it_needs_and_one_that_is_kept_is_none() -> None:
    world = world_of(6)
    world.inbox.files[THIRD] = "bad"
    night = waiting(world, CHAIN)
    ends = await night.carry_out(canary=1)

    assert not night.run.halts
    assert [ends[path] for path in PATHS] == [*[Ending.UNSENT] * 2, Ending.REJECTED, *[Ending.DONE] * 3]


async def test_what_was_left_open_waits_for_a_new_file_although_it_goes_before_canaries() -> None:
    world = world_of(1, sending=Backoff(tries=1))
    world.target.script.before[1] = NotSent("busy")
    await Night(world).carry_out()
    world.inbox.files |= {SECOND: "new", THIRD: "new too"}
    ends = await waiting(world, CHAIN).carry_out(canary=1)

    assert set(ends.values()) == {Ending.DONE}
    sent = [path for path, event in world.ledger.events if type(event).__name__ == "Accepted"]
    assert sent == [THIRD, SECOND, FIRST]


async def test_a_stop_while_the_files_are_looked_at_begins_nothing() -> None:
    world = world_of(3)
    night = Night(world)

    async def look_across() -> Precedence:
        night.run.halt(Stop.SIGTERM, "stopped")
        await anyio.sleep_forever()
        raise AssertionError("the stop ends the sleep")

    night.run.look_across = look_across
    ends = await night.carry_out()

    assert ends == dict.fromkeys((FIRST, SECOND, THIRD), Ending.UNSENT)
    assert world.target.script.calls == 0


async def test_a_stop_ends_the_wait_of_a_file_for_another() -> None:
    world = world_of(3)
    night = waiting(world, CHAIN)

    class Stopping(FakeTarget):
        async def check(self, *args: object) -> object:  # type: ignore[override]  # all is passed on
            night.run.halt(Stop.SIGTERM, "stopped")
            return await FakeTarget.check(self, *args)  # type: ignore[arg-type]  # as it came

    world.target = Stopping()
    night = waiting(world, CHAIN)
    ends = await night.carry_out()

    assert ends == {FIRST: Ending.UNSENT, SECOND: Ending.UNSENT, THIRD: Ending.WAITING}


async def test_a_disk_that_is_full_while_the_files_are_looked_at_ends_the_run() -> None:
    world = world_of(3)
    night = Night(world)

    async def look_across() -> Precedence:
        raise StorageError("full")

    night.run.look_across = look_across
    ends = await night.carry_out()

    assert [halt.stop for halt in night.run.halts] == [Stop.STORAGE]
    assert set(ends.values()) == {Ending.UNSENT}

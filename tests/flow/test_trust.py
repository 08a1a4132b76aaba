"""Tokens that were given out twice, answers in a row that make no sense, and sign-ins that fail for now."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest
from fakes import FakeLedger, FakeTarget, World
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import Busy, Garbled, Misdirected, NotSent, Unclear, Unreachable
from orchestrator.flow.gate import FIRST_TRIES
from orchestrator.guards import Memory, Sense
from orchestrator.model import Accepted, Event, Job, RelPath, SendStarted, State, Token
from orchestrator.trip import Ending, Trip


def world_with(number: int, **parts: object) -> World:
    world = World(**parts)  # type: ignore[arg-type]  # the names are those of the fields
    for n in range(number):
        world.inbox.files[RelPath(f"{n}.csv")] = f"good {n}"
    return world


async def take_all(world: World) -> dict[str, Trip]:
    pipeline = world.pipeline()
    trips = {path: Trip(path=path) for path in world.inbox.files}
    async with anyio.create_task_group() as tasks:
        for path, trip in trips.items():
            tasks.start_soon(pipeline.take, world.inbox.file(path), trip)
    assert pipeline.recovery.tokens.landing == set(), "what has landed is no longer on its way"
    return dict(trips)


async def test_of_uploads_that_got_the_same_token_none_ends_by_it() -> None:
    world = world_with(3, uploads=3, target=FakeTarget(polls_needed=1))
    world.target.remote.only_token = Token("the-only-one")
    trips = await take_all(world)

    assert {trip.end for trip in trips.values()} == {Ending.IN_DOUBT}
    assert all("token_twice" in trip.why for trip in trips.values())
    assert sum("for " in trip.why for trip in trips.values()) == 2, "the first had it to itself for a while"


class SlowLedger(FakeLedger):
    """Takes its time to write that a token was given."""

    async def record(self, job: Job, *events: Event) -> Job:
        if any(isinstance(event, Accepted) for event in events):
            for _ in range(50):
                await anyio.lowlevel.checkpoint()
        return await super().record(job, *events)


async def test_a_token_that_is_still_on_its_way_into_the_ledger_counts_as_given() -> None:
    world = world_with(2, uploads=2, ledger=SlowLedger(), target=FakeTarget(polls_needed=1))
    world.target.remote.only_token = Token("the-only-one")
    trips = await take_all(world)

    assert sorted(trip.why.rpartition("token ")[2] for trip in trips.values()) == [
        "as for another upload",
        "token_twice: another upload got the same token",
    ]


async def test_a_token_of_an_earlier_run_is_not_given_out_again() -> None:
    world = world_with(1, target=FakeTarget(polls_needed=1))
    world.target.remote.only_token = Token("the-only-one")
    assert (await take_all(world))["0.csv"].end is Ending.DONE

    world.inbox.files = {RelPath("later.csv"): "good later"}
    trip = (await take_all(world))["later.csv"]
    assert trip.end is Ending.IN_DOUBT
    assert "0.csv (version 1)" in trip.why


def test_one_answer_of_another_kind_makes_a_row_of_pages_an_outage() -> None:
    sense = Sense()
    sense.not_understood(Garbled("a page"))
    sense.not_understood(Unclear("timeout"))
    with pytest.raises(Unreachable, match="3 uploads in a row"):
        sense.not_understood(Garbled("a page"))


def test_a_row_of_pages_after_hours_of_good_answers_is_borne_longer_and_then_means_another_address() -> None:
    sense = Sense()
    sense.not_understood(Unclear("timeout"))
    sense.understood()
    for _ in range(Sense.LATER - 1):
        sense.not_understood(Garbled("a page"))
    with pytest.raises(Misdirected, match=f"{Sense.LATER} uploads"):
        sense.not_understood(Garbled("a page"))


@given(st.lists(st.sampled_from(["fine", "page", "lost"]), max_size=60))
def test_a_run_ends_by_the_first_row_that_is_too_long_and_by_nothing_else(answers: list[str]) -> None:
    sense, limit = Sense(), Sense.AT_FIRST
    row: list[str] = []
    for answer in answers:
        if answer == "fine":
            sense.understood()
            row, limit = [], Sense.LATER
            continue
        row.append(answer)
        error = Garbled("a page") if answer == "page" else Unclear("lost")
        if len(row) < limit:
            sense.not_understood(error)
        else:
            with pytest.raises(Misdirected if set(row) == {"page"} else Unreachable):
                sense.not_understood(error)
            return


async def test_a_remote_that_says_that_it_is_busy_is_understood() -> None:
    world = world_with(1, overwrite=True, target=FakeTarget(polls_needed=1))
    busy_in_between = {
        1: Unclear("lost"),
        2: Unclear("lost"),
        3: Busy("429"),
        4: Unclear("lost"),
        5: Unclear("lost"),
    }
    world.target.script.before = dict(busy_in_between)
    world.sending = replace(world.sending, tries=20)

    assert (await take_all(world))["0.csv"].end is Ending.DONE
    assert world.target.script.calls > len(busy_in_between)


async def test_a_sign_in_that_fails_for_now_is_waited_for_and_notes_no_intent() -> None:
    world = world_with(1, target=FakeTarget(polls_needed=1))
    world.target.locked_out = {1: NotSent("503", retry_after=40.0), 2: NotSent("503")}
    trips = await take_all(world)

    assert trips["0.csv"].end is Ending.DONE
    assert (trips["0.csv"].tries, world.retries, world.target.sign_ins) == (3, 2, 3)
    assert sum(isinstance(event, SendStarted) for _, event in world.ledger.events) == 1
    assert world.clock.time >= 40.0


async def test_a_sign_in_without_a_connection_ends_the_run_after_the_first_tries() -> None:
    world = world_with(1)
    world.sending = replace(world.sending, tries=100)
    world.target.locked_out = {n: Unreachable("connection refused") for n in range(1, 100)}
    with pytest.raises(ExceptionGroup) as raised:
        await take_all(world)

    assert raised.group_contains(Unreachable, match="refused")
    assert world.target.sign_ins == FIRST_TRIES
    assert [job.state for job in world.ledger.jobs.values()] == [State.READY]


async def test_memory_that_was_granted_in_the_moment_of_a_stop_comes_back() -> None:
    memory, stop = Memory(10), anyio.CancelScope()

    async def wait_for_it() -> None:
        with stop:
            async with memory.share(5):
                raise AssertionError("it was stopped before")

    async with anyio.create_task_group() as tasks, memory.share(10):
        tasks.start_soon(wait_for_it)
        await anyio.wait_all_tasks_blocked()
        stop.cancel()
    assert stop.cancelled_caught
    assert memory.free == 10

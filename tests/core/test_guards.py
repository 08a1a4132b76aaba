from __future__ import annotations

import random
from contextlib import nullcontext
from dataclasses import replace

import anyio
import pytest
from fakes import FakeClock, FakeTarget, Script, World
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.backoff import Backoff
from orchestrator.errors import Garbled, LeftAlone, Misdirected, Missing, NotSent, Unclear, Unreachable
from orchestrator.flow import Gate
from orchestrator.flow.gate import FIRST_PAUSE
from orchestrator.guards import Grace, Memory, Reader, Sense
from orchestrator.hearing import Hearing
from orchestrator.lanes import Lane, UploadLane
from orchestrator.model import RelPath, Token
from orchestrator.trip import Trip
from orchestrator.way import Way


def way(clock: FakeClock, gate: Gate | None = None) -> Way:
    return Way(gate or Gate(), FakeTarget().probe, clock)


def reader(target: FakeTarget, lane: Lane, clock: FakeClock, tries: int = 8) -> Reader:
    return Reader(
        target=target,
        lane=lane,
        backoff=Backoff(tries=tries),
        clock=clock,
        rng=random.Random(1),
        retried=lambda: None,
    )


@pytest.mark.parametrize(("reads", "seconds", "ends"), [(3, 31.0, True), (2, 61.0, False), (3, 30.0, False)])
async def test_reads_that_nobody_understands_end_a_run_when_they_are_some_and_go_on(
    reads: int, seconds: float, ends: bool
) -> None:
    hearing = Hearing()
    for nth in range(reads - 1):
        hearing.not_understood(Garbled("a page"), nth * seconds)
    with pytest.raises(Misdirected, match="a page") if ends else nullcontext():
        hearing.not_understood(Garbled("a page"), (reads - 1) * seconds)


async def test_a_probe_that_nobody_understands_counts_and_one_that_comes_back_well_proves_nothing() -> None:
    clock, hearing = FakeClock(), Hearing()
    answers: list[type[Exception] | None] = [Garbled, None, Garbled, Garbled]

    async def probe() -> None:
        if (error := answers.pop(0)) is not None:
            raise error("a page")

    probed = hearing.over(probe, clock)
    for raised in (Garbled, None, Garbled, Misdirected):
        with pytest.raises(raised) if raised else nullcontext():
            await probed()
        clock.time += 30.5


async def test_a_permit_is_not_held_while_the_gate_is_closed() -> None:
    """Somebody who waits for the gate must not keep the only permit from those who may pass."""
    clock, gate = FakeClock(), Gate()
    lane = Lane(1, way(clock, gate))
    inside: list[float] = []
    gate.hold(0.0, 10.0)

    async def enter() -> None:
        async with lane.permit():
            inside.append(clock.time)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(enter)

    assert len(inside) == 3
    assert min(inside) >= 10.0


async def test_a_read_that_waits_for_its_next_try_holds_no_permit() -> None:
    clock = FakeClock()
    lane = Lane(1, way(clock))
    target = FakeTarget(script=Script(before={1: NotSent("busy")}), polls_needed=1)
    entered: list[str] = []
    real_sleep = clock.sleep

    async def sleep(seconds: float) -> None:
        async with lane.permit():
            entered.append("another")
        await real_sleep(seconds)

    clock.sleep = sleep  # type: ignore[method-assign]  # looks into the wait
    with anyio.fail_after(1):
        await reader(target, lane, clock).check(Token("t"), Trip(path=RelPath("a")))

    assert entered == ["another"]


@pytest.mark.parametrize("steps", range(6))
@pytest.mark.parametrize("of_uploads", [False, True])
async def test_a_permit_that_comes_together_with_a_stop_goes_back(of_uploads: bool, steps: int) -> None:
    clock = FakeClock()
    lane = UploadLane(1, way(clock), clock) if of_uploads else Lane(1, way(clock))

    async def enter() -> None:
        async with lane.permit():
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(enter)
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

    with anyio.fail_after(1):
        async with lane.permit():
            pass


async def test_a_remote_that_fails_too_often_is_asked_by_one_read_before_anybody_passes() -> None:
    clock, target = FakeClock(), FakeTarget(unwell={1: NotSent("503")})
    lane = Lane(4, Way(Gate(), target.probe, clock))
    lane.way.succeeded()
    failures = 0
    while lane.way.is_open and failures < 1000:
        lane.way.failed(NotSent("503"))
        failures += 1
    assert 10 <= failures <= 40
    probes_before: list[int] = []

    async def enter() -> None:
        async with lane.permit():
            probes_before.append(target.probes)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(enter)

    assert probes_before == [2, 2, 2]
    assert clock.time >= 2 * FIRST_PAUSE


async def test_reads_are_tried_as_often_as_allowed_and_then_raise_what_they_last_met() -> None:
    clock = FakeClock()
    target = FakeTarget(script=Script(before={n: NotSent(f"try {n}") for n in range(1, 9)}))
    trip = Trip(path=RelPath("a"))
    with pytest.raises(NotSent, match="try 3"):
        await reader(target, Lane(1, way(clock)), clock, tries=3).check(Token("t"), trip)

    assert trip.polls == 3
    assert len(clock.slept) == 2


async def test_a_read_that_was_kept_back_while_it_held_a_permit_is_no_try_and_waits_for_the_way_again() -> None:
    """However often: the way was closed meanwhile each time, so nothing failed and there is no backoff."""
    clock, gate = FakeClock(), Gate()
    target = FakeTarget(script=Script(before={n: LeftAlone("since just before") for n in range(1, 31)}))
    lane = Lane(1, way(clock, gate))
    retries: list[None] = []
    patient = replace(reader(target, lane, clock, tries=1), retried=lambda: retries.append(None))
    with anyio.fail_after(1):
        await patient.check(Token("t"), Trip(path=RelPath("a")))

    assert (target.polls, retries, clock.slept) == (1, [], [])
    assert lane.way.is_open, "it has cost nothing of the budget"


def test_an_upload_that_was_kept_back_says_nothing_of_what_the_remote_bears() -> None:
    clock, told = FakeClock(), list[str]()
    lane = UploadLane(4, way(clock), clock, told.append)
    for _ in range(30):
        lane.failed(LeftAlone("since just before"), started=0.0)

    assert told == []
    assert lane.way.is_open


async def test_an_unknown_token_is_not_asked_for_again_by_the_reader() -> None:
    clock = FakeClock()
    target = FakeTarget(script=Script(before={1: Missing("404")}))
    with pytest.raises(Missing):
        await reader(target, Lane(1, way(clock)), clock).check(Token("t"), Trip(path=RelPath("a")))

    assert target.script.calls == 1


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(0, 2**16))
def test_memory_is_never_overdrawn_and_all_of_it_comes_back(sizes: list[int], seed: int) -> None:
    async def scenario() -> None:
        memory, rng = Memory(40), random.Random(seed)
        used = most = 0

        async def hold(size: int) -> None:
            nonlocal used, most
            async with memory.share(size):
                used += size
                most = max(most, used)
                for _ in range(rng.randrange(3)):
                    await anyio.lowlevel.checkpoint()
                used -= size

        async with anyio.create_task_group() as tasks:
            for size in sizes:
                tasks.start_soon(hold, size)
        assert most <= 40
        assert memory.free == 40

    anyio.run(scenario)


async def test_a_file_larger_than_all_memory_passes_alone() -> None:
    memory = Memory(10)
    async with memory.share(1000):
        assert memory.free == 0
    assert memory.free == 10


async def test_those_who_wait_for_memory_can_be_cancelled_without_a_loss() -> None:
    memory = Memory(10)

    async def wait_for_it() -> None:
        async with memory.share(5):
            pass

    async with memory.share(10), anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(wait_for_it)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()

    assert memory.free == 10


async def test_a_shielded_upload_outlives_a_cancel_and_ends_when_grace_does() -> None:
    grace = Grace()
    stages: list[str] = []

    async def upload() -> None:
        with grace.shield():
            stages.append("sending")
            try:
                await anyio.sleep_forever()
            finally:
                stages.append("ended")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(upload)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.wait_all_tasks_blocked()
            assert stages == ["sending"]
            grace.expire()
    assert stages == ["sending", "ended"]


async def test_an_upload_that_is_shielded_when_grace_has_run_out_ends_at_once() -> None:
    grace = Grace()
    grace.expire()

    with grace.shield() as scope:
        await anyio.sleep_forever()

    assert scope.cancelled_caught


def test_one_answer_that_nobody_understands_is_a_matter_of_its_file() -> None:
    sense = Sense()
    for _ in range(100):
        sense.not_understood(Unclear("502"))
        sense.not_understood(Garbled("a page"))
        sense.understood()

    for _ in range(Sense.LATER - 1):
        sense.not_understood(Unclear("502"))
    with pytest.raises(Unreachable, match=f"{Sense.LATER} uploads in a row"):
        sense.not_understood(Unclear("502"))


def test_a_row_of_pages_from_the_first_upload_on_means_that_this_is_not_the_api() -> None:
    sense = Sense()
    sense.not_understood(Garbled("a page"))
    sense.not_understood(Garbled("a page"))
    with pytest.raises(Misdirected, match="base_url"):
        sense.not_understood(Garbled("a page"))


def test_a_row_of_broken_answers_means_that_the_remote_is_down_and_later_ones_are_borne_longer() -> None:
    sense = Sense()
    sense.understood()
    for _ in range(Sense.LATER - 1):
        sense.not_understood(Unclear("502"))
    with pytest.raises(Unreachable, match="502"):
        sense.not_understood(Unclear("502"))


async def test_nothing_new_is_sent_after_grace_has_run_out() -> None:
    world = World()
    world.inbox.files[RelPath("a.csv")] = "good"
    world.grace.expire()
    with anyio.CancelScope():
        await world.pipeline().take(world.inbox.file("a.csv"), Trip(path=RelPath("a.csv")))

    assert world.target.remote.copies == {}

"""Permits are conserved: whoever is stopped, wherever it is, gives back what it holds."""

from __future__ import annotations

import random

import anyio
import pytest

from flow.lanes import Door
from flow.virtual import on_virtual_time
from orchestrator.errors import Busy, Unclear

SCHEDULES = 10_000
AT_A_TIME = 2500


async def _go(door: Door, rng: random.Random) -> None:
    """One file: an upload that may be refused, then its job, then reads."""
    started = door.clock.monotonic()
    async with door.uploads.permit():
        await anyio.sleep(rng.random())
        match rng.randrange(6):
            case 0:
                door.uploads.failed(Busy("429"), started)
            case 1:
                door.uploads.failed(Busy("429", retry_after=rng.uniform(0.1, 3.0)), started)
            case 2:
                door.way.failed(Unclear("502"))
            case _:
                door.uploads.succeeded()
    with door.uploads.job():
        async with door.lane.permit():
            await anyio.sleep(rng.random())


async def _one(seed: int) -> bool:
    """A schedule; whether anybody was stopped in it."""
    rng = random.Random(seed)
    door = Door(reads=1, most=2, seed=seed, well_at=rng.choice([0.0, 6.0]), rate=rng.choice([0.0, 0.0, 5.0]))
    if rng.random() < 0.3:
        door.break_down()
    stopped = False

    async def file(stop_at: float) -> None:
        nonlocal stopped
        with anyio.move_on_at(stop_at) as scope:
            await _go(door, rng)
        stopped |= scope.cancelled_caught

    begun = door.clock.monotonic()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(file, begun + rng.choice([0.0, rng.random(), rng.uniform(0.0, 8.0)]))
    assert door.is_idle, f"seed {seed}"
    return stopped


@pytest.mark.parametrize("first", range(0, SCHEDULES, AT_A_TIME))
def test_all_permits_are_back_whoever_was_stopped(first: int) -> None:
    async def all_of_them() -> int:
        return sum([await _one(seed) for seed in range(first, first + AT_A_TIME)])

    stopped = on_virtual_time(all_of_them())
    assert stopped > AT_A_TIME // 2, "the stops must have met somebody"


@pytest.mark.parametrize("steps", range(40))
def test_a_stop_after_any_number_of_steps_leaves_nothing_behind(steps: int) -> None:
    """Between two awaits there are moments that no timer can name: each of them, one after the other."""

    async def scenario() -> None:
        door, rng = Door(reads=1, most=1), random.Random(steps)
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(_go, door, rng)
            for _ in range(steps):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        assert door.is_idle

    on_virtual_time(scenario())

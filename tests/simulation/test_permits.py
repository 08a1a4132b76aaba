"""Whoever is cancelled, wherever it waits: every permit and every byte of memory comes back."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest

from orchestrator.errors import NotSent
from orchestrator.flow import Gate
from orchestrator.guards import Memory
from orchestrator.lanes import Lane
from orchestrator.way import Way
from tests.simulation.life import Life, VirtualClock, on_virtual_time

WIDTH, BYTES = 3, 100
WORKERS = 12
SCHEDULES = 150
"""Of a block, with hundreds of cancels."""


async def disturbed(rng: random.Random, work: Callable[[random.Random], Awaitable[None]]) -> int:
    """Workers that begin at random moments and are cancelled at random moments. Returns how many were cut."""
    cut = 0

    async def one() -> None:
        nonlocal cut
        await anyio.sleep(rng.choice((0.0, 0.1, 0.2)))
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work, rng)
                # Whole tenths of seconds, so that a cancel often comes in the very step in which a permit does.
                await anyio.sleep(rng.randrange(8) / 10)
                if rng.random() < 0.8:
                    scope.cancel()
        cut += scope.cancelled_caught

    async with anyio.create_task_group() as all_of_them:
        for _ in range(WORKERS):
            all_of_them.start_soon(one)
    return cut


async def free_permits(lane: Lane) -> int:
    """How many can be had at once: counted by taking them."""
    taken = 0

    async def take() -> None:
        nonlocal taken
        async with lane.permit():
            taken += 1
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        for _ in range(2 * WIDTH):
            tasks.start_soon(take)
        await anyio.sleep(1000.0)
        tasks.cancel_scope.cancel()
    return taken


@pytest.mark.parametrize("block", range(4))
def test_random_cancels_lose_no_permit_of_a_lane(block: int) -> None:
    async def schedule(seed: int) -> int:
        rng = random.Random(seed)
        way = Way(Gate(rate=rng.choice((0.0, 10.0))), anyio.lowlevel.checkpoint, VirtualClock(Life()))
        lane = Lane(WIDTH, way)

        async def work(rng: random.Random) -> None:
            async with lane.permit():
                await anyio.sleep(rng.randrange(4) / 10)
                if rng.random() < 0.2:
                    way.failed(NotSent("busy", retry_after=0.3))

        cut = await disturbed(rng, work)
        assert await free_permits(lane) == WIDTH, f"seed {seed}"
        return cut

    seeds = range(block * SCHEDULES, (block + 1) * SCHEDULES)
    assert sum(on_virtual_time(schedule(seed)) for seed in seeds) > 500


@pytest.mark.parametrize("block", range(4))
def test_random_cancels_lose_no_memory(block: int) -> None:
    async def schedule(seed: int) -> int:
        rng, memory = random.Random(seed), Memory(BYTES)

        async def work(rng: random.Random) -> None:
            async with memory.share(rng.randint(1, BYTES + 20)):
                assert memory.free >= 0
                await anyio.sleep(rng.randrange(4) / 10)

        cut = await disturbed(rng, work)
        assert memory.free == BYTES, f"seed {seed}"
        async with memory.share(BYTES):  # nobody is left in the queue
            return cut

    seeds = range(block * SCHEDULES, (block + 1) * SCHEDULES)
    assert sum(on_virtual_time(schedule(seed)) for seed in seeds) > 500

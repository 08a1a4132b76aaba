"""Hours of a remote, in moments: the real pipeline and the real clock on an event loop whose time is virtual."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

import looptime
from fakes import FakeClock, FakeTarget, World

from orchestrator.edges.clock import SystemClock
from orchestrator.errors import Missing, NotSent
from orchestrator.model import RelPath
from orchestrator.trip import Ending, Trip


def on_virtual_time(job: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        runner.run(job)


def test_a_job_of_an_hour_is_polled_with_growing_patience() -> None:
    async def night() -> None:
        world = World(target=FakeTarget(polls_needed=100), patience=4000.0, give_up=math.inf)
        world.clock = SystemClock()  # type: ignore[assignment]  # the real one in the place of the fake
        world.inbox.files[RelPath("a.csv")] = "good"
        began = world.clock.monotonic()
        trip = Trip(path=RelPath("a.csv"))
        await world.pipeline().take(world.inbox.file("a.csv"), trip)

        assert (trip.end, trip.polls) == (Ending.DONE, 100)
        assert 2000.0 < world.clock.monotonic() - began < 4000.0
        assert trip.seconds["wait"] > 2000.0

    on_virtual_time(night())


def test_a_retry_after_of_ten_minutes_is_waited_for() -> None:
    async def night() -> None:
        world = World(target=FakeTarget(polls_needed=1), give_up=math.inf)
        world.clock = SystemClock()  # type: ignore[assignment]  # the real one in the place of the fake
        world.target.script.before[1] = NotSent("429", retry_after=600.0)
        world.inbox.files[RelPath("a.csv")] = "good"
        began = world.clock.monotonic()
        trip = Trip(path=RelPath("a.csv"))
        await world.pipeline().take(world.inbox.file("a.csv"), trip)

        assert trip.end is Ending.DONE
        assert 600.0 <= world.clock.monotonic() - began < 700.0

    on_virtual_time(night())


async def test_a_wall_clock_that_jumps_does_not_make_a_young_token_a_forgotten_one() -> None:
    class Jumping(FakeClock):
        def now(self) -> datetime:
            return super().now() + timedelta(hours=2)

    world = World(clock=Jumping(), target=FakeTarget(polls_needed=1))
    world.target.script.before |= {call: Missing("status: 404") for call in range(2, 6)}
    world.inbox.files[RelPath("a.csv")] = "good"
    trip = Trip(path=RelPath("a.csv"))
    await world.pipeline().take(world.inbox.file("a.csv"), trip)

    assert trip.end is Ending.DONE
    assert trip.polls == 5
    assert world.clock.time < 60.0

"""Uploads at a time and jobs at the remote: the limits hold for those who were waiting when they came."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest

from flow.lanes import Door
from flow.virtual import on_virtual_time
from orchestrator.errors import Busy, NotSent, Unclear, Unreachable
from orchestrator.flow import STANDSTILL


def test_uploads_never_exceed_the_width_that_is_current_when_they_begin() -> None:
    async def scenario(seed: int) -> None:
        rng = random.Random(seed)
        door = Door(most=12)
        widths: set[int] = set()

        async def upload() -> None:
            started = door.clock.monotonic()
            async with door.uploads.permit():
                started = door.clock.monotonic()
                door.uploading += 1
                width = door.uploads._width.current
                widths.add(width)
                assert door.uploading <= width, f"seed {seed}"
                await anyio.sleep(rng.uniform(0.1, 2.0))
                door.uploading -= 1
                if rng.random() < 0.1:
                    door.uploads.failed(Busy("429", retry_after=0.01), started)
                else:
                    door.uploads.succeeded()

        async with anyio.create_task_group() as tasks:
            for _ in range(300):
                tasks.start_soon(upload)
        assert door.is_idle
        assert len(widths) > 3, "the width must have changed on the way"

    for seed in range(10):
        on_virtual_time(scenario(seed))


def test_a_width_that_shrinks_while_many_wait_holds_for_them_and_grows_again_by_calm() -> None:
    async def scenario() -> None:
        door = Door(most=10)
        before, after = [], []

        async def upload() -> None:
            async with door.uploads.permit():
                door.uploading += 1
                (after if door.uploads._width.current < 10 else before).append(door.uploading)
                await anyio.sleep(1.0)
                door.uploading -= 1

        async with anyio.create_task_group() as tasks:
            for _ in range(60):
                tasks.start_soon(upload)
            await anyio.sleep(0.5)
            for n in range(3):
                door.uploads.failed(Busy("429", retry_after=0.0), 0.5 + n)  # each try younger than the last decrease
                await anyio.sleep(0.6)

        assert max(before) == 10
        assert max(after) <= 7
        assert after[-1] <= 2
        assert door.uploads._width.current == 2

        for calm in range(40):
            assert door.uploads._width.current == 2 + calm // 10
            door.uploads.succeeded()

    on_virtual_time(scenario())


@pytest.mark.parametrize("slots", [1, 3, 8])
def test_no_upload_begins_while_the_limit_of_jobs_is_reached_and_polls_go_on(slots: int) -> None:
    async def scenario() -> None:
        door = Door(most=16, reads=2)
        lane, began, polls = door.uploads, [], []

        async def file(*, first: bool) -> None:
            async with lane.permit():
                if not first:
                    began.append(lane._slots.unfinished + lane._limiter.borrowed_tokens)
                await anyio.sleep(0.2)
            with lane.job():
                for _ in range(5):
                    await anyio.sleep(1.0)
                    async with door.lane.permit():
                        polls.append(door.clock.monotonic())

        async with anyio.create_task_group() as tasks, anyio.create_task_group() as firsts:
            for _ in range(slots):
                firsts.start_soon(lambda: file(first=True))
            await anyio.sleep(0.5)
            lane.failed(Busy("429"), 0.3)  # the remote takes no more than these
            assert lane._slots.limit == slots
            for _ in range(4 * slots):
                tasks.start_soon(lambda: file(first=False))
            await anyio.sleep(3.0)
            assert began == []
            assert polls

        assert len(began) == 4 * slots
        assert all(count <= slots for count in began[:slots])
        assert max(began) <= max(lane._slots.limit, slots + 2)
        assert door.is_idle

    on_virtual_time(scenario())


def test_those_who_wait_for_room_go_in_the_order_in_which_they_came() -> None:
    async def scenario() -> None:
        door = Door(most=16)
        lane, order = door.uploads, []

        async def file(n: int) -> None:
            async with lane.permit():
                order.append(n)
                await anyio.sleep(0.1)
            with lane.job():
                await anyio.sleep(5.0)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(file, 0)
            await anyio.sleep(1.0)
            lane.failed(Busy("429"), 0.9)
            for n in range(1, 50):
                tasks.start_soon(file, n)

        assert order == list(range(50))

    on_virtual_time(scenario())


@pytest.mark.parametrize("error", [NotSent("broken off"), Unclear("502"), Unreachable("refused")])
def test_only_a_remote_that_says_that_it_is_busy_is_taken_to_have_no_job_slot(error: NotSent | Unclear) -> None:
    async def scenario() -> None:
        door = Door(most=4)
        with door.uploads.job():
            door.uploads.failed(error, 0.0)
            assert door.uploads._slots.limit is None
            door.uploads.failed(Busy("429"), 0.0)
            assert door.uploads._slots.limit == 1

    on_virtual_time(scenario())


def test_a_job_that_never_ends_does_not_keep_the_others_from_being_sent() -> None:
    async def scenario() -> None:
        door, sent = Door(most=4), []

        async def file() -> None:
            async with door.uploads.permit():
                sent.append(door.clock.monotonic())
            with door.uploads.job():
                await anyio.sleep(5.0)

        with door.uploads.job():  # that of the stuck one
            door.uploads.failed(Busy("429"), 0.0)
            with anyio.fail_after(10 * STANDSTILL):  # of virtual time, which would pass without end
                async with anyio.create_task_group() as tasks:
                    for _ in range(20):
                        tasks.start_soon(file)

        assert sent[0] == STANDSTILL
        assert len(sent) == 20
        assert sent[-1] < 3 * STANDSTILL
        assert any("none has ended for 60 s" in line for line in door.told)

    on_virtual_time(scenario())


@contextmanager
def one_of_two_jobs_left(door: Door) -> Iterator[None]:
    """The remote takes two jobs, and one of them has ended."""
    with door.uploads.job():
        with door.uploads.job():
            door.uploads.failed(Busy("429"), 0.0)
        assert door.uploads._slots.limit == 2
        yield


def test_an_upload_that_became_no_job_makes_room_for_the_next() -> None:
    """Otherwise everybody would wait for the end of a job that never began."""

    async def scenario() -> None:
        door = Door(most=4)
        with one_of_two_jobs_left(door):
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(door.upload)

        assert [at for at, _ in door.passed] == [0.0, 1.0, 2.0, 3.0, 4.0]

    on_virtual_time(scenario())


def test_a_hold_that_comes_while_one_waits_for_room_is_kept() -> None:
    async def scenario() -> None:
        door = Door()
        async with anyio.create_task_group() as tasks:
            with door.uploads.job():
                door.uploads.failed(Busy("429"), 0.0)
                tasks.start_soon(door.upload)
                await anyio.sleep(1.0)
                door.way.failed(Busy("429", retry_after=10.0))
        assert [at for at, _ in door.passed] == [11.0]

    on_virtual_time(scenario())


def test_room_that_is_lost_while_one_waits_for_the_way_is_not_used() -> None:
    """A job that an earlier run left behind begins to count while everybody waits out a hold."""

    async def scenario() -> None:
        door = Door()
        with one_of_two_jobs_left(door):
            door.way.failed(Busy("429", retry_after=10.0))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(door.upload)
                await anyio.sleep(5.0)
                with door.uploads.job():
                    await anyio.sleep(20.0)
        assert [at for at, _ in door.passed] == [25.0]

    on_virtual_time(scenario())


def test_room_that_is_lost_while_one_waits_for_a_permit_is_not_used() -> None:
    async def scenario() -> None:
        door = Door(most=1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(door.upload, 2.0)
            await anyio.sleep(1.0)
            tasks.start_soon(door.upload)
            await anyio.sleep(0.5)
            with door.uploads.job():
                door.uploads.failed(Busy("429"), 1.2)
                await anyio.sleep(10.0)
        assert [at for at, _ in door.passed] == [0.0, 11.5]

    on_virtual_time(scenario())


def test_an_upload_beside_others_leaves_them_the_room_that_they_will_need() -> None:
    async def scenario() -> None:
        door = Door(most=2)
        slots = door.uploads._slots
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(door.upload, 2.0)
            tasks.start_soon(door.upload, 5.0)
            await anyio.sleep(1.0)
            tasks.start_soon(door.upload)  # waits for a permit, and gets it at 2.0
            await anyio.sleep(0.5)
            with door.uploads.job():
                with door.uploads.job():
                    slots.refused(alone=False)
                assert (slots.unfinished, slots.limit) == (1, 2)
                await anyio.sleep(20.0)
        assert [at for at, _ in door.passed] == [0.0, 0.0, 5.0]

    on_virtual_time(scenario())

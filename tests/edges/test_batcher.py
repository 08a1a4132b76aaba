"""Calls that wait together travel together; nobody is left behind, carried twice or carried after leaving."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence

import anyio
import anyio.lowlevel
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.edges.batcher import Batcher, in_thread, inline


class Journeys:
    """Work that doubles its items and remembers who travelled with whom."""

    def __init__(self) -> None:
        self.made: list[list[int]] = []
        self.threads: set[int] = set()

    def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.made.append(list(items))
        self.threads.add(threading.get_ident())
        return [item * 2 for item in items]

    @property
    def carried(self) -> Counter[int]:
        return Counter(item for journey in self.made for item in journey)


class Gate:
    """A hop that sets out only when it is let; `before` and `after` run right around the work."""

    def __init__(self) -> None:
        self.open = anyio.Event()
        self.underway = anyio.Event()
        self.after: Callable[[], None] = lambda: None

    async def __call__(self, work: Callable[[], None]) -> None:
        self.underway.set()
        await self.open.wait()
        work()
        self.after()


async def call_all(batcher: Batcher[int, int], items: Sequence[int]) -> dict[int, int | Exception]:
    """Everyone calls at the same moment; what each of them got."""
    got: dict[int, int | Exception] = {}

    async def call(item: int) -> None:
        try:
            got[item] = await batcher(item)
        except ValueError as error:
            got[item] = error

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            for item in items:
                tasks.start_soon(call, item)
    return got


@pytest.mark.parametrize("hop", [inline, in_thread])
async def test_those_who_wait_together_share_one_journey(hop: Callable) -> None:
    work = Journeys()

    got = await call_all(Batcher(work, limit=10, hop=hop), range(5))

    assert work.made == [[0, 1, 2, 3, 4]]
    assert got == {0: 0, 1: 2, 2: 4, 3: 6, 4: 8}


async def test_a_journey_takes_no_more_than_the_limit_and_first_come_is_first_served() -> None:
    work = Journeys()

    await call_all(Batcher(work, limit=4, hop=inline), range(10))

    assert work.made == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


async def test_whoever_comes_during_a_journey_takes_the_next_one() -> None:
    work, gate = Journeys(), Gate()
    batcher = Batcher(work, limit=10, hop=gate)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(batcher, 1)
            await gate.underway.wait()
            for item in (2, 3, 4):
                tasks.start_soon(batcher, item)
            await checkpoint()
            gate.open.set()

    assert work.made == [[1], [2, 3, 4]]


async def test_one_after_the_other_each_travels_alone() -> None:
    work = Journeys()
    batcher = Batcher(work, limit=10, hop=inline)

    assert [await batcher(item) for item in (1, 2, 3)] == [2, 4, 6]
    assert work.made == [[1], [2], [3]]


async def test_everyone_gets_the_outcome_of_their_own_item() -> None:
    got = await call_all(Batcher(Journeys(), limit=7, hop=in_thread), range(100))

    assert got == {item: item * 2 for item in range(100)}


async def test_an_exception_as_an_outcome_reaches_only_its_caller() -> None:
    trouble = ValueError("two")

    def work(items: Sequence[int]) -> list[int | Exception]:
        return [trouble if item == 2 else item for item in items]

    got = await call_all(Batcher(work, limit=10, hop=inline), range(4))

    assert got == {0: 0, 1: 1, 2: trouble, 3: 3}


@pytest.mark.parametrize("hop", [inline, in_thread])
async def test_work_that_raises_reaches_all_on_board_and_nobody_else(hop: Callable) -> None:
    def work(items: Sequence[int]) -> list[int | Exception]:
        if 1 in items:
            raise ValueError("the whole journey")
        return list(items)

    got = await call_all(Batcher(work, limit=3, hop=hop), range(6))

    assert [type(got[item]) for item in range(6)] == [ValueError] * 3 + [int] * 3


async def test_a_batcher_goes_on_after_work_that_raised() -> None:
    work = Journeys()

    def sometimes(items: Sequence[int]) -> list[int | Exception]:
        if -1 in items:
            raise ValueError("no")
        return work(items)

    batcher = Batcher(sometimes, limit=2, hop=inline)
    with pytest.raises(ValueError, match="no"):
        await batcher(-1)

    assert await batcher(4) == 8


async def test_who_is_cancelled_before_the_journey_takes_the_item_back() -> None:
    work, gate = Journeys(), Gate()
    batcher = Batcher(work, limit=10, hop=gate)
    leaving = anyio.CancelScope()

    async def leave() -> None:
        with leaving:
            await batcher(2)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(batcher, 1)
            await gate.underway.wait()
            tasks.start_soon(leave)
            tasks.start_soon(batcher, 3)
            await checkpoint()
            leaving.cancel()
            await checkpoint()
            gate.open.set()

    assert leaving.cancelled_caught
    assert work.made == [[1], [3]]


async def test_the_next_leader_may_be_cancelled_at_the_moment_of_its_turn() -> None:
    """It was woken to lead, and takes its item back instead: the one behind it leads."""
    work, gate = Journeys(), Gate()
    batcher = Batcher(work, limit=10, hop=gate)
    leaving = anyio.CancelScope()
    gate.after = leaving.cancel
    got: list[int] = []

    async def leave() -> None:
        with leaving:
            await batcher(2)

    async def stay() -> None:
        got.append(await batcher(3))

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(batcher, 1)
            await gate.underway.wait()
            tasks.start_soon(leave)
            await checkpoint()
            tasks.start_soon(stay)
            await checkpoint()
            gate.open.set()

    assert leaving.cancelled_caught
    assert (work.made, got) == ([[1], [3]], [6])


async def test_the_last_one_may_be_cancelled_at_the_moment_of_its_turn() -> None:
    """With nobody behind it, whoever comes next finds the way free."""
    work, gate = Journeys(), Gate()
    batcher = Batcher(work, limit=10, hop=gate)
    leaving = anyio.CancelScope()
    gate.after = leaving.cancel

    async def leave() -> None:
        with leaving:
            await batcher(2)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(batcher, 1)
            await gate.underway.wait()
            tasks.start_soon(leave)
            await checkpoint()
            gate.open.set()
        assert await batcher(3) == 6

    assert work.made == [[1], [3]]


async def test_a_leader_that_is_cancelled_on_the_way_still_brings_everyone_home() -> None:
    work, gate = Journeys(), Gate()
    batcher = Batcher(work, limit=10, hop=gate)
    leaving = anyio.CancelScope()
    got: list[int] = []

    async def lead() -> None:
        with leaving:
            await batcher(1)

    async def follow(item: int) -> None:
        got.append(await batcher(item))

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lead)
            tasks.start_soon(follow, 2)
            await gate.underway.wait()
            leaving.cancel()
            tasks.start_soon(follow, 3)
            await checkpoint()
            gate.open.set()

    assert (work.made, got) == ([[1, 2], [3]], [4, 6])


async def test_inline_work_stays_on_the_event_loop_and_threaded_work_does_not() -> None:
    here, there = Journeys(), Journeys()

    await call_all(Batcher(here, limit=2, hop=inline), range(4))
    await call_all(Batcher(there, limit=2, hop=in_thread), range(4))

    assert here.threads == {threading.get_ident()}
    assert threading.get_ident() not in there.threads


moments = st.integers(0, 12)
callers = st.lists(st.tuples(moments, st.none() | moments), min_size=1, max_size=15)


@given(callers=callers, limit=st.integers(1, 5), delays=st.lists(st.integers(0, 4), min_size=1, max_size=6))
@settings(max_examples=250)
async def test_whoever_leaves_whenever_nobody_hangs_and_everyone_who_stays_is_carried_once(
    callers: list[tuple[int, int | None]], limit: int, delays: list[int]
) -> None:
    work = Journeys()
    got: dict[int, int] = {}
    left: set[int] = set()
    scopes = [anyio.CancelScope() for _ in callers]

    async def hop(do: Callable[[], None]) -> None:
        for _ in range(delays[len(work.made) % len(delays)]):
            await checkpoint()
        do()

    batcher = Batcher(work, limit=limit, hop=hop)

    async def call(item: int) -> None:
        with scopes[item] as scope:
            got[item] = await batcher(item)
        if scope.cancelled_caught:
            left.add(item)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            for moment in range(13):
                for item, (start, cancelled) in enumerate(callers):
                    if start == moment:
                        tasks.start_soon(call, item)
                    if cancelled == moment:
                        scopes[item].cancel()
                await checkpoint()
        assert await batcher(99) == 198

    everyone = set(range(len(callers)))
    may_leave = {item for item, (_, cancelled) in enumerate(callers) if cancelled is not None}
    assert left <= may_leave
    assert got == {item: item * 2 for item in everyone - left}
    assert everyone - left <= set(work.carried)
    assert set(work.carried.values()) == {1}
    assert max(len(journey) for journey in work.made) <= limit

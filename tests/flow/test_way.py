"""Many who want to pass: one asks first after a pause, and a hold is a hold for everybody."""

from __future__ import annotations

import anyio
import pytest

from flow.lanes import Door
from flow.virtual import on_virtual_time
from orchestrator.errors import Denied, NotSent, Unclear, Unreachable
from orchestrator.flow.gate import PATIENCE


def test_after_a_pause_one_read_asks_first_and_the_rest_pass_when_it_came_back_well() -> None:
    async def scenario() -> None:
        door = Door(reads=3, most=3)
        pause_ends = door.break_down()
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(door.read)
                tasks.start_soon(door.upload)

        assert door.probes == [pytest.approx(pause_ends)]
        assert len(door.passed) == 40
        assert min(at for at, _ in door.passed) == pytest.approx(pause_ends + 0.5)
        assert door.is_idle

    on_virtual_time(scenario())


@pytest.mark.parametrize("says", [NotSent("503"), Unclear("timeout"), NotSent("429", retry_after=100.0)])
def test_while_the_remote_is_unwell_only_probes_go_out_one_at_a_time_and_ever_more_rarely(
    says: NotSent | Unclear,
) -> None:
    async def scenario() -> None:
        door = Door(well_at=400.0, says=says)
        door.break_down()
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(door.read)
                tasks.start_soon(door.upload)

        assert 3 <= len(door.probes) <= 10
        assert door.most_probing == 1
        gaps = [later - earlier for earlier, later in zip(door.probes, door.probes[1:], strict=False)]
        least = [says.retry_after or 0.8 * min(5.0 * 2**n, 120.0) for n in range(1, len(door.probes))]
        assert all(gap >= bound for gap, bound in zip(gaps, least, strict=True)), gaps
        assert min(at for at, _ in door.passed) >= 400.0
        assert sum("well again" in told for told in door.told) == 1

    on_virtual_time(scenario())


def test_somebody_who_is_cancelled_while_asking_leaves_the_asking_to_the_next() -> None:
    async def scenario() -> None:
        door = Door()
        pause_ends = door.break_down()
        async with anyio.create_task_group() as tasks:
            with anyio.move_on_after(pause_ends + 0.2):
                await door.upload()
            tasks.start_soon(door.read)

        assert [kind for _, kind in door.passed] == ["read"]
        assert len(door.probes) == 2
        assert door.is_idle

    on_virtual_time(scenario())


def test_a_probe_that_meets_refused_credentials_tells_whoever_asked() -> None:
    async def scenario() -> None:
        door = Door()
        door.break_down()

        async def locked_out() -> None:
            raise Denied("401")

        door.way._probe = locked_out
        with pytest.raises(Denied):
            await door.upload()
        assert door.gate.is_half_open
        assert door.is_idle

    on_virtual_time(scenario())


def test_an_outage_longer_than_patience_ends_with_unreachable() -> None:
    async def scenario() -> None:
        door = Door(well_at=1e9)
        door.break_down()
        with pytest.raises(Unreachable, match="not been well for a long time"):
            await door.upload()
        assert PATIENCE < door.clock.monotonic() < PATIENCE + 1.2 * 120 + 1
        assert door.is_idle

    on_virtual_time(scenario())


def test_an_hour_of_silence_is_not_an_outage() -> None:
    async def scenario() -> None:
        door = Door()
        door.way.succeeded()
        await door.clock.sleep(3600.0)
        door.way.failed(Unreachable("connection refused"))
        assert not door.way.is_hopeless(1)

        await door.clock.sleep(PATIENCE + 1.0)
        door.way.failed(Unreachable("connection refused"))
        assert door.way.is_hopeless(1)

    on_virtual_time(scenario())


def test_a_remote_that_was_never_reached_is_given_up_by_tries_and_one_that_refuses_is_not() -> None:
    door = Door()

    async def scenario() -> None:
        for n in range(1, 30):
            door.way.failed(Unreachable("connection refused"))
            assert door.way.is_hopeless(n) == (n >= 5)
        assert door.way.is_open
        door.way.failed(NotSent("429"))
        assert not door.way.is_hopeless(1000)

    on_virtual_time(scenario())


def test_nobody_passes_inside_a_hold_that_grows_while_they_wait() -> None:
    async def scenario() -> None:
        door = Door(most=2)
        async with anyio.create_task_group() as tasks:
            for _ in range(30):
                tasks.start_soon(door.upload, 3.0)
                tasks.start_soon(door.read)
            for until in (20.0, 21.0, 60.0):
                await anyio.sleep_until(until - 15.0)
                door.way.failed(NotSent("429", retry_after=15.0))
                door.way.failed(NotSent("429", retry_after=2.0))

        times = [at for at, _ in door.passed]
        assert len(times) == 60
        assert not [at for at in times if 5.0 < at < 21.0 or 45.0 < at < 60.0]
        assert any(21.0 <= at <= 45.0 for at in times)
        assert any(at >= 60.0 for at in times)

    on_virtual_time(scenario())


def test_a_rate_holds_in_every_second_also_after_a_hold() -> None:
    """Those who waited it out do not start in one burst."""

    async def scenario() -> None:
        door = Door(rate=4.0, reads=16, most=16)
        async with anyio.create_task_group() as tasks:
            for _ in range(60):
                tasks.start_soon(door.upload, 0.1)
                tasks.start_soon(door.read)
            await anyio.sleep(2.0)
            door.way.failed(NotSent("429", retry_after=30.0))

        times = sorted(at for at, _ in door.passed)
        assert len(times) == 120
        busiest = max(sum(start <= at < start + 1.0 - 1e-6 for at in times) for start in times)
        assert busiest <= 4 + 2, "a burst of one for each lane"
        assert times[-1] <= 30.0 + 2.0 + 120 / 4 + 1.0

    on_virtual_time(scenario())


def test_a_hold_that_comes_while_a_read_waits_for_a_permit_is_kept() -> None:
    async def scenario() -> None:
        door = Door(reads=1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(door.read, 5.0)
            await anyio.sleep(1.0)
            tasks.start_soon(door.read)
            await anyio.sleep(1.0)
            door.way.failed(NotSent("429", retry_after=20.0))
        assert [at for at, _ in door.passed] == [0.0, 22.0]
        assert door.is_idle

    on_virtual_time(scenario())

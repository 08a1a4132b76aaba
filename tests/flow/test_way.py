"""Many who want to pass: one asks first after a pause, and a hold is a hold for everybody."""

from __future__ import annotations

import random

import anyio
import pytest
from fakes import FakeTarget, Script

from flow.lanes import Door
from flow.virtual import on_virtual_time
from orchestrator.backoff import Backoff
from orchestrator.errors import Busy, Denied, LeftAlone, NotSent, Unclear, Unreachable
from orchestrator.flow import Gate
from orchestrator.flow.gate import EASING, LONGEST_EASING, PATIENCE
from orchestrator.guards import Reader
from orchestrator.model import RelPath, Token
from orchestrator.trip import Trip


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

        door.uploads.way._probe = locked_out
        with pytest.raises(Denied):
            await door.upload()
        assert door.gate.is_half_open
        assert door.is_idle

    on_virtual_time(scenario())


def test_a_probe_that_was_kept_back_is_no_bad_sign_and_another_goes_when_the_way_is_open_again() -> None:
    async def scenario() -> None:
        door = Door()
        pause_ends = door.break_down()
        asked: list[float] = []

        async def told_meanwhile() -> None:
            asked.append(door.clock.monotonic())
            if len(asked) == 1:
                door.way.failed(NotSent("429", retry_after=30.0))
                raise LeftAlone("since just before")

        door.way._probe = told_meanwhile
        await door.read()
        assert asked == pytest.approx([pause_ends, pause_ends + 30.0])
        assert [at for at, _ in door.passed] == pytest.approx([pause_ends + 30.0])
        assert not [told for told in door.told if "not well yet" in told]

    on_virtual_time(scenario())


def test_what_was_let_through_may_go_until_somebody_is_told_to_wait_and_a_probe_when_the_wait_is_over() -> None:
    async def scenario() -> None:
        door = Door()
        assert door.way.may_go()
        door.way.failed(NotSent("429", retry_after=30.0))
        assert not door.way.may_go()
        await door.clock.sleep(30.0)
        assert door.way.may_go()

        pause_ends = door.break_down()
        assert not door.way.may_go()
        await door.clock.sleep(pause_ends - door.clock.monotonic())
        assert door.way.may_go()
        assert not door.way.is_open

    on_virtual_time(scenario())


def test_an_outage_longer_than_patience_ends_with_unreachable() -> None:
    async def scenario() -> None:
        door = Door(well_at=1e9)
        door.break_down()
        with pytest.raises(
            Unreachable, match=r"no read got through for more than 15 minutes.*run the same command again.*503"
        ):
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


def test_uploads_that_are_refused_for_too_long_are_given_up_however_well_the_reads_are() -> None:
    async def scenario() -> None:
        door = Door()
        for _ in range(200):
            door.uploads.failed(Busy("503 for ever"), door.clock.monotonic())
            door.gate.probed(door.clock.monotonic(), well=True)
            door.way.succeeded()
            if door.clock.monotonic() <= PATIENCE:
                await door.upload()
            await door.read()
            await door.clock.sleep(10.0)
        with pytest.raises(Unreachable, match=r"no upload got through.*The last: 503 for ever"):
            await door.upload()
        await door.read()

        door.uploads.succeeded()
        await door.upload()
        assert door.is_idle

    on_virtual_time(scenario())


def test_one_upload_that_gets_through_now_and_then_is_enough() -> None:
    async def scenario() -> None:
        door = Door()
        for n in range(500):
            await door.upload()
            if n % 20:
                door.uploads.failed(Busy("429", retry_after=15.0), door.clock.monotonic())
            else:
                door.uploads.succeeded()
        assert door.clock.monotonic() > 6 * PATIENCE

    on_virtual_time(scenario())


def test_a_remote_that_is_at_work_on_jobs_of_ours_is_given_up_when_they_are_home_and_it_still_refuses() -> None:
    async def scenario() -> None:
        door = Door()

        async def refused() -> float:
            """The time from which on nobody is let through to try."""
            while not door.uploads.way.is_hopeless(0):
                await door.upload()
                door.uploads.failed(Busy("429", retry_after=60.0), door.clock.monotonic())
            return door.clock.monotonic()

        async with anyio.create_task_group() as tasks:
            with door.uploads.job(), door.uploads.job():
                given_up = await refused()
                tasks.start_soon(door.upload)
                await door.read()
                await door.clock.sleep(3 * PATIENCE)
                assert door.passed[-1][1] == "read"
        assert door.passed[-1] == (pytest.approx(given_up + 3 * PATIENCE + 60.0, abs=1.0), "upload")

        assert await refused() > given_up + 4 * PATIENCE
        with pytest.raises(Unreachable, match="no upload got through"):
            await door.upload()
        assert door.is_idle

    on_virtual_time(scenario())


@pytest.mark.parametrize("seconds", [PATIENCE + 1, 3600.0, 366 * 86400.0])
def test_a_retry_after_beyond_patience_ends_the_run_and_tells_until_when(seconds: float) -> None:
    async def scenario() -> None:
        door = Door()
        door.uploads.failed(Busy("503", retry_after=seconds), 0.0)
        until = {PATIENCE + 1: "2026-01-01 00:15", 3600.0: "2026-01-01 01:00"}.get(seconds, "2027-01-02 00:00")
        for enter in (door.upload, door.read):
            with pytest.raises(Unreachable, match=f"left alone until {until} UTC .Retry-After.*same command again"):
                await enter()
        assert door.clock.monotonic() == 0.0
        assert door.is_idle

    on_virtual_time(scenario())


def test_a_retry_after_as_long_as_patience_is_waited_for() -> None:
    async def scenario() -> None:
        door = Door()
        door.uploads.failed(Busy("503", retry_after=PATIENCE), 0.0)
        await door.upload()
        assert door.passed == [(PATIENCE, "upload")]

    on_virtual_time(scenario())


def test_a_reader_that_is_alone_does_not_sleep_out_a_retry_after_of_a_day() -> None:
    async def scenario() -> None:
        door = Door()
        reader = Reader(
            target=FakeTarget(script=Script(before={1: NotSent("503", retry_after=86400.0)})),
            lane=door.lane,
            backoff=Backoff(tries=12),
            clock=door.clock,
            rng=random.Random(1),
            retried=lambda: None,
        )
        with pytest.raises(Unreachable, match="until 2026-01-02 00:00 UTC"):
            await reader.check(Token("t"), Trip(path=RelPath("a")))
        assert door.clock.monotonic() == 0.0

    on_virtual_time(scenario())


@pytest.mark.parametrize("seed", [1, 2])
def test_after_a_retry_after_nobody_leaves_in_one_instant_with_another(seed: int) -> None:
    async def passed() -> list[float]:
        door = Door(reads=16, most=16, seed=seed)
        async with anyio.create_task_group() as tasks:
            door.way.failed(NotSent("429", retry_after=60.0))
            for _ in range(10):
                tasks.start_soon(door.upload)
                tasks.start_soon(door.read)
        return sorted(at for at, _ in door.passed)

    times = on_virtual_time(passed())
    assert times == on_virtual_time(passed()), "with the same seed it is the same"
    assert times[0] == 60.0
    assert len(set(times)) == 20
    assert 61.0 < times[-1] <= 60.0 * (1 + EASING) + 1.0


@pytest.mark.parametrize("seconds", [1.0, 60.0, PATIENCE])
def test_long_after_a_retry_after_nobody_waits_for_anybody(seconds: float) -> None:
    gate = Gate()
    gate.hold(0.0, seconds)
    eased = min(EASING * seconds, LONGEST_EASING)
    assert any(gate.reserve(seconds) for _ in range(2))
    assert [gate.reserve(seconds + eased) for _ in range(100)] == [0.0] * 100

"""One run at a time in an output folder, and nothing to clean up when it dies."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from edges.places import FakeClock, program
from orchestrator.edges.lock import hold, open_lock
from orchestrator.errors import Locked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "out" / ".orchestrator"
    folder.mkdir(parents=True)
    return folder / "lock"


def open_files() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


async def test_the_second_is_told_at_once_where_and_what_to_do(path: Path) -> None:
    clock = FakeClock()
    async with hold(open_lock(path), path.parent, clock, wait=0):
        with pytest.raises(Locked) as told:
            async with hold(open_lock(path), path.parent, clock, wait=0):
                pytest.fail("two at a time")

    assert str(path.parent.parent) in str(told.value)
    assert "--wait" in str(told.value)
    assert clock.slept == []


async def test_the_next_one_has_it_when_the_first_is_gone(path: Path) -> None:
    for _ in range(2):
        async with hold(open_lock(path), path.parent, FakeClock(), wait=0):
            pass


def test_the_lock_is_private(path: Path) -> None:
    os.close(open_lock(path))

    assert path.stat().st_mode & 0o777 == 0o600


async def test_an_error_inside_sets_it_free(path: Path) -> None:
    before = open_files()
    with pytest.raises(ValueError, match="inside"):
        async with hold(open_lock(path), path.parent, FakeClock(), wait=0):
            raise ValueError("inside")

    assert open_files() == before
    async with hold(open_lock(path), path.parent, FakeClock(), wait=0):
        pass


async def test_who_waits_gives_up_when_the_time_is_over(path: Path) -> None:
    clock = FakeClock()
    async with hold(open_lock(path), path.parent, FakeClock(), wait=0):
        before = open_files()
        with pytest.raises(Locked):
            async with hold(open_lock(path), path.parent, clock, wait=1.7):
                pytest.fail("two at a time")

    assert sum(clock.slept) == pytest.approx(1.7)
    assert max(clock.slept) <= 1
    assert open_files() < before


async def test_who_waits_has_it_soon_after_the_first_is_gone(path: Path) -> None:
    first = open_lock(path)

    class Impatient(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            if len(self.slept) == 3:
                leave.set()
                await gone.wait()

    leave, gone, clock = anyio.Event(), anyio.Event(), Impatient()

    async def be_first() -> None:
        async with hold(first, path.parent, FakeClock(), wait=0):
            started.set()
            await leave.wait()
        gone.set()

    started = anyio.Event()
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(be_first)
            await started.wait()
            async with hold(open_lock(path), path.parent, clock, wait=60):
                assert len(clock.slept) == 3


async def test_it_dies_with_the_process_that_holds_it(path: Path) -> None:
    holder = """
import sys, anyio
from pathlib import Path
from orchestrator.edges.clock import SystemClock
from orchestrator.edges.lock import hold, open_lock

async def main():
    path = Path(sys.argv[1])
    async with hold(open_lock(path), path.parent, SystemClock(), wait=0):
        print("ready", flush=True)
        sys.stdin.read()

anyio.run(main)
"""
    with program(holder, path), pytest.raises(Locked):
        async with hold(open_lock(path), path.parent, FakeClock(), wait=0):
            pytest.fail("two at a time")

    async with hold(open_lock(path), path.parent, FakeClock(), wait=0):
        pass


def test_a_child_process_does_not_inherit_it(path: Path) -> None:
    fd = open_lock(path)
    try:
        assert not os.get_inheritable(fd)
    finally:
        os.close(fd)

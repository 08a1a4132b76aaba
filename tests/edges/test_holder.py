"""Whether somebody holds the lock, as the kernel lists it, and without touching it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edges.places import FakeClock, as_an_ordinary_user, open_folder
from orchestrator.edges import holder
from orchestrator.edges.holder import is_held, is_listed
from orchestrator.edges.lock import hold, open_lock

_LISTED = (
    "1: POSIX  ADVISORY  WRITE 10 fe:00:7 0 EOF\n"
    "2: FLOCK  ADVISORY  WRITE 11 fe:00:8 0 EOF\n"
    "2: -> FLOCK  ADVISORY  WRITE 12 fe:00:9 0 EOF\n"
    "3: OFDLCK ADVISORY  READ -1 00:1b:10 0 0\n"
    "damaged\n"
    "4: FLOCK  ADVISORY  WRITE 13 103:02:12345678901 0 EOF\n"
)


@pytest.fixture
def path() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "lock"


@pytest.fixture
def all_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside of every container."""
    monkeypatch.setattr(holder, "_OF_ALL", os.stat("/proc/self/ns/pid").st_ino)


@pytest.mark.parametrize(
    ("device", "inode", "listed"),
    [
        ((0xFE, 0), 8, True),
        ((0xFE, 1), 8, False),
        ((0xFE, 0), 7, False),
        ((0xFE, 0), 9, False),
        ((0x103, 2), 12345678901, True),
        ((0, 0x1B), 10, False),
    ],
)
def test_only_who_has_that_kind_of_lock_on_that_file_counts(device: tuple[int, int], inode: int, listed: bool) -> None:
    assert is_listed(os.makedev(*device), inode, _LISTED) is listed


@pytest.mark.usefixtures("all_are_listed")
async def test_it_is_known_from_the_first_moment_to_the_last_also_to_who_may_not_open_it(path: Path) -> None:
    fd = open_lock(path)
    assert is_held(path) is False
    async with hold(fd, path.parent, FakeClock(), wait=0):
        os.chmod(path, 0)
        with as_an_ordinary_user():
            with pytest.raises(PermissionError):
                path.open("rb")
            assert is_held(path) is True
    assert is_held(path) is False


def test_a_look_is_no_try_so_that_a_run_which_begins_meanwhile_has_the_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.close(open_lock(path))

    def tried(*_: object) -> None:
        pytest.fail("it was tried")

    monkeypatch.setattr(fcntl, "flock", tried)
    before = os.stat(path)

    is_held(path)

    assert os.stat(path).st_atime_ns == before.st_atime_ns


@pytest.mark.usefixtures("all_are_listed")
def test_where_there_is_no_list_or_no_lock_nothing_is_known(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_held(path) is None
    os.close(open_lock(path))
    monkeypatch.setattr(holder, "_LOCKS", path.with_name("none"))

    assert is_held(path) is None
    assert os.listdir(path.parent) == ["lock"]


def test_who_sees_the_processes_of_a_container_only_does_not_say_that_nobody_has_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.close(open_lock(path))
    monkeypatch.setattr(holder, "_OF_ALL", 1)

    assert is_held(path) is None


@pytest.mark.usefixtures("all_are_listed")
def test_nor_does_who_does_not_know_under_which_device_it_is_listed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.close(open_lock(path))
    (path.parent / "mounts").write_text("36 27 0:21 / /proc rw - proc proc rw\n")
    monkeypatch.setattr(holder, "_MOUNTS", path.parent / "mounts")

    assert is_held(path) is None

"""A clock that stands still, and disks and rights that fail for real."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio.lowlevel
import pytest

NOBODY = 65534
START = datetime(2024, 7, 1, 2, 0, tzinfo=UTC)


class FakeClock:
    """Time passes only while somebody sleeps; `slept` is how long, one by one."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return 1000.0 + sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.slept.append(seconds)


@contextmanager
def small_disk(kilobytes: int) -> Iterator[Path]:
    """A file system of its own that holds no more than that."""
    with tempfile.TemporaryDirectory(prefix="small-disk-") as name:
        options = f"size={kilobytes}k,mode=0755"
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", name], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip("a small disk of its own needs the right to mount a tmpfs")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


def read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def read_only_beside_open_files(folder: Path) -> None:
    """What is open stays so, or no remount would be allowed. Goes away with the disk."""
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Takes the last byte of *disk*; returns the file that did it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    assert is_full(disk)
    return filler


def is_full(disk: Path) -> bool:
    info = os.statvfs(disk)
    return info.f_bavail == 0


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """What writes beyond *size* in any file gets EFBIG: a disk that takes nothing more, for any user."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that every user may look into."""
    with tempfile.TemporaryDirectory(prefix="open-folder-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def as_an_ordinary_user() -> Iterator[None]:
    """Root reads and writes everything, so it steps down for the while."""
    try:
        os.seteuid(NOBODY)
    except PermissionError:  # ordinary already
        yield
        return
    try:
        yield
    finally:
        os.seteuid(os.getuid())


@contextmanager
def program(text: str, path: Path) -> Iterator[None]:
    """Python in a process of its own, from its first line of output to the kill at the end of the block."""
    tests = Path(__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", text, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tests
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.kill()
        assert process.wait() == -signal.SIGKILL

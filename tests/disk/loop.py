"""A file system in an image that can lose its power: what was not flushed is not in a copy of the image."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edges.places import small_disk

_MEGABYTES = 24
_OPTIONS = "loop,noauto_da_alloc,commit=300"
"""Nothing reaches the image by itself: neither after a rename over an older file, nor after five seconds."""


class LoopDisk:
    """*place* is where the file system is mounted; its image lies beside, in memory."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.place = base / "disk"
        self.place.mkdir()
        self._image = base / "image"
        with self._image.open("wb") as image:
            image.truncate(_MEGABYTES << 20)
        _run("mkfs.ext4", "-q", "-F", self._image)
        self._mount()

    def cut_the_power(self) -> None:
        """From now on another image is in use: that which a power cut at this moment would have left."""
        shutil.copyfile(self._image, self.base / "copy")

    def come_back(self) -> None:
        _run("umount", self.place)
        (self.base / "copy").replace(self._image)
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", _OPTIONS, self._image, self.place)

    def remove(self) -> None:
        """Also when somebody still has a file open there."""
        if self.place.is_mount():
            _run("umount", "--lazy", self.place)


@contextmanager
def loop_disk() -> Iterator[LoopDisk]:
    if reason := why_not():
        pytest.skip(reason)
    with small_disk(4 * _MEGABYTES << 10) as base:
        disk = LoopDisk(base)
        try:
            yield disk
        finally:
            disk.remove()


def why_not() -> str:
    """Why the power cannot be cut here; empty when it can."""
    if os.geteuid():
        return "only root may mount the file system whose power is cut"
    if not shutil.which("mkfs.ext4"):
        return "mkfs.ext4 is missing, which makes the file system whose power is cut"
    if not Path("/dev/loop-control").exists():
        return "there are no loop devices here for the file system whose power is cut"
    return ""


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""A disk on which the n-th act fails: everything that the program does to a folder from Python passes through here.

SQLite does its own I/O, which cannot be reached this way; it has faults of its own.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch


@dataclass(kw_only=True)
class FaultyDisk:
    """Every act below *folder* is counted from 1; from act *nth* on it fails, once or for ever."""

    folder: Path
    nth: int = 0
    code: int = 0
    lasting: bool = False
    acts: list[str] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def act(self, kind: str, path: Any) -> None:
        place = os.fspath(path)
        place = place.decode() if isinstance(place, bytes) else place
        if not place.startswith(str(self.folder)):
            return
        told = f"{kind} {os.path.relpath(place, self.folder)}"
        with self._lock:
            self.acts.append(told)
            number = len(self.acts)
            fails = bool(self.nth) and (number >= self.nth if self.lasting else number == self.nth)
            if fails:
                self.fired.append(told)
        if fails:
            raise OSError(self.code, os.strerror(self.code), place)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        acts = _Acts(self)
        with (
            patch.object(os, "open", acts.open),
            patch.object(os, "fdopen", acts.fdopen),
            patch.object(os, "fsync", acts.fsync),
            patch.object(os, "replace", acts.replace),
            patch.object(os, "mkdir", acts.mkdir),
            patch.object(os, "unlink", acts.unlink),
            patch.object(os, "posix_fallocate", acts.allocate),
            patch.object(io, "open", acts.stream),
        ):
            yield


class _File(io.FileIO):
    """Half of what is written when it fails is on the disk, as when a disk becomes full."""

    def __init__(self, disk: FaultyDisk, file: int | str, mode: str, path: str) -> None:
        super().__init__(file, mode)
        self._disk = disk
        self._path = path

    def write(self, data: Any) -> int:
        try:
            self._disk.act("write", self._path)
        except OSError:
            super().write(memoryview(data)[: len(data) // 2])
            raise
        return super().write(data)


class _Acts:
    def __init__(self, disk: FaultyDisk) -> None:
        self._disk = disk
        self._open, self._fdopen, self._stream = os.open, os.fdopen, io.open
        self._fsync, self._replace, self._allocate = os.fsync, os.replace, os.posix_fallocate
        self._mkdir, self._unlink = os.mkdir, os.unlink

    def open(self, path: Any, flags: int, *more: Any, **how: Any) -> int:
        if flags & os.O_CREAT:
            self._disk.act("create", path)
        return self._open(path, flags, *more, **how)

    def fdopen(self, fd: int, mode: str = "r", *more: Any, **how: Any) -> Any:
        path = _path_of(fd)
        if mode == "wb" and path.startswith(str(self._disk.folder)):
            return io.BufferedWriter(_File(self._disk, fd, "wb", path))
        return self._fdopen(fd, mode, *more, **how)

    def stream(self, file: Any, mode: str = "r", *more: Any, **how: Any) -> Any:
        if mode == "xb" and str(file).startswith(str(self._disk.folder)):
            self._disk.act("create", file)
            return io.BufferedWriter(_File(self._disk, os.fspath(file), "xb", os.fspath(file)))
        return self._stream(file, mode, *more, **how)

    def fsync(self, fd: int) -> None:
        self._disk.act("fsync", _path_of(fd))
        self._fsync(fd)

    def replace(self, source: Any, path: Any) -> None:
        self._disk.act("rename", path)
        self._replace(source, path)

    def mkdir(self, path: Any, *more: Any, **how: Any) -> None:
        self._disk.act("mkdir", path)
        self._mkdir(path, *more, **how)

    def unlink(self, path: Any, **how: Any) -> None:
        self._disk.act("unlink", path)
        self._unlink(path, **how)

    def allocate(self, fd: int, start: int, size: int) -> None:
        self._disk.act("allocate", _path_of(fd))
        self._allocate(fd, start, size)


def _path_of(fd: int) -> str:
    return os.readlink(f"/proc/self/fd/{fd}")

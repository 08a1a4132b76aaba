"""Bytes kept back on the disk, so that what was accepted can be written down even when it is full."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

_SIZE = 1 << 20


class Reserve:
    def __init__(self, path: Path) -> None:
        """Really allocated, not sparse; the folder entry survives a crash or is made again. Raises OSError."""
        self._path = path
        if path.exists() and path.stat().st_size == _SIZE:
            return
        flags = os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        with closing(os.fdopen(os.open(path, flags, 0o600), "wb")) as file:
            os.posix_fallocate(file.fileno(), 0, _SIZE)

    def give_up(self) -> bool:
        """Whether that made room: there may be none any more, and a disk that fails may not let go of it."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

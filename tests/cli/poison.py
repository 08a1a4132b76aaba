"""A file that kills whoever reads it, placed from outside: as one for which there is not enough memory would."""

from __future__ import annotations

import os
import signal
from typing import Any

from orchestrator.validation import Judge


def prepare(cell: str) -> None:
    original = Judge.feed

    def feed(self: Judge, chunk: bytes) -> Any:
        if cell.encode() in chunk:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(self, chunk)

    Judge.feed = feed  # type: ignore[method-assign]  # in this process, which is about to become the program

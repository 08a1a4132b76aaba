"""One run at a time in an output folder. The lock dies with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from orchestrator.errors import Locked, OutputError
from orchestrator.naming import printable
from orchestrator.ports import Clock

_LOOK_EVERY = 0.5


def open_lock(path: Path) -> int:
    """A descriptor of the lock file, not yet held. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@asynccontextmanager
async def hold(fd: int, folder: Path, clock: Clock, *, wait: float) -> AsyncIterator[None]:
    """Raises Locked when another process has it for longer than *wait* seconds. Closes *fd* at the end."""
    try:
        if not _is_taken(fd):
            await _wait_for(fd, folder, clock, wait)
        yield
    finally:
        os.close(fd)


async def _wait_for(fd: int, folder: Path, clock: Clock, wait: float) -> None:
    where = printable(str(folder.parent))
    if wait > 0:
        structlog.get_logger().info("waiting_for_the_lock", folder=where, seconds=wait)
    deadline = clock.monotonic() + wait
    while (left := deadline - clock.monotonic()) > 0:
        await clock.sleep(min(_LOOK_EVERY, left))
        if _is_taken(fd):
            return
    raise Locked(
        f"{where}: another run is at work in this output folder. Wait for its end, or use --wait SECONDS. "
        "An output folder of its own (-o) is for other files: these would be sent a second time."
    )


def _is_taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise OutputError(
            f"the output folder cannot be locked ({error.strerror}): use one on a local disk (-o)."
        ) from None
    return True

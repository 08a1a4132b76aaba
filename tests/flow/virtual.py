"""Hours in moments: an event loop whose time jumps to the next thing that is due, and a clock that goes by it.

looptime's loop waits through some forty idle cycles before each jump, for sockets that may have something to
say. Nothing here has a socket, and there are a hundred thousand jumps to make.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import anyio

T = TypeVar("T")

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Stuck(BaseException):
    """Everybody waits, and nothing will ever come."""


class _Jumping(selectors.DefaultSelector):
    elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("no timer is set and nobody can go on")
        self.elapsed += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.elapsed


def on_virtual_time(job: Coroutine[Any, Any, T]) -> T:
    """Raises Stuck where the real loop would hang."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(job)


class VirtualClock:
    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await (anyio.sleep_forever() if seconds == math.inf else anyio.sleep(seconds))

"""The event loop's time, which a server that keeps its client waiting lets pass in a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

Leap: TypeAlias = Callable[[float], None]

PATIENCE = 20.0
"""Real seconds after which a test that still waits is broken."""


@asynccontextmanager
async def leaping_time() -> AsyncIterator[Leap]:
    """Every timer of the loop obeys, so the real timeouts of the client are tried, and nobody waits for them.

    The loop is that of one test and keeps its time: going back would make timers that are left wait for ever.
    """
    loop = asyncio.get_running_loop()
    real, ahead = loop.time, 0.0
    loop.time = lambda: real() + ahead  # type: ignore[method-assign]  # of this loop only
    async with asyncio.timeout(PATIENCE) as guard:

        def leap(seconds: float) -> None:
            nonlocal ahead
            ahead += seconds
            guard.reschedule((guard.when() or 0.0) + seconds)

        yield leap

"""The time of this machine."""

from __future__ import annotations

from asyncio import get_running_loop
from datetime import UTC, datetime

import anyio


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The event loop's own time, so that a loop on virtual time takes the whole program along."""
        return get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

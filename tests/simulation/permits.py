"""Who holds a permit of a lane, and whether anybody waits for a time with one in its hands."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestrator.lanes import Lane, Permit
from orchestrator.ports import Clock


@dataclass(kw_only=True)
class Hands:
    waited: list[str] = field(default_factory=list)
    """Who waited although it held a permit."""
    _full: Counter[asyncio.Task[Any] | None] = field(default_factory=Counter)

    def watch(self, lane: Lane) -> None:
        """Whoever takes a permit gives it back itself."""
        acquire, release = lane.acquire, lane.release

        async def acquired(permit: Permit) -> None:
            await acquire(permit)
            self._full[asyncio.current_task()] += 1

        def released(permit: Permit) -> None:
            self._full[asyncio.current_task()] -= 1
            release(permit)

        lane.acquire, lane.release = acquired, released  # type: ignore[method-assign]  # of this lane only

    def wait(self) -> None:
        task = asyncio.current_task()
        if task is not None and self._full[task] > 0:
            self.waited.append(task.get_name())


@dataclass(frozen=True)
class PipelineClock:
    """The clock of the program itself; what takes its time at the remote or on the way there goes by another."""

    clock: Clock
    hands: Hands

    def now(self) -> datetime:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        self.hands.wait()
        await self.clock.sleep(seconds)

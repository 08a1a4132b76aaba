"""What makes a run of the program repeatable: its time, its order, and the moment at which it dies."""

from __future__ import annotations

import asyncio
import enum
import selectors
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def loop_time() -> float:
    return asyncio.get_running_loop().time()


class Death(Exception):
    """The process is gone. An Exception, so that those who share a commit die together."""


class Stage(enum.Enum):
    """Of a commit that takes its time."""

    NOT_DURABLE = enum.auto()
    NOT_HEARD_OF = enum.auto()
    """It is durable, and the program does not know yet."""


def at_once() -> float:
    return 0.0


class Life:
    """Of one process. Every await and every commit passes a point, and at one of them it may end."""

    def __init__(self, *, ends_at: int | None = None, commit_takes: Callable[[], float] = at_once) -> None:
        """*commit_takes* is asked twice for each commit: until it is durable, and until the program hears of it."""
        self.points = 0
        self.is_over = False
        self.stages: Counter[Stage] = Counter()
        """How many commits are in each now; at its end they stay as they were."""
        self._ends_at = ends_at
        self._commit_takes = commit_takes

    def point(self) -> None:
        self.points += 1
        if self.is_over or self.points == self._ends_at:
            self.is_over = True
            raise Death

    async def hop(self, work: Callable[[], None]) -> None:
        """In the place of a journey to a thread: the process may end before or after the work, never in it."""
        self.point()
        work()
        self.point()

    async def commit(self, work: Callable[[], None]) -> None:
        """As a hop, with time before and after: whatever else happens may happen in it."""
        await self._pass(Stage.NOT_DURABLE)
        await self.hop(work)
        await self._pass(Stage.NOT_HEARD_OF)

    async def _pass(self, stage: Stage) -> None:
        if (seconds := self._commit_takes()) > 0:
            self.stages[stage] += 1
            await asyncio.sleep(seconds)
            self.point()
            self.stages[stage] -= 1


class VirtualClock:
    """The event loop's time; *skew* is what the wall clock is off by, at each moment."""

    def __init__(self, life: Life, skew: Callable[[float], float] = lambda now: 0.0) -> None:
        self._life = life
        self._skew = skew

    def now(self) -> datetime:
        now = self.monotonic()
        return EPOCH + timedelta(seconds=now + self._skew(now))

    def monotonic(self) -> float:
        return loop_time()

    async def sleep(self, seconds: float) -> None:
        self._life.point()
        await asyncio.sleep(seconds)
        self._life.point()


class _NumberedTask(asyncio.Task[Any]):
    """Its hash is its number, so that the order of a set of tasks is the same each time."""

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        self._number = number
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self._number


class _Instant(selectors.SelectSelector):
    """Waits for nothing: time goes on at once to the next timer."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("a deadlock: everybody waits, and nobody for a time")
        self.now += max(timeout, 0.0)
        return []


class VirtualTime(asyncio.SelectorEventLoop):
    """As looptime's, but it never looks for files or threads that are ready: nights are many, and have neither."""

    def __init__(self) -> None:
        self._instant = _Instant()
        super().__init__(self._instant)
        numbers = count(1)
        self.set_task_factory(lambda loop, coro, **more: _NumberedTask(coro, loop=loop, number=next(numbers), **more))

    def time(self) -> float:
        return self._instant.now


def on_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(work)

"""Lanes to the target: a permit is held for one try, never during a wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from orchestrator.errors import Busy, LeftAlone, TargetError, Unreachable
from orchestrator.flow import STANDSTILL, Slots, Tell, Width, nobody
from orchestrator.ports import Clock
from orchestrator.way import Way


class Permit:
    """For one try: `async with` waits for the way outside and holds one of the lane's permits inside."""

    __slots__ = ("_lane",)

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def __aenter__(self) -> None:
        await self._lane.enter(self)

    async def __aexit__(self, *error: object) -> None:
        self._lane.release(self)


class Lane:
    """A fixed number of permits. Whoever waits stands in line, and only the first in line watches the way."""

    def __init__(self, width: int, way: Way) -> None:
        self.way = way
        self._line = anyio.Lock(fast_acquire=True)
        self._permits = anyio.Semaphore(width, fast_acquire=True)

    def permit(self) -> Permit:
        return Permit(self)

    async def enter(self, permit: Permit) -> None:
        async with self._line:
            while True:
                await self.require_hope()
                await self.open()
                await self.way.turn()
                await self.acquire(permit)
                if self.may_go:
                    break
                self.release(permit)
        try:
            await checkpoint_if_cancelled()  # a permit got without waiting must not slip past a stop
        except BaseException:
            self.release(permit)
            raise

    async def require_hope(self) -> None:
        """Raises Unreachable when to wait for a permit makes no sense any more in this run."""
        self.way.require_hope()

    async def open(self) -> None:
        await self.way.open()

    @property
    def may_go(self) -> bool:
        """Whether a permit that was just got is good: things may have changed while it was waited for."""
        return self.way.is_open

    async def acquire(self, permit: Permit) -> None:
        await self._permits.acquire()

    def release(self, permit: Permit) -> None:
        self._permits.release()


class UploadLane(Lane):
    """As many permits as the remote bears, and none while it has no room for one more job."""

    def __init__(self, most: int, way: Way, clock: Clock, tell: Tell = nobody) -> None:
        super().__init__(most, way.of_uploads())
        self._clock = clock
        self._limiter = anyio.CapacityLimiter(most)
        self._width = Width(most, tell)
        self._slots = Slots(tell)
        self._change = anyio.Event()
        self._crowded_at = float("-inf")

    async def require_hope(self) -> None:
        """A remote may be full of our own jobs, however long they take: they come home before it is given up."""
        while self._slots.unfinished and self.way.is_hopeless(tries=0):
            await self._change.wait()
        await super().require_hope()

    async def open(self) -> None:
        """An upload under way is one job more before long, so it counts as one."""
        while True:
            while not self._slots.has_room(uploading=self._limiter.borrowed_tokens):
                await self._room()
            await self.way.open()
            if self._slots.has_room(uploading=self._limiter.borrowed_tokens):
                return

    @property
    def may_go(self) -> bool:
        return self.way.is_open and self._slots.has_room(uploading=self._limiter.borrowed_tokens - 1)

    async def acquire(self, permit: Permit) -> None:
        await self._limiter.acquire_on_behalf_of(permit)

    def release(self, permit: Permit) -> None:
        if self._limiter.borrowed_tokens > 1:
            self._crowded_at = self._clock.monotonic()
        self._limiter.release_on_behalf_of(permit)
        self._changed()

    @contextmanager
    def job(self) -> Iterator[None]:
        """Around the time for which a job of ours is unfinished at the remote, as far as this run follows it."""
        self._slots.began()
        try:
            yield
        finally:
            self._slots.ended()
            if not self._slots.unfinished:
                self.way.relieved()
            self._changed()

    def succeeded(self) -> None:
        self.way.succeeded()
        self._width.succeeded()
        self._limiter.total_tokens = self._width.current

    def failed(self, error: TargetError, started: float) -> None:
        """Nothing is known to have been taken, in a try that began at *started*.

        One that breaks off or does not answer may have too much to do; only one that says that it is busy can mean
        its job slots.
        """
        self.way.failed(error)
        if isinstance(error, Unreachable | LeftAlone):
            return
        if isinstance(error, Busy) and error.retry_after is None:
            self._slots.refused(alone=self._limiter.borrowed_tokens == 1 and self._crowded_at < started)
        self._width.pressed(started, self._clock.monotonic())
        self._limiter.total_tokens = self._width.current

    async def _room(self) -> None:
        """Until something changes, or nothing has changed for so long that one more is tried."""
        async with anyio.create_task_group() as either:
            either.start_soon(self._lose_patience, either.cancel_scope)
            await self._change.wait()
            either.cancel_scope.cancel()

    async def _lose_patience(self, waiting: anyio.CancelScope) -> None:
        await self._clock.sleep(STANDSTILL)
        self._slots.stood_still()
        waiting.cancel()

    def _changed(self) -> None:
        self._change.set()
        self._change = anyio.Event()

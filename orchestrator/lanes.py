"""The ways to the target: a permit is held for one try, never during a wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from orchestrator.errors import Busy, NotSent, Unclear, Unreachable
from orchestrator.flow import STANDSTILL, Gate, Slots, Tell, Width, Work, nobody
from orchestrator.flow.gate import PATIENCE
from orchestrator.ports import Clock


class Way:
    """The target's gate with somebody at it: after a pause of the breaker one of those who wait asks first."""

    def __init__(
        self,
        gate: Gate,
        probe: Callable[[], Awaitable[None]],
        clock: Clock,
        work: Work = Work.READING,
        probing: anyio.Lock | None = None,
    ) -> None:
        """*probe* is a read that changes nothing, and raises NotSent or Unclear while the remote is not well."""
        self._gate = gate
        self._probe = probe
        self._clock = clock
        self._work = work
        self._probing = probing or anyio.Lock()
        self._last = ""

    def of_uploads(self) -> Way:
        """Through the same gate, with an account of its own of what fails."""
        return Way(self._gate, self._probe, self._clock, Work.SENDING, self._probing)

    @property
    def is_open(self) -> bool:
        return not self._gate.is_half_open and self._gate.closed_for(self._clock.monotonic()) == 0

    async def turn(self) -> None:
        """Wait for one's own turn, where the number of requests a second is limited, and after a hold."""
        if (seconds := self._gate.reserve(self._clock.monotonic())) > 0:
            await self._clock.sleep(seconds)

    async def open(self) -> None:
        """Wait until requests may go out. Raises Unreachable when the remote does not want any for too long."""
        while not self.is_open:
            self._require_short_wait()
            if (wait := self._gate.closed_for(self._clock.monotonic())) > 0:
                await self._clock.sleep(wait)
            else:
                await self._ask_first()

    def succeeded(self) -> None:
        self._gate.succeeded(self._work)

    def relieved(self) -> None:
        """What failed so far had a reason that is gone."""
        self._gate.relieved(self._work)

    def failed(self, error: NotSent | Unclear) -> None:
        """When the remote says how long to stay away, everybody stays away.

        Raises Unreachable where a reader would sleep for longer than a run waits. An upload has to be noted
        first; whoever wants to send next meets the closed gate.
        """
        now = self._clock.monotonic()
        self._last = str(error)
        if error.retry_after:
            self._gate.hold(now, error.retry_after)
        self._gate.failed(now, self._work, reached=not isinstance(error, Unreachable))
        if self._work is Work.READING:
            self._require_short_wait()

    def is_hopeless(self, tries: int) -> bool:
        """Whether nobody gets through, after *tries* of one request."""
        return self._gate.is_hopeless(self._work, tries)

    def require_hope(self) -> None:
        """Raises Unreachable when nobody has got through for too long."""
        if self.is_hopeless(tries=0):
            raise self._given_up("upload" if self._work is Work.SENDING else "read")

    def _given_up(self, what: str) -> Unreachable:
        return Unreachable(
            f"no {what} got through for more than {PATIENCE / 60:.0f} minutes: run the same command again later. "
            f"The last: {self._last}"
        )

    def _require_short_wait(self) -> None:
        now = self._clock.monotonic()
        if self._gate.is_closed_too_long(now):
            until = self._clock.now() + timedelta(seconds=self._gate.closed_for(now))
            raise Unreachable(
                f"the remote wants to be left alone until {until:%Y-%m-%d %H:%M} UTC (Retry-After), which is longer "
                "than a run waits: run the same command again after that"
            )

    async def _ask_first(self) -> None:
        async with self._probing:
            if not self._gate.is_half_open or self._gate.closed_for(self._clock.monotonic()) > 0:
                return  # somebody else asked meanwhile
            try:
                await self._probe()
            except (NotSent, Unclear) as error:
                self._last = str(error)
                if error.retry_after:
                    self._gate.hold(self._clock.monotonic(), error.retry_after)
                self._gate.probed(self._clock.monotonic(), well=False)
                if self._gate.is_hopeless(Work.READING, tries=0):
                    raise self._given_up("read") from None
            else:
                self._gate.probed(self._clock.monotonic(), well=True)


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

    def failed(self, error: NotSent | Unclear, started: float) -> None:
        """Nothing is known to have been taken, in a try that began at *started*.

        One that breaks off or does not answer may have too much to do; only one that says that it is busy can mean
        its job slots.
        """
        self.way.failed(error)
        if isinstance(error, Unreachable):
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

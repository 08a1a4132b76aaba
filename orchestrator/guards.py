"""Limits on the way to the target: a permit is held for one try, never during a wait."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TypeVar

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from orchestrator.backoff import Backoff
from orchestrator.books import Trip
from orchestrator.errors import Garbled, Misdirected, NotSent, Unclear, Unreachable
from orchestrator.flow import Gate
from orchestrator.model import Event, Job, Key, Token
from orchestrator.ports import Clock, Ended, Fetched, Ledger, Running, Target

T = TypeVar("T")


class Permit:
    """For one try: `async with` waits for the gate outside and holds one of the permits inside."""

    __slots__ = ("_clock", "_gate", "_permits")

    def __init__(self, permits: anyio.Semaphore, gate: Gate, clock: Clock) -> None:
        self._permits = permits
        self._gate = gate
        self._clock = clock

    async def __aenter__(self) -> None:
        if (turn := self._gate.reserve(self._clock.monotonic())) > 0:
            await self._clock.sleep(turn)
        await self._permits.acquire()
        while (wait := self._gate.closed_for(self._clock.monotonic())) > 0:
            self._permits.release()
            await self._clock.sleep(wait)
            await self._permits.acquire()
        try:
            await checkpoint_if_cancelled()  # a permit got without waiting must not slip past a stop
        except BaseException:
            self._permits.release()
            raise

    async def __aexit__(self, *error: object) -> None:
        self._permits.release()


class Lane:
    """A number of permits behind the target's gate."""

    def __init__(self, width: int, gate: Gate, clock: Clock) -> None:
        self._permits = anyio.Semaphore(width, fast_acquire=True)
        self._gate = gate
        self._clock = clock

    def permit(self) -> Permit:
        return Permit(self._permits, self._gate, self._clock)

    def heed(self, error: NotSent | Unclear) -> None:
        """When the remote says how long to stay away, everybody stays away."""
        if error.retry_after:
            self._gate.hold(self._clock.monotonic(), error.retry_after)

    def is_held(self) -> bool:
        """Whether the remote asked to be left alone for now."""
        return self._gate.closed_for(self._clock.monotonic()) > 0


class Sense:
    """Do the answers to uploads make sense? One that does not is a matter of its own file; a row of them is not.

    Behind a wrong address or a broken gateway every upload would end in doubt, one by one, and leave a person
    with a night's work. So a row of answers that nobody understands ends the run.
    """

    AT_FIRST = 3
    """In a row, before any answer of this run was understood."""
    LATER = 10

    def __init__(self) -> None:
        self._limit = self.AT_FIRST
        self._row = 0
        self._garbled = True

    def understood(self) -> None:
        self._limit, self._row, self._garbled = self.LATER, 0, True

    def not_understood(self, error: Unclear) -> None:
        """Raises Misdirected when all of the row are answers of something else, Unreachable otherwise."""
        self._row += 1
        self._garbled &= isinstance(error, Garbled)
        if self._row < self._limit:
            return
        told = f"{self._row} uploads in a row got no answer that can be understood, so the run stops. The last: {error}"
        if self._garbled:
            raise Misdirected(f"{told}. Is target.base_url the API?")
        raise Unreachable(told)


class Memory:
    """Bytes of files between their reading and the end of their first upload. First come, first served."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = limit
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    @property
    def free(self) -> int:
        return self._free

    @asynccontextmanager
    async def share(self, size: int) -> AsyncIterator[None]:
        size = min(size, self._limit)
        if self._waiting or size > self._free:
            await self._turn(size)
        else:
            self._free -= size
        try:
            yield
        finally:
            self._give_back(size)

    async def _turn(self, size: int) -> None:
        entry = (size, anyio.Event())
        self._waiting.append(entry)
        try:
            await entry[1].wait()
        except BaseException:
            if entry[1].is_set():
                self._give_back(size)
            else:
                self._waiting.remove(entry)
                self._give_back(0)
            raise

    def _give_back(self, size: int) -> None:
        self._free += size
        while self._waiting and self._waiting[0][0] <= self._free:
            needed, event = self._waiting.popleft()
            self._free -= needed
            event.set()


class Grace:
    """Uploads under way outlive a stop, until their time is up."""

    def __init__(self) -> None:
        self._scopes: set[anyio.CancelScope] = set()
        self._expired = False

    @contextmanager
    def shield(self) -> Iterator[anyio.CancelScope]:
        with anyio.CancelScope(shield=True) as scope:
            self._scopes.add(scope)
            if self._expired:
                scope.cancel()
            try:
                yield scope
            finally:
                self._scopes.discard(scope)

    def expire(self) -> None:
        self._expired = True
        for scope in self._scopes:
            scope.cancel()


@dataclass(frozen=True, slots=True)
class Unbroken:
    """A ledger in which a stop never cuts a transition in half: we know of it, or it did not happen."""

    ledger: Ledger

    def find(self, key: Key) -> Job | None:
        return self.ledger.find(key)

    async def record(self, job: Job, *events: Event) -> Job:
        with anyio.CancelScope(shield=True):
            job = await self.ledger.record(job, *events)
        return job


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Asks the target, and asks again: reads may be repeated freely, within their own limit of tries."""

    target: Target
    lane: Lane
    backoff: Backoff
    clock: Clock
    rng: random.Random
    retried: Callable[[], None]

    async def check(self, token: Token, trip: Trip) -> Running | Ended:
        """Raises what the last try raised; Missing and Refused at once."""

        async def poll() -> Running | Ended:
            trip.polls += 1
            return await self.target.check(token)

        return await self._patiently(poll)

    async def fetch(self, token: Token, key: str) -> Fetched:
        return await self._patiently(lambda: self.target.fetch(token, key))

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        for nth in range(1, self.backoff.tries + 1):
            try:
                async with self.lane.permit():
                    return await call()
            except (NotSent, Unclear) as error:
                if nth == self.backoff.tries:
                    raise
                self.lane.heed(error)
                self.retried()
                await self.clock.sleep(self.backoff.delay(nth, self.rng, error.retry_after))
        raise AssertionError("a backoff has at least one try")

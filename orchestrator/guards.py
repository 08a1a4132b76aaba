"""What watches over a run: sense, memory, grace, whole transitions, and patient reads."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import anyio

from orchestrator.backoff import Backoff
from orchestrator.errors import (
    Garbled,
    LeftAlone,
    Misdirected,
    Missing,
    NotSent,
    Nowhere,
    Refused,
    TargetError,
    Unclear,
    Unreachable,
)
from orchestrator.hearing import Hearing
from orchestrator.lanes import Lane
from orchestrator.model import Checked, Event, Job, Key, Token
from orchestrator.ports import Clock, Ended, Fetched, Ledger, Running, Target
from orchestrator.trip import Trip

T = TypeVar("T")


class Sense:
    """Do the answers to uploads make sense? One that does not is a matter of its own file; a row of them is not.

    Behind a wrong address or a broken gateway every upload would end in doubt, one by one, and leave a person
    with a night's work. So a row of answers that nobody understands ends the run.
    """

    AT_FIRST = 3
    """In a row, before any answer of this run was understood."""
    LATER = 10
    OF_ONE_FILE = 5
    """Of all its tries in a run: to wait helps against trouble, and not against who answers what is no answer."""

    def __init__(self) -> None:
        self._limit = self.AT_FIRST
        self._row = 0
        self._garbled = True

    def understood(self) -> None:
        self._limit, self._row, self._garbled = self.LATER, 0, True

    def not_understood(self, error: Unclear | Missing) -> None:
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
        self._scopes: dict[anyio.CancelScope, None] = {}  # in their order, so that a run can be replayed
        self._expired = False

    @property
    def is_over(self) -> bool:
        return self._expired

    @contextmanager
    def shield(self) -> Iterator[anyio.CancelScope]:
        with anyio.CancelScope(shield=True) as scope:
            self._scopes[scope] = None
            if self._expired:
                scope.cancel()
            try:
                yield scope
            finally:
                self._scopes.pop(scope, None)

    def expire(self) -> None:
        self._expired = True
        for scope in self._scopes:
            scope.cancel()


@dataclass(frozen=True, slots=True)
class Tokens:
    """Which tokens of this run cannot be trusted to be one submission's alone."""

    landing: set[Token] = field(default_factory=set)
    """Accepted, and on their way into the ledger: at most as many as uploads are in flight."""
    shared: set[Token] = field(default_factory=set)
    """Given out twice."""


@dataclass(frozen=True, slots=True)
class Unbroken:
    """A ledger in which a stop never cuts a transition in half: we know of it, or it did not happen."""

    ledger: Ledger

    def find(self, key: Key) -> Job | None:
        return self.ledger.find(key)

    def versions(self, key: Key) -> Sequence[Job]:
        return self.ledger.versions(key)

    def holder(self, token: Token) -> Job | None:
        return self.ledger.holder(token)

    async def record(self, job: Job, *events: Event) -> Job:
        with anyio.CancelScope(shield=True):
            job = await self.ledger.record(job, *events)
        return job

    async def divide(self, job: Job, parts: Sequence[tuple[Job, Checked]], *events: Event) -> Job:
        with anyio.CancelScope(shield=True):
            job = await self.ledger.divide(job, parts, *events)
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
    hearing: Hearing = field(default_factory=Hearing)

    async def check(self, token: Token, trip: Trip) -> Running | Ended:
        """Raises what the last try raised; Missing and Refused at once."""

        async def poll() -> Running | Ended:
            trip.polls += 1
            return await self.target.check(token)

        return await self.patiently(poll)

    async def fetch(self, token: Token, key: str) -> Fetched:
        return await self.patiently(lambda: self.target.fetch(token, key))

    async def patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """One request, until it is answered. Raises as `check` does."""
        nth, started = 0, self.clock.monotonic()
        while True:
            try:
                async with self.lane.permit():
                    answer = await call()
            except (Missing, Refused) as error:
                self.lane.way.succeeded()
                self._listen(error)
                raise
            except LeftAlone:
                continue  # nobody was asked, so it was no try: the next permit comes when the way is open again
            except (NotSent, Unclear) as error:
                nth += 1
                self.lane.way.failed(error)
                self._listen(error)
                hopeless = isinstance(error, Unreachable) and self.lane.way.is_hopeless(nth)
                if hopeless or self.backoff.is_spent(nth, self.clock.monotonic() - started):
                    raise
                self.retried()
                await self.clock.sleep(self.backoff.delay(nth, self.rng, error.retry_after))
            else:
                self.lane.way.succeeded()
                self.hearing.understood()
                return answer

    def _listen(self, error: TargetError) -> None:
        match error:
            case Nowhere() | Garbled():
                self.hearing.not_understood(error, self.clock.monotonic())
            case Missing() | Refused():
                self.hearing.understood()

"""From the token to the results: polls until the remote has judged the job, then brings in what it says."""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

import anyio.to_thread

from orchestrator.errors import Missing, Refused, Unclear
from orchestrator.flow import Schedule
from orchestrator.guards import Reader, Tokens
from orchestrator.intake import taken_of
from orchestrator.model import Completed, Doubted, Job, Result, Token
from orchestrator.objections import OBJECTIONS, counted_off, joined, refused_lines, unnamed
from orchestrator.ports import Clock, Ended, Fetched, Ledger, Objection, Running, Sink, Target
from orchestrator.ranges import NO_RANGES
from orchestrator.trip import Trip

NOT_UNDERSTOOD = "the remote has not given an answer that can be understood since polling.give_up"
_SHORTEST_DELAY = 0.05
"""Seconds between two polls of one job, whatever the configuration says."""


Recollect: TypeAlias = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """What this run sent itself the target knows."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Polls in a row to which the remote did not know its own token; it may need a moment to know it everywhere."""

    POLLS: ClassVar[int] = 3
    SECONDS: ClassVar[float] = 60.0

    count: int = 0
    since: float = 0.0
    now: float = 0.0
    says: str = ""
    """What the last of them was told."""

    def again(self, now: float, says: str) -> Missed:
        return Missed(self.count + 1, self.since if self.count else now, now, says)

    @property
    def is_final(self) -> bool:
        return self.count >= self.POLLS and self.now - self.since > self.SECONDS


@dataclass(frozen=True, kw_only=True)
class Tracking:
    target: Target
    ledger: Ledger
    sink: Sink
    clock: Clock
    rng: random.Random
    reader: Reader
    tokens: Tokens
    slots: Callable[[], AbstractContextManager[None]]
    """Around the time for which a job is unfinished at the remote."""
    schedule: Schedule
    patience: float
    """Seconds that one run waits for one job to end."""
    give_up: float
    """Seconds after which a job that never ended is in doubt, over all runs."""

    async def wait(self, job: Job, trip: Trip, recollect: Recollect = _nothing) -> Job:
        """Poll until it ends or this run's patience does; then the same job comes back.

        *recollect* comes before its results, and before rows are named that only what was sent can name.
        """
        with self.slots():
            return await self._wait(job, trip, recollect)

    async def _wait(self, job: Job, trip: Trip, recollect: Recollect) -> Job:
        assert job.token is not None
        size = job.source.size if job.source else 0
        started = self.clock.monotonic()
        age = math.inf if trip.adopted else 0.0  # what an earlier run sent may have ended long ago
        nth, hint = 0, None
        missing = Missed()
        at_work = 0.0  # seconds after which it was last seen unfinished
        while True:
            nth += 1
            delay = self.schedule.delay(nth, self.rng, size=size, age=age, at_least=hint)
            left = self.patience - (self.clock.monotonic() - started)
            if nth == 1:
                delay = min(delay, left)  # every run asks at least once
            elif delay < _SHORTEST_DELAY:
                delay = _SHORTEST_DELAY
            if delay > left:
                trip.cause = f"{missing.says or 'it has not ended yet'}: the next run asks again"
                return job
            if delay:
                await self.clock.sleep(delay)
            try:
                status = await self.reader.check(job.token, trip)
            except Missing as error:
                missing = missing.again(self.clock.monotonic(), str(error))
                if missing.is_final or self._age(job, trip) > self.give_up:
                    return await self.ledger.record(job, Doubted(f"{error}, although it gave it out"))
                continue
            except Unclear as error:
                if self._age(job, trip) <= self.give_up:
                    raise
                return await self.ledger.record(job, Doubted(f"{NOT_UNDERSTOOD}: {error}"))
            missing = Missed()
            if job.token in self.tokens.shared:
                return await self.ledger.record(job, Doubted("token_twice: another upload got the same token"))
            if isinstance(status, Ended):
                trip.spend("wait", self.clock.monotonic() - started)
                if not trip.adopted:  # it ended at some moment since it was last seen at work
                    self.schedule.times.learn(size, (at_work + self.clock.monotonic() - started) / 2)
                await recollect()
                return await self._collect(job, status, trip, recollect)
            hint, at_work = status.retry_after, self.clock.monotonic() - started
            if self._age(job, trip) > self.give_up:
                return await self.ledger.record(job, Doubted(_never_ended(status)))

    async def _collect(self, job: Job, ended: Ended, trip: Trip, recollect: Recollect) -> Job:
        """Results are durable, in the ledger or in place, no later than the state that rests on them."""
        assert job.token is not None
        started = self.clock.monotonic()
        results: list[Result] = []
        remarks: list[str] = []
        refused, unknown = 0, 0
        rows, objections = NO_RANGES, list[Objection]()
        for key in ended.results:
            try:
                fetched = await self._fetch(job.token, key, recollect)
                results.append(await self.sink.keep(job, fetched))
                fetched = counted_off(job, fetched)
            except Missing as error:
                if self._age(job, trip) > self.give_up:
                    return await self.ledger.record(job, Doubted(f"{error}, although the job has ended"))
                trip.cause = f"{error}: the next run asks again"
                return job
            except Unclear as error:
                if self._age(job, trip) <= self.give_up:
                    raise
                return await self.ledger.record(job, Doubted(f"the job has ended, and {NOT_UNDERSTOOD}: {error}"))
            except Refused as error:
                remarks.append(str(error))
            else:
                refused += fetched.refused
                unknown += fetched.unknown
                rows |= fetched.rows
                objections += fetched.objections
                remarks += [fetched.remark] if fetched.remark else []
        if objections:
            results.append(await self.sink.keep(job, await anyio.to_thread.run_sync(joined, job, objections)))
        event = self.target.conclude(job, ended, results)
        if isinstance(event, Completed) and refused:
            remarks.insert(0, _refusal(refused, len(objections)))
            lines = await anyio.to_thread.run_sync(refused_lines, job, rows, objections)
            event = replace(event, refused=refused, lines=lines)
        if isinstance(event, Completed):
            event = replace(event, unknown=unknown if ended.by_row else 0)
            trip.untellable = 0 if ended.by_row else _sent(job)
        trip.unnamed = self._unnamed_before(job)
        if trip.unnamed:
            remarks.append(f"of {trip.unnamed} rows that it refused before it does not say which they are")
        if remarks:
            event = replace(event, cause="; ".join([*filter(None, [event.cause]), *remarks]))
        job = trip.job = await self.ledger.record(job, event)
        await self.sink.project(job, event.results)
        trip.spend("collect", self.clock.monotonic() - started)
        return job

    async def _fetch(self, token: Token, key: str, recollect: Recollect) -> Fetched:
        fetched = await self.reader.fetch(token, key)
        if fetched.unplaced:
            await recollect()
            fetched = await self.reader.fetch(token, key)
        return fetched

    def _unnamed_before(self, job: Job) -> int:
        """Of the rows of these bytes that earlier versions brought: those that are mended now are others."""
        if job.version == 1 or job.source is None:
            return 0
        taken = taken_of(self.ledger.versions(job.key), job.source)
        return sum(unnamed(version) for version in taken if version.version < job.version)

    def _age(self, job: Job, trip: Trip) -> float:
        """Seconds since it was accepted, over all runs; a wall clock that went back makes it 0.

        What this run itself has sent is timed by a clock that nobody sets.
        """
        if trip.tries:
            return self.clock.monotonic() - trip.first_try
        return max(self.clock.now().timestamp() - (job.accepted_at or 0.0), 0.0)


def _sent(job: Job) -> int:
    """Rows."""
    return job.checked.data.rows - job.checked.data.bad if job.checked is not None else 0


def _refusal(refused: int, listed: int) -> str:
    """*listed*: so many objections stand in a file of their own."""
    told = f"the remote refuses {refused} rows"
    if listed:
        told += f"; see {OBJECTIONS}.csv under results/"
    if 0 < listed < refused:
        told += f", which holds {listed:,} of them"
    return told


def _never_ended(status: Running) -> str:
    says = f"answers {status.word!r}, which nobody documents" if status.word else "still says that it is at work"
    return f"it never ended: the remote {says}"

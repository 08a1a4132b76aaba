"""One upload, from the noted intent to the noted outcome: the one region that waits out a stop.

    ready ──SendStarted──► sending ──Accepted──► waiting
      ▲                      │ └─────Completed─► done
      ├──── SendUndone ──────┤        Failed───► failed
      └──── SendRepeatable ──┘        Doubted──► in_doubt

Every way a submit can end becomes one of these events. What concerns the whole target (credentials, a wrong
address, no connection after all tries) is raised as well, after the file's own outcome is noted.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import anyio

from orchestrator.backoff import Backoff
from orchestrator.books import Trip
from orchestrator.errors import (
    Denied,
    Misdirected,
    NotSent,
    Refused,
    SourceChanged,
    TargetError,
    Unclear,
    Unreachable,
)
from orchestrator.guards import Grace, Lane, Memory, Sense
from orchestrator.intake import same_bytes
from orchestrator.model import (
    Doubted,
    Event,
    Failed,
    Job,
    Rejected,
    SendRepeatable,
    SendStarted,
    SendUndone,
    State,
    Superseded,
)
from orchestrator.ports import (
    HELD_LIMIT,
    Body,
    Clock,
    File,
    Inbox,
    Ledger,
    Moving,
    Prepared,
    Reading,
    Target,
    Trace,
    Unreadable,
)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    target: Target
    ledger: Ledger
    inbox: Inbox
    clock: Clock
    rng: random.Random
    lane: Lane
    memory: Memory
    grace: Grace
    backoff: Backoff
    overwrite: bool
    retried: Callable[[], None]
    sense: Sense

    async def send(self, job: Job, trip: Trip, body: Body, *before: Event) -> Job:
        """One try. *before* is what the ledger does not know yet: it becomes durable with the intent."""
        overwrite = self.overwrite or job.replaces
        async with self.lane.permit():
            started = self.clock.monotonic()
            trip.tries += 1
            try:
                await self.target.sign_in()
            except NotSent as error:
                return await self._not_begun(job, trip, error, *before)
            with self.grace.shield() as scope:
                job = trip.job = await self.ledger.record(job, *before, SendStarted(overwrite))
                job = trip.job = await self._submit(job, trip, body, overwrite=overwrite)
            if scope.cancelled_caught and job.state is State.SENDING:
                job = trip.job = await self.recall(job, "the run was stopped before the answer came")
            trip.spend("upload", self.clock.monotonic() - started)
        return job

    async def send_again(self, job: Job, trip: Trip, file: File | None) -> Job:
        """The bytes are read and judged anew: nothing is held while a job waits for its next try."""
        if file is None:
            return await self.ledger.record(job, Doubted("source_gone: the file went away before it was sent"))
        if trip.tries >= self.backoff.tries:
            trip.cause = f"{job.cause}; {trip.tries} tries in this run"
            return job
        if trip.tries:
            self.retried()
            await self.clock.sleep(self.backoff.delay(trip.tries, self.rng))
        async with self.memory.share(min(file.size, HELD_LIMIT)):
            match await self.inbox.read(file):
                case Reading() as reading if same_bytes(job, reading.source):
                    return await self._send_if_still_right(job, trip, reading)
                case Reading():
                    earlier = "; an earlier attempt may have arrived, and is replaced" if job.repeats else ""
                    return await self.ledger.record(
                        job, Superseded(f"the file was replaced before it was sent{earlier}")
                    )
                case Moving(cause) | Unreadable(cause):
                    trip.cause = cause
                    return job

    async def _not_begun(self, job: Job, trip: Trip, error: NotSent, *before: Event) -> Job:
        """No token could be had, so no intent was noted, and a death in between would leave no doubt."""
        self.lane.heed(error)
        if before:
            job = trip.job = await self.ledger.record(job, *before)
        if isinstance(error, Unreachable) and trip.tries >= self.backoff.tries:
            raise error
        return replace(job, cause=str(error))

    async def recover(self, job: Job) -> Job:
        """An upload without its outcome. Many may have been left so: asking takes its turn as sending does."""
        async with self.lane.permit():
            return await self.recall(job, job.cause or "the program ended before the answer came")

    async def recall(self, job: Job, cause: str) -> Job:
        """After a lost answer: find out, or repeat where that is harmless, or leave it to a person.

        With a permit. While the remote wants to be left alone nothing is found out: the job comes back as it is.
        """
        if self.lane.is_held():
            return replace(job, cause=cause)
        try:
            with anyio.CancelScope(shield=True):
                trace = await self.target.recall(job)
        except (NotSent, Unclear) as error:
            self.lane.heed(error)
            return job
        except TargetError:
            return job
        match trace:
            case Trace.ABSENT:
                return await self.ledger.record(job, SendUndone(cause))
            case Trace.REPLACEABLE:
                return await self.ledger.record(job, SendRepeatable(cause))
            case Trace.UNKNOWN:
                evidence = f"upload {job.attempts} may have arrived: {cause}. The remote cannot be asked by Name"
                return await self.ledger.record(job, Doubted(evidence))
            case outcome:
                return await self.ledger.record(job, outcome)

    async def _submit(self, job: Job, trip: Trip, body: Body, *, overwrite: bool) -> Job:
        try:
            outcome = await self.target.submit(job, body, overwrite=overwrite)
        except Refused as error:
            self.sense.understood()
            return await self.ledger.record(job, Failed(str(error)))
        except Unclear as error:
            job = trip.job = await self.recall(job, str(error))
            self.sense.not_understood(error)
            return job
        except (NotSent, SourceChanged, Denied, Misdirected) as error:
            job = trip.job = await self.ledger.record(job, SendUndone(str(error)))
            if isinstance(error, NotSent):
                self.lane.heed(error)
                if not isinstance(error, Unreachable):
                    self.sense.understood()
            hopeless = isinstance(error, Unreachable) and trip.tries >= self.backoff.tries
            if hopeless or isinstance(error, Denied | Misdirected):
                raise
            return job
        self.sense.understood()
        return await self.ledger.record(job, outcome)

    async def _send_if_still_right(self, job: Job, trip: Trip, reading: Reading) -> Job:
        match await self.inbox.judge(reading):
            case Prepared(checked, body) if checked.rules == job.rules:
                trip.judged = True
                return await self.send(job, trip, body)
            case Prepared() | Rejected():
                return await self.ledger.record(job, Superseded("the rules changed before it was sent"))
            case Moving(cause):
                trip.cause = cause
                return job

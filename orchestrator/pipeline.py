"""The life of one file, from top to bottom.

    read ─ find in the ledger ─ judge ─ [sending] upload [waiting] poll … fetch [done] write the results

What stands in brackets is durable before the next step begins. A restart runs this same code from where the
ledger stands: a job that is seen `sending` at the top of `drive` means that we died in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from orchestrator.delivery import Delivery
from orchestrator.errors import Denied, Misdirected, TargetError, Unreachable
from orchestrator.guards import Memory
from orchestrator.intake import Blocked, Fresh, Known, Names, blocked_by, identify, nameless, restored, restored_to
from orchestrator.model import Event, Job, Rejected, Reopened, State, evolve
from orchestrator.partition import Partition
from orchestrator.ports import (
    HELD_LIMIT,
    Clock,
    File,
    Inbox,
    InParts,
    Ledger,
    Moving,
    Prepared,
    Reading,
    Unreadable,
    Verdict,
)
from orchestrator.predecessors import Predecessors
from orchestrator.recovery import Recovery
from orchestrator.tracking import Tracking
from orchestrator.trip import Ending, Trip


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    ledger: Ledger
    inbox: Inbox
    clock: Clock
    names: Names
    memory: Memory
    delivery: Delivery
    recovery: Recovery
    tracking: Tracking
    predecessors: Predecessors
    partition: Partition
    finds_again: Callable[[Job], bool]
    """Whether the rows of a changed file take the places of those that were sent before."""
    retry_failed: bool = False

    async def take(self, file: File, trip: Trip) -> None:
        """Carry a file of the folder as far as it goes in this run."""
        async with self.memory.share(min(file.size, HELD_LIMIT)):
            job = await self._admit(file, trip)
        if job is not None:
            await self.drive(job, trip, file)

    async def drive(self, job: Job, trip: Trip, file: File | None, *, may_send: bool = True) -> None:
        """Take *job* on from where it stands. It need not be final on return: the next run goes on."""
        while job.state.is_open and (may_send or job.state is not State.READY):
            before = trip.job = job
            try:
                job = trip.job = await self._step(job, trip, file, may_send=may_send)
            except (Unreachable, Denied, Misdirected):
                raise  # nobody else would get through either: the run ends
            except TargetError as error:
                trip.cause = str(error)
                return
            if job is before:
                return
        if job.part is None:
            self.predecessors.look_back(job, trip)

    async def _step(self, job: Job, trip: Trip, file: File | None, *, may_send: bool) -> Job:
        match job.state:
            case State.WAITING if job.parts:
                return await self.partition.carry(job, trip, file, partial(self.drive, may_send=may_send))
            case State.READY:
                return await self.delivery.send_again(job, trip, file)
            case State.SENDING:
                return await self.recovery.recover(job)
            case State.WAITING:
                return await self.tracking.wait(job, trip, partial(self.delivery.recollect, job, file))
            case _:
                raise AssertionError(f"nothing to do for a job that is {job.state}")

    async def _admit(self, file: File, trip: Trip) -> Job | None:
        """Read, recognise, judge, and send a first time while its bytes are in memory. None: nothing is left to do."""
        started = self.clock.monotonic()
        reading = await self._read(file, trip)
        if reading is None:
            return None
        known = self.ledger.find(reading.key)
        if (clash := self.names.claim(reading.name, file.path, known)) is not None:
            await self._refuse(file, clash.cause, trip)
            return None
        now = self.clock.now().timestamp()
        match identify(reading, known, retry_failed=self.retry_failed, now=now):
            case Blocked(cause):
                trip.ending, trip.cause = Ending.UNSENT, cause
                return None
            case Known(job) if job.state is not State.REJECTED or await self.inbox.is_settled(job, file):
                trip.job = job
                trip.ending = Ending.SKIPPED if job.state is State.DONE else None
                return None
            case Known(job):
                before: tuple[Event, ...] = (Reopened(),)
            case Fresh(job) if (version := self._restored_to(job)) is not None:
                trip.job = await self.ledger.record(job, restored(version))
                trip.ending, trip.restored = Ending.SKIPPED, True
                return None
            case Fresh(job):
                before = ()
        verdict = await self.inbox.judge(reading)
        del reading  # only the text is held while it is sent
        trip.spend("prepare", self.clock.monotonic() - started)
        return await self._go_on(job, verdict, trip, *before)

    def _restored_to(self, job: Job) -> Job | None:
        if job.version == 1 or job.source is None:
            return None
        return restored_to(self.ledger.versions(job.key), job.source)

    async def _read(self, file: File, trip: Trip) -> Reading | None:
        if file.fault:
            await self._refuse(file, file.fault, trip)
            return None
        match await self.inbox.read(file):
            case Moving(cause):
                _defer(trip, cause)
            case Unreadable(cause):
                await self._refuse(file, cause, trip)
            case Reading() as reading:
                return reading
        return None

    async def _go_on(self, job: Job, verdict: Verdict, trip: Trip, *before: Event) -> Job | None:
        """*before* is what turns the job as the ledger has it into one that is found."""
        if isinstance(verdict, Prepared | InParts) and job.version > 1:
            if late := self.predecessors.late(job):
                trip.ending, trip.cause = Ending.UNSENT, blocked_by(late).cause
                return None
            trip.kept = trip.kept or self._why_kept(evolve(job, *before, verdict.checked), verdict)
        match verdict:
            case Moving(cause):
                _defer(trip, cause)
                return None
            case Rejected():
                trip.judged = True
                trip.job = await self.ledger.record(job, *before, verdict)
                return None
            case Prepared(checked, body):
                trip.judged = True
                trip.job = evolve(job, *before, checked)
                if trip.kept:
                    return None
                return await self.delivery.send(job, trip, body, *before, checked)
            case InParts():
                trip.judged = True
                if trip.kept:
                    trip.job = evolve(job, *before, verdict.checked)
                    return None
                trip.job = await self.partition.divide(job, verdict, *before)
                return trip.job

    def _why_kept(self, job: Job, verdict: Prepared | InParts) -> str:
        """Why it would put rows at the remote a second time, if so."""
        pieces = verdict.pieces if isinstance(verdict, InParts) else ()
        if cause := self.predecessors.why_kept(job, pieces):
            return cause
        before = self.predecessors.beside(job, pieces)
        if before is None or (self.finds_again(job) and self.finds_again(before)):
            return ""
        return (
            f"the remote took version {before.version} of it, and all of this one would come to those rows as a copy. "
            "Put new rows into a file of their own, and this one back as it was; or rename it, if all of it is to be "
            "added; or set target.increments, if each version of a file holds nothing but new rows. By a key that was "
            "set or changed since then those rows are not found"
        )

    async def _refuse(self, file: File, cause: str, trip: Trip) -> None:
        """Refused before its rows were looked at."""
        job = nameless(file)
        known = self.ledger.find(job.key)
        if known is None:
            trip.job = await self.ledger.record(job, Rejected(cause))
        elif known.cause == cause:
            trip.job = known
        else:
            trip.job = await self.ledger.record(known, Reopened(), Rejected(cause))


def _defer(trip: Trip, cause: str) -> None:
    trip.ending, trip.cause = Ending.DEFERRED, f"{cause}: the next run looks again"

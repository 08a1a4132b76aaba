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
from contextlib import suppress
from dataclasses import dataclass, replace

import anyio

from orchestrator.backoff import Backoff
from orchestrator.errors import (
    Busy,
    Denied,
    Garbled,
    Misdirected,
    Missing,
    NotSent,
    Refused,
    SourceChanged,
    TargetError,
    Unclear,
    Unreachable,
)
from orchestrator.guards import Grace, Memory, Sense
from orchestrator.intake import same_bytes
from orchestrator.lanes import UploadLane
from orchestrator.model import (
    Doubted,
    Event,
    Failed,
    Job,
    SendStarted,
    SendUndone,
    State,
    Superseded,
    TailReleased,
    evolve,
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
    Unreadable,
    Verdict,
)
from orchestrator.recovery import Recovery
from orchestrator.trip import Trip

_GONE = (
    "source_gone: the file went away before it was sent. "
    "Put it back and resolve the item with --not-accepted, or --abandon it"
)
_GONE_AFTER = (
    "source_gone: an earlier attempt may have arrived, and the file went away before it could be sent again. If the "
    "remote has it, resolve the item with --accepted; else put the file back and --resend it, or --abandon it"
)
_MAY_HAVE = "; an earlier attempt may have arrived"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    target: Target
    ledger: Ledger
    inbox: Inbox
    clock: Clock
    rng: random.Random
    lane: UploadLane
    memory: Memory
    grace: Grace
    backoff: Backoff
    overwrite: bool
    retried: Callable[[], None]
    sense: Sense
    recovery: Recovery

    async def send(self, job: Job, trip: Trip, body: Body, *before: Event) -> Job:
        """One try. *before* is what the ledger does not know yet: it becomes durable with the intent."""
        overwrite = self.overwrite or job.replaces
        async with self.lane.permit():
            if self.grace.is_over:
                return await self.ledger.record(job, *before) if before else job
            started = self.clock.monotonic()
            try:
                await self.target.sign_in()
            except (Denied, Misdirected):
                raise
            except TargetError as error:
                trip.begin_try(started)
                return await self._not_begun(job, trip, error, *before)
            held = self.target.holds_back(evolve(job, *before), body, overwrite=overwrite)
            with self.grace.shield() as scope:
                trip.job = await self.ledger.record(job, *before, SendStarted(overwrite, self._now(), held))
                if kept := self._why_kept(scope):
                    trip.job = await self.ledger.record(trip.job, SendUndone(kept))
                else:
                    trip.begin_try(started)
                    trip.job = await self._submit(trip.job, trip, body, started)
            job = trip.job or job
            if scope.cancelled_caught and job.state is State.SENDING:
                job = trip.job = await self.recovery.recall(job, "the run was stopped before the answer came")
            trip.spend("upload", self.clock.monotonic() - started)
        return job

    async def send_again(self, job: Job, trip: Trip, file: File | None) -> Job:
        """The bytes are read and judged anew: nothing is held while a job waits for its next try."""
        if file is None and job.part is not None and not job.repeats:
            return await self.ledger.record(job, Superseded("the file was taken away before this part was sent"))
        if file is None:
            return await self.ledger.record(job, Doubted(_GONE_AFTER if job.repeats else _GONE))
        if trip.tries and self._is_spent(trip):
            trip.cause = f"{job.cause}; {trip.tries} tries in this run"
            return job
        if trip.tries:
            self.retried()
            await self.clock.sleep(self.backoff.delay(trip.tries, self.rng))
        async with self.memory.share(self._share_of(job, file)):
            verdict = await self._judged_again(job, file)
            if isinstance(verdict, Prepared) and verdict.checked.rules == job.rules:
                trip.judged = True
                return await self.send(job, trip, verdict.body)
        match verdict:
            case Moving(cause):
                trip.cause = f"{cause}: the next run looks again"
                return job
            case Unreadable(cause):
                trip.cause = cause
                return job
        what = "the file was replaced" if verdict is None else "the file or its rules changed"
        earlier = _MAY_HAVE if job.repeats else ""
        return await self.ledger.record(job, Superseded(f"{what} before it was sent{earlier}"))

    def _is_spent(self, trip: Trip) -> bool:
        return trip.garbled >= Sense.OF_ONE_FILE or self.backoff.is_spent(
            trip.tries, self.clock.monotonic() - trip.first_try
        )

    async def recollect(self, job: Job, file: File | None) -> None:
        """Tell the target what an earlier run sent of *job*, where it needs that and the file is still the same."""
        if file is None or not self.target.has_forgotten(job):
            return
        async with self.memory.share(self._share_of(job, file)):
            verdict = await self._judged_again(job, file)
            if isinstance(verdict, Prepared) and verdict.checked.sheets == job.checked:
                with suppress(SourceChanged):
                    await self.target.recollect(job, verdict.body)

    @staticmethod
    def _share_of(job: Job, file: File) -> int:
        """Of a part there are its bytes and its text while it is judged, and parts come in numbers."""
        return 2 * job.part.size if job.part else min(file.size, HELD_LIMIT)

    async def _judged_again(self, job: Job, file: File) -> Verdict | Unreadable | None:
        """None for other bytes. Those that were read are let go: only the text is held while it is sent."""
        reading = await self.inbox.read(file, job if job.part else None)
        if not isinstance(reading, Reading):
            return reading
        return await self.inbox.judge(reading) if same_bytes(job, reading.source) else None

    def _why_kept(self, scope: anyio.CancelScope) -> str:
        """Why it may not leave any more, if so: to sign in and to note the intent took their time."""
        if scope.cancel_called:
            return "the run was stopped just before it was sent"
        return "" if self.lane.way.is_open else "the way to the remote was closed just before it was sent"

    async def _not_begun(self, job: Job, trip: Trip, error: TargetError, *before: Event) -> Job:
        """No token could be had, so no intent was noted, and a death in between would leave no doubt."""
        self.lane.way.failed(error)
        if before:
            job = trip.job = await self.ledger.record(job, *before)
        self._give_up_if_out_of_reach(error, trip)
        return replace(job, cause=str(error))

    async def _submit(self, job: Job, trip: Trip, body: Body, started: float) -> Job:
        sending = job

        async def release() -> None:
            nonlocal job
            job = trip.job = evolve(sending, TailReleased())  # whether it becomes durable or not: from now on it counts
            await self.ledger.record(sending, TailReleased())

        try:
            waits = release if sending.held else None
            outcome = await self.target.submit(job, body, overwrite=job.overwrote, release=waits)
        except Refused as error:
            self._understood()
            return await self.ledger.record(job, _refused(job, error))
        except (Unclear, Missing) as error:
            self.lane.failed(error, started)
            trip.garbled += isinstance(error, Garbled)
            if job.held and isinstance(error, Garbled):
                answered = (
                    f"upload {job.attempts} may have arrived: a part of it was answered as if it were whole: {error}"
                )
                job = trip.job = await self.ledger.record(job, Doubted(answered, self._now()))
            else:
                job = trip.job = await self.recovery.recall(job, str(error))
            if isinstance(error, Garbled) or job.state is State.IN_DOUBT:
                self.sense.not_understood(error)
            return job
        except NotSent as error:
            self.lane.failed(error, started)
            if isinstance(error, Busy):
                self.sense.understood()
            job = trip.job = await self.ledger.record(job, SendUndone(str(error)))
            self._give_up_if_out_of_reach(error, trip)
            return job
        except SourceChanged as error:
            return await self.ledger.record(job, SendUndone(str(error)))
        except (Denied, Misdirected) as error:
            trip.job = await self.ledger.record(job, SendUndone(str(error)))
            raise
        self._understood()
        return await self.recovery.note_arrival(job, outcome)

    def _understood(self) -> None:
        self.sense.understood()
        self.lane.succeeded()

    def _give_up_if_out_of_reach(self, error: TargetError, trip: Trip) -> None:
        """Raises *error* when there is nobody to try it again with. All other trouble is met by who wants to send."""
        if isinstance(error, Unreachable) and self.lane.way.is_hopeless(trip.tries):
            raise error

    def _now(self) -> float:
        return self.clock.now().timestamp()


def _refused(job: Job, error: Refused) -> Failed | Doubted:
    """No to a repeat says nothing about the attempt before it, whose answer was lost; a conflict even speaks for it."""
    if job.repeats and job.attempts > 1:
        return Doubted(f"an earlier attempt may have arrived, and its repeat was refused: {error}")
    return Failed(str(error))

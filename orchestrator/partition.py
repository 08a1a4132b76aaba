"""A file that is larger than the remote takes at once: its parts are jobs of their own, and it ends when they have.

    ready ──Divided──► waiting ──all parts done──► done
                          ├─────some failed──────► failed
                          └─────replaced─────────► superseded

All parts come into the ledger with the division, so that a restart finds either none of them or all. A part that
the remote has already, unchanged, is not sent again. What a person changed in the rules or the limits may divide the
same bytes otherwise: then nothing goes that would bring rows twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import anyio

from orchestrator.errors import OrchestratorError
from orchestrator.intake import Clash, Names, new_job, same_bytes
from orchestrator.model import (
    ABANDONED,
    Checked,
    Completed,
    Divided,
    Event,
    Failed,
    Job,
    Rejected,
    State,
    Superseded,
    next_version,
)
from orchestrator.naming import key_of, part_name
from orchestrator.objections import refused_in_parts
from orchestrator.ports import Clock, File, InParts, Ledger, Piece
from orchestrator.predecessors import Predecessors
from orchestrator.ranges import NO_RANGES
from orchestrator.trip import Trip

PARTS_AT_ONCE = 64
"""Of one file: more would not be sent sooner, and each holds its bytes while it is."""

Drive = Callable[[Job, Trip, File | None], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Partition:
    ledger: Ledger
    names: Names
    clock: Clock
    predecessors: Predecessors

    async def divide(self, job: Job, found: InParts, *before: Event) -> Job:
        """*before* is what the ledger does not know yet."""
        parts: list[tuple[Job, Checked]] = []
        whole = self.predecessors.divided(job)
        is_back = whole is not None and whole.state is State.DONE  # then somebody sends rows back
        for piece in found.pieces:
            name = part_name(job.name, piece.part.number)
            known = self.ledger.find(key_of(name))
            if (clash := self.names.claim(name, job.path, known)) is not None:
                return await self._refuse(job, clash, found.checked, *before)
            comes_back = is_back and known is not None and (self.predecessors.adds or known.refused > 0)
            if (part := _part(job, piece, known, comes_back=comes_back)) is not None:
                parts.append((part, piece.checked))
        divided = Divided(len(found.pieces), self.clock.now().timestamp())
        return await self.ledger.divide(job, parts, *before, found.checked, divided)

    async def carry(self, job: Job, trip: Trip, file: File | None, drive: Drive) -> Job:
        """Take every part on as far as it goes in this run."""
        trips = trip.parts = [
            Trip(
                path=job.path,
                job=part,
                adopted=trip.adopted,
                judged=trip.judged,
                known=part.state is State.DONE and not trip.adopted,
            )
            for part in self.predecessors.parts_of(job)
        ]
        room = anyio.Semaphore(PARTS_AT_ONCE)
        problems: list[OrchestratorError] = []

        async def one(part: Job, own: Trip) -> None:
            try:
                await drive(part, own, file)
            except OrchestratorError as error:  # what ends the run for one part ends it for all
                own.cause = own.cause or str(error)
                problems.append(error)
                tasks.cancel_scope.cancel()
            finally:
                room.release()

        async with anyio.create_task_group() as tasks:
            for own in trips:
                if own.job is not None and own.job.state.is_open:
                    await room.acquire()
                    tasks.start_soon(one, own.job, own, name=own.job.name)
        trip.tries = sum(own.tries for own in trips)
        trip.polls = sum(own.polls for own in trips)
        if problems:
            raise problems[0]
        return await self._gather(job, trip, is_gone=file is None)

    async def _gather(self, job: Job, trip: Trip, *, is_gone: bool) -> Job:
        parts = [part.job for part in trip.parts if part.job is not None]
        ends = Counter(part.state for part in parts)
        told = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
        if any(part.state.is_open or part.state is State.IN_DOUBT for part in parts):
            causes = [part.why for part in trip.parts if part.end is trip.end and part.why]
            trip.cause = "; ".join([f"of {len(parts)} parts: {told}", *causes[:1]])
            return job
        if ends[State.DONE] == len(parts):
            refused, unknown = sum(part.refused for part in parts), sum(part.unknown for part in parts)
            shared = parts[0].cause if len({part.cause for part in parts}) == 1 else ""
            cause = f"the remote refuses {refused} rows; see the results of each part" if refused else shared
            sheets = [part.checked.data for part in parts if part.checked is not None]
            lines = refused_in_parts(job.checked.data, sheets) if job.checked is not None else NO_RANGES
            return await self.ledger.record(job, Completed((), cause, refused, lines, unknown))
        if ends[State.FAILED] or is_gone:
            gone = "; the file was taken away: put it back and run with --retry-failed" if is_gone else ""
            whose = f"{ABANDONED}: " if all(part.is_abandoned or part.state is State.DONE for part in parts) else ""
            return await self.ledger.record(job, Failed(f"{whose}of {len(parts)} parts: {told}{gone}"))
        return await self.ledger.record(job, Superseded(f"the file was replaced; of {len(parts)} parts: {told}"))

    async def _refuse(self, job: Job, clash: Clash, checked: Checked, *before: Event) -> Job:
        return await self.ledger.record(job, *before, Rejected(clash.cause, checked.rules, checked.sheets))


def _part(job: Job, piece: Piece, known: Job | None, *, comes_back: bool) -> Job | None:
    """What is to be sent of it; None when the remote has these very bytes, and nobody sent them back."""
    if known is None:
        name = part_name(job.name, piece.part.number)
        return replace(new_job(key_of(name), name, job.path, piece.source), part=piece.part)
    if known.state is State.DONE and same_bytes(known, piece.source) and not comes_back:
        return None
    return replace(next_version(known, piece.source), path=job.path, part=piece.part)

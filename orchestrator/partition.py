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
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, takewhile

import anyio

from orchestrator.errors import OrchestratorError, OutputError
from orchestrator.intake import Clash, Names, may_arrive_late, new_job, same_bytes, same_file, taken_of
from orchestrator.model import (
    Checked,
    Completed,
    Divided,
    Event,
    Failed,
    Job,
    Name,
    Rejected,
    Source,
    State,
    Superseded,
    next_version,
)
from orchestrator.naming import key_of, part_name
from orchestrator.objections import refused_in_parts
from orchestrator.ports import Clock, File, InParts, Ledger, Piece
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
    adds: bool
    """What is sent comes to what was sent before under its Name, as far as anybody knows."""

    def why_kept(self, job: Job, pieces: Sequence[Piece]) -> str:
        """Why it cannot go as it is divided now: these very bytes went in other parts, and their rows would be at the
        remote twice. Empty when none would. No *pieces*: it goes whole."""
        before = self._divided_before(job)
        if before is None or (self.adds and before.state is State.DONE):  # then only what was mended since is judged
            return ""
        parts = self._parts(before)
        now = {part_name(job.name, piece.part.number): piece.source for piece in pieces}
        if all(self._stands_in_for(part, now.get(part.name)) for part in parts if part.state is State.DONE):
            return ""
        return (
            "some of it is at the remote, in other parts than it would go in now, and its rows would be there twice: "
            "set target.part_rows, target.part_bytes, the rules and the files beside it to what they were, or send "
            f"what is missing as a file of its own: {', '.join(_missing(parts))}"
        )

    def _divided_before(self, job: Job) -> Job | None:
        """The newest version of these very bytes that went in parts, whatever was mended of it since."""
        versions = self.ledger.versions(job.key)
        known = takewhile(lambda version: same_file(version, job.source), reversed(versions))
        return next((version for version in known if version.parts), None)

    def beside(self, job: Job, pieces: Sequence[Piece]) -> Job | None:
        """A version of which the remote has rows that would stand beside those of *job*: one of other bytes, or one
        of these before others came.

        Parts of it that stay as they are do not go again. No *pieces*: it goes whole.
        """
        now = {part_name(job.name, piece.part.number): piece.source for piece in pieces}
        versions = self.ledger.versions(job.key)
        known = taken_of(versions, job.source) if job.source is not None else []
        others = [
            version
            for version in versions
            if not same_file(version, job.source) or (version.state is State.DONE and version not in known)
        ]
        return next((other for other in reversed(others) if self._has_rows_but(now, other)), None)

    def _has_rows_but(self, now: Mapping[Name, Source], whole: Job) -> bool:
        """Whether the remote has rows of it, but for those that go unchanged *now*."""
        if not whole.parts:
            return whole.state is State.DONE
        done = (part for part in self._parts(whole) if part.state is State.DONE)
        return not all(self._stands_in_for(part, now.get(part.name)) for part in done)

    def late(self, job: Job) -> Job | None:
        """A part of the version before of which an attempt may still arrive, and undo what its rows are now."""
        before = next((known for known in reversed(self.ledger.versions(job.key)) if known.parts), None)
        now = self.clock.now().timestamp()
        parts = self._parts(before) if before is not None and before.version < job.version else []
        return next((part for part in parts if may_arrive_late(part, now)), None)

    def left_behind(self, job: Job) -> str:
        """What a remote that replaces by Name still has of versions before, now that *job* is done.

        What was left when the last one was done was told then; one that was not may have left parts of it.
        """
        if self.adds or job.version == 1:
            return ""
        now, told = {*_names(job)}, list[str]()
        for before in reversed(self.ledger.versions(job.key)):
            if before.version < job.version:
                names = enumerate(_names(before))
                left = [(at, name) for at, name in names if name not in now and self._is_ours(name, job)]
                if left:
                    told.append(f"version {before.version}, as {_in_words(left)}")
                now |= {name for _, name in left}
                if before.state is State.DONE:
                    break
        return f"the remote still has rows of {', and of '.join(told)}: remove them there" if told else ""

    def _is_ours(self, name: Name, whole: Job) -> bool:
        """Whether the remote took something in under it; under the Name of the whole that was no part."""
        newest = whole if name == whole.name else self.ledger.find(key_of(name))
        return newest is not None and newest.owns

    def _stands_in_for(self, part: Job, piece: Source | None) -> bool:
        return piece is not None and (not self.adds or same_bytes(part, piece))

    async def divide(self, job: Job, found: InParts, *before: Event) -> Job:
        """*before* is what the ledger does not know yet."""
        parts: list[tuple[Job, Checked]] = []
        whole = self._divided_before(job)
        is_back = whole is not None and whole.state is State.DONE  # then somebody sends rows back
        for piece in found.pieces:
            name = part_name(job.name, piece.part.number)
            known = self.ledger.find(key_of(name))
            if (clash := self.names.claim(name, job.path, known)) is not None:
                return await self._refuse(job, clash, found.checked, *before)
            comes_back = is_back and known is not None and (self.adds or known.refused > 0)
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
            for part in self._parts(job)
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
            return await self.ledger.record(job, Failed(f"of {len(parts)} parts: {told}{gone}"))
        return await self.ledger.record(job, Superseded(f"the file was replaced; of {len(parts)} parts: {told}"))

    def _parts(self, job: Job) -> list[Job]:
        """Raises OutputError when one is missing: a file of which a part is nowhere must never be called done."""
        names = _names(job)
        parts = [part for name in names if (part := self.ledger.find(key_of(name))) is not None]
        if len(parts) < len(names):
            there_are = f"of {len(names)} parts it has {len(parts)}"
            raise OutputError(f"{job.path}: the ledger is damaged: {there_are}. Restore it from a backup")
        return parts

    async def _refuse(self, job: Job, clash: Clash, checked: Checked, *before: Event) -> Job:
        return await self.ledger.record(job, *before, Rejected(clash.cause, checked.rules, checked.sheets))


def _names(whole: Job) -> Sequence[Name]:
    """Under which the remote has it."""
    return [part_name(whole.name, number) for number in range(1, whole.parts + 1)] or [whole.name]


def _in_words(names: Sequence[tuple[int, Name]]) -> str:
    """Each with its place among all: neighbours are one stretch."""
    stretches = []
    for _, group in groupby(enumerate(names), key=lambda one: one[1][0] - one[0]):
        first, *others = [name for _, (_, name) in group]
        stretches.append(f"{first} to {others[-1]}" if others else first)
    return ", ".join(stretches)


def _missing(parts: Sequence[Job]) -> Iterator[str]:
    """In lines of the file."""
    for part, after in pairwise([*parts, None]):
        if part is not None and part.part is not None and part.state is not State.DONE:
            end = f"line {after.part.line - 1:,}" if after is not None and after.part is not None else "the end"
            yield f"line {part.part.line:,} to {end}"


def _part(job: Job, piece: Piece, known: Job | None, *, comes_back: bool) -> Job | None:
    """What is to be sent of it; None when the remote has these very bytes, and nobody sent them back."""
    if known is None:
        name = part_name(job.name, piece.part.number)
        return replace(new_job(key_of(name), name, job.path, piece.source), part=piece.part)
    if known.state is State.DONE and same_bytes(known, piece.source) and not comes_back:
        return None
    return replace(next_version(known, piece.source), path=job.path, part=piece.part)

"""The versions of a file before the one that is to go: what the remote has of them, and what may stand beside it.

A version in other parts, or of other bytes, may bring rows that are there already, or leave some behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, takewhile

from orchestrator.errors import OutputError
from orchestrator.intake import may_arrive_late, same_bytes, same_file, taken_of
from orchestrator.model import Job, Name, Source, State
from orchestrator.naming import key_of, part_name
from orchestrator.ports import Clock, Ledger, Piece
from orchestrator.trip import Trip

_NOWHERE = (
    "its rows are in no later version, as each holds new ones only: send them as a file of their own; what was mended "
    "of them lies in mended/"
)


@dataclass(frozen=True, kw_only=True)
class Predecessors:
    ledger: Ledger
    clock: Clock
    adds: bool
    """What is sent comes to what was sent before under its Name, as far as anybody knows."""
    increments: bool = False
    """Each version of a file holds nothing but new rows."""

    def why_kept(self, job: Job, pieces: Sequence[Piece]) -> str:
        """Why it cannot go as it is divided now: these very bytes went in other parts, and their rows would be at the
        remote twice. Empty when none would. No *pieces*: it goes whole."""
        before = self.divided(job)
        if before is None or (self.adds and (before.state is State.DONE or self._gives_up(job, before))):
            return ""  # then only what was mended since is judged
        parts = self.parts_of(before)
        now = {part_name(job.name, piece.part.number): piece.source for piece in pieces}
        if all(self._stands_in_for(part, now.get(part.name)) for part in parts if part.state is State.DONE):
            return ""
        return (
            "some of it is at the remote, in other parts than it would go in now, and its rows would be there twice: "
            "set target.part_rows, target.part_bytes, the rules and the files beside it to what they were, or send "
            f"what is missing as a file of its own: {', '.join(_missing(parts))}"
        )

    def _gives_up(self, job: Job, before: Job) -> bool:
        """Whether others of its rows were mended since a person abandoned those of *before*."""
        mends = job.source.mends if job.source is not None else None
        return before.is_abandoned and before.source is not None and mends not in (None, before.source.mends)

    def divided(self, job: Job) -> Job | None:
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
        if known:  # they stand beside whatever was there before, and only what they lack goes
            return None
        others = [version for version in versions if not same_file(version, job.source) or version.state is State.DONE]
        return next((other for other in reversed(others) if self._has_rows_but(now, other)), None)

    def _has_rows_but(self, now: Mapping[Name, Source], whole: Job) -> bool:
        """Whether the remote has rows of it, but for those that go unchanged *now*."""
        if not whole.parts:
            return whole.state is State.DONE
        done = (part for part in self.parts_of(whole) if part.state is State.DONE)
        return not all(self._stands_in_for(part, now.get(part.name)) for part in done)

    def late(self, job: Job) -> Job | None:
        """A part of the version before of which an attempt may still arrive, and undo what its rows are now."""
        before = next((known for known in reversed(self.ledger.versions(job.key)) if known.parts), None)
        now = self.clock.now().timestamp()
        parts = self.parts_of(before) if before is not None and before.version < job.version else []
        return next((part for part in parts if may_arrive_late(part, now)), None)

    def look_back(self, job: Job, trip: Trip) -> None:
        """Tell of what a person should know, now that *job* has ended."""
        trip.left = self.left_behind(job)
        trip.without_events = self._without_events(job)

    def _without_events(self, job: Job) -> str:
        if job.state is not State.DONE or job.checked is None or not (lost := job.checked.lost_events):
            return ""
        told = f"it went without events: {lost:,} of {lost:,} rows of its companion are bad, see rejects/"
        before = next((one for one in reversed(self.ledger.versions(job.key)) if _was_done_before(one, job)), None)
        had = before.checked.events if before is not None and before.checked is not None else None
        if self.adds or before is None or had is None or had.sent is None:
            return told
        return f"{told}; version {before.version}, whose place it took, had {had.rows - had.bad:,} rows of events"

    def left_behind(self, job: Job) -> str:
        """What a person has to do about rows of versions before, now that *job* has ended: a remote that replaces by
        Name may still have some of theirs, which are told when the next one is done; where each version holds new
        rows only, those of one that was not sent are gone with it.
        """
        if job.state is State.SUPERSEDED:
            return _NOWHERE if self.increments else ""
        if self.adds or job.state is not State.DONE or job.version == 1:
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

    def parts_of(self, job: Job) -> list[Job]:
        """Raises OutputError when one is missing: a file of which a part is nowhere must never be called done."""
        names = _names(job)
        parts = [part for name in names if (part := self.ledger.find(key_of(name))) is not None]
        if len(parts) < len(names):
            there_are = f"of {len(names)} parts it has {len(parts)}"
            raise OutputError(f"{job.path}: the ledger is damaged: {there_are}. Restore it from a backup")
        return parts


def _was_done_before(version: Job, job: Job) -> bool:
    return version.version < job.version and version.state is State.DONE


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

"""Mended rows are judged once before they are kept: by themselves, in their file, and beside all others.

A list of which no row is right leaves everything as it is: the list as its person left it, and the file, of which the
remote has what it took, with the version that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.config import Settings
from orchestrator.edges.folder import Folder
from orchestrator.edges.inbox import FolderInbox
from orchestrator.edges.looks import Had
from orchestrator.edges.mended import MendedRows
from orchestrator.edges.suspects import Nobody, Suspects
from orchestrator.model import Digest, Job, Rejected, RelPath, Source, State
from orchestrator.ports import File, Moving, Reading
from orchestrator.validation import BadRow, MendedList, Problem, Verdict
from orchestrator.wiring import make_census, make_inbox

_ALL_LEFT_OUT = (
    "the mapping leaves out all of its rows as they are now, so there is nothing to be sent: delete the list, or mend "
    "them into rows that it does not leave out"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A list, before it is known whether anything of it is right."""

    path: RelPath
    file: File
    job: Job
    """Its newest version: where the remote has that, it stays so until one with these rows is sent."""
    content: Digest
    listed: MendedList
    """What somebody made of it."""
    rows: MendedList
    """The same, with all that was mended before."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a run would make of mended rows, without a trace of it."""

    settings: Settings
    folder: Folder
    spill: Path
    """Where a database may lie meanwhile."""
    had: Callable[[File, Source], Had | None]
    """What the remote has of a file."""
    mended: MendedRows
    suspects: Suspects | Nobody

    async def why_not(self, lists: Iterable[Tried], files: Sequence[File]) -> dict[RelPath, str]:
        """Why nothing of them is right, for those where it is so; *files* are all of the folder.

        What is wrong with one may be so only beside another. Raises StorageError.
        """
        left, causes = {one.path: one for one in lists}, dict[RelPath, str]()
        with self.mended.trying() as trying:
            for one in left.values():
                trying(one.path, one.content, one.rows)
            while found := await self._causes(left, files):
                causes |= found
                for path in found:
                    trying(path, left.pop(path).content, None)
        return causes

    async def _causes(self, lists: Mapping[RelPath, Tried], files: Sequence[File]) -> dict[RelPath, str]:
        if not lists:
            return {}
        told = _Told({path: one.listed.rows.keys() for path, one in lists.items()})
        chosen = {one.file.path for one in lists.values()}
        place = self.spill / "trial.sqlite3"
        census = make_census(self.settings, self.folder, place, self.had, self.mended, self.suspects)
        try:
            inbox = make_inbox(self.settings, self.folder, told, self.spill, None, self.mended, census, self.suspects)
            if census:
                in_order = sorted(files, key=lambda file: file.path not in chosen)
                await census.look(in_order, chosen)
            causes = {path: await _why_not(one, inbox, told) for path, one in lists.items()}
        finally:
            if census:
                census.close()
        return {path: cause for path, cause in causes.items() if cause}


async def _why_not(one: Tried, inbox: FolderInbox, told: _Told) -> str:
    reading = await inbox.read(one.file)
    if not isinstance(reading, Reading):
        return reading.cause
    verdict = await inbox.judge(reading)
    if isinstance(verdict, Moving):
        return verdict.cause
    sheets = verdict.sheets if isinstance(verdict, Rejected) else verdict.checked.sheets
    sheet = sheets and (sheets.events if one.path == one.file.events else sheets.data)
    cause = verdict.cause.removeprefix(f"{one.file.path}: ") if isinstance(verdict, Rejected) else ""
    is_done = one.job.state is State.DONE
    if sheet and sheet.sent and any(line not in sheet.gaps for line in one.listed.rows):
        return cause if is_done else ""
    if problem := told.first.get(one.path):
        what = f"line {problem.line:,}: {problem.rule}: {problem.message}"
        return f"none of its {len(one.listed.rows):,} rows is right yet: {what}"
    if is_done and (not cause or (sheet and sheet.left_out and not sheet.rows)):
        return _ALL_LEFT_OUT
    return cause  # without one the file, which was rejected for the sake of these rows, goes without them


class _Told:
    """In the place of `rejects/`: keeps the first thing that is wrong with a row of each list."""

    def __init__(self, wanted: Mapping[RelPath, Iterable[int]]) -> None:
        self.wanted = {path: frozenset(lines) for path, lines in wanted.items()}
        self.first: dict[RelPath, Problem] = {}

    def lists(self, path: RelPath, source: Digest | None) -> bool:
        return False

    def clear(self, path: RelPath) -> None: ...

    def open(self, path: RelPath, source: Digest) -> _List:
        return _List(path, self)


@dataclass(frozen=True, slots=True)
class _List:
    path: RelPath
    told: _Told

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def add(self, bad: BadRow, names: Sequence[str]) -> None:
        if bad.line in self.told.wanted.get(self.path, ()):
            self.told.first.setdefault(self.path, bad.problems[0])

    def add_fault(self, fault: Problem, names: Sequence[str]) -> None: ...

    def note(self, verdict: Verdict) -> None: ...

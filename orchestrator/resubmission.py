"""Lists of rejects that somebody mended, taken in: the rows are kept by the files that they belong to.

After that the files are sent as files are: with their mended rows they are new versions. What can be told from a
list alone is told here, before anything is kept.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import anyio.to_thread
import structlog

from orchestrator.books import Ending, Trip
from orchestrator.edges.folder import Folder
from orchestrator.edges.inbox import FolderInbox
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.mended import MendedRows
from orchestrator.edges.rejects import Rejects
from orchestrator.errors import Unusable
from orchestrator.intake import same_file, taken_of
from orchestrator.lineage import newest_for, require_absent, sheet_of
from orchestrator.model import Job, RelPath, Sheet, State
from orchestrator.naming import printable
from orchestrator.ports import File, Moving, Reading, Unreadable
from orchestrator.validation import MendedList, Rules, is_in

_TOLD = 20
_BEGINNING = 1 << 20
"""Bytes of a file that are looked at for its columns; a header has to end within."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a list is left as it is."""

    path: RelPath
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    files: frozenset[RelPath]
    """What is to be sent, as far as it is not known already."""
    refusals: tuple[Refusal, ...]
    unlisted: frozenset[RelPath] = frozenset()
    """What was asked for, and has no list: it is made anew when the files have been looked at beside each other."""

    @property
    def remark(self) -> str:
        """What was refused, for a person; the log has all of it."""
        told = [f"{printable(one.path)}: {printable(one.cause)}" for one in self.refusals[:_TOLD]]
        if len(self.refusals) > _TOLD:
            told.append(f"and {len(self.refusals) - _TOLD:,} more: see the log, without -q")
        return "\n".join(told)


class _NoRows(Unusable):
    """What is wrong is the file itself: its list has no row that could be mended."""


async def take_in(
    lists: Sequence[str] | None,
    folder: Folder,
    inbox: FolderInbox,
    ledger: SqliteLedger,
    rejects: Rejects,
    mended: MendedRows,
) -> Taken | None:
    """*lists*: those wanted, or their files, by their paths; all where there are none. None: nobody asked for any."""
    if lists is None:
        return None
    made = Resubmission(folder=folder, inbox=inbox, ledger=ledger, rejects=rejects, mended=mended)
    taken = await made.collect(lists)
    _tell(taken.refusals)
    return taken


def has_unlisted(trip: Trip, listed_at: float) -> bool:
    """Whether the remote refused rows of it that cannot be in its list, because this was written before."""
    job = trip.job
    if job is None or job.checked is None or not job.checked.data.refused:
        return False
    return trip.end is Ending.DONE or (trip.end is Ending.SKIPPED and listed_at <= (job.accepted_at or 0.0))


async def list_anew(
    taken: Taken | None, files: Iterable[File], with_refused: Collection[RelPath], inbox: FolderInbox, rejects: Rejects
) -> Taken | None:
    """Make the lists of files *with refused* rows, to be mended like those that were not sent, and those that were not
    there: the run that was to write one may have been killed before. Returns what became of *taken*."""
    asked, told = taken or Taken(files=frozenset(), refusals=()), list[Refusal]()
    for file in files:
        lost = [path for path in (file.path, file.events) if path in asked.unlisted]
        if file.path in with_refused or any(not rejects.has(path) for path in lost):
            await anyio.to_thread.run_sync(inbox.list_refused, file)
        rows = "bad rows" if file.path in asked.files else "rows that are not at the remote"
        cause = f"its {rows} stand in one now, made anew: mend them there, and resubmit"
        told += [Refusal(path=path, cause=cause) for path in lost if rejects.has(path)]
    _tell(told)
    return replace(asked, refusals=(*asked.refusals, *told)) if taken else None


def _tell(refusals: Iterable[Refusal]) -> None:
    for refusal in refusals:
        structlog.get_logger().info("not_resubmitted", path=printable(refusal.path), cause=refusal.cause)


@dataclass(frozen=True, kw_only=True)
class Resubmission:
    folder: Folder
    inbox: FolderInbox
    ledger: SqliteLedger
    rejects: Rejects
    mended: MendedRows

    async def collect(self, wanted: Sequence[str]) -> Taken:
        listed = await anyio.to_thread.run_sync(self.folder.list)
        by_path = {path: file for file in listed for path in (file.path, file.events) if path is not None}
        files, refusals, unlisted = set[RelPath](), list[Refusal](), set[RelPath]()
        for path in map(self._named, wanted) if wanted else self.rejects.paths():
            file = by_path.get(path)
            try:
                if file is None:
                    raise Unusable(self._why_no_file(path))
                if not self.rejects.has(path):
                    files |= await self._judged_anew(file)
                    unlisted.add(path)
                elif await self._take(path, file):
                    files.add(file.path)
            except Unusable as problem:
                if isinstance(problem, _NoRows) and not wanted:
                    structlog.get_logger().info("nothing_to_resubmit", path=printable(path), cause=str(problem))
                else:
                    refusals.append(Refusal(path=path, cause=str(problem)))
        mended = await anyio.to_thread.run_sync(list, self.mended.left(listed))
        files |= {file.path for file in mended if await anyio.to_thread.run_sync(self._is_left_over, file)}
        return Taken(files=frozenset(files), refusals=tuple(refusals), unlisted=frozenset(unlisted))

    def _is_left_over(self, file: File) -> bool:
        """Whether its mended rows were taken in by one that was killed before they were on their way, or came home."""
        reading = self.inbox.look(file)
        if not isinstance(reading, Reading) or reading.source.mends is None:
            return False
        job = self.ledger.find(reading.key)
        return (
            job is not None and same_file(job, reading.source) and (job.state.is_open or job.source != reading.source)
        )

    def _named(self, wanted: str) -> RelPath:
        """The file that is meant, wherever its list or itself is pointed to."""
        for root in (self.rejects.folder, self.folder.root):
            with suppress(ValueError):
                return RelPath(Path(wanted).resolve().relative_to(root.resolve()).as_posix())
        return RelPath(wanted)

    def _why_no_file(self, path: RelPath) -> str:
        if path in self.rejects.paths():
            return (
                "its file is not in the input folder any more: put it back, or give up its rows and delete the list, "
                f"{printable(str(self.rejects.folder / path))}. Lists that are named go without a look at it"
            )
        return (
            "neither a list of rejects nor a file of the input folder is called that: name a list by its path below "
            f"{self.rejects.folder}, or name none for all of them"
        )

    async def _take(self, path: RelPath, file: File) -> bool:
        """Whether one of its rows is right now. Raises Unusable."""
        return await anyio.to_thread.run_sync(self._keep, path, await self._look(file))

    async def _look(self, file: File) -> Reading:
        """Raises Unusable."""
        match await anyio.to_thread.run_sync(self.inbox.look, file):
            case Moving(cause) | Unreadable(cause):
                raise Unusable(cause)
            case Reading() as reading:
                return reading
        raise AssertionError("a reading is one of three")

    async def _judged_anew(self, file: File) -> set[RelPath]:
        """The file, without its list, if the run judges it, which makes that anew. Raises Unusable."""
        if await anyio.to_thread.run_sync(self._is_left_over, file):
            return {file.path}
        reading = await self._look(file)
        job = newest_for(self.ledger.find(reading.key), reading, adds=self.mended.adds)
        return {file.path} if job.state is State.REJECTED else set()

    def _keep(self, path: RelPath, reading: Reading) -> bool:
        is_events = path == reading.file.events
        job = newest_for(self.ledger.find(reading.key), reading, adds=self.mended.adds)
        sheet = sheet_of(job, is_events=is_events)
        content = reading.source.events if is_events else reading.source.data
        assert content is not None
        if sheet is None:
            raise Unusable("its rows were not judged: run again, which makes the list anew")
        rules = self.inbox.events_rules if is_events else self.inbox.data_rules
        listed = self._list(path, rules, sheet)
        for version in self._versions(job):
            if (judged := sheet_of(version, is_events=is_events)) is not None:
                require_absent(listed.rows, judged, version)
        listed.require_right(rules)
        earlier = self.mended.list_of(path, content)
        taken = taken_of(self.ledger.versions(job.key), reading.source)
        listed = replace(listed, after=taken[-1].version if taken else 0)
        if earlier:  # what was sent back since then is on its way, though its list may have been made anew
            listed = listed.over(earlier.but_for(sheet.refused) if earlier.after < listed.after else earlier)
        self.mended.keep(path, content, listed)
        self.rejects.taken_in(path)
        return True

    def _versions(self, newest: Job) -> list[Job]:
        """Those of this file that a row may stand in already: where each replaces the one before, the newest alone."""
        if not self.mended.adds:
            return [newest]
        before = [job for job in self.ledger.versions(newest.key) if same_file(job, newest.source)]
        return [newest, *(job for job in before if job.state is State.DONE)]

    def _list(self, path: RelPath, rules: Rules, sheet: Sheet) -> MendedList:
        listed = self.rejects.read(path)
        faults = [row.line for row in listed.rows.values() if row.is_blank and not is_in(sheet.unsent, row.line)]
        if faults:
            kind = _NoRows if len(faults) == len(listed.rows) else Unusable
            raise kind(f"line {faults[0]:,} has a fault of the whole file: mend the file in its place, and run")
        ordered = listed.ordered(self._columns(path, rules))
        if ordered is None:
            raise Unusable("its columns are not those of its file: keep them as they were")
        return ordered

    def _columns(self, path: RelPath, rules: Rules) -> tuple[str, ...]:
        try:
            with os.fdopen(self.folder.open(path), "rb") as content:
                judge = rules.judge()
                judge.feed(content.read(_BEGINNING))
                judge.close()
        except OSError as error:
            raise Unusable(f"its file cannot be read ({error.strerror}): mend its permissions") from None
        return judge.names

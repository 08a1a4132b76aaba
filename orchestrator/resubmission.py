"""Lists of rejects that somebody mended, taken in: the rows are kept by the files that they belong to.

After that the files are sent as files are: with their mended rows they are new versions. A list of which nothing is
right is told here, before anything is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import anyio.to_thread
import structlog

from orchestrator.edges.folder import Folder
from orchestrator.edges.inbox import FolderInbox
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.mended import MendedRows
from orchestrator.edges.placed import placing_in
from orchestrator.edges.rejects import Rejects
from orchestrator.edges.sheets import heed_a_stop
from orchestrator.errors import Unusable
from orchestrator.intake import same_file, taken_of
from orchestrator.lineage import failed_first, is_unlisted, newest_for, require_absent, require_rows, sheet_of
from orchestrator.model import Job, RelPath, State
from orchestrator.naming import printable
from orchestrator.ports import File, Moving, Reading, Unreadable
from orchestrator.ranges import Ranges
from orchestrator.trial import Trial, Tried
from orchestrator.validation import MendedList, Rules

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
    def missed(self) -> list[RelPath]:
        return [one.path for one in self.refusals]

    @property
    def remark(self) -> str:
        """What was refused, for a person; the log has all of it."""
        told = [f"{printable(one.path)}: {printable(one.cause)}" for one in self.refusals[:_TOLD]]
        if len(self.refusals) > _TOLD:
            told.append(f"and {len(self.refusals) - _TOLD:,} more: see the log, without -q")
        return "\n".join(told)


async def take_in(
    lists: Sequence[str] | None,
    folder: Folder,
    inbox: FolderInbox,
    ledger: SqliteLedger,
    rejects: Rejects,
    mended: MendedRows,
    trial: Trial,
) -> Taken | None:
    """*lists*: those wanted, or their files, by their paths; all where there are none. None: nobody asked for any."""
    if lists is None:
        return None
    made = Resubmission(folder=folder, inbox=inbox, ledger=ledger, rejects=rejects, mended=mended, trial=trial)
    taken = await made.collect(lists)
    tell(taken.refusals)
    return taken


def tell(refusals: Iterable[Refusal]) -> None:
    for refusal in refusals:
        structlog.get_logger().info("not_resubmitted", path=printable(refusal.path), cause=refusal.cause)


@dataclass(frozen=True, kw_only=True)
class Resubmission:
    folder: Folder
    inbox: FolderInbox
    ledger: SqliteLedger
    rejects: Rejects
    mended: MendedRows
    trial: Trial

    async def collect(self, wanted: Sequence[str]) -> Taken:
        listed = await anyio.to_thread.run_sync(self.folder.list)
        by_path = {path: file for file in listed for path in (file.path, file.events) if path is not None}
        files, refusals, unlisted = set[RelPath](), list[Refusal](), set[RelPath]()
        tried = list[Tried]()
        for path in map(self._named, wanted) if wanted else self.rejects.paths():
            file = by_path.get(path)
            try:
                if file is None:
                    raise Unusable(self._why_no_file(path))
                if not self.rejects.has(path):
                    files |= await self._judged_anew(file)
                    unlisted.add(path)
                else:
                    tried.append(await self._take(path, file))
            except Unusable as problem:
                refusals.append(Refusal(path=path, cause=str(problem)))
        causes = await self.trial.why_not(tried, listed)
        refusals += [Refusal(path=path, cause=cause) for path, cause in causes.items()]
        for one in tried:
            if one.path not in causes:
                await anyio.to_thread.run_sync(self.mended.keep, one.path, one.content, one.rows)
                await anyio.to_thread.run_sync(self.rejects.taken_in, one.path)
                files.add(one.file.path)
        for file in await anyio.to_thread.run_sync(list, self.mended.left(listed)):
            if await anyio.to_thread.run_sync(self._is_left_over, file):
                files.add(file.path)
            elif await anyio.to_thread.run_sync(self._lacks_its_list, file):
                files.add(file.path)
                unlisted.add(file.path)
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

    def _lacks_its_list(self, file: File) -> bool:
        """Whether the remote refused rows of it, and the one who was to list them was killed then."""
        reading = self.inbox.look(file)
        job = self.ledger.find(reading.key) if isinstance(reading, Reading) else None
        return job is not None and job.path == file.path and is_unlisted(job, self.rejects.written(file.path))

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

    async def _take(self, path: RelPath, file: File) -> Tried:
        """What is in it, if one of its rows may be right now. Raises Unusable."""
        return await anyio.to_thread.run_sync(self._read, path, await self._look(file))

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

    def _read(self, path: RelPath, reading: Reading) -> Tried:
        is_events = path == reading.file.events
        job = newest_for(self.ledger.find(reading.key), reading, adds=self.mended.adds)
        sheet = sheet_of(job, is_events=is_events)
        content = reading.source.events if is_events else reading.source.data
        assert content is not None
        if sheet is None:
            raise Unusable("its rows were not judged: run again, which makes the list anew")
        if not self.rejects.is_of(path, content):
            raise Unusable("it was made of another version of its file: run, which makes it anew, and resubmit then")
        rules = self.inbox.events_rules if is_events else self.inbox.data_rules
        unsent = sheet.gather_unsent()
        listed, earlier = self._list(path, rules, unsent), self.mended.list_of(path, content)
        require_rows(listed.rows, job)
        self._require_rejected(listed, job, is_events=is_events)
        versions = taken_of(self.ledger.versions(job.key), reading.source)
        if self.mended.adds and job.is_abandoned and not versions:  # all of it would go, and not the mended rows alone
            raise Unusable(failed_first(job))
        taken = [one for each in versions if (one := sheet_of(each, is_events=is_events)) is not None]
        placing = placing_in(self.folder, path, rules, listed, earlier, taken)
        listed = placing.close(lambda line: line not in unsent)
        self._require_rejected(listed, job, is_events=is_events)
        listed.require_right(rules, heed_a_stop)
        rows = listed = replace(listed, after=versions[-1].version if versions else 0)
        if earlier and job.is_abandoned:  # nobody knows whether its rows arrived, and they are not to go again
            earlier = earlier.on(unsent)
        if earlier:  # what was sent back since then is on its way, though its list may have been made anew
            rows = listed.over(earlier.but_for(sheet.refused) if earlier.after < listed.after else earlier)
        placing.require_all_lines(rows)
        rows = placing.beside_accepted(rows)
        return Tried(path=path, file=reading.file, job=job, content=content, listed=listed, rows=rows)

    def _require_rejected(self, listed: MendedList, job: Job, *, is_events: bool) -> None:
        for version in self._versions(job):
            if (judged := sheet_of(version, is_events=is_events)) is not None:
                require_absent(listed.rows, judged, version)

    def _versions(self, newest: Job) -> list[Job]:
        """Those of this file that a row may stand in already: where each replaces the one before, the newest alone."""
        if not self.mended.adds:
            return [newest]
        before = [job for job in self.ledger.versions(newest.key) if same_file(job, newest.source)]
        return [newest, *(job for job in before if job.state is State.DONE)]

    def _list(self, path: RelPath, rules: Rules, unsent: Ranges) -> MendedList:
        listed = self.rejects.read(path)
        faults = [row.line for row in listed.rows.values() if row.is_blank and row.line not in unsent]
        if faults:
            raise Unusable(f"line {faults[0]:,} has a fault of the whole file: mend the file in its place, and run")
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

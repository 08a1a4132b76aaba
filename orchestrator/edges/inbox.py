"""Reads a file of the input folder once, and judges what it read.

Small files are read, hashed and judged some 32 to a thread hop and stay in memory until they are sent.
Large ones are never held: they are hashed first, and judged as a stream.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import anyio
import anyio.to_thread

from orchestrator import naming
from orchestrator.edges.batcher import Batcher, Hop, each, in_thread
from orchestrator.edges.census import Census
from orchestrator.edges.contents import contents_of, contents_of_part, unreadable
from orchestrator.edges.folder import Folder
from orchestrator.edges.judged import Judged, Policy
from orchestrator.edges.mended import MendedRows, nothing_mended
from orchestrator.edges.pieces import mark_of, pieces_of
from orchestrator.edges.sheets import RejectsLists, SheetReader
from orchestrator.edges.suspects import NOBODY, Nobody, Suspects
from orchestrator.errors import SourceChanged, Unusable
from orchestrator.model import Checked, Digest, Job, Rejected, RelPath, Source
from orchestrator.ports import HELD_LIMIT, Body, File, InParts, Moving, Prepared, Reading, Unreadable, Verdict
from orchestrator.validation import CANONICAL, UNLIMITED, Dialect, Limits, Mapping, Rules, Schema, Shelves, rules_digest

BATCH = 32


_POLICIES = ("drop_rows", "reject_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxConfig:
    data: tuple[Schema, ...]
    """The header of a file says of which of them it is."""
    events: tuple[Schema, ...]
    name: str
    encoding: str = "utf-8"
    dialect: Dialect = CANONICAL
    mapping: Mapping | None = None
    """Of the files, not of their companions."""
    drop_rows: bool = False
    events_required: bool = False
    limits: Limits = UNLIMITED
    shelves: Shelves | None = None


class FolderInbox:
    def __init__(
        self,
        folder: Folder,
        rejects: RejectsLists,
        config: InboxConfig,
        *,
        is_new: Callable[[Reading], bool] = lambda reading: False,
        mended: MendedRows | None = None,
        census: Census | None = None,
        suspects: Suspects | Nobody = NOBODY,
        hop: Hop = in_thread,
    ) -> None:
        """What *is_new* says yes to is judged on the journey on which it was read; it is called in a thread. With a
        *census* no file is taken that it has not seen as it is.
        """
        self._folder = folder
        self._is_new = is_new
        self._census = census
        self._suspects = suspects
        self._rejects = rejects
        self._mended = mended or nothing_mended()
        self._config = config
        self._sheets = SheetReader(folder, rejects, suspects)
        companion = replace(config.dialect, skip_rows=0)
        self.events_rules = Rules(config.events, config.encoding, companion, shelves=config.shelves)
        self.data_rules = replace(
            self.events_rules, schemas=config.data, dialect=config.dialect, mapping=config.mapping, limits=config.limits
        )
        self._policy = Policy(drop_rows=config.drop_rows, events_required=config.events_required)
        digest = partial(rules_digest, (*config.data, *config.events), config.encoding)
        policy, other = _POLICIES if config.drop_rows else _POLICIES[::-1]
        self.rules = digest(policy, config.dialect, config.mapping)
        self.rules_but_policy = digest(other, config.dialect, config.mapping)
        self._one_by_one = anyio.CapacityLimiter(1)  # parts: more at a time would only take more memory
        read = partial(each, self._read_and_judge)
        self._reads: Batcher[File, Reading | Unreadable | Moving] = Batcher(read, limit=BATCH, hop=hop)
        self._judgements: Batcher[Reading, Verdict] = Batcher(partial(each, self._judge), limit=BATCH, hop=hop)

    async def read(self, file: File, job: Job | None = None) -> Reading | Unreadable | Moving:
        if job is not None:
            return await anyio.to_thread.run_sync(self._read_part, file, job, limiter=self._one_by_one)
        if file.size > HELD_LIMIT:
            return await anyio.to_thread.run_sync(self._read_seen, file)
        return await self._reads(file)

    async def judge(self, reading: Reading) -> Verdict:
        if reading.verdict is not None:
            return reading.verdict
        if reading.data is None:
            return await anyio.to_thread.run_sync(self._judge, reading)
        return await self._judgements(reading)

    async def is_settled(self, job: Job, file: File) -> bool:
        source = job.source
        pairs = [(file.path, source.data), (file.events, source.events)] if source else []
        listed = any(self._rejects.lists(path, content) for path, content in pairs if path is not None)
        return self._policy.upholds(job.rules, self.rules_for(file.path)) and listed

    def rules_for(self, path: RelPath) -> str:
        """What a file was found to be beside others decides about it as the rules do."""
        return self._census.rules_for(path, self.rules) if self._census else self.rules

    def _read_and_judge(self, file: File) -> Reading | Unreadable | Moving:
        reading = self._read_seen(file)
        if isinstance(reading, Reading) and reading.data is not None and self._is_new(reading):
            return replace(reading, data=None, events=None, verdict=self._judge(reading))
        return reading

    def _read_seen(self, file: File) -> Reading | Unreadable | Moving:
        reading = self.look(file)
        if self._census and isinstance(reading, Reading) and not self._census.has_seen(file.path, reading.source):
            if self._census.read_alone(file.path):
                return Moving("the program died more than once while it read it, so it was read alone first")
            return Moving("it is not the file any more that was checked beside the others")
        return reading

    def look(self, file: File) -> Reading | Unreadable | Moving:
        """Which bytes it is, and under which Name. Nothing is judged, and no list made anew. Called in a thread."""
        if refused := self._suspects.why_refused(file.path):
            return Unreadable(refused)
        subject, events, events_digest = "it", None, None
        try:
            data, data_digest = contents_of(self._folder, file.path, file.stamp)
            if file.events:
                subject = f"its file of events, {file.events},"
                events, events_digest = contents_of(self._folder, file.events, file.events_stamp)
        except SourceChanged as change:
            return Moving(f"{subject} {change}")
        except FileNotFoundError:
            return Moving(f"{subject} went away after it was listed")
        except OSError as error:
            return unreadable(subject, error)
        source = Source(data=data_digest, events=events_digest, size=file.size)
        try:
            source = replace(source, mends=self._digest_of_mends(file, source))
        except Unusable as problem:
            return Unreadable(str(problem))
        name = naming.name_of(self._config.name, file.path, source)
        if name is None:
            return Unreadable("target.name asks for {date}, and this path holds none. Rename the file")
        held = data is not None and (file.events is None or events is not None)
        return Reading(
            file=file,
            source=source,
            name=name,
            key=naming.key_of(name),
            data=data if held else None,
            events=events if held else None,
        )

    def _read_part(self, file: File, job: Job) -> Reading | Unreadable | Moving:
        """What the part begins with, and its own rows: as if they were a file. Judged at once."""
        assert job.part is not None
        assert job.source is not None
        try:
            verdict = self._judge_part(job, contents_of_part(self._folder, file.path, job.part, file.stamp))
        except SourceChanged as change:
            return Moving(f"it {change}")
        except Unusable as problem:
            return Unreadable(str(problem))
        except FileNotFoundError:
            return Moving("it went away after it was listed")
        except OSError as error:
            return unreadable("it", error)
        return Reading(
            file=file, source=job.source, name=job.name, key=job.key, data=None, events=None, verdict=verdict
        )

    def _judge(self, reading: Reading) -> Verdict:
        try:
            return self._judge_whole(reading)
        except SourceChanged as change:
            return Moving(str(change))
        except Unusable as problem:
            return Rejected(str(problem), self.rules_for(reading.file.path))
        except OSError as error:
            return Moving(f"it could not be read to its end while it was checked ({error.strerror})")

    def list_refused(self, file: File) -> None:
        """Put the rows that the remote did not take into the list of rejects, beside those that were not sent to it."""
        reading = self.look(file)
        if isinstance(reading, Reading):
            with suppress(SourceChanged, OSError):  # then the next version of the file is what counts
                self._judge_whole(reading, listing=True)

    def _judge_whole(self, reading: Reading, *, listing: bool = False) -> Verdict:
        file, source, dialect = reading.file, reading.source, self._config.dialect
        mends = self._mended.of_file(file.path, source, dialect, reading.key, listing=listing)
        rules = self._census.about(file.path, self.data_rules) if self._census else self.data_rules
        data = self._sheets.judge(rules, file.path, reading.data, source.data, mends)
        events = None
        if file.events is None or source.events is None:
            if (gone := self._folder.companion_of(file.path)) is not None:
                self._rejects.clear(gone)
        else:
            mends = self._mended.of(file.events, source.events, dialect)
            events = self._sheets.judge(self.events_rules, file.events, reading.events, source.events, mends)
        if source.mends != self._digest_of_mends(file, source):
            return Moving("its mended rows changed while it was checked")
        verdict = self._policy.decide(data, events, self.rules_for(file.path))
        if isinstance(verdict, Prepared) and data.cuts:
            return self._divide(file, data, verdict.checked)
        return verdict

    def _digest_of_mends(self, file: File, source: Source) -> Digest | None:
        return self._mended.digest((file.path, source.data), (file.events or file.path, source.events))

    def _judge_part(self, job: Job, content: bytes) -> Prepared | Rejected:
        mends = self._mended.of_part(job, self._config.dialect)
        text = self._sheets.judge_part(self.data_rules, job, content, mends)
        if text is None or job.checked is None:
            return Rejected("the file was replaced, or it is judged otherwise now")
        return Prepared(Checked(job.checked, self.rules_for(job.path)), Body(data=text))

    def _divide(self, file: File, data: Judged, checked: Checked) -> InParts | Rejected:
        objection = ""
        if file.events is not None:
            objection = "it has events, and what belongs together cannot be sent in parts: make it smaller"
        elif not data.starts:
            objection = "it is larger than one part, and its encoding cannot be divided: save it as UTF-8"
        if objection:
            return Rejected(f"{file.path}: {objection}", checked.rules, checked.sheets)
        mark = mark_of(self._folder.beginning(file.path))
        pieces = pieces_of(data.sheet, data.header_line, data.cuts, data.starts, mark=mark, rules=checked.rules)
        return InParts(checked, pieces)

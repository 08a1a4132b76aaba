"""Reads every listed file once before anything is sent, and tells what is wrong with each beside the others.

A file with a fault is passed over here: its own check tells about it. As long as it is in the folder nobody knows all
that it holds, so whoever asks for what nobody else holds waits for it.

Where bad rows are dropped, what only rows hold that do not get to the remote is nobody's: first those are given up that
ask strictly for what nobody holds, and all that hang on them; then those that another file has, and all that hang on
these. What is given up stays so.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

import anyio.to_thread

from orchestrator.edges.aftermath import Aftermath
from orchestrator.edges.contents import contents_of
from orchestrator.edges.folder import Folder
from orchestrator.edges.looks import Had, Look, in_order, lacking_rows, may_go, who_may_hold_more
from orchestrator.edges.mended import MendedRows, nothing_mended
from orchestrator.edges.registry import Found, Place, Registry
from orchestrator.edges.sheets import CHUNK
from orchestrator.edges.suspects import NOBODY, Nobody, Suspects
from orchestrator.errors import SourceChanged
from orchestrator.model import Digest, RelPath, Source
from orchestrator.ports import File
from orchestrator.precedence import Precedence
from orchestrator.validation import (
    Asking,
    Relations,
    Remark,
    Rule,
    Rules,
    Severity,
    SourceLines,
    Ties,
    in_turn,
)

_AT_ONCE = 8
"""Pieces of files that are read on one journey to a thread: a stop waits for no more than these."""
_LINES_KEPT = 16
"""Files of which it is held in memory which lines their rows stand on."""


class Census:
    def __init__(
        self,
        folder: Folder,
        rules: Rules,
        relations: Relations,
        place: Path,
        *,
        drop_rows: bool,
        mended: MendedRows | None = None,
        suspects: Suspects | Nobody = NOBODY,
        had: Callable[[File, Source], Had | None] = lambda file, source: None,
    ) -> None:
        """*place* is where its database may lie. *had* says what the remote has; None where it has nothing of these
        bytes. Called in a thread."""
        self._folder = folder
        self._rules = rules
        self._relations = relations
        self._drop_rows = drop_rows
        self._had = had
        self._mended = mended or nothing_mended()
        self._suspects = suspects
        self._registry = Registry(place, [relations.is_own(pool) for pool in range(len(relations.pools))])
        self._lines = lru_cache(maxsize=_LINES_KEPT)(self._registry.lines)
        self._looks: dict[RelPath, Look] = {}
        self._ranked: list[Look] = []
        self._aftermath = Aftermath(self._registry, self._lines, had, in_turn=drop_rows)

    def close(self) -> None:
        self._registry.close()

    @property
    def entries(self) -> int:
        return self._registry.entries

    async def look(self, files: Sequence[File], chosen: Collection[RelPath]) -> Precedence:
        """*files* stand in the order in which they are sent; only the *chosen* are. Raises StorageError."""
        needs: dict[RelPath, set[RelPath]] = defaultdict(set)
        steps = self._steps(files, {*chosen}, needs)
        while await anyio.to_thread.run_sync(list, islice(steps, _AT_ONCE)):
            pass
        return Precedence.of(needs)

    def end(self, path: RelPath, *, refused: bool) -> None:
        """It is done; where rows of it were *refused*, whoever asks for these is told so when it is read."""
        if look := self._looks.get(path):
            self._aftermath.end(look, refused=refused)

    def has_seen(self, path: RelPath, source: Source) -> bool:
        """Whether these are the bytes that were looked at, and the rows that were mended of them."""
        self._aftermath.take_in(self._looks.values(), self._mark)
        seen = self._looks[path].source if path in self._looks else None
        return seen is not None and (seen.data, seen.mends) == (source.data, source.mends)

    def read_alone(self, path: RelPath) -> bool:
        """A suspect, which was not looked at beside the others: if nothing dies of it now it is none any more."""
        if self._suspects.deaths(path) > 1 and (look := self._looks.get(path)):
            deque(self._watched(look), maxlen=0)
            return True
        return False

    def about(self, path: RelPath, rules: Rules) -> Rules:
        """*rules*, with what there is to be said of this file beside others."""
        look = self._looks.get(path)
        if look is None or next(self._registry.findings(look.number), None) is None:
            return rules
        return replace(rules, remarks=lambda: in_turn(self._remarks(look)))

    def rules_for(self, path: RelPath, rules: str) -> str:
        """The name of the rules that a file is judged by, which changes with those of its rows that are kept back."""
        mark = self._looks[path].mark if path in self._looks else ""
        return hashlib.sha256(f"{rules}{mark}".encode()).hexdigest() if mark else rules

    def _steps(
        self, files: Sequence[File], chosen: Collection[RelPath], needs: dict[RelPath, set[RelPath]]
    ) -> Iterator[None]:
        """A step is a piece of a file, or one question to the database."""
        for number, file in enumerate(files):
            look = self._looks[file.path] = Look(number=number, file=file)
            is_suspect = self._suspects.deaths(file.path) > 1  # one death may have been anybody's
            look.is_unread = is_suspect and not (file.fault or self._suspects.why_refused(file.path))
            if not (file.fault or is_suspect):
                yield from self._watched(look)
        self._ranked = in_order(self._looks.values(), chosen, drop_rows=self._drop_rows)
        unsure = who_may_hold_more(self._relations, self._ranked, drop_rows=self._drop_rows)
        self._settle(chosen, [pool for pool, paths in unsure.items() if not paths])
        yield
        if self._drop_rows:
            yield from self._registry.give_up_dangling()
        self._registry.find_twice()
        yield
        if self._drops_twice:
            yield from self._registry.give_up_twice()
        self._registry.object_to_dangling()
        yield
        for pool, paths in unsure.items():
            for rank in self._registry.dangling(pool) if paths else ():
                needs[self._ranked[rank].file.path] |= paths
            yield
        # A row is left out of a file for the sake of another only when that one is at the remote.
        doubles = self._registry.doubles() if self._drops_twice else ()
        for child, parent in chain(self._registry.needs(), doubles):
            needs[self._ranked[child].file.path].add(self._ranked[parent].file.path)
        for look in self._ranked:
            if look.kind and self._relations.may_keep_back(look.kind):
                self._mark(look)
                yield

    @property
    def _drops_twice(self) -> bool:
        return self._drop_rows and self._relations.duplicates is Severity.ERROR

    def _watched(self, look: Look) -> Iterator[None]:
        with self._suspects.reading(look.file.path):
            yield from self._read(look)

    def _read(self, look: Look) -> Iterator[None]:
        mends = self._mended.beforehand(self._folder, look.file.path, self._rules.dialect)
        judge, digest = self._rules.judge(mends=mends), hashlib.sha256()
        ties: Ties | None = None

        def enter(text: str) -> None:
            nonlocal ties
            if text:
                ties = ties or Ties(self._relations, judge.schema)
                for tie in ties.read(text):
                    self._registry.enter(tie, look.number)

        try:
            with os.fdopen(self._folder.open(look.file.path), "rb", buffering=0) as content:
                while chunk := content.read(CHUNK):
                    digest.update(chunk)
                    enter(judge.feed(chunk))
                    yield
            data = Digest(digest.hexdigest())
            events = contents_of(self._folder, look.file.events, None)[1] if look.file.events else None
        except (OSError, SourceChanged):
            return  # it cannot be taken either
        enter(judge.close())
        verdict = judge.verdict
        look.kind, look.is_faulty = verdict.schema, verdict.fault is not None
        look.bad, look.good = verdict.bad, verdict.rows - verdict.bad
        self._registry.note_lines(look.number, header=verdict.header, gaps=verdict.gaps)
        if ties:
            look.columns = ties.columns(judge.names, self._rules.mapping)
        kept = self._mended.digest((look.file.path, data), (look.file.events or look.file.path, events))
        look.source = Source(data=data, events=events, mends=kept, size=look.file.size)
        if had := self._had(look.file, look.source):
            look.had = had
            lines = SourceLines(verdict.header, verdict.gaps)
            lacking = lacking_rows(lines, look.good, had)
            self._registry.note_lacking(look.number, ((row, may_go(lines[row], had, mends)) for row in lacking))

    def _settle(self, chosen: Collection[RelPath], sure: Sequence[int]) -> None:
        drop_rows = self._drop_rows
        ranked = enumerate(self._ranked)
        standings = ((look.number, look.standing(rank, chosen, drop_rows=drop_rows)) for rank, look in ranked)
        self._registry.settle(standings, sure)

    def _mark(self, look: Look) -> None:
        digest, is_any = hashlib.sha256(), False
        for remark in self._remarks(look):
            if remark.severity is Severity.ERROR:
                digest.update(repr(remark).encode())
                is_any = True
        look.mark = digest.hexdigest() if is_any else ""

    def _remarks(self, look: Look) -> Iterator[Remark]:
        lines: SourceLines | None = None
        warned: dict[tuple[int | None, int], str] = {}
        for found in self._registry.findings(look.number):
            lines = lines or self._lines(look.number)
            asking = self._relations.askings[look.kind][found.way] if found.way is not None else None
            severity = asking.severity if asking else self._relations.duplicates
            others = (found.way, found.other.rank if found.other else -1)
            words = warned[others] if others in warned else self._words(found, asking)
            if severity is Severity.WARNING:
                warned.setdefault(others, words)  # warnings are counted by their words
            rule = Rule.REFERENCE if asking else Rule.UNIQUE
            yield Remark(lines[found.row], look.columns[found.pool, found.way], rule, words, severity)

    def _words(self, found: Found, asking: Asking | None) -> str:
        place = self._place(found.other) if found.other else ""
        if asking is None:
            return f"the same as in {place}: take one of the two out"
        if place:
            return f"the row that has it, in {place}, does not get to the remote: mend that one, or correct the cell"
        kinds = " or ".join(asking.reference.kinds)
        return f"no good row of {kinds} has it: add that row, mend it where it is bad, or correct the cell"

    def _place(self, place: Place) -> str:
        look = self._ranked[place.rank]
        return f"{look.file.path}, line {self._lines(look.number)[place.row]:,}"

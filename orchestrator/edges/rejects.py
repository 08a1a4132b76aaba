"""`rejects/`: for every file with bad rows, a CSV of just these rows and what is wrong with each.

Cells stand in it as they came, also where a spreadsheet would take one for a formula: they are there to be mended
and sent, and a sign put in front of one would be a wrong value at the remote.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cached_property
from math import inf
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias

import structlog

from orchestrator.edges.atomic import storing, whole_file
from orchestrator.edges.edits import Edits, LeftAsItIs
from orchestrator.edges.workplace import state_folder
from orchestrator.errors import Unusable
from orchestrator.model import Digest, RelPath
from orchestrator.naming import printable
from orchestrator.validation import BadRow, MendedList, Problem, Rule, Verdict, read_mended, reject_header, reject_line

Objected: TypeAlias = Callable[[RelPath, Digest], Mapping[int, str]]
"""Of a file, when its bytes were these: the columns that the remote objects to, by line, as far as they are known."""


class Rejects:
    def __init__(
        self, folder: Path, objected: Objected = lambda path, content: {}, *, increments: bool = False
    ) -> None:
        """*objected* is asked only where a row is listed that the remote refused. *increments*: each version of a file
        holds nothing but new rows."""
        self.folder = folder
        self.objected = objected
        self.edits = Edits(folder, state_folder(folder.parent) / "lists", increments=increments)
        self._read: dict[RelPath, Digest] = {}

    def has(self, path: RelPath) -> bool:
        return (self.folder / path).exists()

    def lists(self, path: RelPath, source: Digest | None) -> bool:
        return self.has(path) and self.is_of(path, source)

    def is_of(self, path: RelPath, source: Digest | None) -> bool:
        """Whether its list, or that it has none, tells of this content of it, as far as anybody knows."""
        return self.edits.is_of(path, source)

    def written(self, path: RelPath) -> float:
        """Unix time at which the program did so, whoever wrote into it or deleted it since; long ago where there never
        was a list."""
        noted = self.edits.written_at(path)
        try:
            return min((self.folder / path).stat().st_mtime, noted or inf)
        except OSError:
            return noted

    def paths(self) -> list[RelPath]:
        """Of all files that have a list."""
        places = (place for place in self.folder.rglob("*") if place.is_file() and not place.name.startswith("."))
        return sorted(RelPath(place.relative_to(self.folder).as_posix()) for place in places)

    def read(self, path: RelPath) -> MendedList:
        """What somebody made of it. Raises Unusable."""
        try:
            file = _Hashed(self.folder / path)
            with io.TextIOWrapper(io.BufferedReader(file), encoding="utf-8-sig", newline="") as text:
                listed = read_mended(text)
                self._read[path] = file.content
                return listed
        except OSError as error:
            raise Unusable(f"its list cannot be read ({error.strerror}): mend its permissions") from None
        except ValueError as error:
            raise Unusable(str(error)) from None

    def taken_in(self, path: RelPath) -> None:
        """What was read of its list is kept elsewhere by now. Raises StorageError or OutputError."""
        self.edits.expect(path, self._read[path])

    def clear(self, path: RelPath, source: Digest | None = None) -> None:
        """The newest version of the file, the *source* if it is there, has no bad rows: its old list would mislead.
        Raises SourceChanged where it cannot be told whether somebody wrote into it."""
        place = self.folder / path
        with storing(place):
            try:
                self.edits.make_way(path, None, source)
                place.unlink()
                self.edits.taken_away(path, source)
            except FileNotFoundError:
                return
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:  # a name that cannot be has no list
                    raise

    def open(self, path: RelPath, source: Digest) -> RejectsFile:
        return RejectsFile(self, self.folder / path, path, source)


class RejectsFile:
    """Comes into being with the first bad row, and into place when the block ends well."""

    def __init__(self, rejects: Rejects, place: Path, path: RelPath, source: Digest) -> None:
        self._rejects = rejects
        self._place = place
        self._path = path
        self._source = source
        self._stack = ExitStack()
        self._text: _Text | None = None

    def __enter__(self) -> Self:
        return self

    def add(self, bad: BadRow, names: Sequence[str]) -> None:
        if any(problem.rule is Rule.REFUSED for problem in bad.problems):
            bad = replace(bad, problems=tuple(self._about(bad.line, problem, names) for problem in bad.problems))
        with storing(self._place):
            self._append(reject_line(bad, names), names)

    def _about(self, line: int, problem: Problem, names: Sequence[str]) -> Problem:
        """Which of the columns the remote objects to, where that is known and the file has it."""
        if problem.rule is not Rule.REFUSED:
            return problem
        told = self._objected.get(line, "").casefold()
        return replace(problem, name=next((name for name in names if told and name.strip().casefold() == told), ""))

    @cached_property
    def _objected(self) -> Mapping[int, str]:
        return self._rejects.objected(self._path, self._source)

    def add_fault(self, fault: Problem, names: Sequence[str]) -> None:
        """A fault of the whole file stands in the list as a line without cells."""
        self.add(BadRow(line=fault.line, last_line=fault.line, raw="", cells=None, problems=(fault,)), names)

    def note(self, verdict: Verdict) -> None:
        """What stands in no list stands in the log: columns, rules and counts, but no cell."""
        log = structlog.get_logger()
        if verdict.warnings:
            told = ", ".join(f"{w.problem.rule} in {printable(w.problem.name)} ({w.count:,})" for w in verdict.warnings)
            log.warning("warnings", path=printable(self._path), schema=verdict.schema, found=told)
        if verdict.left_out:
            log.info("left_out", path=printable(self._path), rows=verdict.left_out, cause="the mapping takes them out")

    def _append(self, line: list[str], names: Sequence[str]) -> None:
        if self._text is None:
            self._text = _Text(self._stack.enter_context(whole_file(self._place)))
            csv.writer(self._text).writerow(reject_header(names))
        csv.writer(self._text).writerow(line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._text is None:
            if error is None:
                self._rejects.clear(self._path, self._source)
            return
        if error is not None:
            with suppress(OSError):  # what went wrong first is what is told
                self._stack.__exit__(kind, error, trace)
            return
        content = self._text.content
        with storing(self._place), suppress(LeftAsItIs):
            with self._stack:
                self._rejects.edits.make_way(self._path, content, self._source)
            self._rejects.edits.written(self._path, content, self._source)


class _Text:
    """What is written to a file, and its digest."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    @property
    def content(self) -> Digest:
        return Digest(self._digest.hexdigest())

    def write(self, text: str) -> None:
        encoded = text.encode()
        self._digest.update(encoded)
        self._file.write(encoded)


class _Hashed(io.FileIO):
    """Knows of what it was read to its end, whoever writes to it meanwhile."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self._digest = hashlib.sha256()

    @property
    def content(self) -> Digest:
        return Digest(self._digest.hexdigest())

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]  # whatever is given
        count = super().readinto(buffer)
        self._digest.update(memoryview(buffer)[: count or 0])
        return count

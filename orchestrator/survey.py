"""Every problem of every file, found without a network and without writing anything. What `validate` is."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import anyio.to_thread

from orchestrator.config import Settings
from orchestrator.intake import Clash, Names, without_clashes
from orchestrator.model import Digest, Rejected, RelPath
from orchestrator.naming import printable
from orchestrator.ports import File, Inbox, Moving, Prepared, Reading, Unreadable
from orchestrator.validation import BadRow, Problem, Rule, Severity, Verdict, explain
from orchestrator.wiring import make_census, make_folder, make_inbox, make_rules

NOTE = "note"
FIRST = 100
"""Of the problems of a file, and of its warnings: so many are told, and of the others how many there are."""
FILES_SHOWN = 3
ROWS_SHOWN = 5
_SHOWN_OF = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem; without a line where it concerns the whole file."""

    path: RelPath
    rule: str
    message: str
    line: int | None = None
    column: int | None = None
    name: str = ""
    severity: str = "error"
    """Neither a warning nor a note keeps anything back."""
    count: int = 1
    """Rows that have it; the place is that of the first."""

    @property
    def text(self) -> str:
        place = f":{self.line}:{self.column}" if self.line is not None else ""
        name = f" ({printable(self.name)})" if self.name else ""
        warning = "" if self.severity == Severity.ERROR else f"{self.severity}: "
        rows = f" [{self.count:,} rows]" if self.count > 1 or self.severity == NOTE else ""
        return f"{printable(self.path)}{place}: {warning}{self.rule}{name}: {printable(self.message)}{rows}"

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "name": self.name,
            "rule": self.rule,
            "message": self.message,
            "severity": self.severity,
            "count": self.count,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """How many more a file has, beyond those that are told one by one."""

    path: RelPath
    severity: str
    count: int

    @property
    def text(self) -> str:
        what = "problems" if self.severity == Severity.ERROR else f"{self.severity}s"
        return f"{printable(self.path)}: and {self.count:,} more {what}: validate --all tells every one"

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "severity": self.severity, "count": self.count}


Found: TypeAlias = Finding | Rest


async def survey(settings: Settings, tell: Callable[[Found], None], *, first: int | None = FIRST) -> int:
    """Returns how many files were looked at, companions not counted. Without *first* every finding is told, and those
    of one file are in memory until then.
    """
    folder = make_folder(settings)
    lists = _Lists(first)
    names = Names()
    listed = await anyio.to_thread.run_sync(folder.list)
    files = without_clashes(listed, settings.target.name, lambda _: None)
    drop_rows = settings.validation.on_bad_rows == "drop_rows"
    with tempfile.TemporaryDirectory() as spill:
        census = make_census(settings, folder, Path(spill, "census.sqlite3"))
        inbox = make_inbox(settings, folder, lists, Path(spill), census=census)
        if census:
            precedence = await census.look(files, {file.path for file in files})
            for child, parent in precedence.circles:
                words = f"it depends on rows of {parent}, and that on rows of it: it does not wait for that file"
                tell(Finding(path=child, rule=Rule.REFERENCE, message=words, severity=Severity.WARNING))
        for file in files:
            for finding in await _look_at(file, inbox, names, lists, drop_rows=drop_rows):
                tell(finding)
        if census:
            census.close()
    return len(files)


async def show(settings: Settings, tell: Callable[[str], None]) -> int:
    """The first rows of the first files, before and after. They are cells, so *tell* must not keep them.

    Returns how many files there are.
    """
    folder, rules = make_folder(settings), make_rules(settings)
    files = [file for file in await anyio.to_thread.run_sync(folder.list) if not file.fault]
    for file in files[:FILES_SHOWN]:
        with suppress(OSError), os.fdopen(folder.open(file.path), "rb") as content:
            tell(printable(file.path))
            for row in explain(content.read(_SHOWN_OF), rules, ROWS_SHOWN):
                tell(f"  {row.line:>6}  {printable(row.before)}")
                tell(f"      ->  {printable(row.after or row.reason)}")
    return len(files)


async def _look_at(file: File, inbox: Inbox, names: Names, lists: _Lists, *, drop_rows: bool) -> Sequence[Found]:
    if file.fault:
        return [Finding(path=file.path, rule="refused", message=file.fault)]
    match await inbox.read(file):
        case Moving(cause):
            return [_moving(file.path, cause)]
        case Unreadable(cause):
            return [Finding(path=file.path, rule="unreadable", message=cause)]
        case Reading() as reading:
            found: list[Found] = []
            if isinstance(clash := names.claim(reading.name, file.path, None), Clash):
                found.append(Finding(path=file.path, rule="name_clash", message=clash.cause))
            verdict = await inbox.judge(reading)
            of_rows = lists.take()
            match verdict:
                case Moving(cause):
                    return [*found, _moving(file.path, cause)]  # what was told of its rows may be so no more
                case Rejected(cause) if not _is_explained(verdict, of_rows, drop_rows=drop_rows):
                    words = cause.removeprefix(f"{file.path}: ")
                    found.append(Finding(path=file.path, rule="refused", message=words))
                case Prepared(checked) if file.events is not None and (lost := checked.sheets.lost_events):
                    words = "no row of it is good, so its file goes without events"
                    finding = Finding(
                        path=file.events, rule="without_events", message=words, severity=Severity.WARNING, count=lost
                    )
                    of_rows.append(finding)
            return found + of_rows
    raise AssertionError("a reading is one of three")


def _moving(path: RelPath, cause: str) -> Finding:
    return Finding(path=path, rule="moving", message=f"{cause}: validate again when nobody writes to it")


def _is_explained(rejected: Rejected, of_rows: Sequence[Found], *, drop_rows: bool) -> bool:
    """Whether what is told of its rows, or the fault that they end in, is why."""
    errors = [one for one in of_rows if isinstance(one, Finding) and one.severity == Severity.ERROR]
    some_would_go = drop_rows and rejected.sheets is not None and rejected.sheets.data.sent is not None
    return any(one.message in rejected.cause for one in errors) or (bool(errors) and not some_would_go)


class _Lists:
    """In the place of `rejects/`: keeps what is to be told of one file until it is."""

    def __init__(self, first: int | None) -> None:
        self._first = first
        self._found: list[Found] = []

    def lists(self, path: RelPath, source: Digest | None) -> bool:
        return False

    def clear(self, path: RelPath) -> None: ...

    def open(self, path: RelPath, source: Digest) -> _List:
        return _List(path, self._first, self._found)

    def take(self) -> list[Found]:
        taken = list(self._found)
        self._found.clear()
        return taken


class _List:
    """Problems and warnings have each a limit of their own: the many shall not hide the few."""

    def __init__(self, path: RelPath, first: int | None, found: list[Found]) -> None:
        self._path = path
        self._first = first
        self._found = found
        self._told: Counter[str] = Counter()
        self._rest: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._found += [Rest(path=self._path, severity=each, count=count) for each, count in self._rest.items()]

    def add(self, bad: BadRow, names: Sequence[str]) -> None:
        for problem in bad.problems:
            self._add(problem)

    def add_fault(self, fault: Problem, names: Sequence[str]) -> None:
        """Told whatever came before: what follows it in the file was not looked at."""
        self._found.append(self._finding(fault))

    def note(self, verdict: Verdict) -> None:
        for one in verdict.warnings:
            self._add(one.problem, one.count)
        if verdict.left_out:
            words = "the mapping takes them out"
            finding = Finding(path=self._path, rule="left_out", message=words, severity=NOTE, count=verdict.left_out)
            self._found.append(finding)

    def _add(self, problem: Problem, count: int = 1) -> None:
        if self._first is not None and self._told[problem.severity] >= self._first:
            self._rest[problem.severity] += 1
            return
        self._told[problem.severity] += 1
        self._found.append(self._finding(problem, count))

    def _finding(self, problem: Problem, count: int = 1) -> Finding:
        return Finding(
            path=self._path,
            line=problem.line,
            column=problem.column,
            name=problem.name,
            rule=problem.rule,
            message=problem.message,
            severity=problem.severity,
            count=count,
        )

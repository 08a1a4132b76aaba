"""Records that came in, as JSON Lines and as CSV, page by page: each file is there whole or not at all.

A column of the CSV is a field: `a.b` is field b in a, `a.0.b` one of a list's first item. Its columns are those of the
first page that has any; what comes later and has no column is counted, and stands in the JSON Lines only. So does a
field that is called like another of its record: first come those that the remote adds, then those of the data.

Cells are as the remote gave them, formulas too: this is no report, and whoever reads it in shall get the values of the
JSON Lines.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import anyio
import anyio.to_thread

from orchestrator.edges.atomic import put, storing, whole_file

RECORDS = "records"
_ID = "_id"
_DEEPEST = 16
"""Levels that become columns; what is deeper stands in its cell as JSON."""
_NAMES_TOLD = 1000
"""Fields without a column that are counted by name; the others are counted together."""


class PulledRecords:
    """Within its block; a block that ends with an error leaves no file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._lines: BinaryIO
        self._table: BinaryIO
        self._waiting = 0
        """Records that came before any field: they are rows as well, and go below the header."""
        self.columns: list[str] = []
        self.count = 0
        self.left_out: Counter[str] = Counter()
        """By field, how many records have it and no column for it; "" is all that have no name of their own here."""

    async def __aenter__(self) -> PulledRecords:
        with storing(self._folder):
            self._lines = self._stack.enter_context(whole_file(self._folder / f"{RECORDS}.jsonl"))
            self._table = self._stack.enter_context(whole_file(self._folder / f"{RECORDS}.csv"))
            self._stack.push(self._end)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True), storing(self._folder):
            await anyio.to_thread.run_sync(self._stack.__exit__, kind, error, trace)

    async def add(self, items: Sequence[Mapping[str, Any]], lines: bytes) -> None:
        """*lines* are the *items* as they are to stand in the JSON Lines."""
        with storing(self._folder):
            await anyio.to_thread.run_sync(self._add, items, lines)

    def _add(self, items: Sequence[Mapping[str, Any]], lines: bytes) -> None:
        rows = [self._row(item) for item in items]
        if not self.columns:
            self._begin(list(dict.fromkeys(name for row in rows for name in row)))
        known = set(self.columns)
        for row in rows:
            for name in row.keys() - known:
                self._leave_out(name)
        if self.columns:
            self._write([row.get(name, "") for name in self.columns] for row in rows)
        else:
            self._waiting += len(rows)
        self._lines.write(lines)
        self.count += len(items)

    def _row(self, item: Mapping[str, Any]) -> dict[str, str]:
        row: dict[str, str] = {}
        for name, cell in fields_of(item):
            if name and name not in row:
                row[name] = cell
            else:
                self._leave_out(name)
        return row

    def _leave_out(self, name: str) -> None:
        is_told = name in self.left_out or len(self.left_out) < _NAMES_TOLD
        self.left_out[name if is_told else ""] += 1

    def _begin(self, columns: list[str]) -> None:
        if columns:
            self.columns = columns
            self._write([columns])
            for _ in range(self._waiting):
                self._write([[""] * len(columns)])
            self._waiting = 0

    def _end(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None and self._waiting:
            self._begin([_ID])

    def _write(self, rows: Iterable[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        self._table.write(text.getvalue().encode("utf-8", "backslashreplace"))


def fields_of(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The remote's own id, what the record belongs to, and its data. A name may come twice, and may be empty."""
    if item.get("id") is not None:
        yield _ID, _cell(item["id"])
    yield from _flat(item.get("associations"), "_associations")
    yield from _flat(item.get("data"), "")


def _flat(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if members is None or depth == _DEEPEST:
        if value is not None:
            yield path, _cell(value)
        return
    for name, member in members:
        yield from _flat(member, f"{path}.{name}" if path else str(name), depth + 1)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def put_book(folder: Path, book: Mapping[str, Any]) -> None:
    """Comes last: where it lies, everything else does."""
    put(
        folder / "book.json",
        (json.dumps(book, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace"),
    )

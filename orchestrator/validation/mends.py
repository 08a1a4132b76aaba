"""Rows that a person mended, as they go into the check of their file: each instead of the row on its line.

Where a quote made one row of several, these take the place of that one, each on its own line.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from orchestrator.validation.record import Record

Ranges: TypeAlias = Sequence[tuple[int, int]]
"""Of lines, both ends in, in ascending order."""
Twins: TypeAlias = Sequence[tuple[int, int]]
"""Of one row: the number of a cell, from 1, and the line of an accepted row that has the same there."""


class Mends:
    """*unsent* has, for every version of this file that the remote took and keeps, the lines of which it has no row.

    What stands on the others is not sent again. It is empty where a new version replaces the one before. *refused*
    are those of them that it did not take: they stay bad rows until they come back in *rows*. Those that are *refused
    again* came back before, and stay bad as they are in *rows*. *twins*: which of these have the key of an accepted row
    that stands below them, and keeps it.
    """

    def __init__(
        self,
        rows: Mapping[int, Record],
        unsent: Sequence[Ranges] = (),
        refused: Sequence[Ranges] = (),
        refused_again: Ranges = (),
        twins: Mapping[int, Twins] | None = None,
    ) -> None:
        self._rows = rows
        self._lines = sorted(rows)
        self._unsent = unsent
        self._refused = refused
        self._refused_again = refused_again
        self._twins = twins or {}

    def touches(self, first: int, last: int) -> bool:
        """Whether a row that begins on one of these lines, both ends in, may be another or be left out."""
        return bool(self._unsent) or bisect_left(self._lines, first) < bisect_right(self._lines, last)

    def instead_of(self, record: Record) -> Sequence[Record]:
        """The rows that were mended on its lines, each up to the next; itself above them, or where there are none."""
        lines = self._lines[bisect_left(self._lines, record.line) : bisect_right(self._lines, record.last_line)]
        rows = [self._rows[line] for line in lines]
        if not lines or lines[0] > record.line:
            rows.insert(0, record)
        ends = [*(row.line - 1 for row in rows[1:]), record.last_line]
        return [replace(row, last_line=end) for row, end in zip(rows, ends, strict=True)]

    def was_sent(self, line: int) -> bool:
        """Whether the remote has the row that begins there."""
        return any(not is_in(ranges, line) for ranges in self._unsent)

    def is_refused(self, line: int) -> bool:
        """Whether the remote did not take the row that begins there, and it is as it was."""
        if line in self._rows:
            return is_in(self._refused_again, line)
        return any(is_in(ranges, line) for ranges in self._refused)

    def twins_of(self, line: int) -> Twins:
        return self._twins.get(line, ())

    def shifted(self, by: int) -> Mends:
        """For a piece of the file, whose first line is so many lines further down than it counts itself."""
        rows = {line - by: on_line(record, line - by) for line, record in self._rows.items()}
        return Mends(rows, twins={line - by: twins for line, twins in self._twins.items()})


NO_MENDS = Mends({})


def is_in(ranges: Ranges, line: int) -> bool:
    at = bisect_right(ranges, line, key=lambda ends: ends[0]) - 1
    return at >= 0 and line <= ranges[at][1]


def on_line(record: Record, line: int) -> Record:
    """The same, with all its cells on one line of its file: where those that it stands in for begin."""
    return replace(record, line=line, last_line=line, lines=(line,) * len(record.lines))

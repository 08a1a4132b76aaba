"""Rows that a person mended, as they go into the check of their file: each instead of the row on its line.

Where a quote made one row of several, these take the place of that one, each on its own line.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from orchestrator.ranges import NO_RANGES, Ranges
from orchestrator.validation.record import Record
from orchestrator.validation.schema import Rule

Twins: TypeAlias = Sequence[tuple[int, int]]
"""Of one row: the number of a cell, from 1, and the line of an accepted row that has the same there."""


class Mends:
    """*unsent* has, for every version of this file that the remote took and keeps, the lines of which it has no row.

    What stands on the others is not sent again. It is empty where a new version replaces the one before. What stands
    on these stays bad until it comes back in *rows*; *refused* are those of them that the remote did not take.
    *abandoned* has, for every version that a person gave up, the lines of which it brought no row: it may have arrived.
    *is_again*: the newest of these versions had the same *rows*, so that what it lacks stays bad as it is in them.
    *twins*: which of *rows* have the key of an accepted row that stands below them, and keeps it.
    """

    def __init__(
        self,
        rows: Mapping[int, Record],
        unsent: Sequence[Ranges] = (),
        refused: Sequence[Ranges] = (),
        *,
        abandoned: Sequence[Ranges] = (),
        is_again: bool = False,
        twins: Mapping[int, Twins] | None = None,
    ) -> None:
        self._rows = rows
        self._lines = sorted(rows)
        self._unsent = unsent
        self._refused = refused
        self._abandoned = abandoned
        self._is_again = is_again
        self._tried = refused[-1] if is_again and refused else NO_RANGES
        self._twins = twins or {}

    def touches(self, first: int, last: int) -> bool:
        """Whether a row that begins on one of these lines, both ends in, may be another or be left out."""
        return bool(self._unsent) or bisect_left(self._lines, first) < bisect_right(self._lines, last)

    def instead_of(self, record: Record) -> Sequence[Record]:
        """The rows that were mended on its lines, each up to the next; itself above them, or where there are none."""
        lines = self._lines[bisect_left(self._lines, record.line) : bisect_right(self._lines, record.last_line)]
        if not lines:
            return (record,)
        rows = [self._rows[line] for line in lines]
        if lines[0] > record.line:
            rows.insert(0, record)
        ends = [*(row.line - 1 for row in rows[1:]), record.last_line]
        return [replace(row, last_line=end) for row, end in zip(rows, ends, strict=True)]

    def was_sent(self, line: int) -> bool:
        """Whether the remote has the row that begins there."""
        return any(line not in ranges for ranges in self._unsent)

    def was_tried(self, line: int) -> bool:
        """Whether the row that begins there went with the newest version as it is, and was refused."""
        return line in self._tried

    def why_back(self, line: int) -> Rule | None:
        """Why the row that begins there is not sent, whatever it is like: nobody sent it back, or it is as it was."""
        if not self._unsent or self.was_sent(line):
            return None
        if line not in self._rows and any(line not in ranges for ranges in self._abandoned):
            return Rule.ABANDONED
        if line not in self._rows:
            is_refused = any(line in ranges for ranges in self._refused)
        elif self._is_again:
            is_refused = self.was_tried(line)
        else:
            return None
        return Rule.REFUSED if is_refused else Rule.KEPT_BACK

    def twins_of(self, line: int) -> Twins:
        return self._twins.get(line, ())

    def shifted(self, by: int) -> Mends:
        """For a piece of the file, whose first line is so many lines further down than it counts itself."""
        rows = {line - by: on_line(record, line - by) for line, record in self._rows.items()}
        return Mends(rows, twins={line - by: twins for line, twins in self._twins.items()})


NO_MENDS = Mends({})


def on_line(record: Record, line: int) -> Record:
    """The same, with all its cells on one line of its file: where those that it stands in for begin."""
    return replace(record, line=line, last_line=line, lines=(line,) * len(record.lines))

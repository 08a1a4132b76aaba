"""Rows that a person mended, as they go into the check of their file: each instead of the row on its line."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from orchestrator.validation.record import Record
from orchestrator.validation.schema import Rule

Ranges: TypeAlias = Sequence[tuple[int, int]]
"""Of lines, both ends in, in ascending order."""


class Mends:
    """*unsent* has, for every version of this file that the remote took and keeps, the lines of which it has no row.

    What stands on the others is not sent again. It is empty where a new version replaces the one before. What stands
    on these stays bad until it comes back in *rows*; *refused* are those of them that the remote did not take.
    *is_again*: the newest of these versions had the same *rows*, so that what it lacks stays bad as it is in them.
    """

    def __init__(
        self,
        rows: Mapping[int, Record],
        unsent: Sequence[Ranges] = (),
        refused: Sequence[Ranges] = (),
        *,
        is_again: bool = False,
    ) -> None:
        self._rows = rows
        self._lines = sorted(rows)
        self._unsent = unsent
        self._refused = refused
        self._is_again = is_again
        self._tried = refused[-1] if is_again and refused else ()

    def touches(self, first: int, last: int) -> bool:
        """Whether a row that begins on one of these lines, both ends in, may be another or be left out."""
        return bool(self._unsent) or bisect_left(self._lines, first) < bisect_right(self._lines, last)

    def instead_of(self, record: Record) -> Record:
        mended = self._rows.get(record.line)
        return record if mended is None else replace(mended, last_line=record.last_line)

    def was_sent(self, line: int) -> bool:
        """Whether the remote has the row that begins there."""
        return any(not is_in(ranges, line) for ranges in self._unsent)

    def was_tried(self, line: int) -> bool:
        """Whether the row that begins there went with the newest version as it is, and was refused."""
        return is_in(self._tried, line)

    def why_back(self, line: int) -> Rule | None:
        """Why the row that begins there is not sent, whatever it is like: nobody sent it back, or it is as it was."""
        if not self._unsent or self.was_sent(line):
            return None
        if line not in self._rows:
            is_refused = any(is_in(ranges, line) for ranges in self._refused)
        elif self._is_again:
            is_refused = self.was_tried(line)
        else:
            return None
        return Rule.REFUSED if is_refused else Rule.KEPT_BACK

    def shifted(self, by: int) -> Mends:
        """For a piece of the file, whose first line is so many lines further down than it counts itself."""
        return Mends({line - by: on_line(record, line - by) for line, record in self._rows.items()})


NO_MENDS = Mends({})


def is_in(ranges: Ranges, line: int) -> bool:
    at = bisect_right(ranges, line, key=lambda ends: ends[0]) - 1
    return at >= 0 and line <= ranges[at][1]


def on_line(record: Record, line: int) -> Record:
    """The same, with all its cells on one line of its file: where those that it stands in for begin."""
    return replace(record, line=line, last_line=line, lines=(line,) * len(record.lines))

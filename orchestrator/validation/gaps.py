"""Which physical line a sent row came from, kept as the lines that no sent row begins on."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable


class Gaps:
    """Ranges of lines in ascending order; neighbours become one, so that a bad stretch costs one range."""

    __slots__ = ("_ranges",)

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def add(self, first: int, last: int) -> None:
        if self._ranges and self._ranges[-1][1] == first - 1:
            first = self._ranges.pop()[0]
        self._ranges.append((first, last))

    def ranges(self) -> tuple[tuple[int, int], ...]:
        return tuple(self._ranges)


def source_line(header: bool, gaps: Iterable[tuple[int, int]], row: int) -> int:
    """The physical line (from 1) that sent row number *row* (from 1) begins on.

    The header is the first line that is in no gap: blank lines above it are gaps too.
    """
    line = row + 1 if header else row
    for first, last in gaps:
        if first > line:
            break
        line += last - first + 1
    return line


class SourceLines:
    """`source_line` for many rows of one file."""

    __slots__ = ("_first", "_from", "_passed")

    def __init__(self, header: bool, gaps: Iterable[tuple[int, int]]) -> None:
        self._first = 1 if header else 0
        # For each gap the first row behind it, and the lines of all gaps up to there.
        self._from: list[int] = []
        self._passed = [0]
        for first, last in gaps:
            self._from.append(first - self._first - self._passed[-1])
            self._passed.append(self._passed[-1] + last - first + 1)

    def __getitem__(self, row: int) -> int:
        return row + self._first + self._passed[bisect_right(self._from, row)]

    def rows_on(self, first: int, last: int, rows: int) -> range:
        """Those of so many *rows* that begin on these lines, both ends in."""
        numbers = range(1, rows + 1)
        begin = bisect_left(numbers, first, key=self.__getitem__)
        return numbers[begin : bisect_right(numbers, last, key=self.__getitem__)]


def ranges_of(lines: Iterable[int]) -> tuple[tuple[int, int], ...]:
    gaps = Gaps()
    for line in sorted(lines):
        gaps.add(line, line)
    return gaps.ranges()

"""Which physical line a sent row came from, kept as the lines that no sent row begins on."""

from __future__ import annotations

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

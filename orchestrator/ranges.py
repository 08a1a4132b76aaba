"""Ranges of lines, held by the million: those on which nothing begins that is sent may be as many as the rows.

They are kept as runs: so many lines are in none of them, so many in the first, so many in none again, and so on. Each
is a number of up to nine bytes, with seven bits in a byte, and the eighth for "there is more": a usual range takes two.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import pairwise

_BLOCK = re.compile(rb"(?:(?:[\x80-\xff]{0,8}[\x00-\x7f]){2}){1,32}")
"""Ranges that are read one by one; where a block of them begins is known."""


class Ranges:
    """In ascending order, both ends in, from line 1 on; two have a line between them that is in none. Immutable."""

    __slots__ = ("_lines", "_outside", "_runs", "_starts")

    def __init__(self, runs: bytes = b"") -> None:
        """*runs* are what `bytes` gives. Raises ValueError when nobody can have written them."""
        self._runs = runs
        # Of each block, and then of what follows the last: where it begins, and the lines above it.
        self._starts, self._lines, self._outside = (array("q", [0]) for _ in range(3))
        while (at := self._starts[-1]) < len(runs):
            if (block := _BLOCK.match(runs, at)) is None:
                raise ValueError("these are no ranges of lines")
            numbers = _numbers(block.group())
            self._starts.append(block.end())
            self._lines.append(self._lines[-1] + sum(numbers))
            self._outside.append(self._outside[-1] + sum(numbers[::2]))
        self._starts.append(len(runs))

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]]) -> Ranges:
        """*ranges* are sorted; those that overlap or touch become one. Raises ValueError."""
        growing = Growing()
        for first, last in ranges:
            growing.add(first, last)
        return growing.ranges()

    def __bytes__(self) -> bytes:
        return self._runs

    def __bool__(self) -> bool:
        return bool(self._runs)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        line = 0
        for at, end in pairwise(self._starts):
            for outside, inside in _pairs(self._runs[at:end]):
                line += outside + inside
                yield line - inside + 1, line

    def __contains__(self, line: int) -> bool:
        nth = _block(self._lines, line)
        end = self._lines[nth]
        for number, run in enumerate(_numbers(self._of(nth))):
            end += run
            if line <= end:
                return number % 2 == 1
        return False

    def __or__(self, other: Ranges) -> Ranges:
        return Ranges.of(merge(self, other)) if self and other else self or other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and self._runs == other._runs

    def __hash__(self) -> int:
        return hash(self._runs)

    def __repr__(self) -> str:
        return f"Ranges.of({list(self)})"

    def line_outside(self, number: int) -> int:
        """The line that is the so manieth, from 1, in none of them."""
        nth = _block(self._outside, number)
        line, left = self._lines[nth], number - self._outside[nth]
        for outside, inside in _pairs(self._of(nth)):
            if left <= outside:
                break
            line += outside + inside
            left -= outside
        return line + left

    def outside_up_to(self, line: int) -> int:
        """How many lines are in none of them, up to and with this one."""
        nth = _block(self._lines, line)
        end, count = self._lines[nth], self._outside[nth]
        for outside, inside in _pairs(self._of(nth)):
            if line <= end + outside:
                break
            end = min(end + outside + inside, line)
            count += outside
        return count + line - end

    def _of(self, nth: int) -> bytes:
        return self._runs[self._starts[nth] : self._starts[nth + 1]]


NO_RANGES = Ranges()


class Growing:
    """Ranges that come one after the other."""

    __slots__ = ("_end", "_first", "_last", "_runs")

    def __init__(self) -> None:
        self._runs = bytearray()
        self._end = 0
        # The newest, which may grow yet: at first one of no lines.
        self._first, self._last = 1, 0

    def add(self, first: int, last: int) -> None:
        """Raises ValueError for one that begins above another, or above line 1, or ends before it begins."""
        if not self._first <= first <= last:
            raise ValueError("ranges of lines ascend, from line 1 on")
        if first <= self._last + 1:
            self._last = max(self._last, last)
            return
        self._runs += self._newest()
        self._end, self._first, self._last = self._last, first, last

    def ranges(self) -> Ranges:
        return Ranges(b"".join((self._runs, self._newest()))) if self._last else NO_RANGES

    def _newest(self) -> bytes:
        return _written(self._first - self._end - 1, self._last - self._first + 1) if self._last else b""


def ranges_of(lines: Iterable[int]) -> Ranges:
    return Ranges.of((line, line) for line in sorted(lines))


def _block(sums: Sequence[int], number: int) -> int:
    """The one in which they come to *number*."""
    return max(bisect_left(sums, number) - 1, 0)


def _pairs(block: bytes) -> Iterator[tuple[int, int]]:
    """How many lines are in none, and how many in the range below them."""
    numbers = _numbers(block)
    return zip(numbers[::2], numbers[1::2], strict=True)


def _numbers(block: bytes) -> Sequence[int]:
    if block.isascii():
        return block
    numbers, number, shift = list[int](), 0, 0
    for byte in block:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    return numbers


def _written(outside: int, inside: int) -> bytes:
    if outside < 0x80 and inside < 0x80:
        return bytes((outside, inside))
    written = bytearray()
    for number in (outside, inside):
        while number >= 0x80:
            written.append(number & 0x7F | 0x80)
            number >>= 7
        written.append(number)
    return bytes(written)

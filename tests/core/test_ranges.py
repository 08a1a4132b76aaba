"""Ranges of lines are what a plain set of lines would be, in two or three bytes each."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.ranges import NO_RANGES, Growing, Ranges, ranges_of

# Runs are of one byte or of more, and ranges of one block or of more.
LINES = st.sets(st.one_of(st.integers(1, 40), st.integers(1, 900)), max_size=300)
WIDE = st.lists(st.tuples(st.integers(1, 2**40), st.integers(1, 2**40)), max_size=80)
END = 920


def lines_of(ranges: Ranges) -> list[int]:
    return [line for first, last in ranges for line in range(first, last + 1)]


@given(LINES)
def test_they_hold_the_lines_that_they_are_of_and_no_other(lines: set[int]) -> None:
    found = ranges_of(lines)

    assert lines_of(found) == sorted(lines)
    assert {line for line in range(-1, END) if line in found} == lines
    assert bool(found) == bool(lines)


@given(LINES)
def test_ranges_that_touch_are_one(lines: set[int]) -> None:
    ends = [*ranges_of(lines)]

    assert all(last + 1 < first for (_, last), (first, _) in pairwise(ends))


@given(LINES)
def test_the_lines_that_are_in_none_are_counted_and_found(lines: set[int]) -> None:
    found, outside = ranges_of(lines), [line for line in range(1, END) if line not in lines]

    assert [found.line_outside(number) for number in range(1, len(outside) + 1)] == outside
    counts = [found.outside_up_to(line) for line in range(END)]
    assert counts == [bisect_right(outside, line) for line in range(END)]


@given(LINES, LINES)
def test_two_of_them_are_one_with_the_lines_of_both(some: set[int], others: set[int]) -> None:
    assert ranges_of(some) | ranges_of(others) == ranges_of(some | others)


@given(LINES, LINES)
def test_they_are_the_same_where_their_lines_are(some: set[int], others: set[int]) -> None:
    one, other = ranges_of(some), ranges_of(others)

    assert (one == other) == (some == others)
    assert one == ranges_of(some)
    assert hash(one) == hash(ranges_of(some))
    assert one != [*one]


@given(WIDE)
@settings(max_examples=50)
def test_lines_may_be_as_many_as_no_file_has(steps: list[tuple[int, int]]) -> None:
    ends, line = list[tuple[int, int]](), 0
    for outside, inside in steps:
        ends.append((line + outside + 1, line + outside + inside))
        line += outside + inside
    found = Ranges.of(ends)

    assert [*found] == ends
    assert Ranges(bytes(found)) == found
    for first, last in ends:
        assert [line in found for line in (first - 1, first, last, last + 1)] == [False, True, True, False]
        assert found.line_outside(found.outside_up_to(last) + 1) == last + 1


def test_a_usual_range_takes_two_or_three_bytes() -> None:
    assert len(bytes(Ranges.of((line, line) for line in range(2, 2_000_002, 2)))) == 2_000_000
    assert len(bytes(Ranges.of((line, line) for line in range(1_000, 1_000_000, 1_000)))) == 3 * 999


@pytest.mark.parametrize("ends", [(0, 1), (2, 1), (-1, 4)])
def test_a_range_that_no_file_has_is_none(ends: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        Ranges.of([ends])
    with pytest.raises(ValueError, match="ascend"):
        Ranges.of([(5, 6), (4, 9)])


@pytest.mark.parametrize("runs", [b"\x01", b"\x01\x01\x01", b"\x01\x80", b"\x01" + b"\x80" * 9 + b"\x01", b"\x80" * 99])
def test_bytes_that_nobody_wrote_are_told(runs: bytes) -> None:
    with pytest.raises(ValueError, match="no ranges"):
        Ranges(runs)


def test_they_may_be_looked_at_while_they_grow() -> None:
    growing = Growing()
    assert growing.ranges() == NO_RANGES
    growing.add(3, 4)
    assert repr(growing.ranges()) == "Ranges.of([(3, 4)])"
    growing.add(5, 5)
    growing.add(7, 7)
    assert [*growing.ranges()] == [(3, 5), (7, 7)]

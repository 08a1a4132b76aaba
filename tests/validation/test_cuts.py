"""A file that is larger than a remote takes is divided between rows, and its parts are together the whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.validation import Judge, Limits, Rule, SourceLines, Verdict
from validation.samples import PLATFORM_DATA

HEADER = "Reference,StartDate,StartTime,EndDate,EndTime"
REST = ",01/07/2024,09:00,01/07/2024,17:00"
GOOD = st.sampled_from(["N1", "N22", '"a, b"', "é✓", '"two\nlines"', '"x""y"']).map(lambda name: name + REST)
LINES = st.lists(st.one_of(GOOD, GOOD, st.just(""), st.just(f"{REST}"), st.just("ragged,row")), min_size=1, max_size=40)
LIMITS = st.builds(Limits, rows=st.sampled_from([0, 1, 2, 3, 7]), size=st.sampled_from([0, 100, 130, 200, 500])).filter(
    bool
)


def judged(lines: Sequence[str], limits: Limits, *, end: str = "\n", header: bool = True) -> tuple[str, Verdict]:
    judge = Judge(PLATFORM_DATA, limits=limits)
    content = end.join([HEADER, *lines] if header else lines).encode()
    text = "".join(judge.feed(content[at : at + 64]) for at in range(0, len(content), 64)) + judge.close()
    return text, judge.verdict


def rows_of(text: str) -> list[str]:
    """Of a canonical text, whose quoted line ends are line feeds only."""
    return text.split("\r\n")[1:]


@given(LINES, LIMITS, st.booleans())
def test_the_parts_are_the_whole_each_within_its_limits(lines: list[str], limits: Limits, header: bool) -> None:
    text, verdict = judged(lines, limits, header=header)
    if verdict.fault is not None or not verdict.cuts:
        return
    rows, at = rows_of(text), 0
    for cut in verdict.cuts:
        mine = rows[at : at + cut.rows - cut.bad]
        sent = "\r\n".join([HEADER, *mine])
        at += len(mine)

        assert mine
        assert hashlib.sha256(sent.encode()).hexdigest() == cut.sent
        assert not limits.rows or len(mine) <= limits.rows
        assert not limits.size or len(sent.encode()) <= limits.size
    assert at == len(rows)
    assert sum(cut.rows for cut in verdict.cuts) == verdict.rows
    assert sum(cut.bad for cut in verdict.cuts) == verdict.bad


@given(LINES, LIMITS)
def test_no_part_is_cut_earlier_than_its_limits_ask_for(lines: list[str], limits: Limits) -> None:
    text, verdict = judged(lines, limits)
    rows, at = rows_of(text), 0
    for cut in verdict.cuts[:-1]:
        at += cut.rows - cut.bad
        mine = rows[at - (cut.rows - cut.bad) : at + 1]
        sent = "\r\n".join([HEADER, *mine]).encode()

        assert (limits.rows and len(mine) > limits.rows) or (limits.size and len(sent) > limits.size)


@given(LINES, LIMITS)
def test_the_lines_of_each_part_are_those_of_the_file(lines: list[str], limits: Limits) -> None:
    """A row of a part is joined to its source line as one of the whole file is."""
    _, verdict = judged(lines, limits)
    row = 0
    for cut in verdict.cuts:
        for mine in range(1, cut.rows - cut.bad + 1):
            row += 1

            assert SourceLines(verdict.header, cut.gaps)[mine] == SourceLines(verdict.header, verdict.gaps)[row]


@given(LINES)
def test_a_file_within_its_limits_goes_as_a_whole(lines: list[str]) -> None:
    assert judged(lines, Limits(rows=100, size=100_000))[1].cuts == ()


def test_a_row_that_is_too_large_for_any_part_is_a_fault_that_names_its_line() -> None:
    _, verdict = judged([f"N1{REST}", "x" * 100 + REST], Limits(size=120))

    assert verdict.fault is not None
    assert (verdict.fault.line, verdict.fault.rule) == (3, "part_size")
    assert "target.part_bytes" in verdict.fault.message


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_run_of_clean_rows_is_cut_inside(end: str) -> None:
    _, verdict = judged([f"N{number}{REST}" for number in range(1000)], Limits(rows=300), end=end)

    assert [(cut.line, cut.rows) for cut in verdict.cuts] == [(2, 300), (302, 300), (602, 300), (902, 100)]


@pytest.mark.parametrize("before", [0, 1])
def test_a_row_that_does_not_fit_alone_is_told_with_its_line_wherever_it_stands(before: int) -> None:
    """As the first of all, no part has been begun that would have to end before it."""
    lines = [f"N{number}{REST}" for number in range(before)] + [f"{'x' * 300}{REST}", f"N9{REST}"]
    _, verdict = judged(lines, Limits(size=200))

    assert verdict.fault is not None
    assert (verdict.fault.line, verdict.fault.rule) == (2 + before, Rule.PART_SIZE)

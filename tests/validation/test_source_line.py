"""From the n-th row that was sent back to the line of the source."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.ranges import NO_RANGES
from orchestrator.validation import SourceLines
from validation.samples import HEADER, ROW, judge, lines

BLOCKS = {
    "good": (ROW, True),
    "quoted": (ROW.replace("N1", '"N\n\r\n1"'), True),
    "bad": ("x", False),
    "bad over lines": ('"x\n\ny"', False),
    "blank": ("", False),
}


@given(st.booleans(), st.integers(0, 3), st.lists(st.sampled_from(sorted(BLOCKS)), max_size=30), st.booleans())
@settings(max_examples=120, deadline=None)
def test_every_sent_row_is_found_again(header: bool, above: int, blocks: list[str], ended: bool) -> None:
    source = "\n" * above + (HEADER + "\r\n" if header else ROW + "\n")
    expected = [] if header else [above + 1]
    for block in blocks:
        text, good = BLOCKS[block]
        if good:
            expected.append(source.count("\n") + 1)
        source += text + "\n"

    verdict = judge(source if ended else source.removesuffix("\n").removesuffix("\r")).verdict

    assert verdict.header == header
    assert [SourceLines(verdict.header, verdict.gaps)[row + 1] for row in range(len(expected))] == expected
    assert verdict.rows - verdict.bad == len(expected)


def test_neighbouring_gaps_are_one() -> None:
    verdict = judge(lines(HEADER, ROW, "", "x", '"a\nb"', "", ROW, ROW.replace("N1", '"\n1"'), "y", ROW)).verdict

    assert tuple(verdict.gaps) == ((3, 7), (10, 11))


@pytest.mark.parametrize(("header", "row", "line"), [(False, 1, 1), (True, 1, 2), (True, 7, 8)])
def test_without_gaps_only_the_header_is_between(header: bool, row: int, line: int) -> None:
    assert SourceLines(header, NO_RANGES)[row] == line

"""A table reads as the standard library reads it, but for limits of its own and quotes that are wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.validation.limits import CELL_LIMIT
from orchestrator.validation.table import NoTable, Table

cells = st.text('aé,"\r\n \u2028\x0b\0', max_size=6)


def read(text: str, *, limit: int = 1000, strict: bool = True) -> list[list[str]]:
    return list(Table(io.StringIO(text, newline=""), limit=limit, strict=strict))


@given(
    rows=st.lists(st.lists(cells, min_size=1, max_size=4), max_size=6),
    quoted=st.sampled_from(
        [(csv.QUOTE_MINIMAL, "\r\n"), *[(csv.QUOTE_ALL, end) for end in ("\n", "\r\n", "\r")]],
    ),
    strict=st.booleans(),
)
def test_a_table_that_was_written_is_read_as_it_was(
    rows: Sequence[list[str]], quoted: tuple[Literal[0, 1], str], *, strict: bool
) -> None:
    quoting, end = quoted
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator=end).writerows(rows)

    assert read(text.getvalue(), strict=strict) == rows == list(csv.reader(io.StringIO(text.getvalue(), newline="")))


@given(st.text('a,"\r\n', max_size=30))
def test_anything_else_is_read_or_told(text: str) -> None:
    try:
        found = read(text)
    except NoTable:
        assert '"' in text
    else:
        assert found == list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_blank_lines_are_empty_rows_and_a_row_may_have_any_number_of_cells() -> None:
    many = ["x,y"] * (CELL_LIMIT + 5)
    text = io.StringIO(newline="")
    csv.writer(text).writerow(many)

    assert read(f"a\r\n\r\n{text.getvalue()}") == [["a"], [], many]


@pytest.mark.parametrize("spelled", ["{}", 'a,"{}",b', 'a,"""{}\r\n"'])
def test_a_cell_is_told_from_the_first_character_beyond_the_limit_with_the_line_of_its_row(spelled: str) -> None:
    most = 200_000 - 3 * ("\n" in spelled)
    (row,) = read(spelled.format("x" * most), limit=200_000)
    assert max(map(len, row)) == 200_000

    rows = Table(["a\r\n", *io.StringIO(spelled.format("x" * (most + 1)), newline="")], limit=200_000)
    assert next(rows) == ["a"]
    with pytest.raises(NoTable, match="a cell has more than 200,000 characters: shorten it, or close its quotes"):
        next(rows)
    assert rows.line == 2


def test_a_quote_that_nobody_closes_swallows_no_rows_unseen() -> None:
    rows = Table(['a,"b\r\n', "c,d\r\n"], limit=100)

    with pytest.raises(NoTable, match="a quote opens a cell and none closes it: save it as CSV"):
        next(rows)
    assert rows.line == 1


def test_a_quote_in_the_wrong_place_is_a_character_unless_it_is_taken_strictly() -> None:
    text = 'a"b,"c"d\r\n'

    assert read(text, strict=False) == [['a"b', '"c"d']]
    with pytest.raises(NoTable, match="a quote in the wrong place: save it as CSV"):
        read(text)

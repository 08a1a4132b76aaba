"""The short cut proves nothing that the rules refuse."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product

import pytest

from orchestrator.validation import Column, Constraints, Dialect, Type
from orchestrator.validation.cells import CellRules
from orchestrator.validation.proof import Proof, proof_of
from validation.kinds import KINDS

FILLED = Constraints(required=True)
TEXT = Column(name="A", constraints=FILLED)
DATE = Column(name="A", type=Type.DATE, format="%d/%m/%Y", constraints=FILLED)
TIME = Column(name="A", type=Type.TIME, format="%H:%M", constraints=FILLED)
DIGIT = Column(name="A", constraints=Constraints(required=True, enum=("0", "1", "2")))
MAYBE = Column(name="B")
YEARS = ["0000", "0001", "0999", "1000", "1900", "2000", "2023", "2024", "2999", "3000", "9999"]


def proof(*columns: Column, blank_deletes: bool = False) -> Proof:
    found = proof_of(columns, blank_deletes=blank_deletes)
    assert found is not None
    return found


def proves(cell: str, *columns: Column) -> bool:
    short_cut = proof(*columns)
    found = [short_cut.end_of_clean_rows(cell + end, 0)[0] == len(cell + end) for end in ("\n", "\r\n")]
    assert found[0] == found[1]
    return found[0]


def holds(cell: str, column: Column) -> bool:
    return bool(CellRules(column, blank_deletes=False).is_clean(cell))


def test_a_proven_date_is_a_date_and_few_dates_are_left_over() -> None:
    left_over = set()
    for day, month, year in product(range(40), range(20), YEARS):
        cell = f"{day:02}/{month:02}/{year}"
        if proves(cell, DATE):
            assert holds(cell, DATE)
        elif holds(cell, DATE) and "1000" <= year < "3000":
            left_over.add(cell)

    assert left_over == {"29/02/2000"}, "the last day of February, but for the turns of centuries, is not rare enough"


def test_a_day_that_comes_again_in_a_row_is_compared_and_every_other_is_read() -> None:
    cells = ["01/02/2024", "29/02/2024", "29/02/2023", "31/04/2024", "1/02/2024", "01/02/20245", "", "x"]

    for first, second in product(cells, cells):
        assert proves(f"{first},a,{second}", DATE, TEXT, DATE) == (proves(first, DATE) and proves(second, DATE))
    rows = "01/02/2024,02/02/2024\n29/02/2023,01/02/2024\n"
    assert proof(DATE, DATE).end_of_clean_rows(rows, 0)[0] == 22, "the day of another row proves nothing"


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d"])
def test_a_date_written_in_another_way_is_proven_only_if_it_is_one(written: str) -> None:
    column = replace(DATE, format=written)
    for day, month, year in product(range(40), range(20), YEARS):
        cell = written.replace("%Y", year).replace("%m", f"{month:02}").replace("%d", f"{day:02}")
        assert holds(cell, column) or not proves(cell, column)
        assert proves(cell, column) == (0 < day < 29 and 0 < month < 13 and "1000" <= year < "3000")


@pytest.mark.parametrize("column", [TIME, DIGIT])
def test_proven_are_exactly_the_times_and_time_references(column: Column) -> None:
    cells = [f"{hour:02}:{minute:02}" for hour, minute in product(range(100), range(100))]
    cells += [str(number) for number in range(100)] + ["٠", "²", "1:00", "01:0", "٠٩:٠٠"]

    assert [proves(cell, column) for cell in cells] == [holds(cell, column) for cell in cells]


def test_a_cell_proven_not_blank_is_not_blank() -> None:
    for code in range(sys.maxunicode + 1):
        if chr(code).isspace():
            assert not proves(chr(code) * 2, TEXT)
            assert not proves(f'"{chr(code)}"', TEXT)

    assert proof(TEXT).end_of_clean_rows("Zoë\n名前\n😀\nŁ\n'\n", 0)[0] == 13


def test_an_empty_cell_is_proven_only_where_it_may_be_empty_and_is_a_row() -> None:
    assert proves("a,", TEXT, MAYBE)
    assert proves(",", MAYBE, MAYBE)
    assert not proves(",a", TEXT, MAYBE)
    assert not proves("", MAYBE), "a blank line is no row"
    assert proof(TEXT, MAYBE, blank_deletes=True).end_of_clean_rows("a,b\na,\n", 0)[0] == 4


def test_one_of_several_words_is_proven_whole() -> None:
    column = replace(DIGIT, constraints=Constraints(required=True, enum=("N", "NO", "a|b", ".")))

    assert [proves(word, column) for word in ("N", "NO", "a|b", ".", "NOO", "a", "x", "")] == [True] * 4 + [False] * 4


@pytest.mark.parametrize("kind", ["shifts", "tao.users", "tao.links.existing_user", "tao.sessions.delivery.new_groups"])
def test_rules_that_no_pattern_can_hold_leave_no_short_cut(kind: str) -> None:
    assert proof_of(KINDS[kind].columns) is None


def test_more_columns_than_a_pattern_should_have_leave_no_short_cut() -> None:
    assert proof_of([TEXT] * 64) is not None
    assert proof_of([TEXT] * 65) is None


@pytest.mark.parametrize("cell", ["", '""', '"', 'a"', '"a""b"', "a,b", "a\rb", '"a\rb"', '"a\nb"'])
def test_quotes_and_returns_prove_nothing(cell: str) -> None:
    assert not proves(cell, TEXT)


SIGNED = ["-", "+", "-5", "+49 (170) 12-3/4", "-1.5]", "--", "- "]
RUN = ["=", "=1", "+a", "-1a", "@b", "-1e5", "-1,5", "\t5", "\t", "-\u0661", "+ =", "-5\u00a0", "-1+1"]


@pytest.mark.parametrize("cell", SIGNED + RUN)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_of_cells_that_begin_as_a_formula_does_only_numbers_are_proven(cell: str, delimiter: str) -> None:
    dialect = Dialect(delimiter=delimiter)
    short_cut = proof_of([MAYBE, MAYBE], dialect)
    assert short_cut is not None
    rows = [f"{cell}{delimiter}x\n", f"x{delimiter}{cell}\n", f'x{delimiter}"{cell}"\n']

    proven = [short_cut.end_of_clean_rows(row, 0)[0] == len(row) for row in rows]

    assert proven == [cell in SIGNED, cell in SIGNED, False]
    assert holds(cell, MAYBE) or not proven[0]


def test_a_run_ends_where_the_line_ends_change() -> None:
    short_cut = proof(TEXT)

    assert short_cut.end_of_clean_rows("a\r\nb\r\nc\nd\n", 0) == (6, True)
    assert short_cut.end_of_clean_rows("a\r\nb\r\nc\nd\n", 6) == (10, False)
    assert short_cut.end_of_clean_rows("a\n\nb\n", 2) == (2, False)

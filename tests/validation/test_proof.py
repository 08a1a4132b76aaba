"""The short cut proves nothing that the rules refuse."""

from __future__ import annotations

import sys
from itertools import product

import pytest

from orchestrator.validation import Column, Format
from orchestrator.validation.cells import predicate_for
from orchestrator.validation.proof import Proof

YEARS = ["0000", "0001", "0999", "1000", "1900", "2000", "2023", "2024", "2999", "3000", "9999"]


def proves(cell: str, form: Format) -> bool:
    proof = Proof((Column(name="A", format=form),))
    found = [proof.end_of_clean_rows(cell + end, 0)[0] == len(cell + end) for end in ("\n", "\r\n")]
    assert found[0] == found[1]
    return found[0]


def holds(cell: str, form: Format) -> bool:
    return bool(predicate_for(Column(name="A", format=form))(cell))


def test_a_proven_date_is_a_date_and_few_dates_are_left_over() -> None:
    left_over = set()
    for day, month, year in product(range(40), range(20), YEARS):
        cell = f"{day:02}/{month:02}/{year}"
        if proves(cell, Format.DATE):
            assert holds(cell, Format.DATE)
        elif holds(cell, Format.DATE) and "1000" <= year < "3000":
            left_over.add(cell[:5])

    assert left_over == {"29/02"}


@pytest.mark.parametrize("form", [Format.TIME, Format.TIME_REFERENCE])
def test_proven_are_exactly_the_times_and_time_references(form: Format) -> None:
    cells = [f"{hour:02}:{minute:02}" for hour, minute in product(range(100), range(100))]
    cells += [str(number) for number in range(100)] + ["٠", "²", "1:00", "01:0", "٠٩:٠٠"]

    assert [proves(cell, form) for cell in cells] == [holds(cell, form) for cell in cells]


def test_a_cell_proven_not_blank_is_not_blank() -> None:
    proof = Proof((Column(name="A"),))
    for code in range(sys.maxunicode + 1):
        if chr(code).isspace():
            assert not proves(chr(code) * 2, Format.TEXT)
            assert not proves(f'"{chr(code)}"', Format.TEXT)

    assert proof.end_of_clean_rows("Zoë\n名前\n😀\nŁ\n'\n", 0)[0] == 13


@pytest.mark.parametrize("cell", ["", '""', '"', 'a"', '"a""b"', "a,b", "a\rb", '"a\rb"', '"a\nb"'])
def test_quotes_and_returns_prove_nothing(cell: str) -> None:
    assert not proves(cell, Format.TEXT)


def test_a_run_ends_where_the_line_ends_change() -> None:
    proof = Proof((Column(name="A"),))

    assert proof.end_of_clean_rows("a\r\nb\r\nc\nd\n", 0) == (6, True)
    assert proof.end_of_clean_rows("a\r\nb\r\nc\nd\n", 6) == (10, False)
    assert proof.end_of_clean_rows("a\n\nb\n", 2) == (2, False)

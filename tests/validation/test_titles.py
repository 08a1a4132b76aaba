"""Lines above a table that are not of it: whatever stands on them, the file is judged as if they were blank."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.validation import CANONICAL, Dialect, Rule, look
from validation.kinds import FILES, KINDS
from validation.samples import HEADER, OTHER, PLATFORM_DATA, ROW, Judged, judge_in, lines
from validation.strategies import cut, damage

TITLES = st.lists(st.text('ab ,;"\t_line_raw', max_size=12).filter(lambda text: "_line" not in text), max_size=4)


def judge(data: bytes, skip_rows: int, kind: str = "platform.data", rng: random.Random | None = None) -> Judged:
    dialect = Dialect(skip_rows=skip_rows)
    judged = judge_in([data], KINDS[kind], dialect=dialect)
    assert judge_in([data], KINDS[kind], dialect=dialect, fast=False) == judged
    assert judge_in(cut(data, rng or random.Random(0)), KINDS[kind], dialect=dialect) == judged
    return judged


@given(TITLES, st.sampled_from(sorted(FILES)), st.sampled_from(["\n", "\r\n"]), st.randoms())
@settings(max_examples=200, deadline=None)
def test_titles_are_as_good_as_blank_lines(titles: list[str], kind: str, end: str, rng: random.Random) -> None:
    header, *rows = FILES[kind]
    table = damage(lines(header, *rows, end=end).encode(), rng)
    above = "".join(title + end for title in titles).encode()

    judged = judge(above + table, len(titles), kind, rng)

    blank = judge_in([end.encode() * len(titles) + table], KINDS[kind])
    assert (judged.text, judged.found, judged.bad) == (blank.text, blank.found, blank.bad)
    # The words of a fault name an offset, which the titles move.
    assert replace(judged.verdict, fault=None) == replace(blank.verdict, fault=None)


def test_faults_and_rows_stand_on_the_lines_that_a_person_sees() -> None:
    judged = judge(lines("Roster", 'of "July', HEADER, ROW, ROW.replace("09:00", "9h"), OTHER).encode(), 2)

    assert judged.text == "\r\n".join([HEADER, ROW, OTHER])
    assert judged.found == [(Rule.TIME, 5, 3)]
    assert judged.verdict.header_line == 3


def test_a_file_without_names_begins_below_its_titles() -> None:
    judged = judge(lines("Roster", ROW, OTHER).encode(), 1)

    assert judged.text == "\r\n".join([HEADER, ROW, OTHER])
    assert not judged.verdict.header


@pytest.mark.parametrize("text", ["", "Roster\r\n", "Roster"])
def test_a_file_with_nothing_below_its_titles_is_empty(text: str) -> None:
    assert judge(text.encode(), 3).found == [(Rule.EMPTY, 1, 1)]


def test_what_cannot_be_read_is_a_fault_among_titles_too() -> None:
    assert judge(b"Ro\xffster\n" + lines(HEADER, ROW).encode(), 1).found == [(Rule.ENCODING, 1, 1)]
    assert judge(b"Ro\0ster\n" + lines(HEADER, ROW).encode(), 1).found == [(Rule.NUL, 1, 1)]


@pytest.mark.parametrize("kind", ["platform.data", "endgrate.records"])
def test_a_list_of_rejects_is_known_even_where_its_names_would_be_skipped(kind: str) -> None:
    header, *rows = FILES[kind]
    listed = lines(f"{header},_line,_column,_rule,_message,_raw", *[f"{row},2,a,time,wrong," for row in rows])

    judged = judge(listed.encode(), 1, kind)

    assert judged.text == ""
    assert judged.found[-1][:2] == (Rule.HEADER, 1)


def seen(*rows: str) -> tuple[int, tuple[str, ...]]:
    sight = look(lines(*rows).encode(), [PLATFORM_DATA], whole=True)
    return sight.dialect.skip_rows, sight.names


def test_titles_are_seen_where_most_cells_above_the_names_are_blank_or_missing() -> None:
    names = tuple(HEADER.split(","))

    assert seen("Roster of July", "", HEADER, ROW, OTHER) == (2, names)
    assert seen("Roster,July,,,", HEADER, ROW, OTHER) == (1, names)
    assert seen("Roster;July", 'made "today"', HEADER.replace(",", ";"), ROW.replace(",", ";")) == (2, names)


@pytest.mark.parametrize(
    "rows",
    [
        (HEADER, ROW, OTHER),
        ("", HEADER, ROW),
        (ROW.removesuffix(",17:00"), ROW, OTHER),
        ("Roster", ROW, OTHER),
        (HEADER.removesuffix(",EndTime"), ROW, OTHER),
    ],
)
def test_no_title_is_seen_where_a_row_a_blank_line_or_a_header_that_lacks_a_name_stands(rows: tuple[str, ...]) -> None:
    assert seen(*rows)[0] == 0


def test_a_dialect_that_only_skips_is_sent_as_it_stands() -> None:
    assert Dialect(skip_rows=3).is_canonical
    assert Dialect(skip_rows=3) != CANONICAL

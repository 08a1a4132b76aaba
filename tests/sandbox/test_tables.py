"""The CSV of a submission, as the server judges it."""

from __future__ import annotations

import pytest

from orchestrator.sandbox.platform.tables import DATA, EVENTS, Table, check, count_rows
from sandbox.visitor import EVENT_HEADER, HEADER, ROW


def judge(
    text: str, table: Table = DATA, *, header_counts: bool = True, check_order: bool = False
) -> tuple[int, tuple[str, ...]]:
    return check(text, table, header_counts=header_counts, check_order=check_order)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (f"{HEADER}\r\n{ROW}", 1),
        (f"{HEADER}\r\n{ROW}\r\n", 1),
        (f"{HEADER}\n{ROW}\n{ROW}\n", 2),
        (ROW, 1),
        (f"{ROW}\r\n{ROW}", 2),
        (f" Reference {HEADER[9:]}\r\n{ROW}", 1),
        ('"a,b",01/07/2024,09:00,01/07/2024,17:00', 1),
        ('"say ""hi""\r\nand go",01/07/2024,09:00,01/07/2024,17:00\r\n' + ROW, 2),
        ("Zoë,29/02/2024,00:00,29/02/2024,23:59", 1),
    ],
)
def test_what_the_contract_allows_is_accepted(text: str, rows: int) -> None:
    assert judge(text) == (rows, ())


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (",01/07/2024,09:00,01/07/2024,17:00", "1||Reference is required"),
        ("  ,01/07/2024,09:00,01/07/2024,17:00", "1|  |Reference is required"),
        ("a,,09:00,01/07/2024,17:00", "1||StartDate is required"),
        ("a,1/7/2024,09:00,01/07/2024,17:00", "1|1/7/2024|StartDate must be a date DD/MM/YYYY"),
        ("a,07/31/2024,09:00,01/07/2024,17:00", "1|07/31/2024|StartDate must be a date DD/MM/YYYY"),
        ("a,2024-07-01,09:00,01/07/2024,17:00", "1|2024-07-01|StartDate must be a date DD/MM/YYYY"),
        ("a,٠١/07/2024,09:00,01/07/2024,17:00", "1|٠١/07/2024|StartDate must be a date DD/MM/YYYY"),
        ("a,30/02/2024,09:00,01/07/2024,17:00", "1|30/02/2024|StartDate is not a date of the calendar"),
        ("a,01/07/0000,09:00,01/07/2024,17:00", "1|01/07/0000|StartDate is not a date of the calendar"),
        ("a,01/07/2024,9:00,01/07/2024,17:00", "1|9:00|StartTime must be a time hh:mm"),
        ("a,01/07/2024,24:00,01/07/2024,17:00", "1|24:00|StartTime must be a time hh:mm"),
        ("a,01/07/2024,09:00,01/07/2024,17:60", "1|17:60|EndTime must be a time hh:mm"),
        ("a,01/07/2024,09:00,01/07/2024, 17:00", "1| 17:00|EndTime must be a time hh:mm"),
        ("a,01/07/2024,09:00,01/07/2024,", "1||EndTime is required"),
        ("a,01/07/2024,09:00,01/07/2024", "1|a,01/07/2024,09:00,01/07/2024|has 4 columns, must have 5"),
        (f"{ROW},x", f"1|{ROW},x|has 6 columns, must have 5"),
        ("", "0||there are no rows"),
        (HEADER, "0||there are no rows"),
    ],
)
def test_what_it_does_not_allow_is_named(row: str, complaint: str) -> None:
    assert judge(row)[1] == (complaint,)


@pytest.mark.parametrize(
    "text",
    [
        'a"b,01/07/2024,09:00,01/07/2024,17:00',
        '"ab"c,01/07/2024,09:00,01/07/2024,17:00',
        '"never closed,01/07/2024,09:00,01/07/2024,17:00',
        f"{ROW}\r{ROW}",
    ],
)
def test_what_is_not_rfc_4180_ends_the_reading(text: str) -> None:
    assert judge(text)[1] == ("1||is not RFC 4180: quotes or line ends are wrong here",)


def test_every_bad_cell_has_a_line_of_its_own() -> None:
    rows, errors = judge(f"{HEADER}\r\n{ROW}\r\n,x,y,01/07/2024,17:00")

    assert rows == 2
    assert [line.split("|")[0] for line in errors] == ["3", "3", "3"]


def test_row_numbers_leave_the_header_out_where_the_profile_says_so() -> None:
    assert judge(f"{HEADER}\r\n{ROW}\r\n{ROW},", header_counts=False)[1][0].startswith("2|")


def test_a_line_break_in_a_value_does_not_break_the_feedback_line() -> None:
    (line,) = judge('a,"x\r\ny",09:00,01/07/2024,17:00')[1]

    assert line == "1|x  y|StartDate must be a date DD/MM/YYYY"


def test_a_header_that_is_there_must_be_right() -> None:
    assert judge(f"Reference,Start,StartTime,EndDate,EndTime\r\n{ROW}")[1] == (
        f"1|Reference,Start,StartTime,EndDate,EndTime|the header must be {HEADER}",
    )


def test_events_must_have_their_header() -> None:
    row = "User1,01/07/2024,09:05,01/07/2024,09:30,Meeting,0"

    assert judge(f"{EVENT_HEADER}\r\n{row}", EVENTS) == (1, ())
    assert judge(row, EVENTS)[1][0].endswith(f"the header must be {EVENT_HEADER}")


@pytest.mark.parametrize("reference", ["3", "-1", "0.0", "00", ""])
def test_a_time_reference_is_0_1_or_2(reference: str) -> None:
    row = f"User1,01/07/2024,09:05,01/07/2024,09:30,Meeting,{reference}"

    assert judge(f"{EVENT_HEADER}\r\n{row}", EVENTS)[1] == (f"2|{reference}|TimeReference must be 0, 1 or 2",)


def test_an_end_before_its_start_is_an_error_only_where_the_profile_says_so() -> None:
    backwards = "a,02/07/2024,09:00,01/08/2023,17:00"

    assert judge(backwards) == (1, ())
    assert judge(backwards, check_order=True)[1] == ("1|01/08/2023|EndDate is before StartDate",)


@pytest.mark.parametrize("text", [f"{HEADER}\r\n{ROW}\r\n{ROW}", f"{ROW}\n{ROW}\n", f'{HEADER}\r\n"a\nb",,,,\r\nb,,,,'])
def test_rows_are_counted_without_being_judged(text: str) -> None:
    assert count_rows(text) == 2

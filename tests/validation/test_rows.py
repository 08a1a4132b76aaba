"""What makes a row bad, and where exactly."""

from __future__ import annotations

import pytest

from orchestrator.validation import (
    Column,
    Constraints,
    Header,
    Rule,
    Schema,
    Type,
)
from validation.samples import EVENT, EVENTS_HEADER, HEADER, OTHER, PLATFORM_DATA, PLATFORM_EVENTS, ROW, judge, lines


def data_row(**cells: str) -> str:
    names = HEADER.split(",")
    return ",".join(cells.get(name, value) for name, value in zip(names, ROW.split(","), strict=True))


def event_row(**cells: str) -> str:
    names = EVENTS_HEADER.split(",")
    return ",".join(cells.get(name, value) for name, value in zip(names, EVENT.split(","), strict=True))


@pytest.mark.parametrize(
    "date",
    ["01/07/2024", "31/12/9999", "01/01/0001", "29/02/2024", "29/02/2000", "30/04/1999", "28/02/1900"],
)
def test_a_day_of_the_calendar_is_a_date(date: str) -> None:
    assert judge(lines(HEADER, data_row(StartDate=date))).found == []


@pytest.mark.parametrize(
    "date",
    [
        "29/02/2023",
        "29/02/1900",
        "30/02/2024",
        "31/04/2024",
        "31/06/2024",
        "31/09/2024",
        "31/11/2024",
        "32/01/2024",
        "00/01/2024",
        "01/00/2024",
        "01/13/2024",
        "12/31/2024",
        "01/01/0000",
        "1/7/2024",
        "01/07/24",
        "2024-07-01",
        "01-07-2024",
        "01.07.2024",
        "01/07/20245",
        "+1/07/2024",
        "01/07/2024 ",
        " 01/07/2024",
        "٠١/٠٧/٢٠٢٤",
        "０1/07/2024",
        "01/07/2024\x0b",
    ],
)
def test_anything_else_is_no_date(date: str) -> None:
    judged = judge(lines(HEADER, ROW, data_row(EndDate=date), ROW))

    assert judged.found == [(Rule.DATE, 3, 4)]
    assert judged.text == f"{HEADER}\r\n{ROW}\r\n{ROW}"


@pytest.mark.parametrize("time", ["00:00", "09:00", "19:59", "23:59"])
def test_a_time_has_two_digits_for_hour_and_minute(time: str) -> None:
    assert judge(lines(HEADER, data_row(StartTime=time))).found == []


@pytest.mark.parametrize(
    "time",
    ["24:00", "9:00", "09:60", "09:0", "0900", "09.00", "09:00:00", " 09:00", "09:00 ", "٠٩:٠٠", "-1:00"],
)
def test_anything_else_is_no_time(time: str) -> None:
    assert judge(lines(HEADER, data_row(StartTime=time))).found == [(Rule.TIME, 2, 3)]


@pytest.mark.parametrize("value", ["0", "1", "2"])
def test_a_time_reference_is_0_1_or_2(value: str) -> None:
    assert judge(lines(EVENTS_HEADER, event_row(TimeReference=value)), PLATFORM_EVENTS).found == []


@pytest.mark.parametrize("value", ["3", "-1", "00", "01", "0 ", "1.0", "²", "١", "UTC"])
def test_anything_else_is_no_time_reference(value: str) -> None:
    judged = judge(lines(EVENTS_HEADER, event_row(TimeReference=value)), PLATFORM_EVENTS)

    assert judged.found == [(Rule.DIGIT, 2, 7)]


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u00a0", "\u2003 ", "\x0b", "\u0085", '""', '" "'])
@pytest.mark.parametrize(("column", "name"), list(enumerate(HEADER.split(","), 1)))
def test_a_required_cell_must_not_be_blank(column: int, name: str, blank: str) -> None:
    judged = judge(lines(HEADER, data_row(**{name: blank})))

    assert judged.found == [(Rule.REQUIRED, 2, column)]
    assert judged.bad[0].problems[0].name == name


def test_all_problems_of_a_row_are_told_together() -> None:
    judged = judge(lines(HEADER, " ,1/7/2024,24:00,,x"))

    assert judged.found == [
        (Rule.REQUIRED, 2, 1),
        (Rule.DATE, 2, 2),
        (Rule.TIME, 2, 3),
        (Rule.REQUIRED, 2, 4),
        (Rule.TIME, 2, 5),
    ]
    assert judged.bad[0].cells == (" ", "1/7/2024", "24:00", "", "x")
    assert judged.bad[0].raw == " ,1/7/2024,24:00,,x"


@pytest.mark.parametrize(
    ("row", "column", "name"),
    [
        ("N1", 2, "StartDate"),
        ("N1,01/07/2024,09:00,01/07/2024", 5, "EndTime"),
        (ROW + ",", 6, ""),
        (ROW + ",a,b,c", 6, ""),
        (" ", 2, "StartDate"),
        ("," * 20, 6, ""),
        (ROW.replace(",", ";"), 2, "StartDate"),
    ],
)
def test_a_wrong_count_of_cells_is_the_only_problem_of_its_row(row: str, column: int, name: str) -> None:
    judged = judge(lines(HEADER, ROW, row, ROW))

    assert judged.found == [(Rule.COLUMNS, 3, column)]
    assert judged.bad[0].problems[0].name == name
    assert (judged.bad[0].cells, judged.bad[0].raw) == (None, row)
    assert judged.text == f"{HEADER}\r\n{ROW}\r\n{ROW}"


def test_a_lone_carriage_return_belongs_to_its_cell() -> None:
    judged = judge(lines(HEADER, data_row(Reference="N\r1", EndTime="25:00"), ROW))

    assert judged.found == [(Rule.CARRIAGE_RETURN, 2, 1), (Rule.TIME, 2, 5)]
    assert judged.verdict.rows == 2


@pytest.mark.parametrize("end", ["\r", "\r\r\n", "\r\r\r\n"])
def test_only_the_last_carriage_return_before_a_line_feed_belongs_to_the_line_end(end: str) -> None:
    assert judge(lines(HEADER, ROW) + ROW + end).found == [(Rule.CARRIAGE_RETURN, 3, 5)]


def test_line_ends_of_another_age_are_told_as_such() -> None:
    assert judge(lines(ROW, ROW, ROW, end="\r")).found == [(Rule.CARRIAGE_RETURN, 1, 5)]


def test_columns_may_be_optional_but_not_blank_where_they_have_a_format() -> None:
    schema = Schema(
        name="loose",
        header=Header.OPTIONAL,
        columns=(
            Column(name="Text"),
            Column(name="Day", type=Type.DATE, format="%d/%m/%Y"),
            Column(name="Zone", constraints=Constraints(enum=("0", "1", "2"))),
        ),
    )

    assert judge("Text,Day,Zone\n,,\n ,01/01/2024,1\n", schema).found == []
    assert judge("Text,Day,Zone\na, ,\n,x,3\n", schema).found == [
        (Rule.DATE, 2, 2),
        (Rule.DATE, 3, 2),
        (Rule.DIGIT, 3, 3),
    ]


@pytest.mark.parametrize("name", ["", " a", "a ", "a\rb", "a\nb", "a\0"])
def test_a_schema_takes_no_name_of_several_lines_or_with_white_space_around_it(name: str) -> None:
    with pytest.raises(ValueError, match="schema odd"):
        Schema(name="odd", header=Header.OPTIONAL, columns=(Column(name=name),))


def test_a_name_may_need_quotes() -> None:
    schema = Schema(name="odd", columns=(Column(name="Sum (EUR, net)"), Column(name='5" nails')))
    source = '"Sum (EUR, net)","5"" nails"\r\n1,2'

    assert judge(source, schema).text == source


def test_a_schema_takes_no_name_twice() -> None:
    with pytest.raises(ValueError, match="differ"):
        Schema(name="odd", header=Header.OPTIONAL, columns=(Column(name="a"), Column(name="A")))


def test_messages_hold_no_value_and_say_what_to_do() -> None:
    secret = "Zaphod"
    rows = [data_row(**{name: secret + '"'}) for name in HEADER.split(",")]
    rows += [data_row(**{name: secret}) for name in HEADER.split(",")[1:]] + [secret, f"{ROW},{secret}"]
    judged = judge(lines(HEADER, *rows, OTHER))

    messages = [problem.message for row in judged.bad for problem in row.problems]
    assert len(messages) == len(rows)
    assert all(": " in message and secret not in message for message in messages)
    assert PLATFORM_DATA.names == tuple(HEADER.split(","))

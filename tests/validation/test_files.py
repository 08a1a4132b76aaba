"""Headers, line ends and faults of the whole file."""

from __future__ import annotations

import pytest

from orchestrator.ranges import ranges_of
from orchestrator.validation import Judge, Rule
from validation.samples import EVENT, EVENTS_HEADER, HEADER, OTHER, PLATFORM_DATA, PLATFORM_EVENTS, ROW, judge, lines

CANONICAL = f"{HEADER}\r\n{ROW}\r\n{OTHER}"


@pytest.mark.parametrize(
    "source",
    [
        lines(HEADER, ROW, OTHER),
        lines(HEADER, ROW, OTHER, end="\n"),
        lines(ROW, OTHER),
        lines(ROW, OTHER, end="\n"),
        CANONICAL,
        f"{ROW}\n{OTHER}",
        f"{HEADER}\n{ROW}\r\n{OTHER}\n",
        f"\ufeff{CANONICAL}",
        f"\ufeff{ROW}\n{OTHER}",
        f"\n\r\n{HEADER}\n\n{ROW}\r\n\r\n\n{OTHER}\n\n\n",
        ",".join(f'"{name}"' for name in HEADER.split(",")) + f"\n{ROW}\n{OTHER}",
    ],
)
def test_the_remote_gets_the_header_and_the_rows_with_crlf_between_them(source: str) -> None:
    judged = judge(source)

    assert judged.text == CANONICAL
    assert (judged.verdict.rows, judged.verdict.bad, judged.verdict.fault) == (2, 0, None)
    assert judged.verdict.header == ("Reference" in source)


def test_rows_keep_their_own_words() -> None:
    row = '"N ""1"", a",01/07/2024,"09:00",01/07/2024,"17:00"'

    assert judge(f"{HEADER}\n{row}\n{ROW}\n").text == f"{HEADER}\r\n{row}\r\n{ROW}"


def test_a_file_without_a_good_row_has_no_text() -> None:
    judged = judge(lines(HEADER, "x", "y"))

    assert (judged.text, judged.verdict.rows, judged.verdict.bad, judged.verdict.fault) == ("", 2, 2, None)


def test_every_character_but_a_line_feed_stays_within_its_line() -> None:
    odd = "a\u2028b\u2029c\x0bd\x0ce\x85f\x1cg\ufeffh\U0001f600"
    row = ROW.replace("N1", odd)

    judged = judge(lines(row, OTHER))

    assert judged.text == f"{HEADER}\r\n{row}\r\n{OTHER}"
    assert judged.verdict.rows == 2


@pytest.mark.parametrize("source", [b"", b"\xef\xbb\xbf", b"\n", b"\r\n\r\n\n", b"\xef\xbb\xbf\r\n", b"\xff\xfe"])
def test_a_file_of_nothing_is_empty(source: bytes) -> None:
    judged = judge(source)

    assert judged.found == [(Rule.EMPTY, 1, 1)]
    assert judged.verdict.rows == 0


@pytest.mark.parametrize(
    ("source", "line"),
    [(HEADER, 1), (HEADER + "\n", 1), (f"\n{HEADER}\r\n\r\n\n", 2), (f"\ufeff{HEADER}\n", 1)],
)
def test_a_header_alone_is_no_data(source: str, line: int) -> None:
    judged = judge(source)

    assert judged.found == [(Rule.NO_ROWS, line, 1)]
    assert judged.verdict.header


@pytest.mark.parametrize(
    ("header", "column", "expected"),
    [
        ("reference,StartDate,StartTime,EndDate,EndTime", 1, "Reference"),
        ("Reference, StartDate,StartTime,EndDate,EndTime", 2, "StartDate"),
        ("Reference,StartTime,StartDate,EndDate,EndTime", 2, "StartDate"),
        ("Reference,Reference,StartTime,EndDate,EndTime", 2, "StartDate"),
        ("Reference,StartDate,StartTime,EndDate", 5, "EndTime"),
        ("Reference,StartDate,StartTime,EndDate,EndTime,", 6, ""),
        ("Id,StartDate,StartTime,EndDate,EndTime", 1, "Reference"),
        ("Referenc\u0435,StartDate,StartTime,EndDate,EndTime", 1, "Reference"),
        ("Reference", 2, "StartDate"),
        ("a,b,c,d,e,f, ENDTIME ", 1, "Reference"),
        ('"Refer""ence",StartDate', 1, "Reference"),
        ('"Reference"x,StartDate', 1, "Reference"),
        ("Reference;StartDate;StartTime;EndDate,EndTime", 1, "Reference"),
    ],
)
def test_a_header_is_right_to_the_letter_or_a_fault(header: str, column: int, expected: str) -> None:
    judged = judge(lines(header, ROW))

    assert judged.found == [(Rule.HEADER, 1, column)]
    assert (judged.text, judged.verdict.rows, judged.verdict.header) == ("", 0, False)
    assert judged.verdict.fault is not None
    assert (judged.verdict.fault.name, expected in judged.verdict.fault.message) == (expected, True)
    assert "Id" not in judged.verdict.fault.message


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (lines(HEADER, ROW, ROW, end="\r"), 5),
        (lines("Reference,StartDate\r,StartTime,EndDate,EndTime", ROW), 2),
    ],
)
def test_a_header_with_the_line_ends_of_another_age_says_so(text: str, column: int) -> None:
    judged = judge(text)

    assert judged.found == [(Rule.CARRIAGE_RETURN, 1, column)]
    assert judged.verdict.fault is not None
    assert "CRLF or LF" in judged.verdict.fault.message


def test_names_in_a_later_row_make_no_header() -> None:
    assert judge(lines(ROW, HEADER)).found == [
        (Rule.DATE, 2, 2),
        (Rule.TIME, 2, 3),
        (Rule.DATE, 2, 4),
        (Rule.TIME, 2, 5),
    ]


def test_a_first_row_without_any_name_is_a_row() -> None:
    judged = judge("a,b\n" + lines(ROW))

    assert judged.found == [(Rule.COLUMNS, 1, 3)]
    assert judged.text == f"{HEADER}\r\n{ROW}"


def test_events_need_their_header() -> None:
    judged = judge("\n" + lines(EVENT, EVENT), PLATFORM_EVENTS)

    assert judged.found == [(Rule.HEADER, 2, 1)]
    assert judged.verdict.fault is not None
    assert "first line" in judged.verdict.fault.message
    assert judge(lines(EVENTS_HEADER, EVENT), PLATFORM_EVENTS).found == []


def test_the_data_header_does_not_fit_events() -> None:
    assert judge(lines(HEADER, EVENT), PLATFORM_EVENTS).found == [(Rule.HEADER, 1, 2)]


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("\0", 1, 1),
        (f"{HEADER}\n\0", 2, 1),
        (f"{ROW}\nN1,01/07/2024,09\0:00\n", 2, 3),
        (f'{ROW}\n"a\nb,c\n\0",', 4, 1),
        (f'{ROW}\n"a""\n",x,"\0', 3, 3),
        (f"{ROW}\n{OTHER}\0", 2, 5),
        (f"{ROW}\n{OTHER}\r\0", 2, 5),
        ("Reference,\0StartDate", 1, 2),
    ],
)
def test_a_nul_character_ends_the_file_where_it_stands(source: str, line: int, column: int) -> None:
    assert judge(source).found == [(Rule.NUL, line, column)]


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ('"', 1, 1),
        (f'{HEADER}\nN1,"', 2, 2),
        (f'{HEADER}\n{ROW}\nN1,"01/07/2024,09:00\n{ROW}\n{ROW}\n', 3, 2),
        (f'{HEADER}\n"a\nb","c\n\n', 3, 2),
        (f'{HEADER}\n{ROW},"a""', 2, 6),
        (f'{HEADER}\n"a""\r\n', 2, 1),
    ],
)
def test_a_quote_that_never_closes_is_told_where_it_opens(source: str, line: int, column: int) -> None:
    assert judge(source).found == [(Rule.UNCLOSED_QUOTE, line, column)]


def test_what_stands_before_a_fault_has_been_judged() -> None:
    judge = Judge(PLATFORM_DATA)

    assert judge.feed(lines(HEADER, ROW, "x", OTHER).encode() + b"N3,\0\n" + lines(ROW).encode()) == CANONICAL
    assert judge.fault is not None
    assert (judge.feed(lines(ROW).encode()), judge.close()) == ("", "")
    verdict = judge.verdict
    assert verdict.fault is not None
    assert (verdict.rows, verdict.bad, verdict.fault, verdict.gaps) == (3, 1, judge.fault, ranges_of([3]))
    assert (verdict.fault.line, verdict.fault.column) == (5, 2)


def test_the_header_comes_with_the_first_good_row() -> None:
    judge = Judge(PLATFORM_DATA)

    pieces = [judge.feed(part.encode()) for part in (HEADER, "\r\nbad\r\n", ROW, "\r", "\n", OTHER)]

    assert pieces == ["", "", "", "", f"{HEADER}\r\n{ROW}", ""]
    assert judge.close() == f"\r\n{OTHER}"


def test_there_is_no_verdict_before_the_end() -> None:
    with pytest.raises(AssertionError):
        Judge(PLATFORM_DATA).verdict  # noqa: B018 — the question is what is tested

"""What is too big, and that no file can make the judge hold more than a record."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from orchestrator.validation import Column, Judge, Rule, Schema
from orchestrator.validation.limits import FIELD_LIMIT, RECORD_LIMIT
from validation.samples import (
    EVENT,
    EVENTS_HEADER,
    HEADER,
    PLATFORM_DATA,
    PLATFORM_EVENTS,
    ROW,
    Judged,
    judge_in,
    lines,
)

MEBIBYTE = 1 << 20


def judge(source: str) -> Judged:
    """In few pieces, because byte by byte takes long here."""
    data = source.encode()
    judged = judge_in([data])
    assert judge_in([data], fast=False) == judged
    for size in (60_000, 131_073):
        assert judge_in(data[at : at + size] for at in range(0, len(data), size)) == judged
    return judged


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_may_have_131_072_characters_and_no_more(quote: str) -> None:
    most = ROW.replace("N1", quote + "é" * FIELD_LIMIT + quote)
    more = ROW.replace("N1", quote + "é" * (FIELD_LIMIT + 1) + quote)

    assert judge(lines(ROW, most, ROW)).found == []
    assert judge(lines(ROW, more, ROW)).found == [(Rule.FIELD_SIZE, 2, 1)]


def test_the_size_of_a_cell_is_that_of_its_value() -> None:
    assert judge(lines(ROW.replace("N1", '"' + '""' * FIELD_LIMIT + '"'))).found == []
    assert judge(lines(ROW.replace("N1", '"' + '""' * (FIELD_LIMIT + 1) + '"'))).found == [(Rule.FIELD_SIZE, 1, 1)]


def test_line_ends_inside_quotes_count() -> None:
    half = "a" * (FIELD_LIMIT // 2 - 1)

    assert judge(lines(ROW, ROW.replace("N1", f'"{half}\r\n{half}"'))).found == []
    assert judge(lines(ROW, ROW.replace("N1", f'"{half}\r\n{half}b"'))).found == [(Rule.FIELD_SIZE, 2, 1)]
    assert judge(lines(ROW, f'a,"{half}{half}\r\n\n')).found == [(Rule.FIELD_SIZE, 2, 2)]


@pytest.mark.parametrize("tail", ["", "\n", ",x\n", '"', "\0", ',"\n'])
def test_a_cell_too_big_is_told_whatever_follows(tail: str) -> None:
    big = "a" * (FIELD_LIMIT + 1)

    assert judge(f"{ROW}\nx,{big}{tail}").found == [(Rule.FIELD_SIZE, 2, 2)]
    assert judge(f'{ROW}\nx,"\n{big}{tail}').found == [(Rule.FIELD_SIZE, 2, 2)]
    assert judge(f'{ROW}\nx,"a"{big}{tail}').found == [(Rule.FIELD_SIZE, 2, 2)]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\0"])
def test_a_record_may_have_a_mebi_of_characters_and_no_more(end: str) -> None:
    cell = "a" * 99_999 + ","
    most = (cell * 11)[: RECORD_LIMIT - 1] + ","

    found = judge(f"{ROW}\n{most}{end}").found
    assert found == [(Rule.NUL, 2, 12) if end == "\0" else (Rule.COLUMNS, 2, 6)]
    assert judge(f"{ROW}\n{most},{end}").found == [(Rule.RECORD_SIZE, 2, 1)]


def test_a_row_that_is_right_but_for_its_length_is_refused_on_every_way() -> None:
    width = RECORD_LIMIT // 100_000
    schema = Schema(name="texts", columns=tuple(Column(name=f"c{number}") for number in range(width + 1)))
    row = ",".join(["a" * 100_000] * width) + ","
    most = row + "b" * (RECORD_LIMIT - len(row))
    header = ",".join(schema.names)

    for surplus in (0, 1, 1_000, 20_000):
        found = [(Rule.RECORD_SIZE, 2, 1)] if surplus else []
        source = lines(header, most + "b" * surplus).encode()
        for size in (len(source), 4096):
            chunks = [source[at : at + size] for at in range(0, len(source), size)]
            assert judge_in(chunks, schema).found == judge_in(chunks, schema, fast=False).found == found


def test_a_chunk_may_end_inside_the_line_end_of_the_longest_record() -> None:
    most = ("a" * 99_999 + ",") * 10 + "," * (RECORD_LIMIT - 1_000_000)

    assert judge_in([f"{ROW}\n{most}\r".encode(), b"\n"]).found == [(Rule.COLUMNS, 2, 6)]
    assert judge_in([f"{ROW}\n{most},\r".encode(), b"\n"]).found == [(Rule.RECORD_SIZE, 2, 1)]


def test_a_record_of_many_lines_has_the_same_limit() -> None:
    cell = '"' + "a" * 99_990 + '\n",'

    assert judge(lines(ROW) + cell * 10 + "\n").found == [(Rule.COLUMNS, 2, 6)]
    assert judge(lines(ROW) + cell * 11 + "\n").found == [(Rule.RECORD_SIZE, 2, 1)]


@pytest.mark.parametrize("cell", [",", '"",', 'a"b,', "\r,"])
@pytest.mark.parametrize("count", [1_001, 20_000])
def test_a_row_of_very_many_cells_has_the_wrong_count_whatever_they_hold(cell: str, count: int) -> None:
    judged = judge(lines(ROW, cell * count, ROW))

    assert judged.found == [(Rule.COLUMNS, 2, 6)]
    assert judged.bad[0].raw == cell * count


def test_a_first_record_of_very_many_cells_is_no_header() -> None:
    assert judge("Reference," * 1_001 + "\n" + lines(ROW)).found == [(Rule.COLUMNS, 1, 6)]


def endless(piece: bytes) -> Iterator[bytes]:
    chunk = piece * (MEBIBYTE // len(piece))
    while True:
        yield chunk


@pytest.mark.parametrize(
    ("start", "piece", "rule"),
    [
        (f"{HEADER}\n{ROW}\n", b"a", Rule.FIELD_SIZE),
        (f"{HEADER}\n{ROW}\n", b",", Rule.RECORD_SIZE),
        (f'{HEADER}\n{ROW}\n"', b"a", Rule.FIELD_SIZE),
        (f'{HEADER}\n{ROW}\n"', b"a,b,c\r\n", Rule.FIELD_SIZE),
        (f'{HEADER}\n{ROW}\n"', b'""', Rule.FIELD_SIZE),
        (f'{HEADER}\n{ROW}\n"', b'""\n', Rule.FIELD_SIZE),
        (f"{HEADER}\n{ROW}\n", b'"\n",', Rule.RECORD_SIZE),
        (f"{HEADER}\n{ROW}\n", b"\r", Rule.FIELD_SIZE),
    ],
)
def test_a_record_without_an_end_is_given_up_after_few_chunks(start: str, piece: bytes, rule: Rule) -> None:
    judge = Judge(PLATFORM_DATA)
    judge.feed(start.encode())

    for chunk in islice(endless(piece), 3):
        judge.feed(chunk)

    fault = judge.fault
    assert judge.close() == ""
    assert fault is not None
    assert (fault.rule, fault.line, fault.column) == (rule, 3, 1)


def test_a_long_quoted_stretch_of_events_is_judged_line_by_line() -> None:
    event = EVENT.replace("late", '"' + 'a ""b"", c\n' * 500 + '"')
    data = lines(EVENTS_HEADER, *[event] * 50).encode()

    judged = judge_in((data[at : at + 7_001] for at in range(0, len(data), 7_001)), PLATFORM_EVENTS)

    assert (judged.verdict.rows, judged.found) == (50, [])
    assert next(iter(judged.verdict.gaps)) == (3, 502)

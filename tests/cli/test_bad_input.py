"""Every way in which a file can be wrong, as people are told of it: the file, the place, the cause and the remedy."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from orchestrator.config import load
from orchestrator.model import RelPath
from orchestrator.survey import Finding, Rest, survey

HEADER = "Reference,StartDate,StartTime,EndDate,EndTime"
ROW = "N1,01/07/2024,09:00,01/07/2024,17:00"
LATER = ",01/07/2024,09:00,01/07/2024,17:00"


def lines(*texts: str, end: str = "\r\n", encoding: str = "utf-8") -> bytes:
    return "".join(text + end for text in texts).encode(encoding)


async def told(folder: Path, **settings: str) -> list[Finding]:
    words = ["input.settle=0", *(f"{key.replace('__', '.')}={value}" for key, value in settings.items())]
    found: list[Finding] = []
    loaded = load(None, overrides=words, environ={}, folder=folder, output=folder.parent / "out")
    await survey(loaded, found.append)
    return found


SAVE = "save the file as UTF-8, unpacked if it is packed, or set the encoding that it really has"
JOINED = "holds a byte order mark, as where files were put together: take them apart, or take the mark out"
PLAIN = "holds a NUL character: export the file again as plain text (UTF-8, or UTF-16 with a BOM)"
ENDS = "a lone carriage return, as old Macs end lines: write CRLF or LF, or quote the cell with it"
CELLS = (
    "the wrong number of cells: check for a missing comma, or for one that needs quotes; if another sign parts the "
    "cells, set validation.delimiter (see orchestrator inspect FILE)"
)
OTHERWISE = (
    'the first line is a single cell with ";" in it: if that parts the cells, set validation.delimiter, which '
    "orchestrator inspect FILE proposes; else put the cell in quotes"
)
DAY = "not a calendar date written DD/MM/YYYY: correct it, day first, with two, two and four digits"
TIME = "not a time written hh:mm from 00:00 to 23:59: correct it, with two digits each"
QUOTE = 'a quote opens here and never closes: add the closing " or remove the opening one'
EXACTLY = "write the column names exactly, in their order"

FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty": (b"", (":1:1: empty: the file is empty: export it again, or remove it",)),
    "blank lines": (b"\r\n\r\n", (":1:1: empty: the file is empty: export it again, or remove it",)),
    "a header alone": (
        lines(HEADER),
        (":1:1: no_rows (Reference): there is no row below the header: add rows, or remove the file",),
    ),
    "bytes that are no UTF-8": (
        lines(HEADER, ROW) + b"\xff\xfe",
        (f":3:1: encoding (Reference): cannot be decoded at byte offset 85: {SAVE}",),
    ),
    "bytes that are no UTF-8, ten megabytes down": (
        lines(HEADER, *[ROW] * 280_000) + b"Zo\xeb" + LATER.encode(),
        (f":280002:1: encoding (Reference): cannot be decoded at byte offset 10,640,049: {SAVE}",),
    ),
    "a name of a column in another encoding": (
        lines("Référence,StartDate", encoding="latin-1"),
        (f":1:1: encoding: cannot be decoded at byte offset 1: {SAVE}",),
    ),
    "another encoding below a mark": (
        b"\xef\xbb\xbf" + lines(HEADER, f'"Zoe\r\n{ROW}"{LATER}') + lines(f"a,é{LATER}", encoding="latin-1"),
        (f":4:2: encoding (StartDate): cannot be decoded at byte offset 131: {SAVE}",),
    ),
    "two encodings": (
        lines(HEADER, f"Zoë{LATER}") + lines(f"Zoë{LATER}", encoding="latin-1"),
        (f":3:1: encoding (Reference): cannot be decoded at byte offset 89: {SAVE}",),
    ),
    "UTF-16 without its mark": (lines(HEADER, ROW, encoding="utf-16-le"), (f":1:1: nul: {PLAIN}",)),
    "packed": (
        gzip.compress(lines(HEADER, ROW), mtime=0),
        (f":1:1: encoding: cannot be decoded at byte offset 1: {SAVE}",),
    ),
    "an unclosed quote": (
        lines(HEADER, ROW, f'"N2{LATER}', *[ROW] * 9),
        (f":3:1: unclosed_quote (Reference): {QUOTE}",),
    ),
    "two files in one": (
        lines(HEADER, ROW, f"\ufeff{HEADER}", ROW),
        (f":3:1: byte_order_mark (Reference): {JOINED}",),
    ),
    "NUL": (lines(HEADER, f"N\0{LATER}"), (f":2:1: nul (Reference): {PLAIN}",)),
    "a lone carriage return": (lines(HEADER, f"N\r1{LATER}"), (f":2:1: carriage_return (Reference): {ENDS}",)),
    "the line ends of old Macs": (lines(HEADER, ROW, end="\r"), (f":1:5: carriage_return (EndTime): {ENDS}",)),
    "a cell without an end": (
        lines(HEADER, ROW, "x" * 140_000 + LATER),
        (":3:1: field_size (Reference): the cell has more than 131,072 characters: shorten it, or close its quote",),
    ),
    "a million columns": (
        lines(",".join(["c"] * 1_000_000), ROW),
        (":1:1: record_size: the row has more than 1,048,576 characters: check its line ends and quotes",),
    ),
    "ragged rows": (
        lines(HEADER, ROW, f"{ROW},more", "N1,01/07/2024"),
        (f":3:6: columns: {CELLS}", f":4:3: columns (StartTime): {CELLS}"),
    ),
    "semicolons": (
        lines(HEADER.replace(",", ";"), ROW.replace(",", ";")),
        (f":1:1: header: {OTHERWISE}",),
    ),
    "a name twice": (
        lines("Reference,StartDate,StartDate,EndDate,EndTime", ROW),
        (f":1:3: header (StartTime): the header must have StartTime here: {EXACTLY}",),
    ),
    "a column that is missing": (
        lines("Reference,StartDate,StartTime,EndDate", ROW),
        (f":1:5: header (EndTime): the header must have EndTime here: {EXACTLY}",),
    ),
    "dates as others write them": (
        lines(HEADER, "N1,07/31/2024,09:00,2024-07-01,17:00", "N1,1/7/2024,9:00 AM,01.07.2024,24:00"),
        (
            f":2:2: date (StartDate): {DAY}",
            f":2:4: date (EndDate): {DAY}",
            f":3:2: date (StartDate): {DAY}",
            f":3:3: time (StartTime): {TIME}",
            f":3:4: date (EndDate): {DAY}",
            f":3:5: time (EndTime): {TIME}",
        ),
    ),
}

HARMLESS = {
    "a mark and mixed line ends": b"\xef\xbb\xbf" + lines(HEADER, ROW) + lines(ROW, ROW, end="\n"),
    "UTF-16 with its mark": lines(HEADER, ROW, encoding="utf-16"),
    "line separators that are none of CSV": lines(HEADER, f"N\u2028\x85\x0c1{LATER}"),
    "huge numbers": lines(HEADER, f"1e999999{LATER}", f"{'9' * 400}{LATER}", f"-{'9' * 400}{LATER}"),
}
"""What only looks dangerous, and has to arrive as it is."""


@pytest.mark.parametrize("what", FILES)
async def test_a_file_that_is_wrong_is_told_with_its_place_its_cause_and_what_to_do(tmp_path: Path, what: str) -> None:
    content, expected = FILES[what]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad night.csv").write_bytes(content)

    found = await told(tmp_path / "in")

    assert [finding.text for finding in found] == [f"bad night.csv{each}" for each in expected]


@pytest.mark.parametrize("what", HARMLESS)
async def test_what_only_looks_dangerous_is_no_fault(tmp_path: Path, what: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "night.csv").write_bytes(HARMLESS[what])

    assert await told(tmp_path / "in") == []


async def test_events_without_their_header_are_told_so_for_only_the_data_may_do_without(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(lines(ROW))
    (tmp_path / "in" / "a.events.csv").write_bytes(lines("N1,01/07/2024,09:05,01/07/2024,09:30,Call,0"))

    found = await told(tmp_path / "in")

    remedy = "the header must begin with Reference: put the column names on the first line, in order"
    assert [finding.text for finding in found] == [f"a.events.csv:1:1: header (Reference): {remedy}"]


SCHEMA = """
[[fields]]
name = "count"
type = "integer"

[[fields]]
name = "price"
type = "number"

[[fields]]
name = "day"
type = "date"
format = "%Y-%m-%d"
"""


async def test_numbers_and_dates_of_a_country_are_told_in_the_words_of_the_schema(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "numbers.toml").write_text(SCHEMA)
    rows = ("7,1.5,2024-07-01", '"1,000","1,5",01/07/2024', "1.0,1.000.5,2024-02-30", f"{'9' * 400},1e9,2024-07-01")
    (tmp_path / "in" / "n.csv").write_bytes(lines("count,price,day", *rows))

    found = await told(tmp_path / "in", validation__schema=str(tmp_path / "numbers.toml"))

    assert [(finding.line, finding.column, finding.rule) for finding in found] == [
        *((line, column, rule) for line in (3, 4) for column, rule in ((1, "integer"), (2, "number"), (3, "date")))
    ]
    assert "n.csv:3:1: integer (count): not a whole number: write digits only, with a sign in front if need be" in {
        finding.text for finding in found
    }
    assert "n.csv:3:2: number (price): not a number: write digits, and a point before the decimals" in {
        finding.text for finding in found
    }


DELETES = "blank, which deletes what the remote has: fill it, or leave the column out to keep the old values"


async def test_a_blank_cell_that_deletes_at_tao_is_a_warning_that_names_its_column(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "u.csv").write_bytes(lines("user_username,user_email", "zoe,", "al,al@example.com", "bo,"))

    found = await told(tmp_path / "in", target__kind="tao", target__base_url="https://tao.example.com")

    assert [finding.text for finding in found] == [f"u.csv:2:2: warning: deletes (user_email): {DELETES} [2 rows]"]


FORMULA = "a spreadsheet would run it as a formula, and it is sent as it stands: correct it if it is none"


async def test_a_cell_that_a_spreadsheet_would_run_is_a_warning_that_names_its_column(tmp_path: Path) -> None:
    rows = ["zoe,=1+1,+49 170 1", 'al,"@SUM(1,2)",-', "bo,\t=1,-A1", 'cy,x,"-1,5"']
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "u.csv").write_bytes(lines("user_username,user_name,user_metadata_phone", *rows))

    found = await told(tmp_path / "in", target__kind="tao", target__base_url="https://tao.example.com")

    assert [finding.text for finding in found] == [
        f"u.csv:2:2: warning: formula (user_name): {FORMULA} [3 rows]",
        f"u.csv:4:3: warning: formula (user_metadata_phone): {FORMULA}",
    ]


async def test_what_ends_a_file_and_its_warnings_are_told_beyond_any_number_of_bad_rows(tmp_path: Path) -> None:
    rows = [",x@example.com"] * 300
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "u.csv").write_bytes(lines("user_username,user_email", *rows, "zoe,", '"open'))
    settings = {"target__kind": "tao", "target__base_url": "https://tao.example.com"}

    *first, fault, warning, rest = await told(tmp_path / "in", **settings)

    assert [(finding.line, finding.rule) for finding in first] == [(line, first[0].rule) for line in range(2, 102)]
    assert (fault.line, fault.rule) == (303, "unclosed_quote")
    assert (warning.line, warning.rule) == (302, "deletes")
    assert rest == Rest(path=RelPath("u.csv"), severity="error", count=200)


async def test_bad_rows_beyond_the_first_take_no_memory(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(lines(HEADER, *[",,,,"] * 10_000))
    tracemalloc.start()
    try:
        found = await told(tmp_path / "in")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(found) == 101
    assert peak < 4 << 20, "each of the 50,000 problems would take a hundred bytes"

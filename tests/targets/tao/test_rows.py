"""What became of every row: the result file, whatever its columns, its order and its lines look like."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ports import OBJECTIONS_LIMIT, Objection
from orchestrator.ranges import NO_RANGES, Ranges, ranges_of
from orchestrator.targets.tao.rows import RowResults, read_rows
from targets.tao.place import REFERENCE, tao_at
from targets.wire import answer, as_json

GOOD = ("processed", "", "", "")
BAD = ("400", "error", "validation.fieldError", 'Field "user_username" is required.')
BROKEN = ("500", "error", "csv.import.internalError", "Internal error while processing row.")
COLUMNS = ("status", "errorType", "errorCode", "errorMessage")


def table(*rows: tuple[str, ...], end: str = "\r\n") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(rows)
    return text.getvalue()


def read(text: str) -> RowResults:
    found = read_rows(io.StringIO(text, newline=""))
    assert found is not None, "it is a table"
    return found


def objections(*numbered: tuple[int, tuple[str, ...]]) -> tuple[Objection, ...]:
    """Of a file that has one of the columns that they may name."""
    return tuple(
        Objection(
            rows=(number,),
            says=f"{status} {code} {message}",
            column="user_username" if '"user_username"' in message else "",
        )
        for number, (status, _, code, message) in numbered
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_are_counted_as_they_were_sent_and_those_refused_are_named(end: str) -> None:
    rows = [("zoe", *GOOD), ("", *BAD), ("al", *GOOD), ("bo", *BROKEN)]
    seen = read(table(("user_username", *COLUMNS), *rows, end=end))

    assert (seen.refused, seen.told) == (2, 4)
    assert seen.objections == objections((2, BAD), (4, BROKEN))


def test_columns_are_found_by_their_names_wherever_they_stand() -> None:
    header = ("ErrorMessage", "more", " STATUS ", "user_username", "errorCode")
    seen = read(table(header, ("no", "x", "500", "zoe", "E1"), ("", "y", "Processed", "al", "")))

    assert seen == RowResults(
        refused=1, rows=ranges_of([1]), unknown=0, objections=(Objection(rows=(1,), says="500 E1 no"),), told=2
    )


@pytest.mark.parametrize(
    ("message", "column"),
    [
        ('Field "user_name" exceeds max length (3).', "User_Name"),
        ('Field " USER_NAME" is required.', "User_Name"),
        ('Field "user_email" is required.', ""),
        ('Field "status" is required.', ""),
        ('The cell says: Field "user_name" is required.', ""),
        ('Field "user_name', ""),
        ("", ""),
    ],
)
def test_the_column_that_is_objected_to_is_one_of_the_file_that_the_message_begins_with(
    message: str, column: str
) -> None:
    seen = read(table((" User_Name", *COLUMNS), ("zoe", "400", "error", "x", message)))

    assert [objection.column for objection in seen.objections] == [column]


def test_a_column_of_the_file_that_is_called_as_one_of_theirs_does_not_hide_it() -> None:
    """Theirs are put behind those of the file."""
    seen = read(table(("status", "user_username", *COLUMNS), ("processed", "", *BAD), ("400", "al", *GOOD)))

    assert seen.objections == objections((1, BAD))


NO_TABLES = [
    "",
    "\r\n",
    "user_username\r\nzoe\r\n",
    "<html></html>",
    '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Expired, or gone</Message></Error>',
    '{"error": "server_error", "message": "later"}',
    '\ufeff[{"a": 1, "b": 2}]',
    "try again later",
]


@pytest.mark.parametrize("text", NO_TABLES)
def test_what_is_no_table_is_no_result(text: str) -> None:
    assert read_rows(io.StringIO(text, newline="")) is None


@pytest.mark.parametrize("text", ["zoe,processed\r\n", "user_username,user_name\r\nzoe,Zoe\r\n"])
def test_a_table_that_does_not_say_what_became_of_a_row_tells_of_none(text: str) -> None:
    assert read(text) == RowResults(refused=0, rows=NO_RANGES, unknown=0, objections=(), told=0)


@pytest.mark.parametrize("word", ["400", "500", "422", "error", "Failed"])
def test_a_row_that_is_said_to_be_wrong_is_refused(word: str) -> None:
    seen = read(table(("status",), (word,), ("processed",)))

    assert (seen.refused, seen.rows, seen.unknown) == (1, ranges_of([1]), 0)


@pytest.mark.parametrize("word", ["", "?", "200", "created", "skipped", "not processed"])
def test_a_word_that_nobody_documents_says_neither_yes_nor_no(word: str) -> None:
    """To send such a row again might bring it twice, and to call it taken might lose it."""
    seen = read(table(("status",), (word,), ("processed",)))

    assert (seen.refused, seen.unknown, seen.told) == (0, 1, 2)


def test_a_row_with_a_reason_against_it_is_refused_whatever_its_status_says() -> None:
    assert read(table(COLUMNS, ("skipped", "error", "", "no such group"))).refused == 1


def test_a_row_that_breaks_off_before_its_status_says_nothing() -> None:
    seen = read("user_username,status\r\nzoe\r\nal,processed\r\n")

    assert (seen.refused, seen.unknown) == (0, 1)


def test_a_table_that_is_cut_off_in_the_middle_of_a_cell_tells_of_none() -> None:
    assert read('user_username,status\r\nzoe,processed\r\n"al').told == 0


def test_blank_lines_are_no_rows() -> None:
    text = "user_username,status\r\n\r\nzoe,processed\r\n\r\nal,400\r\n\r\n"

    assert read(text) == RowResults(
        refused=1, rows=ranges_of([2]), unknown=0, objections=(Objection(rows=(2,), says="400"),), told=2
    )


def test_lines_in_quotes_make_one_row() -> None:
    seen = read(table(("user_username", *COLUMNS), ("of\r\nthree\n\nlines", *GOOD), ('"q",\r\n', *BAD)))

    assert seen.objections == objections((2, BAD))


def test_all_refused_rows_are_counted_and_the_first_are_named() -> None:
    seen = read(table(("status",), *[("400",)] * (OBJECTIONS_LIMIT + 5)))

    assert (seen.refused, seen.rows) == (OBJECTIONS_LIMIT + 5, Ranges.of([(1, OBJECTIONS_LIMIT + 5)]))
    assert [each.rows for each in seen.objections] == [(number,) for number in range(1, OBJECTIONS_LIMIT + 1)]


def test_a_cell_longer_than_any_cell_makes_it_a_file_that_does_not_tell() -> None:
    assert read(table(("status", "more"), ("processed", "x" * (2 << 20)))).told == 0


def test_a_cell_may_be_as_long_as_a_record_and_quotes_that_never_close_tell_of_no_row() -> None:
    assert read(table(("status", "more"), ("processed", "x, " * 300_000))).told == 1
    assert read('status,more\r\nprocessed,"x\r\n400,y\r\n').told == 0


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(cells, cells, st.sampled_from([GOOD, BAD, BROKEN])), max_size=20), st.permutations(range(6)))
def test_whatever_the_cells_and_the_order_of_the_columns_the_right_rows_are_named(
    rows: list[tuple[str, str, tuple[str, ...]]], order: list[int]
) -> None:
    header = ("user_username", "b", *COLUMNS)
    lines = [tuple(row[at] for at in order) for row in (header, *((a, b, *told) for a, b, told in rows))]
    seen = read(table(*lines))

    bad = [(number, told) for number, (_, _, told) in enumerate(rows, 1) if told is not GOOD]
    assert (seen.refused, seen.objections) == (len(bad), objections(*bad))


@given(st.text())
def test_nothing_that_comes_for_a_result_breaks_the_reading(text: str) -> None:
    read_rows(io.StringIO(text, newline=""))
    read(f"status\r\n{text}")


@pytest.mark.parametrize("rows", [10, 20_000])
async def test_a_held_result_and_a_spilled_one_are_read_alike(tmp_path: Path, rows: int) -> None:
    told = [("zoe\r\n", *(BAD if number % 7 == 3 else GOOD)) for number in range(1, rows + 1)]
    text = "\ufeff" + table(("user_username", *COLUMNS), *told)
    replies = (lambda _: as_json({"signedUrl": f"{server.url}/store"}), answer(200, text, kind="text/csv"))
    async with tao_at(tmp_path, *replies) as (stand, server):
        fetched = await stand.target.fetch(REFERENCE, "result")

    bad = [number for number in range(1, rows + 1) if number % 7 == 3]
    assert fetched.refused == len(bad)
    assert [each.rows for each in fetched.objections] == [(number,) for number in bad]
    assert (fetched.spilled is not None) == (rows > 10)

"""What is proposed for a file from its beginning."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import random
import zlib

import pytest

from orchestrator.validation import Dialect, Rule, Sight, look
from orchestrator.validation.problem import MESSAGES
from validation.kinds import FILES, KINDS
from validation.samples import HEADER, ROW, judge_in, lines
from validation.test_dialects import DIALECTS, spelled

NAMED = [schema for name, schema in KINDS.items() if name not in ("shifts", "plain")]


def seen(data: bytes | str, *, whole: bool = True) -> Sight:
    return look(data.encode() if isinstance(data, str) else data, NAMED, whole=whole)


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one.delimiter in ",;\t|"])
@pytest.mark.parametrize("kind", ["platform.events", "tao.users", "tao.sessions.delivery.new_groups"])
def test_what_is_proposed_reads_the_file(dialect: Dialect, kind: str) -> None:
    table = list(csv.reader(io.StringIO(lines(*FILES[kind]), newline=""), strict=True))
    if not dialect.quote:
        table = [row for row in table if not set(dialect.delimiter + "\r\n") & set("".join(row))]
    source = lines(*[spelled(row, dialect) for row in table]).encode()

    sight = seen(source)

    assert (sight.kind, list(sight.names), sight.even, sight.lacks) == (kind, table[0], True, "")
    wanted = judge_in([source], KINDS[kind], dialect=dialect)
    assert judge_in([source], KINDS[kind], dialect=sight.dialect).text == wanted.text


@pytest.mark.parametrize(
    ("encoding", "mark", "expected"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("cp1252", b"", "cp1252"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
    ],
)
def test_the_encoding_is_what_the_mark_says_or_what_can_be_read(encoding: str, mark: bytes, expected: str) -> None:
    sight = seen(mark + lines(HEADER, ROW.replace("N1", "Zoë")).encode(encoding))

    assert (sight.encoding, sight.marked, sight.kind) == (expected, bool(mark), "platform.data")


def test_bytes_that_no_better_encoding_knows_are_latin_1() -> None:
    assert seen(lines(HEADER).encode() + b"Zo\x81").encoding == "latin-1"


def test_a_beginning_may_end_inside_a_letter_and_inside_a_row() -> None:
    data = lines(HEADER, *[ROW.replace("N1", "Zoë")] * 9).encode()

    for end in range(len(HEADER) + 60, len(data)):
        sight = seen(data[:end], whole=False)
        assert (sight.encoding, sight.even, sight.kind) == ("utf-8", True, "platform.data")


def test_a_file_without_a_header_is_told_by_its_width() -> None:
    sight = seen(lines(ROW, ROW))

    assert (sight.names, sight.kind, sight.width) == ((), "platform.data", 5)
    assert seen(lines("1,2", "3,4")).kind == ""


def test_a_header_that_fits_no_kind_is_told_with_what_it_lacks() -> None:
    sight = look(lines("user_username,user_nme", "a,b").encode(), NAMED[3:], whole=True)

    assert sight.kind == ""
    assert "did you mean user_name?" in sight.lacks


def test_a_header_that_fits_another_kind_than_it_may_be_of_is_told_apart() -> None:
    users = lines("user_username,user_email", "a,b").encode()
    records = lines("id,first name", "1,Zoë").encode()

    sight = look(users, NAMED[1:3], NAMED, whole=True)

    assert (sight.kind, sight.elsewhere) == ("", "tao.users")
    assert look(users, NAMED, NAMED, whole=True).elsewhere == ""
    assert look(records, [KINDS["platform.data"]], NAMED, whole=True).elsewhere == "", "any header fits what takes any"


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("stray", [(), (ROW.replace("N1", "'t Hart"), ROW.replace("N1", '6" Nail'))])
def test_a_quote_is_not_taken_for_a_part_of_the_cells(quote: str, delimiter: str, stray: tuple[str, ...]) -> None:
    name = f"{quote}Doe{delimiter} Jane{quote}"
    rows = [ROW.replace(",", delimiter).replace("N1", name)] * 9

    sight = seen(lines(*rows, *(row.replace(",", delimiter) for row in stray if row.find(quote) < 0)))

    assert (sight.dialect.quote, sight.dialect.delimiter, sight.width) == (quote, delimiter, 5)
    assert (sight.kind, sight.even) == ("platform.data", True)


def packed(data: bytes) -> list[bytes]:
    table = random.Random(0).randbytes(9_999)
    return [gzip.compress(data), bz2.compress(data * 99), lzma.compress(data), zlib.compress(table), table]


@pytest.mark.parametrize("number", range(5))
def test_what_is_no_text_is_told_so_and_nothing_is_proposed(number: int) -> None:
    data = packed(lines(HEADER, *[ROW] * 99).encode())[number]

    for sight in (seen(data), seen(data[: len(data) // 2], whole=False)):
        assert sight.fault.startswith("no text"), sight
        assert (sight.encoding, sight.names, sight.kind) == ("", (), "")
    assert ("a compressed file (gzip): unpack it" in seen(data).fault) == (number == 0)


@pytest.mark.parametrize("data", [lines(HEADER) + "N\0", lines("a", "\x01\x02")])
def test_signs_that_no_text_has_make_it_none(data: str) -> None:
    assert seen(data).fault.startswith("no text: it has signs in it")


@pytest.mark.parametrize("data", [b"", b"\n\r\n", b"\xef\xbb\xbf", "\ufeff\r\n".encode("utf-16-le")])
def test_an_empty_file_is_told_so(data: bytes) -> None:
    assert seen(data).fault == "the file is empty: export it again, or remove it"


def test_a_list_of_rejects_is_told_as_one_and_not_as_a_kind_that_takes_any_column() -> None:
    sight = look(lines("id,_line,_rule", "a,2,date").encode(), [KINDS["endgrate.records"]], NAMED, whole=True)

    assert sight.kind == ""
    assert sight.lacks.startswith("a list of rejects, not a file to send")


def test_line_ends_are_counted_by_what_they_are() -> None:
    assert seen("a,b\r\nc,d\ne,f\rg").ends == {"CRLF": 1, "LF": 1, "CR": 1}


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b'"', b'"' * 999, b"," * 5000])
def test_there_is_nothing_that_it_cannot_look_at(data: bytes) -> None:
    assert seen(data).kind == ""


@pytest.mark.parametrize("row", ['1,Emil "E",ok', '1,An"n,ok', "2,'t Hart,ok"])
def test_signs_inside_cells_are_no_quotes(row: str) -> None:
    sight = look(lines("id,name,note", row, "3,Zoe,ok").encode(), (), whole=True)

    assert sight.dialect.quote in ('"', "")
    assert sight.width == 3
    assert sight.even
    assert sight.remarks == ()


def test_a_few_rows_that_are_longer_or_shorter_than_the_others_are_told_with_the_first_of_them() -> None:
    rows = ["id,name", "1,a", "2,b", "3,c,d", "4,e", "5,f", "6", "7,g"]
    sight = look(lines(*rows).encode(), (), whole=True)

    assert sight.remarks == (
        "line 4 has 3 cells, where most have 2: look for a missing sign between cells, or for one that needs quotes; "
        "2 are like it",
    )


def test_a_carriage_return_that_ends_no_line_is_told_with_its_line() -> None:
    sight = look(b"id,name\r\n1,a\r\n2,b\rc\r\n", (), whole=True)

    assert [remark.partition(":")[0] for remark in sight.remarks] == ["line 3"]


def test_a_byte_order_mark_that_begins_a_later_line_is_told_with_it() -> None:
    sight = seen(lines(HEADER, ROW, f"\ufeff{HEADER}", ROW))

    assert sight.remarks == (f"line 3: {MESSAGES[Rule.MARK]}",)


def test_a_file_that_is_cut_in_the_middle_of_a_letter_is_told_so() -> None:
    whole = lines(HEADER, ROW).encode("utf-16")

    assert MESSAGES[Rule.ENCODING] in look(whole[:-1], NAMED, whole=True).remarks
    assert look(whole, NAMED, whole=True).remarks == ()

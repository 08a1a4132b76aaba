"""Which bytes are which characters, and where they stop being any."""

from __future__ import annotations

import codecs

import pytest

from orchestrator.validation import Judge, Rule
from validation.samples import HEADER, OTHER, PLATFORM_DATA, ROW, judge, judge_in, lines

FOREIGN = ROW.replace("N1", "Zoë 😀 Łódź 名前")
TEXT = f"{HEADER}\r\n{FOREIGN}\r\n{OTHER}"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf-8-sig"])
def test_utf_8_takes_byte_order_marks_of_any_unicode(data: bytes, encoding: str) -> None:
    judged = judge(data, encoding=encoding)

    assert (judged.text, judged.found) == (TEXT, [])


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "shift_jis", "utf-16", "utf-16-be", "utf-32", "utf-7"])
@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
def test_a_byte_order_mark_wins_over_every_encoding(encoding: str, mark: bytes, codec: str) -> None:
    data = mark + TEXT.encode(codec)

    for pieces in ([data], [data[:1], data[1:3], data[3:]]):
        assert judge_in(pieces, encoding=encoding).text == TEXT


@pytest.mark.parametrize("encoding", ["cp1252", "iso8859-15", "utf-16", "utf-16-le", "cp037"])
def test_another_encoding_is_taken_as_configured(encoding: str) -> None:
    text = f"{HEADER}\r\n{ROW.replace('N1', 'Zoë')}"

    assert judge(text.encode(encoding), encoding=encoding).text == text


@pytest.mark.parametrize("encoding", ["shift_jis", "gb18030", "euc_jp", "iso2022_jp"])
def test_an_encoding_may_need_several_bytes_or_a_state(encoding: str) -> None:
    text = f"{HEADER}\r\n{ROW.replace('N1', '名前')}"

    assert judge(text.encode(encoding), encoding=encoding).text == text


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13", "undefined", "idna", "punycode"])
def test_an_encoding_that_gives_no_text_is_refused_at_once(encoding: str) -> None:
    with pytest.raises(LookupError):
        Judge(PLATFORM_DATA, encoding=encoding)


@pytest.mark.parametrize(
    ("data", "encoding", "line", "column"),
    [
        (b"\xff", "utf-8", 1, 1),
        (lines(HEADER, ROW).encode() + b"Zo\xeb,01/07/2024", "utf-8", 3, 1),
        (lines(HEADER, ROW).encode() + "Zoë,01/07/2024,\xeb:00,a\n".encode("latin-1"), "utf-8", 3, 1),
        (lines(HEADER, ROW).encode() + b"a,b,c\xc3\n" + lines(ROW).encode(), "utf-8", 3, 3),
        (lines(HEADER, ROW).encode() + b"a,b,c\xc3", "utf-8", 3, 3),
        (lines(HEADER, ROW).encode() + b'"a\nb","c\n\xed\xa0\x80"', "utf-8", 5, 2),
        (lines(HEADER).encode() + b"\xc0\x80", "utf-8", 2, 1),
        (lines(HEADER).encode() + b"a,\xf4\x90\x80\x80", "utf-8", 2, 2),
        (b"\xef\xbb", "utf-8", 1, 1),
        (codecs.BOM_UTF16_LE + lines(HEADER, ROW).encode("utf-16-le") + b"a", "utf-8", 3, 1),
        (codecs.BOM_UTF16_BE + "a,b".encode("utf-16-be") + b"\xdc\x00\x00a", "utf-8", 1, 2),
        (lines(HEADER, ROW).encode() + b"a,\x81,\n", "cp1252", 3, 2),
        (lines(HEADER, ROW).encode() + b"a,b,\x93", "shift_jis", 3, 3),
        (lines(HEADER, ROW).encode() + b"a,b,\x93\xff\n", "shift_jis", 3, 3),
        (lines(HEADER, ROW).encode() + b"a,\xe4\n", "ascii", 3, 2),
        # Half a surrogate pair, which these codecs take for a character: it could be neither sent nor written down.
        (lines(HEADER, ROW).encode() + b"a,+2AA-\n", "utf-7", 3, 2),
        (lines(HEADER, ROW).encode() + b"a,b\\ud800\n", "unicode_escape", 3, 2),
    ],
)
def test_bytes_that_mean_nothing_end_the_file_where_they_stand(
    data: bytes, encoding: str, line: int, column: int
) -> None:
    judged = judge(data, encoding=encoding)

    assert judged.found == [(Rule.ENCODING, line, column)]
    assert judged.verdict.rows == (1 if line > 2 and HEADER in judged.text else 0)


def test_bad_bytes_are_found_after_a_character_cut_in_two() -> None:
    data = lines(HEADER, ROW).encode() + "Zoë,02/07/2024,".encode() + b"\xff"
    for at in range(len(data)):
        judged = judge_in([data[:at], data[at:]])
        assert (judged.found, judged.verdict.rows) == ([(Rule.ENCODING, 3, 3)], 1)


@pytest.mark.parametrize(
    ("encoding", "bad", "within"),
    [
        ("utf-8", b"\xff", 0),
        ("utf-8", b"\xe2\x82", 0),
        ("utf-8-sig", b"\xc3", 0),
        ("cp1252", b"\x81", 0),
        ("ascii", b"\xe4", 0),
        ("shift_jis", b"\x93", 0),
        ("gb18030", b"\x81\x30\x81,", 0),
        ("iso2022_jp", b"\x1b$Bzz", 3),
        ("utf-7", b"+//", 0),
        ("utf-16", b"\x00\xd8\x41\x00", 0),
        ("utf-32", b"\xff\xff\xff\xff", 0),
    ],
)
def test_the_bytes_that_mean_nothing_are_told_with_their_offset_however_they_come(
    encoding: str, bad: bytes, within: int
) -> None:
    data = lines(HEADER, ROW, ROW.replace("N1", "Nn")).encode(encoding)

    fault = judge(data + bad, encoding=encoding).verdict.fault

    assert fault is not None
    assert f"cannot be decoded at byte offset {len(data) + within:,}: save" in fault.message
    assert (fault.line, fault.column, fault.name) == (4, 1, "Reference")


def test_where_nobody_can_tell_the_offset_the_line_and_column_are_told() -> None:
    fault = judge(lines(HEADER, ROW).encode() + b"a,+2AA-\n", encoding="utf-7").verdict.fault

    assert fault is not None
    assert (fault.line, fault.column, fault.name) == (3, 2, "StartDate")
    assert fault.message.startswith("cannot be decoded: save")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff", b"a,\xff", b"a,\0", b'"Reference,', b"x" * 140_000])
def test_before_the_first_line_was_read_no_column_has_a_name(data: bytes) -> None:
    fault = judge(data).verdict.fault

    assert fault is not None
    assert (fault.line, fault.name) == (1, "")


def test_a_nul_before_the_bad_bytes_comes_first() -> None:
    assert judge(f"{ROW}\na,\0,".encode() + b"\xff").found == [(Rule.NUL, 2, 2)]
    assert judge(f"{ROW}\na,".encode() + b"\xff,\0").found == [(Rule.ENCODING, 2, 2)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("above", [0, 1, 9000])
def test_a_line_that_begins_with_a_byte_order_mark_is_where_another_file_was_put_below(
    encoding: str, above: int
) -> None:
    judged = judge(lines(HEADER, *[ROW] * above, f"\ufeff{HEADER}", ROW).encode(encoding))

    assert judged.found == [(Rule.MARK, above + 2, 1)]


def test_a_second_mark_at_the_beginning_is_one_too_many_and_one_within_a_line_is_data() -> None:
    assert judge("\ufeff\ufeff" + lines(ROW)).found == [(Rule.MARK, 1, 1)]
    assert judge(lines(ROW.replace("N1", "N\ufeff1"))).found == []


def test_utf_16_without_its_mark_is_not_guessed() -> None:
    assert judge(lines(ROW).encode("utf-16-le")).found == [(Rule.NUL, 1, 1)]

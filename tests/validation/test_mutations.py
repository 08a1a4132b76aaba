"""One byte of a right file is another: it is seen, it is told where, and no row goes missing in silence."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.validation import Rule, Schema
from validation.samples import EVENT, HEADER, PLATFORM_EVENTS, ROW, Judged, judge, judge_in, lines
from validation.strategies import good_files

often = settings(max_examples=40)
events = good_files(PLATFORM_EVENTS)
roster = st.lists(
    st.sampled_from([ROW, ROW.replace("N1", '"N ""1"", ü"'), ROW.replace("N1", "名前 😀")]), min_size=1, max_size=9
)


def accepted(judged: Judged) -> int:
    return judged.verdict.rows - judged.verdict.bad


@given(file=events)
@often
def test_a_file_that_lost_any_one_of_its_quotes_is_never_clean(file: tuple[list[tuple[str, ...]], str]) -> None:
    """Quotes come in pairs, so an odd number of them cannot be right, and the loss is told however little it shows."""
    rows, text = file
    assert accepted(judge(text.encode(), PLATFORM_EVENTS)) == len(rows)

    for at in (at for at, sign in enumerate(text) if sign == '"'):
        judged = judge_in([(text[:at] + text[at + 1 :]).encode()], PLATFORM_EVENTS)
        assert judged.verdict.bad or judged.verdict.fault


def test_of_ten_thousand_files_that_lost_a_quote_none_is_accepted_with_fewer_rows() -> None:
    rng = random.Random(15)
    quoted = ['"late"', '"a, b"', '"say ""no"""', '"two\r\nlines"', '""""', '","', "plain"]
    mutants = 0
    while mutants < 10_000:
        rows = [EVENT.replace("late", rng.choice(quoted)) for _ in range(rng.randint(2, 9))]
        text = lines(",".join(PLATFORM_EVENTS.names), *rows)
        for at in (at for at, sign in enumerate(text) if sign == '"'):
            judged = judge_in([(text[:at] + text[at + 1 :]).encode()], PLATFORM_EVENTS)
            assert judged.verdict.bad or judged.verdict.fault, text
            mutants += 1


@given(rows=roster, data=st.data(), byte=st.sampled_from([0xFF, 0xC0, 0xF8]))
@often
def test_a_byte_that_no_text_holds_is_told_with_its_line(rows: list[str], data: st.DataObject, byte: int) -> None:
    content = bytearray(lines(HEADER, *rows).encode())
    at = data.draw(st.integers(0, len(content) - 1))
    after_half = (content[at] & 0xC0) == 0x80
    content[at] = byte

    judged = judge(bytes(content))

    fault = judged.verdict.fault
    assert fault is not None
    assert fault.rule is Rule.ENCODING
    assert fault.line == content[:at].count(b"\n") + 1 or after_half
    assert accepted(judged) <= content[:at].count(b"\n")


@given(rows=roster, data=st.data())
@often
def test_a_nul_is_refused_wherever_it_stands_and_told_with_its_line(rows: list[str], data: st.DataObject) -> None:
    text = lines(HEADER, *rows)
    at = data.draw(st.integers(0, len(text)))

    judged = judge((text[:at] + "\0" + text[at:]).encode())

    assert [(rule, line) for rule, line, _ in judged.found][-1] == (Rule.NUL, text[:at].count("\n") + 1)
    assert "\0" not in judged.text


@given(rows=roster, data=st.data(), byte=st.integers(0, 255))
@settings(max_examples=100)
def test_any_byte_at_any_place_changes_a_value_or_is_told(rows: list[str], data: st.DataObject, byte: int) -> None:
    """What is accepted is what the file says: every row of it stands in the text, or in what is told as bad."""
    content = bytearray(lines(HEADER, *rows).encode())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = byte

    judged = judge(bytes(content))

    if judged.found:
        return
    there = [line for line in content.decode().replace("\r\n", "\n").split("\n") if line]
    assert judged.text.replace("\r\n", "\n").split("\n")[-accepted(judged) :] == there[-accepted(judged) :]
    assert accepted(judged) >= len(there) - 1


def a_field_of(size: int, schema: Schema) -> bytes:
    return lines(",".join(schema.names), EVENT, EVENT.replace("late", '"' + "x" * size + '"'), EVENT).encode()


def test_a_field_of_140_kilobytes_is_refused_with_its_row_and_a_smaller_one_is_not() -> None:
    assert judge(a_field_of(130_000, PLATFORM_EVENTS), PLATFORM_EVENTS).found == []

    judged = judge(a_field_of(140_000, PLATFORM_EVENTS), PLATFORM_EVENTS)

    assert judged.found == [(Rule.FIELD_SIZE, 3, 6)]
    assert accepted(judged) == 1

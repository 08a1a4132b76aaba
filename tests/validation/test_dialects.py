"""Other signs between cells and around them: what they mean, and that what is sent is always the same."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.validation import Dialect, Rule, Schema, read_schema, rules_digest
from validation.kinds import FILES, KINDS
from validation.samples import HEADER, OTHER, PLATFORM_DATA, ROW, Judged, judge_in, lines
from validation.strategies import cut, damage

DIALECTS = [
    Dialect(delimiter=";"),
    Dialect(delimiter="\t", quote=""),
    Dialect(delimiter="|", quote="'"),
    Dialect(escape="\\"),
    Dialect(quote="'"),
    Dialect(delimiter="/"),
    Dialect(delimiter=";", quote="'", escape="\\"),
    Dialect(delimiter=":", quote=""),
]
FREE = read_schema({"fields": [{"name": "First"}, {"name": "Second"}], "header": "optional"}, "free")
often = settings(max_examples=150, deadline=None)


def judge(source: str, dialect: Dialect, schema: Schema = PLATFORM_DATA) -> Judged:
    return judge_every_way(source.encode(), dialect, schema, random.Random(0))


def judge_every_way(data: bytes, dialect: Dialect, schema: Schema, rng: random.Random) -> Judged:
    judged = judge_in([data], schema, dialect=dialect)
    assert judge_in([data], schema, dialect=dialect, fast=False) == judged
    assert judge_in(cut(data, rng), schema, dialect=dialect) == judged
    return judged


def spelled(cells: Iterable[str], dialect: Dialect) -> str:
    return dialect.delimiter.join([_cell(cell, dialect) for cell in cells])


def _cell(cell: str, dialect: Dialect) -> str:
    special = {dialect.delimiter, dialect.quote, dialect.escape, "\r", "\n"} - {""}
    if not dialect.quote or not special & set(cell):
        return cell
    if dialect.escape:
        cell = cell.replace(dialect.escape, dialect.escape * 2)
    quote = dialect.quote
    return quote + cell.replace(quote, (dialect.escape or quote) + quote) + quote


def sent(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().removesuffix("\r\n")


@pytest.mark.parametrize("dialect", DIALECTS)
@given(rows=st.lists(st.tuples(*[st.text("ab,;|'\"\\/:\t\r\n é", max_size=7)] * 2), min_size=1, max_size=6))
@often
def test_what_is_sent_has_commas_and_the_same_cells(dialect: Dialect, rows: list[tuple[str, str]]) -> None:
    if not dialect.quote:
        rows = [row for row in rows if not {dialect.delimiter, "\r", "\n"} & set("".join(row))]
    rows = [("x", "y"), *rows]

    judged = judge(lines(*[spelled(row, dialect) for row in [("First", "Second"), *rows]], end="\n"), dialect, FREE)

    assert judged.found == []
    assert judged.text == sent([("First", "Second"), *rows])


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", ["platform.data", "platform.events", "shifts", "plain", "endgrate.records"])
def test_damaged_files_in_other_dialects_are_judged_the_same_in_every_way(dialect: Dialect, kind: str) -> None:
    rng = random.Random(7)
    header, *rows = list(csv.reader(io.StringIO(lines(*FILES[kind]), newline=""), strict=True))
    for _ in range(25):
        table = [header, *rng.choices(rows, k=rng.choice((1, 4)))]
        text = lines(*[spelled(row, dialect) for row in table], end=rng.choice(("\n", "\r\n")))
        judged = judge(text, dialect, KINDS[kind])
        if dialect.quote and not judged.found:
            assert judged.text == sent(table)
        judge_every_way(damage(damage(text.encode(), rng), rng), dialect, KINDS[kind], rng)


def test_a_file_with_semicolons_takes_the_short_cut_and_comes_out_with_commas() -> None:
    source = lines(HEADER, ROW, ROW.replace("N1", "N,1"), ROW.replace("N1", 'N"1'), OTHER).replace(",", ";")
    source = source.replace("N;1", "N,1")

    judged = judge(source, Dialect(delimiter=";"))

    assert judged.found == [(Rule.QUOTE, 4, 1)]
    assert judged.text == "\r\n".join([HEADER, ROW, ROW.replace("N1", '"N,1"'), OTHER])


def test_without_quotes_a_quote_is_a_sign_like_others_and_sent_in_quotes() -> None:
    judged = judge('First\tSecond\n"a\t5" nail\nb\t6" nail\n', Dialect(delimiter="\t", quote=""), FREE)

    assert judged.found == []
    assert judged.text == 'First,Second\r\n"""a","5"" nail"\r\nb,"6"" nail"'


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (r'"a \"b\"",c', []),
        (r'"a\\",c', []),
        (r'"a\n",c', [(Rule.QUOTE, 1, 1)]),
        (r'"a"" b",c', [(Rule.QUOTE, 1, 1)]),
        ('"a\\\nb",c', [(Rule.QUOTE, 1, 1)]),
        (r"a\b,c", []),
        (r'"a\",c', [(Rule.UNCLOSED_QUOTE, 1, 1)]),
    ],
)
def test_an_escape_stands_before_a_quote_or_itself_and_nowhere_else(
    row: str, found: list[tuple[Rule, int, int]]
) -> None:
    assert judge(row + "\n", Dialect(escape="\\"), FREE).found == found


def test_messages_speak_of_the_signs_of_the_dialect() -> None:
    judged = judge("First\tSecond\na\n'a'b\tc\n", Dialect(delimiter="\t", quote="'", escape="\\"), FREE)

    count, quote = [row.problems[0].message for row in judged.bad]
    assert "missing tab" in count
    assert "in '…'" in quote
    assert "as \\'" in quote


@pytest.mark.parametrize(
    ("signs", "words"),
    [
        ({"delimiter": ""}, "the delimiter is missing"),
        ({"delimiter": ";;"}, "the delimiter is no single sign"),
        ({"delimiter": "x"}, "the delimiter is no single sign"),
        ({"quote": "\n"}, "the quote is no single sign"),
        ({"delimiter": '"'}, "not all different"),
        ({"escape": '"'}, "not all different"),
        ({"quote": "", "escape": "\\"}, "an escape has no meaning without a quote"),
    ],
)
def test_signs_that_make_no_dialect_are_refused(signs: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Dialect(**signs)


def test_another_dialect_is_another_set_of_rules() -> None:
    digests = {rules_digest([FREE], "utf-8", "", dialect) for dialect in [Dialect(), *DIALECTS]}

    assert len(digests) == len(DIALECTS) + 1

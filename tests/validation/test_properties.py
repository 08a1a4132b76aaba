"""What holds for every file: whichever way it is read, and whatever was done to it."""

from __future__ import annotations

import csv
import io
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.validation import (
    Column,
    Header,
    Rule,
    Schema,
    SourceLines,
)
from orchestrator.validation.proof import Proof
from validation.kinds import KINDS, some_file
from validation.oracle import spell
from validation.samples import EVENT, EVENTS_HEADER, HEADER, PLATFORM_DATA, PLATFORM_EVENTS, Judged, judge_in, lines
from validation.strategies import cut, damage, good_files, quoted, written

SCHEMAS = st.sampled_from([PLATFORM_DATA, PLATFORM_EVENTS])
FREE = Schema(
    name="free",
    header=Header.OPTIONAL,
    columns=(Column(name="First"), Column(name="Second")),
)
often = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cells_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def judge_every_way(data: bytes, schema: Schema, rng: random.Random) -> Judged:
    judged = judge_in([data], schema)
    assert judge_in([data], schema, fast=False) == judged
    assert judge_in(cut(data, rng), schema) == judged
    assert judge_in(cut(data, rng), schema, fast=False) == judged
    return judged


@given(SCHEMAS.flatmap(lambda schema: st.tuples(st.just(schema), good_files(schema))), st.randoms())
@often
def test_a_good_file_comes_out_cell_by_cell(
    file: tuple[Schema, tuple[list[tuple[str, ...]], str]], rng: random.Random
) -> None:
    schema, (rows, text) = file

    judged = judge_every_way(text.encode(), schema, rng)

    assert judged.found == []
    assert (judged.verdict.rows, judged.verdict.bad, judged.verdict.header) == (len(rows), 0, True)
    assert [tuple(cells) for cells in cells_of(judged.text)] == [schema.names, *rows]


@given(good_files(PLATFORM_DATA), st.randoms())
@often
def test_the_text_for_the_remote_is_judged_good_again_and_stays_as_it_is(
    file: tuple[list[tuple[str, ...]], str], rng: random.Random
) -> None:
    text = judge_in([file[1].encode()]).text

    again = judge_every_way(text.encode(), PLATFORM_DATA, rng)

    assert (again.text, again.found) == (text, [])


@given(st.lists(st.text('ab1/: é\u2003\u2028\ufeff\r\n,"', max_size=8), min_size=1, max_size=7))
@often
def test_quotes_around_a_cell_change_nothing(cells: list[str]) -> None:
    plain = ",".join([written(cell) for cell in cells])
    if not plain or "\n\ufeff" in f"\n{plain}":  # where a file was put below another
        return
    judged = judge_in([lines(HEADER, plain).encode()])
    in_quotes = judge_in([lines(HEADER, ",".join([quoted(cell) for cell in cells])).encode()])

    assert in_quotes.found == judged.found
    assert [row.cells for row in in_quotes.bad] == [row.cells for row in judged.bad]


@given(st.text('a,"\r\n', max_size=24), st.randoms())
@settings(max_examples=600, deadline=None)
def test_records_end_and_fall_into_cells_as_the_words_say(text: str, rng: random.Random) -> None:
    judged = judge_every_way(text.encode(), FREE, rng)

    spelled = spell(text)
    unclosed = bool(spelled) and spelled[-1].unclosed
    whole = spelled[: len(spelled) - unclosed]
    good = [record for record in whole if is_good(record.cells, record.stray, record.lone_return)]
    rest = [record for record in whole if record not in good]
    assert judged.verdict.rows == len(whole)
    assert judged.text == ("\r\n".join(["First,Second", *[record.text for record in good]]) if good else "")
    assert [(row.line, row.last_line, row.raw) for row in judged.bad] == [
        (record.line, record.last_line, record.text) for record in rest
    ]
    assert [row.problems[0].rule is Rule.QUOTE for row in judged.bad] == [record.stray for record in rest]
    assert [row.cells for row in judged.bad] == [
        tuple(record.cells) if len(record.cells) == 2 and not record.stray else None for record in rest
    ]
    fault = judged.verdict.fault
    expected = Rule.UNCLOSED_QUOTE if unclosed else None if spelled else Rule.EMPTY
    assert (fault.rule if fault else None) == expected
    assert [SourceLines(False, judged.verdict.gaps)[row + 1] for row in range(len(good))] == [
        record.line for record in good
    ]


def is_good(cells: list[str], stray: bool, lone_return: bool) -> bool:
    return len(cells) == 2 and not stray and not lone_return


@given(SCHEMAS.flatmap(lambda schema: st.tuples(st.just(schema), good_files(schema))), st.randoms())
@often
def test_a_damaged_file_is_judged_the_same_in_every_way(
    file: tuple[Schema, tuple[list[tuple[str, ...]], str]], rng: random.Random
) -> None:
    schema, (_, text) = file
    data = text.encode()
    for _ in range(4):
        data = damage(data, rng)
        judged = judge_every_way(data, schema, rng)
        assert judged.verdict.bad == len(judged.bad)
        sent = len(cells_of(judged.text)) - 1 if judged.text else 0
        assert sent == judged.verdict.rows - judged.verdict.bad


def rows_of_a_night(rng: random.Random, count: int) -> list[str]:
    return [
        f"N{rng.randrange(9_999)},{rng.randrange(1, 29):02}/{rng.randrange(1, 13):02}/2024,"
        f"{rng.randrange(24):02}:{rng.randrange(60):02},29/02/2024,12:00"
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_every_kind_of_file_is_judged_the_same_in_every_way_however_it_is_damaged(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(140):
        for name, schema in KINDS.items():
            data = some_file(name, rng)
            for _ in range(rng.choice((0, 1, 1, 2, 5))):
                data = damage(data, rng)
            judge_every_way(data, schema, rng)


@pytest.mark.parametrize("seed", range(4))
def test_of_ten_thousand_damaged_files_the_short_cut_proves_only_what_is_right(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand of which it proved some rows: what it has no part in, the others look at."""
    struck = 0

    def end_of_clean_rows(proof: Proof, text: str, start: int) -> tuple[int, bool]:
        nonlocal struck
        end, canonical = look(proof, text, start)
        struck += end > start
        return end, canonical

    look = Proof.end_of_clean_rows
    monkeypatch.setattr(Proof, "end_of_clean_rows", end_of_clean_rows)
    rng, proven = random.Random(seed), 0
    while proven < 2_500:
        before = struck
        end = rng.choice(("\n", "\r\n"))
        if rng.random() < 0.5:
            schema, rows = PLATFORM_DATA, [HEADER, *rows_of_a_night(rng, 6)]
        else:
            events = [
                EVENT.replace("late", '"UA1, ""late"" 5 min"'),
                EVENT.replace("late", '"by\r\n5"'),
                EVENT,
            ]
            schema, rows = PLATFORM_EVENTS, [EVENTS_HEADER, *rng.choices(events, k=6)]
        data = lines(*rows, end=end).encode()
        for _ in range(rng.choice((1, 1, 2, 5))):
            data = damage(data, rng)
        chunks = rng.choice(([data], cut(data, rng)))
        assert judge_in(chunks, schema) == judge_in(chunks, schema, fast=False)
        proven += struck > before


def test_a_dropped_or_added_quote_never_loses_rows_in_silence() -> None:
    rows = [EVENT.replace("late", f'"UA{number}, ""held"" {number} min"') for number in range(40)]
    text = lines(EVENTS_HEADER, *rows)
    places = [at for at, char in enumerate(text) if char == '"']

    mutants = [text[:at] + text[at + 1 :] for at in places]
    mutants += [text[:at] + '"' + text[at:] for at in range(len(lines(EVENTS_HEADER)), len(text), 7)]
    for mutant in mutants:
        judged = judge_in([mutant.encode()], PLATFORM_EVENTS)
        lost = 40 - (judged.verdict.rows - judged.verdict.bad)
        assert not lost or judged.verdict.bad or judged.verdict.fault
        assert judged.bad or judged.verdict.fault or cells_of(judged.text) == cells_of(mutant)

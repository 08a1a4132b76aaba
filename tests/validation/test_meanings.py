"""Rows are told apart, and found again, by what their cells mean: not by how they are written, unless they are text."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.validation import Relations, Rule, Schema, Ties, keyed, read_schema
from validation.samples import Judged, judge, judge_in, lines

ZONED = "%Y-%m-%dT%H:%M[:%S[.%f]]%z"
TYPES: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({"type": "integer"}, ["1", "01", "+1", "+001"], ["-1", "10", "11", "0"]),
    ({"type": "integer"}, ["0", "-0", "+00"], ["1"]),
    ({"type": "integer"}, ["9" * 5000, "0" + "9" * 5000], ["9" * 4999, "9" * 4999 + "8"]),
    ({"type": "number"}, ["1", "1.0", "01", "+1.", "1e0", "10E-1", ".1e1"], ["1.01", "-1", "10", "1e2"]),
    ({"type": "number"}, ["0", "-0.0", "0e9", ".0"], ["1e-9"]),
    ({"type": "number"}, ["0.1", ".10", "1e-1"], ["0.1000000000000000000000000000000000000001", "1e-999999"]),
    ({"type": "number"}, ["1e999999", "10e999998"], ["1e999998"]),
    ({"type": "boolean"}, ["true", "1", "TRUE"], ["0"]),
    ({"type": "date"}, ["2024-02-29"], ["2024-03-01"]),
    ({"type": "time", "format": "%H:%M[:%S]"}, ["09:00", "09:00:00"], ["09:01", "09:00:01"]),
    (
        {"type": "datetime", "format": ZONED},
        ["2024-07-01T09:00Z", "2024-07-01T11:00:00.0+02:00"],
        ["2024-07-01T11:00Z"],
    ),
    ({"type": "datetime", "format": ZONED}, ["2024-07-01T09:00:00.5Z"], ["2024-07-01T09:00:00.500000001Z"]),
    ({"type": "string"}, ["1"], ["01", "1.0", "+1", "true", "1 "]),
    ({"type": "list", "delimiter": "|"}, ["1"], ["01", "1|2"]),
    ({"type": "object"}, ["{}"], ["{ }"]),
]
for_every_type = pytest.mark.parametrize(("field", "same", "others"), TYPES)


def of_two(field: dict[str, Any], **more: Any) -> Schema:
    return read_schema({"fields": [{"name": "a", **field}, {"name": "b"}], **more}, "two")


def told_twice(judged: Judged) -> list[int]:
    assert {rule for rule, *_ in judged.found} <= {Rule.UNIQUE}
    return [line for _, line, _ in judged.found]


@for_every_type
def test_what_means_the_same_is_the_same_key_however_it_is_written(
    field: dict[str, Any], same: list[str], others: list[str]
) -> None:
    source = lines("a,b", *[f"{cell},x" for cell in [*others, *same]])
    twins = [len(others) + 2 + number for number in range(1, len(same))]

    unique = {**field, "constraints": {"unique": True}}
    for schema in (of_two(unique), of_two(field, primaryKey="a"), keyed(of_two(field), "a")):
        assert told_twice(judge(source, schema)) == twins
    assert told_twice(judge(source, of_two(field, primaryKey=["a", "b"]))) == twins
    assert judge_in([lines("a,b", *[f"{cell},{n}" for n, cell in enumerate(same)]).encode()], of_two(field)).found == []


def ties(schema: Schema, text: str, *others: Schema, **settings: str) -> list[tuple[int, str]]:
    return [(tie.pool, tie.value) for tie in Ties(Relations([schema, *others], **settings), schema.name).read(text)]


@for_every_type
def test_so_it_is_across_files(field: dict[str, Any], same: list[str], others: list[str]) -> None:
    holder = read_schema({"name": "holder", "fields": [{"name": "a", **field}, {"name": "b"}], "primaryKey": "a"}, "")
    asker = referring({"fields": "a"}, {"name": "a", **field})

    held = [tie for cell in same for tie in ties(holder, f"a,b\r\n{cell},", duplicates="error")]
    elsewhere = [tie for cell in others for tie in ties(holder, f"a,b\r\n{cell},", duplicates="error")]
    asked = [tie for cell in same for tie in ties(asker, f"a\r\n{cell}", holder)]

    assert len(set(held)) == 1 == len(set(asked))
    assert not {*held} & {*elsewhere}
    assert {*asked} == {*ties(holder, f"a,b\r\n{same[0]},", asker)}


def referring(words: dict[str, Any], *fields: dict[str, Any]) -> Schema:
    reference = {"reference": {"resource": "holder", "fields": [field["name"] for field in fields]}, **words}
    return read_schema({"name": "asker", "fields": [*fields], "foreignKeys": [reference]}, "")


def holding(*types: str) -> Schema:
    fields = [{"name": name, "type": kind} for name, kind in zip("ab", types, strict=False)]
    return read_schema({"name": "holder", "fields": fields}, "")


@pytest.mark.parametrize(
    ("held", "asked", "is_met"),
    [
        (("integer", "01"), ("number", "1.0"), True),
        (("integer", "01"), ("string", "01"), True),
        (("integer", "01"), ("string", "1"), False),
        (("string", "01"), ("integer", "01"), True),
        (("string", "01"), ("integer", "1"), False),
        (("integer", "1"), ("boolean", "true"), False),
        (("integer", "1"), ("boolean", "1"), True),
    ],
)
def test_columns_of_other_types_are_met_by_their_text_but_numbers_by_their_value(
    held: tuple[str, str], asked: tuple[str, str], is_met: bool
) -> None:
    holder, asker = holding(held[0]), referring({"fields": "a"}, {"name": "a", "type": asked[0]})

    assert (ties(holder, f"a\r\n{held[1]}", asker) == ties(asker, f"a\r\n{asked[1]}", holder)) == is_met


def test_each_of_several_columns_is_compared_in_its_own_way() -> None:
    holder = holding("integer", "string")
    asker = referring({"fields": ["a", "b"]}, {"name": "a", "type": "integer"}, {"name": "b"})

    (held,) = ties(holder, "a,b\r\n01,01", asker)
    assert ties(asker, "a,b\r\n1,01", holder) == [held]
    assert ties(asker, "a,b\r\n01,1", holder) != [held]
    assert ties(asker, "a,b\r\n,1", holder) == []


def test_who_asks_by_text_and_who_asks_by_value_look_in_pools_of_their_own() -> None:
    holder = holding("integer")
    by_value, by_text = (
        read_schema(
            {
                "name": f"by {kind}",
                "fields": [{"name": "a", "type": kind}],
                "foreignKeys": [{"fields": "a", "reference": {"resource": "holder", "fields": "a"}}],
            },
            "",
        )
        for kind in ("integer", "string")
    )

    assert len({pool for pool, _ in ties(holder, "a\r\n01", by_value, by_text)}) == 2
    assert {*ties(by_value, "a\r\n1", holder, by_text)} < {*ties(holder, "a\r\n01", by_value, by_text)}
    assert {*ties(by_text, "a\r\n01", by_value, holder)}.isdisjoint(ties(by_text, "a\r\n1", by_value, holder))


def test_what_stands_for_no_row_is_known_by_what_it_means_too() -> None:
    asker = referring({"fields": "a", "unless": ["0", "nobody"]}, {"name": "a", "type": "integer"})

    assert [value for _, value in ties(asker, "a\r\n00\r\n-0\r\n10", holding("integer"))] == [
        value for _, value in ties(asker, "a\r\n+10", holding("integer"))
    ]


numbers = st.from_regex(r"[+-]?(0{0,2}[0-9]{1,3}(\.[0-9]{0,3})?|\.[0-9]{1,3})([eE][+-]?[0-3])?", fullmatch=True)


@given(numbers, numbers)
def test_two_numbers_are_one_key_exactly_if_they_are_equal(first: str, second: str) -> None:
    judged = judge(lines("a,b", f"{first},x", f"{second},x"), of_two({"type": "number"}, primaryKey="a"))

    assert bool(judged.found) == (Fraction(Decimal(first)) == Fraction(Decimal(second)))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[dict[str, Any], str, str]:
    """Two cells of one column; of numbers any, and of the rest those above."""
    field, same, others = draw(st.sampled_from(TYPES))
    cells = st.sampled_from([*same, *others])
    if field["type"] in ("integer", "number", "string"):
        cells = st.one_of(cells, st.from_regex(r"[+-]?0{0,2}[0-9]{1,2}", fullmatch=True))
    return field, draw(cells), draw(cells)


@given(pairs())
def test_two_rows_are_twins_in_one_file_exactly_if_they_are_in_two(pair: tuple[dict[str, Any], str, str]) -> None:
    field, *cells = pair
    schema = of_two(field, primaryKey="a")

    in_one = judge(lines("a,b", *[f"{cell},x" for cell in cells]), schema).found
    first, second = (ties(schema, f"a,b\r\n{cell},x", duplicates="error") for cell in cells)

    assert bool(in_one) == (first == second)


@given(st.sampled_from(TYPES), st.text("0123456789.e+-:TZtrue ", max_size=9))
def test_whatever_a_cell_is_it_can_be_asked_for_what_it_means(
    case: tuple[dict[str, Any], list[str], list[str]], cell: str
) -> None:
    asker = referring({"fields": "a", "unless": [cell]}, {"name": "a", **case[0]})

    assert len(ties(asker, f"a\r\n{case[1][0]}", holding(case[0]["type"]))) <= 1

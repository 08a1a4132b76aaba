"""What a schema can ask of a cell, of the cells of one row, and of the rows of one file."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.validation import Rule, Schema, Severity, limits, read_schema
from validation.samples import judge, judge_in, lines


def of_one(**field: Any) -> Schema:
    """With a column beside it, so that an empty cell is no blank line."""
    return read_schema({"fields": [{"name": "a", **field}, {"name": "b"}]}, "one")


CASES: list[tuple[dict[str, Any], list[str], list[str], Rule]] = [
    ({"type": "integer"}, ["0", "-12", "+3", "9" * 5000], ["1.0", "1e3", "٣", " 1", "x", "-"], Rule.INTEGER),
    ({"type": "number"}, ["0", "-1.5", ".5", "3.", "1e-3"], ["1.5", "nan", "1e9999999", "١", "1 000"][1:], Rule.NUMBER),
    ({"type": "boolean"}, ["true", "FALSE", "1"], ["yes", "TRue", "2", " true"], Rule.BOOLEAN),
    ({"type": "date"}, ["2024-02-29", "0001-01-01"], ["2023-02-29", "2024-2-9", "0000-01-01", "29/02/2024"], Rule.DATE),
    ({"type": "time"}, ["00:00:00", "23:59:59"], ["24:00:00", "9:00:00", "09:00"], Rule.TIME),
    ({"type": "time", "format": "%H%M"}, ["0000", "2359"], ["2400", "900"], Rule.TIME),
    ({"type": "datetime"}, ["2024-07-01T09:00:00Z"], ["2024-07-01 09:00:00", "2024-07-01T09:00:00"], Rule.DATETIME),
    (
        {"type": "datetime", "format": "%d.%m.%Y %H:%M:%S.%f%z"},
        ["01.07.2024 09:00:00.5+02:00", "01.07.2024 09:00:00.123456Z"],
        ["01.07.2024 09:00:00.+02:00", "01.07.2024 09:00:00.5+15:00", "01.07.2024 09:00:00.5+0200"],
        Rule.DATETIME,
    ),
    (
        {"type": "datetime", "format": "%Y-%m-%dT%H:%M[:%S[.%f]]Z"},
        ["2024-07-01T09:00Z", "2024-07-01T09:00:00Z", "2024-07-01T09:00:00.0Z", "2024-07-01T09:00:00.123456789Z"],
        ["2024-07-01T09Z", "2024-07-01T09:00.5Z", "2024-07-01T09:00:00.Z", "2024-07-01T09:00[:00]Z", "2024-07-01Z"],
        Rule.DATETIME,
    ),
    ({"type": "time", "format": "%H:%M[:%S]"}, ["09:00", "09:00:59"], ["09:00:", "09:00:60", "09:00[:00]"], Rule.TIME),
    ({"type": "list", "delimiter": "|"}, ["a", "a|b"], ["|", "a|", "a||b", " "], Rule.LIST),
    ({"type": "object"}, ["{}", '{"a": [1]}'], ["[]", "1", "{", "{'a': 1}", '{"a":' * 9999], Rule.OBJECT),
    ({"type": "object"}, ['{"a": -1e9}'], ['{"a": NaN}', '{"a": Infinity}', '{"a": [-Infinity]}'], Rule.OBJECT),
    ({"constraints": {"minLength": 2}}, ["ab", "éé"], ["a"], Rule.MIN_LENGTH),
    ({"constraints": {"maxLength": 2}}, ["ab", "éé"], ["abc"], Rule.MAX_LENGTH),
    ({"constraints": {"pattern": "[A-Z]+"}}, ["AB"], ["ABc", "aAB", " "], Rule.PATTERN),
    ({"constraints": {"enum": ["N", "S"]}}, ["N"], ["n", "NS", " N", " "], Rule.ENUM),
    ({"constraints": {"enum": ["0", "1"]}}, ["0"], ["2", "00"], Rule.DIGIT),
    ({"type": "integer", "constraints": {"minimum": 2}}, ["2", "10"], ["1", "-5"], Rule.MINIMUM),
    ({"type": "number", "constraints": {"maximum": 2.5}}, ["2.5", "2.50", "-9"], ["2.51", "1e3"], Rule.MAXIMUM),
    (
        {"type": "date", "format": "%d/%m/%Y", "constraints": {"minimum": "02/01/2024"}},
        ["02/01/2024", "01/02/2024"],
        ["01/01/2024", "31/12/2023"],
        Rule.MINIMUM,
    ),
    (
        {"type": "datetime", "format": "%Y-%m-%dT%H:%M%z", "constraints": {"maximum": "2024-01-01T00:00Z"}},
        ["2024-01-01T02:00+02:00", "2024-01-01T01:59+02:00"],
        ["2024-01-01T01:00-00:30", "2024-01-01T00:01Z"],
        Rule.MAXIMUM,
    ),
    (
        {"type": "datetime", "format": "%Y-%m-%dT%H:%M[:%S[.%f]]Z", "constraints": {"minimum": "2024-01-01T00:00Z"}},
        ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.0000001Z"],
        ["2023-12-31T23:59Z", "2023-12-31T23:59:59.999999999Z"],
        Rule.MINIMUM,
    ),
    (
        {"type": "list", "constraints": {"enum": ["a", "b"]}},
        ['"a,b"', "b"],
        ['"a,c"', "c", '"a, b"'],
        Rule.ENUM,
    ),
    ({"type": "list", "constraints": {"pattern": "[a-z]"}}, ['"a,b"'], ['"a,B"'], Rule.PATTERN),
]


@pytest.mark.parametrize(("field", "right", "wrong", "rule"), CASES)
def test_a_cell_keeps_to_its_column_or_breaks_the_rule(
    field: dict[str, Any], right: list[str], wrong: list[str], rule: Rule
) -> None:
    schema = of_one(**field)

    assert judge(lines("a,b", *[f"{_cell(cell)}," for cell in ["", *right]]), schema).found == []
    found = judge(lines("a,b", *[f"{_cell(cell)},x" for cell in wrong]), schema).found
    assert found == [(rule, line, 1) for line in range(2, len(wrong) + 2)]


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if '"' in text and not text.startswith('"') else text


@pytest.mark.parametrize(("field", "right", "wrong", "rule"), CASES)
def test_a_warning_keeps_no_row_back(field: dict[str, Any], right: list[str], wrong: list[str], rule: Rule) -> None:
    limits_ = field.get("constraints")
    if limits_ is None:
        return  # a type has no severity: what is none of it cannot be read at all
    schema = of_one(**{**field, "constraints": {**limits_, "severity": "warning"}})
    source = lines("a,b", *[f"{_cell(cell)},x" for cell in wrong])

    judged = judge(source, schema)

    assert judged.found == []
    assert judged.text == source.removesuffix("\r\n")
    (warned,) = judged.verdict.warnings
    assert (warned.problem.rule, warned.problem.line, warned.problem.name, warned.count) == (rule, 2, "a", len(wrong))
    assert warned.problem.severity is Severity.WARNING
    assert judged.verdict.warned == len(wrong)


def test_an_empty_cell_breaks_nothing_but_that_it_has_to_be_filled() -> None:
    for field, _, _, _ in CASES:
        filled = {**field, "constraints": {**field.get("constraints", {}), "required": True, "severity": "warning"}}
        assert judge("a,b\n,x\n", of_one(**filled)).found == [(Rule.REQUIRED, 2, 1)]


def test_a_message_says_what_would_be_right_and_nothing_of_the_cell() -> None:
    for field, _, wrong, _ in CASES:
        for row in judge(lines("a,b", *[f"{_cell(cell)},x" for cell in wrong]), of_one(**field)).bad:
            (problem,) = row.problems
            assert ": " in problem.message
            assert len(problem.message) < 250


# Cells of one row


WITH_CHECK: dict[str, Any] = {
    "fieldsMatch": "superset",
    "fields": [
        {"name": "d1", "type": "date"},
        {"name": "t1", "type": "time", "format": "%H:%M"},
        {"name": "d2", "type": "date"},
        {"name": "t2", "type": "time", "format": "%H:%M"},
    ],
    "checks": [{"left": ["d2", "t2"], "is": ">=", "right": ["d1", "t1"]}],
}


def test_an_end_before_its_start_is_told_at_the_end() -> None:
    judged = judge(
        lines(
            "d1,t1,d2,t2",
            "2024-01-01,22:00,2024-01-02,06:00",
            "2024-01-01,22:00,2024-01-01,06:00",
            "2024-01-01,22:00,2024-01-01,22:00",
            "2024-01-02,00:00,2024-01-01,23:59",
        ),
        read_schema(WITH_CHECK, "shifts"),
    )

    assert judged.found == [(Rule.CHECK, 3, 3), (Rule.CHECK, 5, 3)]
    assert judged.bad[0].problems[0].message == "d2 t2 must be at least d1 t1: correct one of them"


def test_a_comparison_waits_until_its_cells_are_right_and_there() -> None:
    schema = read_schema(WITH_CHECK, "shifts")

    assert judge(lines("d1,t1,d2,t2", "2024-01-02,00:00,2024-01-01,", "2024-01-02,,,"), schema).found == []
    assert judge(lines("d1,t1,d2,t2", "2024-01-02,00:00,2024-01-01,24:00"), schema).found == [(Rule.TIME, 2, 4)]
    assert judge(lines("d1,d2", "2024-01-02,2024-01-01"), schema).found == []


@pytest.mark.parametrize(
    ("order", "holding"),
    [("==", "1=1.0"), ("!=", "1<2 2>1"), ("<", "1<2"), ("<=", "1<2 1=1.0"), (">", "2>1"), (">=", "2>1 1=1.0")],
)
def test_numbers_are_compared_as_numbers(order: str, holding: str) -> None:
    fields = [{"name": "a", "type": "number"}, {"name": "b", "type": "number"}]
    schema = read_schema({"fields": fields, "checks": [{"left": "a", "is": order, "right": "b"}]}, "n")

    for row, sign in (("1,2", "1<2"), ("2,1", "2>1"), ("1,1.0", "1=1.0"), ("10,9", "2>1")):
        assert bool(judge(lines("a,b", row), schema).found) == (sign not in holding)


@pytest.mark.parametrize(
    ("row", "holds"),
    [("true,1", True), ("1,TRUE", True), ("0,False", True), ("ja,true", True), ("true,0", False), ("FALSE,ja", False)],
)
def test_booleans_are_compared_as_what_their_words_mean(row: str, holds: bool) -> None:
    words = ["true", "True", "TRUE", "1", "ja"]
    fields = [{"name": name, "type": "boolean", "trueValues": words} for name in ("a", "b")]

    for order, holding in (("==", holds), ("!=", not holds)):
        schema = read_schema({"fields": fields, "checks": [{"left": "a", "is": order, "right": "b"}]}, "n")
        assert bool(judge(lines("a,b", row), schema).found) != holding


@pytest.mark.parametrize("kind", ["string", "boolean", "integer", "date", "list", "object"])
@pytest.mark.parametrize("order", ["==", "!=", "<", "<=", ">", ">="])
def test_an_empty_cell_is_compared_with_nothing(kind: str, order: str) -> None:
    cell = {"boolean": "true", "date": "2024-01-01", "object": "{}"}.get(kind, "1")
    fields = [{"name": "a", "type": kind}, {"name": "b", "type": kind}, {"name": "c"}]
    schema = read_schema({"fields": fields, "checks": [{"left": "a", "is": order, "right": "b"}]}, "n")

    assert judge(lines("a,b,c", f"{cell},,x", f",{cell},x", ",,x"), schema).found == []


# Rows of one file


def keyed(**more: Any) -> Schema:
    return read_schema({"fields": [{"name": "a"}, {"name": "b"}], **more}, "keyed")


def test_a_key_that_comes_twice_is_told_with_the_line_where_it_stands_already() -> None:
    judged = judge(lines("a,b", "1,x", "1,y", '1,"x"', "2,x", "12,x", "1,2x"), keyed(primaryKey=["a", "b"]))

    assert judged.found == [(Rule.UNIQUE, 4, 1)]
    assert "the same as in line 2" in judged.bad[0].problems[0].message


def test_parts_of_a_key_do_not_run_into_each_other() -> None:
    assert judge(lines("a,b", "1,23", "12,3"), keyed(primaryKey=["a", "b"])).found == []


def test_a_row_that_is_kept_back_is_no_twin_of_the_mended_one_below_it() -> None:
    schema = read_schema(
        {"fields": [{"name": "a", "constraints": {"unique": True}}, {"name": "b", "type": "date"}]}, "k"
    )

    judged = judge(lines("a,b", "1,bad", "1,2024-01-01", "1,2024-01-01"), schema)

    assert judged.found == [(Rule.DATE, 2, 2), (Rule.UNIQUE, 4, 1)]
    assert judged.text == "a,b\r\n1,2024-01-01"


TWO_KEYS: dict[str, Any] = {
    "fields": [
        {"name": "a", "type": "integer", "constraints": {"unique": True}},
        {"name": "b", "constraints": {"unique": True, "maxLength": 2}},
        {"name": "c", "type": "date"},
    ],
    "primaryKey": ["a", "c"],
    "checks": [{"left": "b", "is": "!=", "right": "b"}],
}


def test_a_row_that_is_bad_and_a_twin_is_told_both_where_its_key_can_be_read() -> None:
    schema = read_schema({**TWO_KEYS, "checks": []}, "keys")
    source = lines("a,b,c", "1,x,2024-01-01", "01,y,bad", "x,x,2024-01-01", "1,long,2024-01-01", "2,y,2024-01-01")

    judged = judge(source, schema)

    assert judged.found == [
        *[(Rule.DATE, 3, 3), (Rule.UNIQUE, 3, 1)],
        *[(Rule.INTEGER, 4, 1), (Rule.UNIQUE, 4, 2)],
        *[(Rule.MAX_LENGTH, 5, 2), (Rule.UNIQUE, 5, 1)],
    ]
    assert all("the same as in line 2" in row.problems[-1].message for row in judged.bad)
    assert judged.text == "a,b,c\r\n1,x,2024-01-01\r\n2,y,2024-01-01", "a row that is kept back is nobody's twin"


def test_two_keys_that_say_the_same_of_one_cell_say_it_once() -> None:
    assert judge(
        lines("a,b,c", "1,x,2024-01-01", "1,y,2024-01-01"), read_schema({**TWO_KEYS, "checks": []}, "k")
    ).found == [(Rule.UNIQUE, 3, 1)]


def test_a_row_that_breaks_a_check_is_told_whose_twin_it_is() -> None:
    rows = ["1,,2024-01-01", "1,x,2024-01-02"]

    assert judge(lines("a,b,c", *rows), read_schema(TWO_KEYS, "keys")).found == [
        (Rule.CHECK, 3, 2),
        (Rule.UNIQUE, 3, 1),
    ]


def test_empty_cells_are_no_twins_unless_they_have_to_be_filled() -> None:
    schema = read_schema({"fields": [{"name": "a", "constraints": {"unique": True}}, {"name": "b"}]}, "k")

    assert judge(lines("a,b", ",1", ",2"), schema).found == []
    assert judge(lines("a,b", ",1"), keyed(primaryKey="a")).found == [(Rule.REQUIRED, 2, 1)]


def test_more_keys_than_memory_is_meant_for_are_a_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.validation.keys.KEY_LIMIT", 100)
    rows = [f"{number},x" for number in range(101)]

    assert judge_in([lines("a,b", *rows[:100]).encode()], keyed(primaryKey="a")).found == []
    judged = judge_in([lines("a,b", *rows).encode()], keyed(primaryKey="a"))
    assert judged.found == [(Rule.KEYS, 102, 1)]
    assert f"{limits.KEY_LIMIT:,} values" in judged.verdict.fault.message  # type: ignore[union-attr]


# What a blank cell does


def test_a_blank_cell_that_deletes_is_told_once_a_column_with_its_count() -> None:
    schema = keyed(blank="deletes", fieldsMatch="superset")

    judged = judge(lines("b,a", "x,1", ",1", " ,", "x,"), schema)

    assert judged.found == []
    assert judged.verdict.warned == 3
    assert [(one.problem.rule, one.problem.name, one.problem.line, one.count) for one in judged.verdict.warnings] == [
        (Rule.DELETES, "b", 3, 2),
        (Rule.DELETES, "a", 4, 2),
    ]


def test_a_column_that_is_not_there_deletes_nothing() -> None:
    assert judge(lines("a", "1"), keyed(blank="deletes", fieldsMatch="superset")).verdict.warnings == ()


def test_warnings_take_as_much_room_as_there_are_columns_and_rules_however_many_rows() -> None:
    schema = keyed(blank="deletes", fieldsMatch="superset")

    verdict = judge_in([lines("a,b", *[","] * 5000).encode()], schema).verdict

    assert [one.count for one in verdict.warnings] == [5000, 5000]
    assert (verdict.rows, verdict.warned, verdict.bad) == (5000, 5000, 0)

"""Which cells a spreadsheet would run, and where that is told."""

from __future__ import annotations

import pytest

from orchestrator.validation import Rule, Rules, Schema, Severity, read_mapping, read_schema
from validation.samples import judge, judge_with, lines

NOTES = read_schema({"fields": [{"name": "a"}, {"name": "b"}]}, "notes")


def warned(schema: Schema, *rows: str) -> list[tuple[Rule, str, int, int]]:
    judged = judge(lines("a,b", *rows), schema)
    assert judged.found == []
    return [(one.problem.rule, one.problem.name, one.problem.line, one.count) for one in judged.verdict.warnings]


RUN = [
    *["=1", "==", "=)", "+A1", "+cmd|' /C calc'!A0", "-A1", "- item", "-1+A1", "-2+3+cmd|' /C calc'!A0", "+E5"],
    *["@SUM(1)", "@zoe", "\tx", "\t5", '"\r=1"', '"-\n1"', "-1e5e5", "-1e", "+1 EUR", "-5%", "-\u0665", '"=1,2"'],
]
NOT_RUN = [
    *["-", "+", "@", "=", "--", "---", "-5", "+5", "-1.5", "+.5", '"-1,234.50"', "-1e5", "+1.5E-3", "+49 (0)170/12-34"],
    *["-01/02/2024", "+[1]", "1=1", "a@b.c", " =1", "x-y", "1+1", '"\t"', "'=1", "\u2212A1", '"a\r=1"'],
]


@pytest.mark.parametrize("cell", RUN)
def test_a_cell_that_begins_as_a_formula_does_is_told_of(cell: str) -> None:
    assert warned(NOTES, f"{cell},x") == [(Rule.FORMULA, "a", 2, 1)]


@pytest.mark.parametrize("cell", NOT_RUN)
def test_numbers_and_lone_signs_are_not(cell: str) -> None:
    assert warned(NOTES, f"{cell},x") == []


def test_it_is_told_once_a_column_with_its_count_and_never_keeps_a_row_back() -> None:
    judged = judge(lines("a,b", "=1,x", "x,=1", "=2,=2"), NOTES)

    assert (judged.verdict.rows, judged.verdict.bad, judged.verdict.warned) == (3, 0, 3)
    assert [(one.problem.name, one.problem.severity, one.count) for one in judged.verdict.warnings] == [
        ("a", Severity.WARNING, 2),
        ("b", Severity.WARNING, 2),
    ]
    assert judged.text == lines("a,b", "=1,x", "x,=1", "=2,=2").removesuffix("\r\n")


def test_what_is_no_text_or_is_one_of_the_words_of_its_column_is_not_looked_at() -> None:
    fields = [{"name": "a", "type": "integer"}, {"name": "b", "constraints": {"enum": ["-none-", "=", "@all"]}}]

    assert warned(read_schema({"fields": fields}, "words"), "-5,-none-", "+7,@all", "1,=") == []


def test_what_is_wrong_with_a_cell_by_its_schema_comes_first() -> None:
    fields = [{"name": "a", "constraints": {"maxLength": 3, "severity": "warning"}}, {"name": "b"}]

    assert warned(read_schema({"fields": fields}, "short"), "=12345,x", "=1,x") == [
        (Rule.FORMULA, "a", 3, 1),
        (Rule.MAX_LENGTH, "a", 2, 1),
    ]


def test_what_a_mapping_makes_is_told_of_at_its_source_and_what_it_leaves_out_is_not() -> None:
    mapping = read_mapping({"columns": [{"to": "a", "from": "X"}, {"to": "b", "value": "-"}]}, "m")
    rules = Rules((NOTES,), mapping=mapping)

    judged = judge_with(rules, [lines("Y,X", "=1,=2", "=1,x\ry", "=1,y").encode()])

    assert [(one.problem.name, one.problem.line, one.count) for one in judged.verdict.warnings] == [("X", 2, 1)]

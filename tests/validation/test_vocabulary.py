"""Schemas as people write them: what each word means, and every mistake told with its place and remedy."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import ConfigError
from orchestrator.validation import Header, Match, Order, Schema, Severity, Type, read_schema


def schema(*fields: dict[str, Any], **more: Any) -> Schema:
    return read_schema({"fields": list(fields), **more}, "mine")


def problems(values: object) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read_schema(values, "mine")
    return caught.value.problems


def of_field(**field: Any) -> tuple[str, ...]:
    return problems({"fields": [{"name": "a", **field}]})


def test_a_field_is_text_that_may_be_empty_and_a_header_is_needed_unless_it_is_said() -> None:
    read = schema({"name": "a"})

    (column,) = read.columns
    assert (read.name, read.header, read.match) == ("mine", Header.REQUIRED, Match.EXACT)
    assert (column.type, column.constraints.required, column.constraints.severity) == (
        Type.STRING,
        False,
        Severity.ERROR,
    )


def test_every_word_has_its_meaning() -> None:
    read = schema(
        {"name": "id", "title": "Id", "type": "any", "constraints": {"maxLength": 5, "minLength": 1, "unique": True}},
        {"name": "day", "type": "date", "format": "%d.%m.%Y", "constraints": {"minimum": "01.01.2020"}},
        {"name": "n", "type": "number", "constraints": {"minimum": -1.5, "maximum": 10, "severity": "warning"}},
        {"name": "ok", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"]},
        {"name": "tags", "type": "list", "delimiter": "|", "constraints": {"enum": ["x", "y"], "pattern": "[a-z]"}},
        {"name": "meta_*"},
        name="shop",
        title="A shop",
        fieldsMatch="superset",
        primaryKey="id",
        blank="deletes",
        checks=[{"left": "n", "is": "<", "right": ["n"], "severity": "warning"}],
    )

    key, day, number, flag, tags, _ = read.columns
    assert (read.name, read.match, read.key, read.blank_deletes) == ("shop", Match.SUPERSET, ("id",), True)
    assert key.constraints.required, "what tells rows apart is there"
    assert (key.constraints.min_length, key.constraints.max_length, key.constraints.unique) == (1, 5, True)
    assert (day.written, day.constraints.minimum) == ("%d.%m.%Y", "01.01.2020")
    assert (number.constraints.minimum, number.constraints.maximum) == ("-1.5", "10")
    assert number.constraints.severity is Severity.WARNING
    assert (flag.true_values, flag.false_values) == (("yes",), ("no",))
    assert (tags.delimiter, tags.constraints.enum, tags.constraints.pattern) == ("|", ("x", "y"), "[a-z]")
    (check,) = read.checks
    assert (check.left, check.order, check.right, check.severity) == (("n",), Order.LESS, ("n",), Severity.WARNING)


def test_dates_and_times_are_written_as_the_standard_says_unless_it_is_said() -> None:
    read = schema({"name": "d", "type": "date"}, {"name": "t", "type": "time", "format": "default"})

    assert [column.written for column in read.columns] == ["%Y-%m-%d", "%H:%M:%S"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], "is not a table. Write keys with their values."),
        ({}, "fields: schema mine: the columns need names, and names that differ"),
        ({"fields": "a"}, "fields: is not a list of tables. Write [[fields]] above each."),
        ({"fields": ["a"]}, "fields number 1: is not a table."),
        ({"fields": [{"type": "date"}]}, "fields number 1.name: is missing."),
        ({"fields": [{"name": "a"}, {"name": "A"}]}, "the columns need names, and names that differ"),
        ({"fields": [{"name": "a "}]}, "'a ' cannot be the name of a column"),
        ({"fields": [{"name": "a"}], "feilds": []}, "feilds: is not a known key here. Did you mean fields?"),
        (
            {"fields": [{"name": "a"}], "fieldsMatch": "some"},
            'fieldsMatch: "some" is not known. Known are equal',
        ),
        ({"fields": [{"name": "a*"}]}, 'fields "a*".name: a * stands for columns in any number. Set fieldsMatch'),
        (
            {"fields": [{"name": "a"}], "fieldsMatch": "equal", "header": "optional"},
            'header: columns without names have to stand in order. Set fieldsMatch = "exact".',
        ),
        ({"fields": [{"name": "a"}], "primaryKey": ["b"]}, 'primaryKey: there is no field "b".'),
        (
            {"fieldsMatch": "superset", "fields": [{"name": "m*"}, {"name": "b"}], "primaryKey": ["m*", "b"]},
            'primaryKey: "m*" stands for columns in any number, which together tell no rows apart. Name fields without',
        ),
        ({"fields": [{"name": "a"}], "missingValues": ["NA"]}, "missingValues: only the empty cell is missing."),
        ({"fields": [{"name": "a"}], "checks": [{}]}, "checks number 1.left: is missing."),
        (
            {"fields": [{"name": "a"}], "checks": [{"left": "a", "is": "=>", "right": "a"}]},
            'checks number 1.is: "=>" is not known.',
        ),
        (
            {"fields": [{"name": "a"}], "checks": [{"left": "a", "right": "c"}]},
            'checks number 1.right: there is no field "c".',
        ),
        (
            {"fields": [{"name": "a"}, {"name": "d", "type": "date"}], "checks": [{"left": "a", "right": "d"}]},
            "checks number 1.right: has not the types of left, one by one.",
        ),
    ],
)
def test_a_mistake_in_a_schema_is_told_with_its_place_and_remedy(values: object, told: str) -> None:
    assert [problem for problem in problems(values) if told in problem], problems(values)


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({"type": "dat"}, 'fields "a".type: "dat" is not known. Did you mean date?'),
        ({"type": 3}, 'fields "a".type: 3 is not text. Write it in quotes.'),
        ({"typ": "date"}, 'fields "a".typ: is not a known key here. Did you mean type?'),
        (
            {"format": "email"},
            'fields "a".format: a string has none here. Take it out;',
        ),
        ({"type": "date", "format": "%d/%b/%Y"}, 'fields "a".format: "%d/%b/%Y" holds what a date cannot be written'),
        (
            {"type": "date", "format": "%d/%m"},
            'fields "a".format: "%d/%m" does not tell a date. Write each of %Y',
        ),
        ({"type": "time", "format": "%H:%M:%M"}, "does not tell a time. Write each of %H, %M once, outside"),
        (
            {"type": "time", "format": "%H[:%M]"},
            "does not tell a time. Write each of %H, %M once, outside of brackets.",
        ),
        ({"type": "time", "format": "%H:%M[:%S"}, "has a bracket without its other one. Write [ and ] around what may"),
        ({"type": "date", "format": "]%Y-%m-%d["}, "has a bracket without its other one."),
        ({"type": "date", "format": "%"}, "holds what a date cannot be written with"),
        ({"type": "list", "delimiter": ""}, 'fields "a".delimiter: is empty.'),
        ({"constraints": {"enum": []}}, 'fields "a".constraints.enum: is empty, so no cell could be right.'),
        ({"type": "boolean", "trueValues": [""]}, 'fields "a".trueValues: a word in it or in falseValues is blank.'),
        ({"trueValues": [1]}, 'fields "a".trueValues: is not a list of texts. Write it as in ["one", "two"].'),
        ({"constraints": []}, 'fields "a".constraints: is not a table.'),
        ({"constraints": {"required": "yes"}}, 'fields "a".constraints.required: "yes" is not true or false.'),
        ({"constraints": {"requird": True}}, "constraints.requird: is not a known key here. Did you mean required?"),
        ({"constraints": {"maxLength": -1}}, "constraints.maxLength: -1 is not a whole number from 0 on."),
        ({"constraints": {"maxLength": True}}, "constraints.maxLength: true is not a whole number from 0 on."),
        ({"constraints": {"maxLength": "9"}}, 'constraints.maxLength: "9" is not a whole number.'),
        ({"constraints": {"minimum": 1}}, "constraints.minimum: has no meaning for a string. Take it out; it is for"),
        ({"type": "integer", "constraints": {"minimum": 1.5}}, 'constraints.minimum: "1.5" is no integer as the cells'),
        ({"type": "date", "constraints": {"maximum": "1.1.2020"}}, 'constraints.maximum: "1.1.2020" is no date'),
        ({"type": "integer", "constraints": {"enum": ["1", "a"]}}, 'constraints.enum: "a" is no integer as the cells'),
        (
            {"type": "integer", "constraints": {"minimum": 5, "maximum": 1}},
            "constraints.maximum: is less than the minimum.",
        ),
        ({"type": "date", "constraints": {"pattern": "x"}}, "constraints.pattern: has no meaning for a date."),
        ({"constraints": {"pattern": "("}}, "constraints.pattern: is no regular expression (missing )"),
        ({"constraints": {"severity": "info"}}, 'constraints.severity: "info" is not known.'),
    ],
)
def test_a_mistake_in_a_field_is_told_with_its_place_and_remedy(field: dict[str, Any], told: str) -> None:
    assert [problem for problem in of_field(**field) if told in problem], of_field(**field)


def test_all_mistakes_are_told_at_once() -> None:
    told = problems({"fields": [{"name": "a", "type": "x"}, {"nam": "b"}], "header": "no", "more": 1})

    assert len(told) == 5


def test_a_mistake_never_shows_more_than_the_beginning_of_what_was_written() -> None:
    assert all(len(problem) < 400 for problem in of_field(type="x" * 10_000, format=["y" * 10_000], more="z" * 10_000))

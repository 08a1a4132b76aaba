"""What refers to what: how people write it, which kinds can be meant, and what rows hold and ask for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.config.schemas import built_in, built_in_names, load_schemas
from orchestrator.errors import ConfigError
from orchestrator.ranges import ranges_of
from orchestrator.validation import (
    Dialect,
    Judge,
    Reference,
    Relations,
    Remark,
    Rule,
    Schema,
    Severity,
    SourceLines,
    Ties,
    keyed,
    read_mapping,
    read_schema,
)
from validation.samples import lines

PEOPLE = read_schema(
    {
        "name": "people",
        "fields": [{"name": "id"}, {"name": "mail", "constraints": {"unique": True}}],
        "primaryKey": "id",
    },
    "",
)


def visits(**words: Any) -> dict[str, Any]:
    to = {"fields": "who", "reference": {"resource": "people", "fields": "id"}} | words
    return {"name": "visits", "fields": [{"name": "who"}, {"name": "day", "type": "date"}], "foreignKeys": [to]}


def read(**words: Any) -> Schema:
    return read_schema(visits(**words), "")


VISITS = read()


# As people write it


def test_a_foreign_key_is_a_warning_unless_it_says_error() -> None:
    assert VISITS.references == (Reference(fields=("who",), kinds=("people",), keys=("id",)),)
    assert VISITS.references[0].severity is Severity.WARNING
    assert read(severity="error", unless=["nobody"]).references == (
        Reference(fields=("who",), kinds=("people",), keys=("id",), unless=("nobody",), severity=Severity.ERROR),
    )


def test_a_resource_without_a_name_is_the_schema_itself() -> None:
    for to in ({"fields": "who"}, {"resource": "", "fields": "who"}):
        (reference,) = read(reference=to).references
        assert reference.kinds == ("visits",)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"fields": []}, "foreignKeys number 1.fields: is missing. Name the columns that refer to another row."),
        ({"fields": "whom"}, 'foreignKeys number 1.fields: there is no field "whom". Name fields of this schema.'),
        ({"reference": {"resource": "people"}}, "foreignKeys number 1.reference.fields: does not name as many columns"),
        ({"reference": "people"}, "foreignKeys number 1.reference: is not a table."),
        ({"reference": {"resorce": "a", "fields": "id"}}, "resorce: is not a known key here. Did you mean resource?"),
        ({"severity": "fatal"}, 'foreignKeys number 1.severity: "fatal" is not known.'),
        ({"on": "delete"}, "foreignKeys number 1.on: is not a known key here."),
    ],
)
def test_a_mistake_in_a_foreign_key_is_told_with_its_place_and_remedy(words: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(**words)

    assert [problem for problem in caught.value.problems if told in problem], caught.value.problems


def test_a_list_refers_by_each_of_its_items_so_it_cannot_be_one_of_two_columns() -> None:
    values = visits(fields=["who", "day"], reference={"resource": "people", "fields": ["id", "mail"]})
    values["fields"][0]["type"] = "list"

    with pytest.raises(ConfigError, match='"who" is a list, which refers by each of its items'):
        read_schema(values, "")


def test_a_reference_that_no_schema_can_meet_is_told_before_anything_is_read(tmp_path: Any) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        '[[fields]]\nname = "who"\n[[foreignKeys]]\nfields = "who"\n'
        'reference = { resource = "tao.users", fields = "user_name_of" }\n'
    )

    with pytest.raises(ConfigError, match=r"mine: foreignKeys: there is no schema tao\.users with user_name_of\."):
        load_schemas([str(mine)])
    mine.write_text(mine.read_text().replace("user_name_of", "user_username"))
    assert load_schemas([str(mine)])


def test_no_reference_is_to_columns_in_any_number(tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    to = {"fields": "m*"}
    values = {
        "fieldsMatch": "superset",
        "fields": [{"name": "m*"}, {"name": "b"}],
        "foreignKeys": [{"fields": "b", "reference": to}],
    }
    mine.write_text(json.dumps(values))

    with pytest.raises(ConfigError, match=r"mine: foreignKeys: there is no schema mine with m\*\. Correct it"):
        load_schemas([str(mine)])


def test_a_reference_is_met_by_its_kind_by_a_family_and_by_one_that_is_keyed() -> None:
    of_id = {"fields": [{"name": "id"}]}
    schemas = [PEOPLE, keyed(PEOPLE, "mail"), VISITS, read_schema(of_id, "people.old"), read_schema(of_id, "peoples")]

    def names(*kinds: str) -> set[str]:
        reference = Reference(fields=("a",), kinds=kinds, keys=("id",))
        return {schema.name for schema in schemas if reference.is_to(schema)}

    assert names("people") == {"people", "people.old", "people by mail"}
    assert names("people.old", "visits") == {"people.old"}


def test_what_tao_refers_to_is_known_by_its_schemas() -> None:
    tao = [built_in(name) for name in built_in_names() if name.startswith("tao.")]
    found = {
        (schema.name.removeprefix("tao."), reference.fields[0]): {
            other.name.removeprefix("tao.") for other in tao if reference.is_to(other)
        }
        for schema in tao
        for reference in schema.references
    }

    groups = {"groups", "sessions.battery.new_groups", "sessions.delivery.new_groups"}
    organizations = {"organizations"}
    assert found == {
        ("links.existing_user", "user_username"): {"users", "links.new_user"},
        ("links.existing_user", "group_name"): groups,
        ("links.new_user", "group_name"): groups,
        ("links.new_user", "user_organizationId"): organizations,
        ("users", "user_organizationId"): organizations,
        ("groups", "group_organizationId"): organizations,
        ("organizations", "hierarchy_parentOrganizationId"): organizations,
        ("organizations.new", "hierarchy_parentOrganizationId"): organizations,
        ("sessions.battery.existing_groups", "group_name"): groups,
        ("sessions.delivery.existing_groups", "group_name"): groups,
        ("sessions.battery.new_groups", "group_organizationId"): organizations,
        ("sessions.delivery.new_groups", "group_organizationId"): organizations,
    }


# What there is to look at


def test_there_is_nothing_to_look_at_where_no_schema_says_so_or_nobody_wants_it() -> None:
    rosters = [built_in("platform.data"), built_in("platform.events")]

    assert not Relations(rosters, duplicates="error", references="error")
    assert not Relations([PEOPLE, VISITS], references="off")
    assert not Relations([VISITS]), "of people there can be no file"
    assert not Relations([PEOPLE])
    assert Relations([PEOPLE], duplicates="warning")
    assert Relations([PEOPLE, VISITS])


@pytest.mark.parametrize(
    ("setting", "severities"),
    [("as_declared", ["warning", "error"]), ("warning", ["warning"] * 2), ("error", ["error"] * 2)],
)
def test_the_setting_goes_before_what_a_schema_says_unless_it_leaves_it_to_that(
    setting: str, severities: list[str]
) -> None:
    strict = read_schema(visits(severity="error") | {"name": "strict"}, "")
    relations = Relations([PEOPLE, VISITS, strict], references=setting)

    assert [str(relations.askings[name][0].severity) for name in ("visits", "strict")] == severities
    assert len(relations.pools) == 1, "who asks for the same shares a pool"


def ties(schema: Schema, text: str, *others: Schema, **settings: str) -> list[tuple[str, int, int]]:
    """Value, row and way of each."""
    found = Ties(Relations([schema, *others], **settings), schema.name)
    return [(tie.value, tie.row, tie.way) for tie in found.read(text)]


def test_rows_hold_what_tells_them_apart_and_ask_for_what_they_refer_to() -> None:
    both = read_schema({"name": "both", "fields": [{"name": "a"}, {"name": "b"}], "primaryKey": ["a", "b"]}, "")

    assert ties(PEOPLE, "id,mail\r\nn1,x@y\r\nn2,", duplicates="error") == [
        ("x@y", 1, None),
        ("n1", 1, None),
        ("n2", 2, None),
    ]
    assert ties(both, 'a,b\r\nn1,"x, y"', duplicates="error") == [("n1\0x, y", 1, None)]
    assert ties(VISITS, "who,day\r\nn1,2024-07-01\r\n ,2024-07-02\r\nn3,2024-07-03", PEOPLE) == [
        ("n1", 1, 0),
        ("n3", 3, 0),
    ]


def test_a_cell_that_a_mapping_joined_may_be_longer_than_any_of_a_file() -> None:
    who = "n" * 300_000

    assert ties(VISITS, f'who,day\r\n{who},2024-07-01\r\n"{who}, x",2024-07-02', PEOPLE) == [
        (who, 1, 0),
        (f"{who}, x", 2, 0),
    ]


def test_a_list_asks_for_each_item_and_some_values_ask_for_nothing() -> None:
    values = visits(unless=["root"])
    values["fields"][0] |= {"type": "list", "delimiter": "|"}

    assert ties(read_schema(values, ""), "who,day\r\nn1|root|n2,\r\nroot,", PEOPLE) == [("n1", 1, 0), ("n2", 1, 0)]


def test_a_file_without_the_columns_has_no_part_in_it() -> None:
    loose = read_schema(visits() | {"fieldsMatch": "superset"}, "")

    assert ties(loose, "day\r\n2024-07-01", PEOPLE) == []


@given(st.lists(st.tuples(st.sampled_from(["a", 'q"', "x\r\ny", "z,z", " ", ""]), st.just("2024-07-01")), min_size=1))
def test_what_is_read_is_the_same_however_the_text_comes(rows: list[tuple[str, str]]) -> None:
    quoted = ["{},{}".format(f'"{who}"'.replace('q"', 'q""'), day) for who, day in rows]
    relations = Relations([PEOPLE, VISITS])
    whole, piecewise = Ties(relations, "visits"), Ties(relations, "visits")
    text = "\r\n".join(["who,day", *quoted])

    first = [*piecewise.read("\r\n".join(["who,day", quoted[0]]))]
    rest = [tie for row in quoted[1:] for tie in piecewise.read(f"\r\n{row}")]

    assert [*whole.read(text)] == first + rest
    assert [(tie.value, tie.row) for tie in first + rest] == [
        (who, row) for row, (who, _) in enumerate(rows, 1) if who.strip()
    ]


def test_a_problem_is_told_at_the_column_of_the_source() -> None:
    mapping = read_mapping({"columns": [{"to": "who", "from": "staff"}, {"to": "day", "from": "date"}]}, "renamed")
    found = Ties(Relations([PEOPLE, VISITS]), "visits")
    list(found.read("who,day\r\nn1,2024-07-01"))

    assert found.columns(["who", "day"], None) == {(0, 0): 1}
    assert found.columns(["site", "date", "staff"], mapping) == {(0, 0): 3}


# What is told of a row


def judged(source: str, *remarks: Remark, **how: Any) -> Judge:
    judge = Judge(VISITS, remarks=lambda line: [remark for remark in remarks if remark.line == line], fast=False, **how)
    judge.feed(source.encode())
    judge.close()
    return judge


def remark(line: int, severity: Severity = Severity.ERROR, column: int = 1) -> Remark:
    return Remark(line, column, Rule.REFERENCE, "nobody has it", severity)


def test_a_row_with_an_error_beside_others_is_as_bad_as_any() -> None:
    bad: list[Any] = []
    source = lines("who,day", "n1,2024-07-01", '"n2\r\nof two",2024-07-02', "", "n3,2024-07-03")
    found = judged(source, remark(3), remark(6, Severity.WARNING, 2), on_bad=bad.append)

    (row,) = bad
    (problem,) = row.problems
    assert (row.line, row.last_line, row.cells) == (3, 4, ("n2\r\nof two", "2024-07-02"))
    assert (problem.line, problem.column, problem.name, problem.rule) == (3, 1, "who", Rule.REFERENCE)
    assert (found.verdict.rows, found.verdict.bad, found.verdict.warned) == (3, 1, 1)
    assert tuple(found.verdict.gaps) == ((3, 5),)
    (warned,) = found.verdict.warnings
    assert (warned.problem.line, warned.problem.name, warned.problem.severity) == (6, "day", Severity.WARNING)


def test_what_was_wrong_with_a_row_anyway_is_told_as_well() -> None:
    bad: list[Any] = []
    judged(lines("who,day", "n1,nonsense"), remark(2), on_bad=bad.append)

    assert [problem.rule for problem in bad[0].problems] == [Rule.DATE, Rule.REFERENCE]


def test_a_row_with_an_error_beside_others_is_told_whose_twin_it_is_and_keeps_its_key() -> None:
    """Which rows are good without the others must not change by what these have against some."""
    bad: list[Any] = []
    judge = Judge(PEOPLE, remarks=lambda line: [remark(line)] if line in (3, 4) else [], fast=False, on_bad=bad.append)
    judge.feed(lines("id,mail", "n1,", "n1,", "n2,", "n2,").encode())
    judge.close()

    assert [[(problem.rule, problem.line) for problem in row.problems] for row in bad] == [
        [(Rule.UNIQUE, 3), (Rule.REFERENCE, 3)],
        [(Rule.REFERENCE, 4)],
        [(Rule.UNIQUE, 5)],
    ]
    assert judge.verdict.rows - judge.verdict.bad == 1


@given(st.booleans(), st.sets(st.integers(1, 30)))
def test_the_rows_stand_below_each_other_on_the_lines_that_are_in_no_gap(header: bool, between: set[int]) -> None:
    found = SourceLines(header, ranges_of(between))

    assert [found[row] for row in range(1, 30)] == [line for line in range(1, 90) if line not in between][header:][:29]


@given(st.booleans(), st.sets(st.integers(1, 20)), st.integers(1, 25), st.integers(0, 8), st.integers(0, 9))
def test_the_rows_on_some_lines_are_those_that_begin_there(
    header: bool, between: set[int], first: int, length: int, rows: int
) -> None:
    found = SourceLines(header, ranges_of(between))

    wanted = [row for row in range(1, rows + 1) if first <= found[row] <= first + length]
    assert list(found.rows_on(first, first + length, rows)) == wanted


def test_another_dialect_makes_no_difference_to_what_rows_hold() -> None:
    judge = Judge(VISITS, dialect=Dialect(delimiter=";"))
    text = judge.feed(b"who;day\nn1;2024-07-01\n") + judge.close()

    assert ties(VISITS, text, PEOPLE) == [("n1", 1, 0)]

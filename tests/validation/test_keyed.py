"""A file whose rows have to tell themselves apart by one column, because the remote finds its records by that."""

from __future__ import annotations

import pytest

from orchestrator.config.schemas import built_in, load_schemas
from orchestrator.errors import ConfigError
from orchestrator.validation import BadRow, Judge, Schema, is_keyed, keyed, read_schema, rules_digest

RECORDS = built_in("endgrate.records")


def problems(schema: Schema, *lines: str) -> list[tuple[int, str, str]]:
    bad: list[BadRow] = []
    judge = Judge(schema, on_bad=bad.append)
    judge.feed("\r\n".join(lines).encode())
    judge.close()
    faults = [judge.fault] if judge.fault else []
    found = [*faults, *(problem for row in bad for problem in row.problems)]
    return [(problem.line, problem.name, problem.rule) for problem in found]


def test_every_row_needs_a_value_of_its_own_in_the_column() -> None:
    rows = ("a,id", "x,1", "x,", "x, ", "x,2", "x,1")

    assert problems(RECORDS, *rows) == []
    assert problems(keyed(RECORDS, "id"), *rows) == [(3, "id", "required"), (4, "id", "required"), (6, "id", "unique")]


def test_a_file_without_the_column_is_not_of_the_kind() -> None:
    assert problems(keyed(RECORDS, "id"), "a,b", "1,2") == [(1, "", "header")]


def test_a_column_that_the_schema_has_keeps_its_other_rules() -> None:
    (groups,) = load_schemas(["tao.groups"], "group_name")

    assert len(groups.columns) == len(built_in("tao.groups").columns)
    assert problems(groups, "group_name,group_active", "a,TRUE", "b,maybe") == [(3, "group_active", "boolean")]
    assert problems(groups, "group_name,group_active", "a,TRUE", "a,TRUE") == [(3, "group_name", "unique")]


def test_a_key_has_to_differ_as_text_which_is_what_the_remote_sees_and_as_a_value_where_it_has_a_type() -> None:
    typed = read_schema({"fields": [{"name": "id", "type": "integer"}], "fieldsMatch": "subset"}, "typed")
    rows = ("id,a", "1,x", "01,x", "1,y")

    assert problems(keyed(RECORDS, "id"), *rows) == [(4, "id", "unique")]
    assert problems(keyed(typed, "id"), *rows) == [(3, "id", "unique"), (4, "id", "unique")]


def test_a_column_that_there_cannot_be_is_told_with_the_key_of_the_configuration() -> None:
    for name in ("customer", "a\nb"):
        with pytest.raises(ConfigError, match=r"target\.key: "):
            load_schemas(["platform.data" if name == "customer" else "endgrate.records"], name)


def test_columns_in_any_number_are_no_key() -> None:
    counted = read_schema({"fields": [{"name": "a"}, {"name": "m*"}], "fieldsMatch": "superset"}, "counted")

    with pytest.raises(ValueError, match=r"counted has no column m\*"):
        keyed(counted, "m*")


def test_what_was_judged_with_a_key_is_told_from_what_was_judged_without_or_by_another() -> None:
    by_id = keyed(RECORDS, "id")

    assert is_keyed(by_id.name, "id")
    assert not is_keyed(RECORDS.name, "id")
    assert not is_keyed(by_id.name, "d")
    assert not is_keyed(by_id.name, "")
    assert len({rules_digest([each], "utf-8", "") for each in (RECORDS, by_id, keyed(RECORDS, "name"))}) == 3

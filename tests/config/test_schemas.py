"""The schemas that come with the program, and those that people bring."""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from orchestrator.config.schemas import built_in, built_in_names, load_schema, load_schemas
from orchestrator.errors import ConfigError
from orchestrator.validation import Judge

NAMES = (
    "endgrate.records",
    "platform.data",
    "platform.events",
    "tao.groups",
    "tao.links.existing_user",
    "tao.links.new_user",
    "tao.organizations",
    "tao.organizations.new",
    "tao.sessions.battery.existing_groups",
    "tao.sessions.battery.new_groups",
    "tao.sessions.delivery.existing_groups",
    "tao.sessions.delivery.new_groups",
    "tao.users",
)
MINE = """
name = "mine"
fieldsMatch = "equal"
[[fields]]
name = "id"
constraints.required = true
"""


def told(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_schema(path)
    return caught.value.problems


def test_every_schema_of_the_program_can_be_read_and_is_called_as_its_file() -> None:
    assert built_in_names() == NAMES
    assert [built_in(name).name for name in NAMES] == list(NAMES)


def test_a_schema_may_be_toml_or_json(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(MINE)
    (tmp_path / "a.json").write_text(json.dumps(tomllib.loads(MINE)))

    assert load_schema(tmp_path / "a.toml") == load_schema(tmp_path / "a.json")


def test_a_copy_of_one_of_ours_is_a_beginning_for_ones_own(tmp_path: Path) -> None:
    ours = resources.files("orchestrator") / "schemas" / "tao.users.toml"
    (tmp_path / "users.toml").write_text(ours.read_text(encoding="utf-8"))

    assert load_schema(tmp_path / "users.toml") == built_in("tao.users")


def test_a_schema_that_is_not_called_anything_is_called_as_its_file(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(MINE.replace('name = "mine"', ""))

    assert load_schema(tmp_path / "shop.toml").name == "shop"


def test_all_mistakes_of_a_schema_are_told_with_its_file_in_front(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(MINE + 'typ = "date"\n[[fields]]\nname = "b"\ntype = "dat"\n')

    problems = told(tmp_path / "a.toml")

    assert problems == (
        f'{tmp_path}/a.toml: fields "id".typ: is not a known key here. Did you mean type?',
        f'{tmp_path}/a.toml: fields "b".type: "dat" is not known. Did you mean date?',
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.toml", "name = ", "is not valid TOML: line 1, column 8"),
        ("a.json", '{"fields": [}', "is not valid JSON: "),
        ("a.json", "[" * 100_000, "is not valid JSON: brackets nested too deeply"),
        ("a.json", "3", "is not a table. Write keys with their values."),
        ("a.toml", "\xff", "is not UTF-8 in line 1"),
    ],
)
def test_a_file_that_is_no_schema_is_told(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_bytes(content.encode("latin-1"))

    assert words in told(tmp_path / name)[0]


def test_a_schema_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "there is no such file" in told(tmp_path / "a.toml")[0]


def test_the_name_of_a_remote_stands_for_all_its_kinds() -> None:
    assert [schema.name for schema in load_schemas(["tao"])] == [name for name in NAMES if name.startswith("tao.")]
    assert [schema.name for schema in load_schemas(["tao.links"])] == [n for n in NAMES if n.startswith("tao.links.")]
    assert [schema.name for schema in load_schemas(["tao.users"])] == ["tao.users"]


def test_kinds_and_files_may_be_mixed_and_all_mistakes_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(MINE)
    (tmp_path / "b.toml").write_text("nme = 1")

    assert len(load_schemas(["tao.users", str(tmp_path / "a.toml")])) == 2
    with pytest.raises(ConfigError) as caught:
        load_schemas(["toa", str(tmp_path / "b.toml"), str(tmp_path / "c.toml")])
    assert [problem.partition(": ")[0] for problem in caught.value.problems] == ["validation.schema"] * 3
    assert "Did you mean tao?" in caught.value.problems[0]


def test_a_schema_of_which_no_record_can_be_made_is_told_where_the_remote_gets_records(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f'{MINE}[[fields]]\nname = "id.of"\n')

    assert load_schemas([str(tmp_path / "a.toml")])
    with pytest.raises(ConfigError, match=r"mine: the column id cannot hold a value and the field id\.of, too"):
        load_schemas([str(tmp_path / "a.toml")], nests=True)


def test_two_schemas_of_one_name_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(MINE)

    with pytest.raises(ConfigError, match="two schemas are called mine"):
        load_schemas([str(tmp_path / "a.toml")] * 2)


def test_the_example_asks_for_what_the_platform_does_and_tells_an_end_before_its_start() -> None:
    example = Path(__file__).parents[2] / "config" / "schemas" / "roster.toml"
    schema = load_schema(example)

    judge = Judge(schema)
    judge.feed(b"N1,01/07/2024,22:00,02/07/2024,06:00\nN1,01/07/2024,22:00,01/07/2024,06:00\nN1,x,22:00,,06:00\n")
    judge.close()

    assert schema.names == built_in("platform.data").names
    assert (judge.verdict.rows, judge.verdict.bad, judge.verdict.warned) == (3, 1, 1)
    (warned,) = judge.verdict.warnings
    assert (warned.problem.line, warned.problem.name) == (2, "EndDate")

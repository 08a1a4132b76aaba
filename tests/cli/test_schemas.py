"""`schema`: the columns of every kind of file can be learnt from the program, and its schemas can be copied."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.program import Outcome, call
from orchestrator.config.schemas import built_in, built_in_names, load_schema

TAO = ("--set", "target.kind=tao")


async def schema(root: Path, *words: str) -> Outcome:
    return await call("schema", *words, cwd=root, by=())


async def test_all_kinds_are_listed_with_those_first_that_the_configuration_takes(tmp_path: Path) -> None:
    said = (await schema(tmp_path)).out.decode().splitlines()
    of_tao = (await schema(tmp_path, "--json", *TAO)).json["schemas"]

    assert sorted(line.split()[0] for line in said) == list(built_in_names())
    assert [" ".join(line.split()) for line in said[:2]] == [
        "platform.data Platform: data (taken as a file)",
        "platform.events Platform: events (taken as a companion)",
    ]
    assert not any("taken" in line for line in said[2:])
    assert [one["name"] for one in of_tao if one["taken"]] == [n for n in built_in_names() if n.startswith("tao.")]
    (groups,) = (one for one in of_tao if one["name"] == "tao.groups")
    assert groups == {
        "name": "tao.groups",
        "title": "TAO: groups",
        "taken": "file",
        "columns": [*built_in("tao.groups").names],
        "required": ["group_name"],
    }


async def test_the_beginning_of_names_lists_those_and_a_name_that_is_one_tells_its_own_columns(tmp_path: Path) -> None:
    links = (await schema(tmp_path, "tao.links")).out.decode().splitlines()
    organizations = (await schema(tmp_path, "tao.organizations")).out.decode()

    assert [line.split()[0] for line in links] == ["tao.links.existing_user", "tao.links.new_user"]
    assert "header    hierarchy_organizationId,hierarchy_organizationName," in organizations


async def test_each_column_is_told_with_what_stands_in_it(tmp_path: Path) -> None:
    users = (await schema(tmp_path, "tao.users", *TAO)).out.decode()
    sessions = (await schema(tmp_path, "tao.sessions.delivery.existing_groups")).out.decode()
    data = (await schema(tmp_path, "platform.data")).out.decode()
    events = (await schema(tmp_path, "platform.events")).out.decode()

    for line in (
        "tao.users  TAO: users (taken as a file)",
        "columns   those that are required, of the rest any, in any order, and no others",
        "rows      no two with the same user_username",
        "blank     deletes what the remote has, in a column that is there (a warning only)",
        "refers    user_organizationId to hierarchy_organizationId of tao.organizations, or root (a warning only)",
        r"user_username        required  text; at most 255 characters, matching \S+ (a warning only)",
        "                               What TAO knows the user by; it never changes.",
        "user_active                    TRUE, true or 1 for yes, FALSE, false or 0 for no",
        'user_externalId                JSON object, as in {"key": "value"}',
        "user_metadata_*                text; every column whose name begins so",
    ):
        assert line in users.splitlines()
    assert 'list, with "|" between two items; each one of ADMIN, CONTENT_CREATOR,' in users
    assert "check     session_endDate >= session_startDate\n" in sessions
    assert "moment written YYYY-MM-DDThh:mm[:ss[.ffffff]]Z" in sessions
    assert "columns   all of these, in this order, and no others; the header may be missing\n" in data
    assert "StartDate  required  date written DD/MM/YYYY\nStartTime  required  time written hh:mm\n" in data
    assert "TimeReference   required  text; one of 0, 1, 2\n" in events


@pytest.mark.parametrize("name", ["tao.users", "tao.sessions.battery.new_groups", "platform.events"])
async def test_the_header_that_is_told_begins_a_file_of_that_kind(tmp_path: Path, name: str) -> None:
    told = (await schema(tmp_path, name)).out.decode()
    (header,) = (line.split()[1] for line in told.splitlines() if line.startswith("header "))
    (tmp_path / "a.csv").write_text(f"{header}\n")

    kind = (await call("inspect", "a.csv", "--json", "--set", f"validation.schema={name}", cwd=tmp_path, by=())).json

    assert kind["kind"] == name


@pytest.mark.parametrize("name", built_in_names())
async def test_what_is_printed_may_be_copied_as_ones_own(tmp_path: Path, name: str) -> None:
    for option, copy in (("--json", tmp_path / "mine.json"), ("--source", tmp_path / "mine.toml")):
        copy.write_bytes((await schema(tmp_path, name, option)).out)

        assert load_schema(copy) == built_in(name)


async def test_ones_own_schema_is_told_by_its_file_and_by_its_name_where_it_is_taken(tmp_path: Path) -> None:
    own = {
        "name": "people",
        "fieldsMatch": "partial",
        "fields": [
            {"name": "id", "type": "integer", "constraints": {"unique": True, "minimum": 1, "maximum": 9}},
            {"name": "code", "constraints": {"minLength": 2, "required": True}, "description": "As in \x1b[1mXY."},
            {"name": "share", "type": "number"},
        ],
    }
    (tmp_path / "mine.json").write_text(json.dumps(own))

    by_file = await schema(tmp_path, "mine.json")
    taken = ("--set", "validation.schema=mine.json")
    by_name = await schema(tmp_path, "people", *taken)
    listed = await schema(tmp_path, *taken)

    assert by_file.out.decode().splitlines() == [
        "people",
        "header    id,code,share",
        "columns   those that are required, at least one, in any order, and any others",
        "",
        "id               whole number; at least 1, at most 9; different in every row",
        "code   required  text; at least 2 characters",
        r"                 As in \x1b[1mXY.",
        "share            number, with a point before the decimals",
    ]
    assert by_name.out.decode().splitlines()[1:] == by_file.out.decode().splitlines()[1:]
    assert listed.out.decode().splitlines()[0].split() == ["people", "(taken", "as", "a", "file)"]


async def test_where_the_remote_finds_records_by_a_column_that_one_is_required(tmp_path: Path) -> None:
    endgrate = ("--set", "target.kind=endgrate")

    plain = await schema(tmp_path, "endgrate.records", *endgrate)
    keyed = await schema(tmp_path, "endgrate.records", *endgrate, "--set", "target.key=id")

    assert plain.out.decode().splitlines()[1:] == ["columns   any", "dots      a column a.b is field b in a"]
    assert "id  required  text; different in every row\n" in keyed.out.decode()


async def test_columns_that_a_mapping_makes_are_not_told_as_those_of_the_source(tmp_path: Path) -> None:
    listed = await schema(tmp_path, "--set", "validation.mapping=mine.toml")

    assert [line.partition("(")[2] for line in listed.out.decode().splitlines()[:2]] == [
        "made by the mapping)",
        "taken as a companion)",
    ]


async def test_a_kind_that_nobody_knows_is_told_with_the_nearest(tmp_path: Path) -> None:
    for words, said in (
        (("tao.user",), "Did you mean tao.users?"),
        (("mine.toml",), "mine.toml: there is no such file."),
        (("tao", "--source"), "--source prints one schema: give its NAME."),
        (("tao.users", "--source", "--json"), "use one of them"),
    ):
        outcome = await schema(tmp_path, *words)

        assert (outcome.code, said in outcome.err) == (2, True)

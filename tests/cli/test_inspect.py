"""`inspect`: what it proposes never breaks a run of the configuration that it was asked for."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from cli.program import call
from cli.rosters import HEADER

HEADERS = {
    "users": "user_username,user_email",
    "groups": "group_name,group_description",
    "roster": HEADER,
    "events": ("Reference,EventStartDate,EventStartTime,EventEndDate,EventEndTime,Description,TimeReference"),
    "other": "who,first name",
}
KINDS = (
    ("users", (), "kind       tao.users, which nothing here takes: see target.kind and validation.schema", {}),
    (
        "users",
        ("target.kind=tao", "validation.schema=tao.groups"),
        "tao.users, which nothing here takes: the first line has no column of tao.groups",
        {},
    ),
    ("users", ("target.kind=tao", "validation.schema=tao.users"), "kind       tao.users\n", {}),
    (
        "users",
        ("target.kind=stash:Stash", "target.base_url=https://stash.example.com"),
        "kind       tao.users\n",
        {"schema": "tao.users"},
    ),
    ("users", ("target.kind=endgrate",), "kind       endgrate.records\n", {}),
    (
        "users",
        ("target.kind=endgrate", "target.key=id"),
        "nothing here takes: the first line has no column of endgrate.records by id",
        {},
    ),
    ("groups", ("target.kind=tao",), "kind       tao.groups\n", {}),
    ("roster", (), "kind       platform.data\n", {}),
    ("roster", ("target.kind=tao",), "kind       platform.data, which nothing here takes", {}),
    ("events", (), "kind       platform.events, the companion of a file\n", {"events_schema": "platform.events"}),
    ("events", ("target.kind=tao",), "kind       platform.events, which nothing here takes", {}),
    ("other", (), "kind       none that is taken here\n", {}),
    ("other", ("validation.mapping=other.toml",), "kind       other\n", {}),
)


@pytest.mark.parametrize(("file", "keys", "told", "proposed"), KINDS)
async def test_inspect_proposes_no_kind_that_the_target_takes_anyway_or_not_at_all(
    tmp_path: Path, file: str, keys: tuple[str, ...], told: str, proposed: dict[str, str]
) -> None:
    made = "\n".join(f'[[columns]]\nto = "{name}"\nfrom = "who"' for name in HEADER.split(","))
    (tmp_path / "other.toml").write_text(made)
    (tmp_path / "file.csv").write_text(HEADERS[file] + "\n")
    overrides = [word for key in keys for word in ("--set", key)]

    said = (await call("inspect", "file.csv", *overrides, cwd=tmp_path)).out.decode()
    as_json = json.loads((await call("inspect", "file.csv", "--json", *overrides, cwd=tmp_path)).out)

    assert told in said
    assert {key: as_json["validation"][key] for key in as_json["validation"] if key.endswith("schema")} == proposed
    assert all(f'{key} = "{value}"' in said for key, value in proposed.items())
    assert said.count("schema = ") == len(proposed)


async def test_inspect_proposes_nothing_for_what_is_no_text_or_empty(tmp_path: Path) -> None:
    for content, found in (
        (gzip.compress(HEADER.encode()), "no text, but a compressed file (gzip)"),
        (b"", "the file"),
    ):
        (tmp_path / "file.csv").write_bytes(content)

        outcome = await call("inspect", "file.csv", cwd=tmp_path)
        as_json = json.loads((await call("inspect", "file.csv", "--json", cwd=tmp_path)).out)

        first, second = outcome.out.decode().splitlines()
        assert (outcome.code, first) == (0, "looked at  the whole file")
        assert second.startswith(f"found      {found}")
        assert (as_json["exit_code"], as_json["validation"]) == (0, {})
        assert as_json["fault"].startswith(found)


ROW = "N1,01/07/2024,09:00,01/07/2024,17:00"
TO_MEND = {
    "the line ends of old Macs": (
        "\r".join([HEADER, ROW, ROW, ""]),
        ("its lines end in lone carriage returns, as on old Macs, and no run reads those: write CRLF or LF",),
    ),
    "the line ends of old Macs, much of it": (
        "\r".join([HEADER, *[ROW] * 40_000]),
        ("its lines end in lone carriage returns, as on old Macs, and no run reads those: write CRLF or LF",),
    ),
    "an open quote": (
        "\n".join([HEADER, ROW, f'"{ROW}', ROW, "O'Brien"]),
        ('line 3: a quote opens here and never closes: add the closing " or remove the opening one',),
    ),
    "an open quote in the header": (
        "\n".join([f'"{HEADER}', ROW, ROW]),
        ('line 1: a quote opens here and never closes: add the closing " or remove the opening one',),
    ),
    "an open quote, much below it": (
        "\n".join([HEADER, ROW, f'"{ROW}', *[ROW] * 40_000]),
        ("line 3: the cell has more than 131,072 characters: shorten it, or close its quote",),
    ),
    "a header alone": (f"{HEADER}\n", ("there is no row below the header: add rows, or remove the file",)),
    "an index": (
        f",{HEADER}\n0,{ROW}\n1,{ROW}\n",
        ("column 1 has no name, as the index of an exported table has none: export it without, or give each a name",),
    ),
    "nothing": (f"{HEADER}\n{ROW}\n", ()),
    "nothing that can be seen": (f"{HEADER}\n" + f"{ROW}\n" * 40_000, ()),
}


@pytest.mark.parametrize("what", TO_MEND)
async def test_inspect_says_what_has_to_be_mended_and_looks_at_the_rest_all_the_same(tmp_path: Path, what: str) -> None:
    content, remarks = TO_MEND[what]
    (tmp_path / "file.csv").write_text(content, newline="")

    said = (await call("inspect", "file.csv", cwd=tmp_path)).out.decode().splitlines()
    as_json = (await call("inspect", "file.csv", "--json", cwd=tmp_path)).json

    assert [line.removeprefix("mend       ") for line in said if line.startswith("mend ")] == list(remarks)
    assert tuple(as_json["remarks"]) == remarks
    assert (as_json["dialect"]["delimiter"], as_json["dialect"]["quote"]) == (",", '"')
    (columns,) = (line for line in said if line.startswith("columns "))
    assert columns.endswith("Reference, StartDate, StartTime, EndDate, EndTime")


async def test_a_column_without_a_name_is_shown_as_one_and_the_kind_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text(",user_username,user_email\n0,zoe,z@x.org\n")
    (tmp_path / "own.csv").write_text(",id,name\n0,1,zoe\n")
    (tmp_path / "wide.csv").write_text("user_username,,,,\nzoe,,,,\n")

    users = (await call("inspect", "file.csv", "--set", "target.kind=tao", cwd=tmp_path)).out.decode()
    records = (await call("inspect", "own.csv", "--set", "target.kind=endgrate", cwd=tmp_path)).out.decode()

    assert "columns    (no name), user_username, user_email\n" in users
    assert "kind       nearest to tao.users, but column 1 has no name: give it one, or take it out\n" in users
    assert "columns    (no name), id, name\n" in records
    assert "kind       column 1 has no name: give it one, or take it out\n" in records
    wide = (await call("inspect", "wide.csv", "--set", "target.kind=tao", cwd=tmp_path)).out.decode()
    assert "mend       columns 2, 3, 4 and 1 more have no names, as the index" in wide


MADE = "\n".join(f'[[columns]]\nto = "{name}"\nfrom = "who"' for name in HEADER.split(","))


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("who,,1st,1st", "columns    who, (no name), 1st, 1st\nkind       people\n"),
        ("Who,note", "kind       nearest to people, but who is missing, and Who is there: write it in the mapping as"),
        ("note,1st", "kind       the first line has no column that the mapping people reads (who): put the column"),
        ("N1,2024", "kind       the first line has no column that the mapping people reads (who): put the column"),
    ],
)
async def test_columns_that_a_mapping_does_not_read_are_no_matter_and_those_that_it_lacks_are(
    tmp_path: Path, header: str, told: str
) -> None:
    (tmp_path / "people.toml").write_text(MADE)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file.csv").write_text(f"{header}\nN1,2,3,4\n"[: len(header) + 1] + ROW[:2] + "\n")
    mapping = ("--set", "validation.mapping=people.toml")

    said = (await call("inspect", "in/file.csv", *mapping, cwd=tmp_path)).out.decode()
    judged = (await call("validate", "in", *mapping, cwd=tmp_path)).out.decode()

    assert told in said
    assert "mend " not in said
    assert ("header" in judged) == (header != "who,,1st,1st")

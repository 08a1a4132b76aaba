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

"""Rows that come back more than once, or from a list that was lost: what is not at the remote is in the list, and goes
whenever somebody sends it back."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from cli.imports import GROUP, MEMBER, Importing, importing, table
from cli.mending import lines_in, mend, rows_of
from cli.rosters import HEADER
from cli.stage import Stage, staged
from cli.test_relations import ROLE, links, people
from cli.test_resubmit import GOOD, NIGHT
from cli.test_resubmit_additions import DROP, rejects, resubmit

STRICT = {"validation__references": "error"}


def rules_in(place: Path) -> list[tuple[str, str]]:
    return [(row["_line"], row["_rule"]) for row in rows_of(place)] if place.exists() else []


# As it is, once what it lacked is there


@pytest.mark.parametrize("part_rows", [250, 1])
async def test_a_row_that_is_refused_twice_goes_each_time_it_is_sent_back(tmp_path: Path, part_rows: int) -> None:
    settings = {"target__part_rows": part_rows}
    async with importing(tmp_path, {"links.csv": links("late", "later", MEMBER)}) as stage:
        assert (await stage.run(**DROP, **settings)).code == 3
        for known in ((), ("late",)):
            stage.remote.portal.users |= {name: {} for name in known}
            assert (await resubmit(stage, **settings)).code == 3
        stage.remote.portal.users["later"] = {}

        outcome = await resubmit(stage, **settings)

        assert (outcome.code, outcome.ends) == (0, {"found": 1, "done": 1})
        assert stage.standing["links"] == Counter(f"{name} {GROUP} {ROLE}" for name in ("late", "later", MEMBER))
        assert sum(entry["rows"] for entry in stage.uploads) == 3 + 2 + 2 + 1, "what was accepted goes no second time"
        refused = "bad rows by version: 1: 0 and 2 refused, 2: 0 and 2 refused, 3: 0 and 1 refused, 4: 0"
        assert refused in outcome.err
        assert not rejects(stage, "links.csv").exists()
        assert (await stage.run(**DROP, **settings)).ends == {"found": 1, "skipped": 1}


async def test_a_run_does_not_send_refused_rows_once_more(tmp_path: Path) -> None:
    async with importing(tmp_path, {"links.csv": links(MEMBER, "late")}) as stage:
        await stage.run(**DROP)
        await resubmit(stage)

        assert (await stage.run(**DROP)).ends == {"found": 1, "skipped": 1}
        assert [entry["rows"] for entry in stage.uploads] == [2, 1]


async def test_a_row_that_was_kept_back_twice_goes_when_it_is_sent_back_after_what_it_lacked(tmp_path: Path) -> None:
    files = {"groups.csv": table("group_name", GROUP), "links.csv": links("ann", "late", "nobody")}
    async with importing(tmp_path, {**files, "users.csv": people("ann", "bob")}) as stage:
        assert (await stage.run(**DROP, **STRICT)).code == 3
        assert rules_in(rejects(stage, "links.csv")) == [("3", "reference"), ("4", "reference")]
        mend(rejects(stage, "links.csv"), {4: {"user_username": "bob"}})
        assert (await resubmit(stage, **STRICT)).ends == {"found": 1, "done": 1}
        assert rules_in(rejects(stage, "links.csv")) == [("3", "reference")]
        (stage.folder / "more.csv").write_text(people("late"), newline="")
        assert (await stage.run(**DROP, **STRICT)).ends == {"found": 4, "done": 1, "skipped": 3}

        assert (await resubmit(stage, **STRICT)).code == 0

        assert stage.standing["links"] == Counter(f"{name} {GROUP} {ROLE}" for name in ("ann", "bob", "late"))
        assert [entry["rows"] for entry in stage.uploads if entry["name"] == "links.csv"] == [1, 1, 1]


# Two rows with one key


TWINS = table("user_username,user_password,user_name", "ann,Secret-1,A", "bob,,B", "bob,Secret-2,C", "dan,Secret-3,D")
"""Line 3 is refused, because TAO wants a password of a new user; line 4 is kept back, because line 3 has its key."""


async def twins(stage: Importing) -> Path:
    assert (await stage.run(**DROP)).code == 3
    place = rejects(stage, "users.csv")
    assert rules_in(place) == [("3", "refused"), ("4", "unique")]
    return place


async def test_a_row_whose_twin_is_refused_stays_in_the_list(tmp_path: Path) -> None:
    async with importing(tmp_path, {"users.csv": TWINS}) as stage:
        place = await twins(stage)

        assert (await resubmit(stage)).code == 3
        assert rules_in(place) == [("3", "refused"), ("4", "unique")]
        mend(place, {3: {"user_username": "bea", "user_password": "Secret-4"}})
        assert (await resubmit(stage)).code == 0

        assert stage.standing["users"] == Counter(["ann", "bea", "bob", "dan"])
        assert [entry["rows"] for entry in stage.uploads] == [3, 1, 2]


async def test_a_row_that_was_taken_out_of_the_list_is_not_sent_though_it_is_right_by_now(tmp_path: Path) -> None:
    async with importing(tmp_path, {"users.csv": TWINS}) as stage:
        place = await twins(stage)
        mend(place, {3: {"user_username": "bea", "user_password": "Secret-4"}}, only=True)

        assert (await resubmit(stage)).code == 3

        assert stage.standing["users"] == Counter(["ann", "bea", "dan"])
        assert rules_in(place) == [("4", "kept_back")]
        assert "kept back when its file was sent" in rows_of(place)[0]["_message"]
        assert (await resubmit(stage)).code == 0
        assert stage.standing["users"] == Counter(["ann", "bea", "bob", "dan"])


# A list that was lost


async def made_anew(stage: Stage, path: str, **settings: object) -> str:
    rejects(stage, path).unlink()
    sent = len(stage.uploads)
    outcome = await resubmit(stage, path, **settings)
    assert outcome.code == 3, outcome.err
    assert len(stage.uploads) == sent
    return str(outcome.summary["message"])


@pytest.mark.parametrize("policy", ["drop_rows", "reject_file"])
async def test_rows_that_were_kept_back_for_the_sake_of_other_files_are_in_a_list_that_is_made_anew(
    tmp_path: Path, policy: str
) -> None:
    strict = {**STRICT, "validation__on_bad_rows": policy}
    files = {"groups.csv": table("group_name", GROUP), "links.csv": links("ann", "late")}
    async with importing(tmp_path, {**files, "users.csv": people("ann")}) as stage:
        assert (await stage.run(**strict)).code == 3
        assert rules_in(rejects(stage, "links.csv")) == [("3", "reference")]

        told = await made_anew(stage, "links.csv", **strict)

        assert "stand in one now, made anew: mend them there, and resubmit" in told
        assert lines_in(rejects(stage, "links.csv")) == [3]
        (stage.folder / "more.csv").write_text(people("late"), newline="")
        await stage.run(**strict)
        await resubmit(stage, **strict)
        assert stage.standing["links"] == Counter(f"{name} {GROUP} {ROLE}" for name in ("ann", "late"))


async def test_where_a_new_version_replaces_the_one_before_it_is_the_same(tmp_path: Path) -> None:
    fields = [{"name": name} for name in HEADER.split(",")[1:]]
    keyed = {"name": "shift", "primaryKey": "Reference", "fields": [{"name": "Reference", "type": "string"}, *fields]}
    keyed["fields"][1]["constraints"] = {"required": True}
    first, second, third = GOOD[:3]
    async with staged(tmp_path) as stage:
        (tmp_path / "shift.json").write_text(json.dumps(keyed))
        words = '[validation]\nschema = "shift.json"\nduplicates = "error"'
        stage.config.write_text(f"{stage.config.read_text()}\n{words}\n")
        (stage.folder / "a.csv").write_text(table(HEADER, first, second), newline="")
        (stage.folder / "b.csv").write_text(table(HEADER, second, third, "N4,,09:00,01/07/2024,17:00"), newline="")
        await stage.run(**DROP)
        assert rules_in(rejects(stage, "b.csv")) == [("2", "unique"), ("4", "required")]
        mend(rejects(stage, "b.csv"), {4: {"StartDate": "01/07/2024"}})
        assert (await resubmit(stage)).ends == {"found": 1, "done": 1}

        told = await made_anew(stage, "b.csv")

        assert "its rows that are not at the remote stand in one now" in told
        assert rules_in(rejects(stage, "b.csv")) == [("2", "kept_back")]
        (stage.folder / "a.csv").write_text(table(HEADER, first), newline="")
        await stage.run(**DROP)
        assert (await resubmit(stage)).code == 0
        whole = table(HEADER, second, third, "N4,01/07/2024,09:00,01/07/2024,17:00")
        assert stage.remote.datasets["b"].data_sha256 == hashlib.sha256(whole.encode()).hexdigest()


async def test_where_there_is_nothing_to_make_a_list_of_it_is_said_why(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.run(**DROP)
        NIGHT.write(stage.folder)
        unknown = await resubmit(stage, NIGHT.path)
        assert "its file has not been judged by a run yet: run first" in unknown.summary["message"]
        await stage.run(**DROP)
        (stage.folder / NIGHT.path).write_text("another", newline="")

        assert "its file as it is now has not been sent: run first" in await made_anew(stage, NIGHT.path)
        assert not rejects(stage, NIGHT.path).exists()


# Lines that the file has not


@pytest.mark.parametrize("line", ["1", "99"])
async def test_a_line_on_which_its_file_has_no_row_is_told_as_that(tmp_path: Path, line: str) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await stage.run(**DROP)
        mend(rejects(stage, NIGHT.path), {3: {"Reference": "N2", "_line": line}})

        outcome = await resubmit(stage)

        assert outcome.code == 3
        assert outcome.summary["message"] == (
            f"{NIGHT.path}: the file has no row on line {line}: write into _line what stood there; "
            "where that was a fault of the whole file, mend it in the file"
        )

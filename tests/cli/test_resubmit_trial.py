"""A list of which no row is right leaves everything as it is: itself, its file, and whoever needs that one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.imports import GROUP, Importing, importing, table
from cli.mending import lines_in, mend, rows_of
from cli.program import Outcome
from cli.rosters import HEADER, Roster, Table
from cli.stage import Stage, staged

STRICT = {
    "validation__on_bad_rows": "drop_rows",
    "validation__duplicates": "error",
    "validation__references": "error",
}


def people(*names: str) -> str:
    return table("user_username,user_password,user_name", *(f"{name},Secret-1,{name}" for name in names))


def links(*names: str, group: str = GROUP) -> str:
    return table("user_username,group_name,group_role", *(f"{name},{group},TEST_TAKER" for name in names))


def rejects(stage: Stage, path: str) -> Path:
    return stage.out / "rejects" / path


async def resubmit(stage: Stage, *lists: str, **settings: object) -> Outcome:
    return await stage.call("resubmit", "--json", *lists, **{**STRICT, **settings})


async def unchanged(stage: Importing, *lists: str, **settings: object) -> str:
    """Why nothing came of it."""

    def all_of_it() -> object:
        lists = {place: place.read_bytes() for place in (stage.out / "rejects").rglob("*.csv")}
        jobs = {path: (job.state, job.version) for path, job in stage.jobs.items()}
        return lists, jobs, stage.standing, len(stage.uploads), [*(stage.out / "mended").rglob("*")]

    before = all_of_it()
    outcome = await resubmit(stage, *lists, **settings)
    assert outcome.code == 3, outcome.err
    assert all_of_it() == before
    return str(outcome.summary["message"])


TWIN: Mapping[str, str] = {"a.csv": people("ann", "bob"), "b.csv": people("bob", "cleo")}


@pytest.mark.parametrize("policy", ["drop_rows", "reject_file"])
async def test_a_row_that_another_file_has_leaves_its_file_done_and_who_refers_to_it_goes(
    tmp_path: Path, policy: str
) -> None:
    async with importing(tmp_path, TWIN) as stage:
        assert (await stage.run(**STRICT)).code == 3
        assert stage.states == {"a.csv": "done", "b.csv": "done"}
        assert lines_in(rejects(stage, "b.csv")) == [2]

        told = await unchanged(stage, validation__on_bad_rows=policy)

        assert told == (
            "b.csv: none of its 1 rows is right yet: line 2: unique: "
            "the same as in a.csv, line 3: take one of the two out"
        )
        (stage.folder / "links.csv").write_text(links("cleo"), newline="")
        night = await stage.run(**STRICT)
        assert night.ends == {"found": 3, "done": 1, "skipped": 2}, night.err
        mend(rejects(stage, "b.csv"), {2: {"user_username": "dora"}})
        assert (await resubmit(stage, validation__on_bad_rows=policy)).code == 0
        assert stage.standing["users"] == Counter(["ann", "bob", "cleo", "dora"])


async def test_a_row_that_refers_to_what_no_file_has_leaves_its_file_done(tmp_path: Path) -> None:
    files = {"links.csv": links("ann", "eve"), "users.csv": people("ann", "cleo")}
    async with importing(tmp_path, files) as stage:
        assert (await stage.run(**STRICT)).code == 3
        assert lines_in(rejects(stage, "links.csv")) == [3]
        mend(rejects(stage, "links.csv"), {3: {"user_username": "eva"}})

        assert "line 3: reference: no good row of" in await unchanged(stage)

        mend(rejects(stage, "links.csv"), {3: {"user_username": "cleo"}})
        assert (await resubmit(stage)).code == 0
        assert stage.standing["links"] == Counter([f"ann {GROUP} TEST_TAKER", f"cleo {GROUP} TEST_TAKER"])


async def test_a_row_that_its_own_file_has_leaves_it_done(tmp_path: Path) -> None:
    async with importing(tmp_path, {"users.csv": people("ann", "", "bob")}) as stage:
        assert (await stage.run(**STRICT)).code == 3
        mend(rejects(stage, "users.csv"), {3: {"user_username": "ann"}})

        assert "line 3: unique: the same as in line 2" in await unchanged(stage)


async def test_of_two_rows_that_were_mended_to_the_same_in_two_files_the_first_goes(tmp_path: Path) -> None:
    files = {"a.csv": people("ann", ""), "b.csv": people("bob", "")}
    async with importing(tmp_path, files) as stage:
        await stage.run(**STRICT)
        for path in files:
            mend(rejects(stage, path), {3: {"user_username": "cleo"}})

        outcome = await resubmit(stage)

        assert outcome.code == 3
        assert outcome.ends == {"found": 1, "done": 1}
        assert (
            "b.csv: none of its 1 rows is right yet: line 3: unique: the same as in a.csv" in outcome.summary["message"]
        )
        assert stage.standing["users"] == Counter(["ann", "bob", "cleo"])
        assert (stage.jobs["b.csv"].state, stage.jobs["b.csv"].version) == ("done", 1)


async def test_a_row_that_hangs_on_a_list_of_which_nothing_is_right_is_not_right_either(tmp_path: Path) -> None:
    files = {"a.csv": people("ann", "bob"), "b.csv": people("cleo", ""), "links.csv": links("ann", "late")}
    async with importing(tmp_path, files) as stage:
        await stage.run(**STRICT)
        assert lines_in(rejects(stage, "links.csv")) == [3]
        mend(rejects(stage, "b.csv"), {3: {"user_username": "bob"}})
        mend(rejects(stage, "links.csv"), {3: {"user_username": "later"}})
        told = await unchanged(stage)
        assert [line.partition(":")[0] for line in told.splitlines()] == ["b.csv", "links.csv"]

        mend(rejects(stage, "b.csv"), {3: {"user_username": "later"}})
        assert (await resubmit(stage)).code == 0, "together they are right"
        assert stage.standing["links"] == Counter([f"{name} {GROUP} TEST_TAKER" for name in ("ann", "later")])


async def test_beside_a_right_row_one_that_is_not_stays_in_the_list_with_what_is_wrong(tmp_path: Path) -> None:
    files = {"a.csv": people("ann", "bob"), "b.csv": people("bob", "cleo", "")}
    async with importing(tmp_path, files) as stage:
        await stage.run(**STRICT)
        mend(rejects(stage, "b.csv"), {2: {"user_name": "Robert"}, 4: {"user_username": "dora"}})

        outcome = await resubmit(stage)

        assert (outcome.code, outcome.ends) == (3, {"found": 1, "done": 1})
        (left,) = rows_of(rejects(stage, "b.csv"))
        assert (left["_line"], left["_rule"], left["user_name"]) == ("2", "unique", "Robert")
        assert stage.standing["users"] == Counter(["ann", "bob", "cleo", "dora"])


async def test_where_one_bad_row_rejects_its_file_a_list_that_is_mended_by_half_leaves_it_done(tmp_path: Path) -> None:
    async with importing(tmp_path, {"users.csv": people("ann", "", "bob", "")}) as stage:
        await stage.run(**STRICT)
        mend(rejects(stage, "users.csv"), {3: {"user_username": "cleo"}})

        told = await unchanged(stage, validation__on_bad_rows="reject_file")

        assert told == 'users.csv: 1 of 2 rows are bad; see rejects/, mend them or set on_bad_rows = "drop_rows"'
        mend(rejects(stage, "users.csv"), {5: {"user_username": "dora"}})
        assert (await resubmit(stage, validation__on_bad_rows="reject_file")).code == 0
        assert stage.standing["users"] == Counter(["ann", "bob", "cleo", "dora"])


async def test_rows_that_no_part_can_hold_leave_their_file_as_it_is(tmp_path: Path) -> None:
    good = [f"N{n},01/07/2024,09:00,01/07/2024,17:00" for n in range(4)]
    stray = f'"{good[1]}\r\n{good[2]}\r\n{good[3][:-5]}"17:00'
    night = Roster(path="night.csv", data=Table(header=HEADER, rows=(good[0], stray)))
    async with staged(tmp_path, [night]) as stage:
        await stage.run(**STRICT)
        mend(rejects(stage, "night.csv"), {3: {"_raw": "\r\n".join(good[1:])}})

        outcome = await resubmit(stage, target__part_rows=2)

        assert outcome.code == 3
        assert "line 3, column 1: part_size: the rows that take its place do not fit" in outcome.summary["message"]
        assert stage.states == {"night.csv": "done"}
        outcome = await resubmit(stage, target__part_rows=3)
        assert (outcome.code, outcome.ends) == (3, {"found": 1, "done": 1})
        assert "the remote still has rows of version 1" in outcome.err, "which went whole"


async def test_where_no_run_ever_was_nothing_is_begun(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        outcome = await stage.call("resubmit", "-o", "otu", **STRICT)

        assert outcome.code == 2
        assert "otu: there is no ledger here. Name the output folder of a run (-o)." in outcome.err
        assert not (stage.root / "otu").exists()

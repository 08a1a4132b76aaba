"""Rows that are not to be mended: given up, or such as the mapping leaves out."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from cli.imports import GROUP, MEMBER, importing, table
from cli.mending import lines_in, mend
from cli.program import Outcome
from cli.pushes import pushing
from cli.rosters import HEADER, Roster, Table
from cli.stage import Stage, staged
from cli.test_relations import links

DROP = {"validation__on_bad_rows": "drop_rows"}
STRICT = {"validation__on_bad_rows": "reject_file"}
GOOD = tuple(f"N{n},01/07/2024,09:00,01/07/2024,17:00" for n in range(1, 5))
BAD = tuple(row.replace("09:00", "24:00") for row in GOOD)


def night(*rows: str) -> Roster:
    return Roster(path="night.csv", data=Table(header=HEADER, rows=rows))


def rejects(stage: Stage, path: str = "night.csv") -> Path:
    return stage.out / "rejects" / path


def stands(stage: Stage, *rows: str) -> bool:
    text = "\r\n".join([HEADER, *rows])
    return stage.remote.datasets["night"].data_sha256 == hashlib.sha256(text.encode()).hexdigest()


async def resubmit(stage: Stage, *lists: str, **settings: object) -> Outcome:
    return await stage.call("resubmit", "--json", *lists, **{**DROP, **settings})


def empty(place: Path) -> None:
    """All its rows are taken out."""
    mend(place, {})
    place.write_text(place.read_text().splitlines()[0] + "\r\n")


async def told(stage: Stage, path: str, **settings: object) -> str:
    """Why nothing was sent; the list stays as it was."""
    before, sent = rejects(stage, path).read_bytes(), len(stage.uploads)
    outcome = await resubmit(stage, **settings)
    assert outcome.code == 3, outcome.err
    assert (len(stage.uploads), rejects(stage, path).read_bytes()) == (sent, before)
    return str(outcome.summary["message"])


async def gives_up(stage: Stage, path: str, listed: list[int]) -> None:
    assert lines_in(rejects(stage, path)) == listed
    empty(rejects(stage, path))
    assert await told(stage, path) == (
        f"{path}: it has no rows. If those that stood in it are given up, delete it, and that is all; if not, delete "
        "it and name its file to `resubmit`, which makes it anew"
    )
    rejects(stage, path).unlink()
    sent = len(stage.uploads)
    for _ in range(2):
        assert (await stage.run(**DROP)).ends == {"found": 1, "skipped": 1}
        assert (await resubmit(stage)).code == 0
        assert not rejects(stage, path).exists()
    assert (await resubmit(stage, path)).code == 3
    assert lines_in(rejects(stage, path)) == listed
    assert len(stage.uploads) == sent


async def test_bad_rows_are_given_up_when_their_list_is_deleted(tmp_path: Path) -> None:
    async with staged(tmp_path, [night(GOOD[0], BAD[1], GOOD[2], BAD[3])]) as stage:
        assert (await stage.run(**DROP)).code == 3
        await gives_up(stage, "night.csv", [3, 5])


async def test_rows_that_the_remote_refused_are_given_up_when_their_list_is_deleted(tmp_path: Path) -> None:
    link = table("user_username,group_name,group_role", f"{MEMBER},{GROUP},GRADER", f"late,{GROUP},GRADER")
    async with importing(tmp_path, {"links.csv": link}) as stage:
        assert (await stage.run(**DROP)).code == 3
        await gives_up(stage, "links.csv", [3])


async def test_a_rejected_file_has_no_rows_to_give_up(tmp_path: Path) -> None:
    async with staged(tmp_path, [night(GOOD[0], BAD[1])]) as stage:
        assert (await stage.run(**STRICT)).ends == {"found": 1, "rejected": 1}
        empty(rejects(stage))
        assert await told(stage, "night.csv", **STRICT) == (
            "night.csv: it has no rows, and its file is rejected: delete it and name its file to `resubmit`, which "
            "makes it anew with all of them"
        )
        rejects(stage).unlink()

        assert (await resubmit(stage, "night.csv", **STRICT)).code == 3

        assert lines_in(rejects(stage)) == [3]


# Rows that the mapping leaves out


def mapped(stage: Stage, *columns: str) -> dict[str, object]:
    """Each column is what it was; rows of which the first is "sum" are left out."""
    made = "\n".join(f'[[columns]]\nto = "{name}"\nfrom = "{name}"' for name in columns)
    (stage.root / "m.toml").write_text(f'name = "m"\n[[leave_out]]\ncolumn = "{columns[0]}"\namong = ["sum"]\n{made}')
    return {"validation__mapping": "m.toml"}


def roster(stage: Stage) -> dict[str, object]:
    return mapped(stage, *HEADER.split(","))


async def test_a_row_that_the_mapping_leaves_out_leaves_the_list_with_those_that_go(tmp_path: Path) -> None:
    async with staged(tmp_path, [night(GOOD[0], BAD[1], BAD[2])]) as stage:
        settings = roster(stage)
        await stage.run(**DROP, **settings)
        mend(rejects(stage), {3: {"StartTime": "09:00"}, 4: {"Reference": "sum"}})

        assert (await resubmit(stage, **settings)).code == 0

        assert stands(stage, *GOOD[:2])
        assert not rejects(stage).exists()
        assert (await stage.run(**DROP, **settings)).ends == {"found": 1, "skipped": 1}


async def test_where_the_mapping_leaves_out_all_rows_of_a_list_it_is_said_what_to_do(tmp_path: Path) -> None:
    async with staged(tmp_path, [night(GOOD[0], BAD[1], BAD[2])]) as stage:
        settings = roster(stage)
        await stage.run(**DROP, **settings)
        mend(rejects(stage), {3: {"Reference": "sum"}, 4: {"Reference": "sum"}})

        words = await told(stage, "night.csv", **settings)
        assert words.startswith("night.csv: the mapping leaves out all of its rows as they are now")
        assert "delete the list" in words

        rejects(stage).unlink()
        assert (await stage.run(**DROP, **settings)).code == 0
        assert (await resubmit(stage, **settings)).code == 0
        assert not rejects(stage).exists()


async def test_a_row_that_the_mapping_leaves_out_beside_one_that_is_wrong_hides_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path, [night(GOOD[0], BAD[1], BAD[2])]) as stage:
        settings = roster(stage)
        await stage.run(**DROP, **settings)
        mend(rejects(stage), {3: {"Reference": "sum"}})

        assert "none of its 2 rows is right yet: line 4: time" in await told(stage, "night.csv", **settings)


async def test_a_file_that_was_rejected_for_a_row_that_the_mapping_leaves_out_now_goes_without_it(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, [night(GOOD[0], BAD[1])]) as stage:
        settings = {**STRICT, **roster(stage)}
        assert (await stage.run(**settings)).ends == {"found": 1, "rejected": 1}
        mend(rejects(stage), {3: {"Reference": "sum"}})

        assert (await resubmit(stage, **settings)).code == 0

        assert stands(stage, GOOD[0])
        assert not rejects(stage).exists()


PEOPLE = "id,name\r\n1,Anna\r\n,Bert\r\n,all"


@pytest.mark.parametrize("others", [False, True])
async def test_where_rows_are_added_it_is_the_same(tmp_path: Path, *, others: bool) -> None:
    async with pushing(tmp_path, {"people.csv": PEOPLE}, key="id") as stage:
        settings = mapped(stage, "id", "name")
        assert (await stage.run(**DROP, **settings)).code == 3
        place = rejects(stage, "people.csv")
        mend(place, {3: {"id": "2" if others else "sum"}, 4: {"id": "sum"}})
        if not others:
            assert "the mapping leaves out all of its rows" in await told(stage, "people.csv", **settings)
            return

        assert (await resubmit(stage, **settings)).code == 0

        assert stage.standing == Counter("12")
        assert not place.exists()


async def test_what_nobody_sent_back_does_not_hold_a_right_row_where_a_bad_one_rejects_its_file(tmp_path: Path) -> None:
    """The remote refused both of them; the file is done, so that there is nothing to be rejected."""
    whole = {"validation__on_bad_rows": "reject_file"}
    async with importing(tmp_path, {"links.csv": links(MEMBER, "late", "later")}) as stage:
        assert (await stage.run(**whole)).code == 3
        listed = rejects(stage, "links.csv")
        assert lines_in(listed) == [3, 4]
        mend(listed, {4: {"user_username": MEMBER, "group_role": "GRADER"}}, only=True)

        outcome = await resubmit(stage, **whole)

        assert (outcome.code, outcome.ends) == (3, {"found": 1, "done": 1}), outcome.err
        assert [entry["rows"] for entry in stage.uploads] == [3, 1]
        assert lines_in(listed) == [3]

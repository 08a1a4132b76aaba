"""A list of rejects belongs to one version of its file: that of one which was never sent does not outlive it."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from crash.scene import make_new
from crash.starts import start

from cli.imports import GROUP, MEMBER, importing, table
from cli.mending import lines_in, mend, rows_of
from cli.program import Outcome
from cli.pushes import pushing
from cli.stage import Stage
from cli.test_relations import links

DROP = {"validation__on_bad_rows": "drop_rows"}
SCHEMA = 'name = "people"\n[[fields]]\nname = "id"\n[[fields]]\nname = "age"\ntype = "integer"\n'
PEOPLE = "id,age\r\n1,10\r\n2,x\r\n3,30\r\n4,y"
"""Lines 3 and 5 are bad."""


def rejects(stage: Stage, path: str = "people.csv") -> Path:
    return stage.out / "rejects" / path


async def resubmit(stage: Stage, **settings: object) -> Outcome:
    return await stage.call("resubmit", "--json", **{**DROP, **settings})


def typed(stage: Stage) -> dict[str, object]:
    (stage.root / "people.toml").write_text(SCHEMA)
    return {**DROP, "validation__schema": "people.toml"}


async def run_as(stage: Stage, path: str, text: str, **settings: object) -> Outcome:
    (stage.folder / path).write_text(text, newline="")
    return await stage.run(**settings)


@pytest.mark.parametrize(
    ("grown", "listed"),
    [
        (f"{PEOPLE}\r\n5,50\r\n6,z", [3, 5, 7]),
        (f"{PEOPLE}\r\n5,50", [3, 5]),
        (f"{PEOPLE}\r\n5,50".replace("x", "20").replace("y", "40"), []),
        (f"{PEOPLE}\r\n5,50".replace("x", "20"), [5]),
    ],
    ids=["more of them", "the same", "none", "fewer"],
)
async def test_a_file_that_is_again_what_was_sent_has_the_list_of_that(
    tmp_path: Path, grown: str, listed: Sequence[int]
) -> None:
    async with pushing(tmp_path, {}) as stage:
        settings = typed(stage)
        await run_as(stage, "people.csv", PEOPLE, **settings)
        before = rejects(stage).read_bytes()
        kept = await run_as(stage, "people.csv", grown, **settings)
        assert (kept.code, kept.ends) == (3, {"found": 1, "unsent": 1})
        assert lines_in(rejects(stage)) == listed

        assert (await run_as(stage, "people.csv", PEOPLE, **settings)).ends == {"found": 1, "skipped": 1}

        assert rejects(stage).read_bytes() == before
        mend(rejects(stage), {3: {"age": "20"}, 5: {"age": "40"}})
        assert (await resubmit(stage, **settings)).code == 0
        assert sorted(stage.standing) == ["1", "2", "3", "4"]


async def test_what_was_written_into_the_list_of_a_version_that_was_not_sent_is_kept(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        settings = typed(stage)
        await run_as(stage, "people.csv", PEOPLE, **settings)
        await run_as(stage, "people.csv", f"{PEOPLE}\r\n6,z", **settings)
        mend(rejects(stage), {6: {"age": "60"}})
        written = rejects(stage).read_bytes()

        outcome = await run_as(stage, "people.csv", PEOPLE, **settings)

        assert lines_in(rejects(stage)) == [3, 5]
        assert (stage.out / "edited" / "1" / "people.csv").read_bytes() == written
        assert "somebody wrote into it, nobody resubmitted it" in outcome.summary["message"]


async def test_a_list_of_another_version_is_not_taken_in(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        settings = typed(stage)
        await run_as(stage, "people.csv", PEOPLE, **settings)
        await run_as(stage, "people.csv", "id,age\r\n0,0\r\n1,x\r\n2,20\r\n3,30", **settings)
        mend(rejects(stage), {3: {"age": "10"}})
        (stage.folder / "people.csv").write_text(PEOPLE, newline="")

        outcome = await resubmit(stage, **settings)

        assert outcome.code == 3
        assert "made of another version of its file: run, which makes it anew" in outcome.summary["message"]
        assert sorted(stage.standing) == ["1", "3"], "line 3 of this one is the row of another person"


async def test_a_list_that_somebody_worked_on_and_that_would_be_the_same_stays(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        settings = typed(stage)
        await run_as(stage, "people.csv", PEOPLE, **settings)
        await run_as(stage, "people.csv", f"{PEOPLE}\r\n5,50", **settings)
        mend(rejects(stage), {3: {"age": "20"}, 5: {"age": "40"}})

        assert "message" not in (await run_as(stage, "people.csv", PEOPLE, **settings)).summary

        assert (await resubmit(stage, **settings)).code == 0
        assert sorted(stage.standing) == ["1", "2", "3", "4"]


async def test_rows_that_the_remote_refused_are_in_the_list_again(tmp_path: Path) -> None:
    sessions = table("session_deliveryId,session_name,group_name", f"d1,s1,{GROUP}", "d2,s2,none", f",s3,{GROUP}")
    async with importing(tmp_path, {"sessions.csv": sessions}) as stage:
        await stage.run(**DROP)
        before = [(row["_line"], row["_rule"]) for row in rows_of(rejects(stage, "sessions.csv"))]
        assert before == [("3", "refused"), ("4", "required")]
        kept = await run_as(stage, "sessions.csv", f"{sessions}\r\n,s4,{GROUP}", **DROP)
        assert kept.ends == {"found": 1, "unsent": 1}
        assert lines_in(rejects(stage, "sessions.csv")) == [4, 5]

        assert (await run_as(stage, "sessions.csv", sessions, **DROP)).ends == {"found": 1, "skipped": 1}

        after = [(row["_line"], row["_rule"]) for row in rows_of(rejects(stage, "sessions.csv"))]
        assert after == before


async def test_the_list_of_a_version_that_is_kept_back_is_told_what_keeps_it(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        settings = typed(stage)
        await run_as(stage, "people.csv", PEOPLE, **settings)
        await run_as(stage, "people.csv", f"{PEOPLE}\r\n6,z", **settings)
        mend(rejects(stage), {6: {"age": "60"}})

        outcome = await resubmit(stage, **settings)

        assert outcome.code == 3
        message = "its file as it is now has not been sent: run first. Where a run keeps it back, files.csv says why"
        assert message in outcome.summary["message"]
        assert sorted(stage.standing) == ["1", "3"]


async def test_a_list_of_what_is_still_on_its_way_is_taken_in_when_that_has_ended(tmp_path: Path) -> None:
    make_new(tmp_path / "scene")
    async with importing(tmp_path / "scene", {"links.csv": links(MEMBER, "")}) as stage:
        struck, _ = await start(stage, "after the commit of Accepted", speed=1.0, **DROP)
        assert struck.code == -signal.SIGKILL
        mend(rejects(stage, "links.csv"), {3: {"user_username": MEMBER, "group_name": "south"}})

        first = await resubmit(stage)
        assert (
            "version 1 of its file was still waiting when this began: resubmit again when it has ended"
            in first.summary["message"]
        )
        assert first.ends == {"adopted": 1, "done": 1}
        second = await resubmit(stage)

        assert (second.code, second.ends) == (3, {"found": 1, "done": 1}), second.err

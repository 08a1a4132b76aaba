"""What a person wrote into a list of rejects: it is kept and sent, or it is told where it lies."""

from __future__ import annotations

import shutil
import socket
from collections import Counter
from contextlib import closing
from pathlib import Path

from cli.imports import GROUP, MEMBER, importing, table
from cli.mending import lines_in, mend
from cli.program import Outcome
from cli.rosters import HEADER, Roster, Table
from cli.stage import Stage, held, staged

DROP = {"validation__on_bad_rows": "drop_rows"}


async def resubmit(stage: Stage, *lists: str, **settings: object) -> Outcome:
    return await stage.call("resubmit", "--json", *lists, **{**DROP, **settings})


def rejects(stage: Stage, path: str) -> Path:
    return stage.out / "rejects" / path


GROUPS = table("group_name,group_active", "g1,TRUE", "g1,FALSE")
LINKS = table("user_username,group_name,group_role", f"{MEMBER},g1,TEST_TAKER", "late,g1,GRADER", f"{MEMBER},g1,")
"""The remote refuses line 3, for it knows nobody of that name; line 4 is bad."""


async def test_a_refused_row_that_was_mended_and_not_sent_yet_goes_with_those_that_are_mended_after_it(
    tmp_path: Path,
) -> None:
    async with importing(tmp_path, {"groups.csv": GROUPS, "links.csv": LINKS}) as stage:
        assert (await stage.run(**DROP)).code == 3
        assert lines_in(rejects(stage, "links.csv")) == [3, 4]
        stage.remote.portal.users["dora"] = dict(stage.remote.portal.users[MEMBER])
        mend(rejects(stage, "links.csv"), {3: {"user_username": "dora"}})
        (stage.folder / "groups.csv").write_text("group_name,group_active", newline="")
        held_up = await resubmit(stage, "links.csv")
        assert held_up.ends["unsent"] == 1, "the file of its group has no rows any more"
        assert lines_in(rejects(stage, "links.csv")) == [4]

        mend(rejects(stage, "links.csv"), {4: {"group_role": "GRADER", "user_username": "dora", "group_name": "night"}})
        again = await resubmit(stage, "links.csv")

        assert again.ends["unsent"] == 1
        assert not rejects(stage, "links.csv").exists(), "nothing of it is left to be mended"
        (stage.folder / "groups.csv").write_text(GROUPS.replace("g1,FALSE", "g2,FALSE"), newline="")
        await stage.run(**DROP)
        assert (await resubmit(stage)).code == 0
        assert stage.standing["links"] == Counter([f"{MEMBER} g1 TEST_TAKER", "dora g1 GRADER", "dora night GRADER"])


# Lists that are made anew

GOOD = tuple(f"N{n},01/07/2024,09:00,01/07/2024,17:00" for n in range(1, 7))
ROWS = (GOOD[0], GOOD[1][2:], GOOD[2], GOOD[3][2:], GOOD[4], GOOD[5][2:])
"""Lines 3, 5 and 7 are bad."""
BAD = dict.fromkeys((1, 3, 5), (1, "required"))
NIGHT = Roster(path="2024/night.csv", data=Table(header=HEADER, rows=ROWS, bad=BAD))


def edited(stage: Stage) -> list[str]:
    """Below the folder of the lists that were set aside."""
    folder = stage.out / "edited"
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def dead_end() -> dict[str, object]:
    """A remote that is down."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    return {"target__token_url": f"{url}/connect/token"}


async def test_what_is_written_into_a_list_while_the_remote_is_down_is_there_to_be_resubmitted(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await stage.run(**DROP)
        place = rejects(stage, NIGHT.path)
        mend(place, {3: {"Reference": "N2"}})
        assert (await resubmit(stage, **dead_end())).code == 5
        assert stage.states == {NIGHT.path: "ready"}
        mend(place, {5: {"Reference": "N4"}})
        written = place.read_bytes()

        again = await resubmit(stage)

        assert "version 2 of its file was still ready" in again.summary["message"]
        assert stage.states == {NIGHT.path: "done"}
        assert place.read_bytes() == written
        assert edited(stage) == []
        assert (await resubmit(stage)).ends == {"found": 1, "done": 1}
        assert lines_in(place) == [7]
        assert edited(stage) == [], "what was taken in lies nowhere else"


async def test_a_list_that_was_edited_is_kept_when_its_file_changes_and_the_place_is_told(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await stage.run(**DROP)
        place = rejects(stage, NIGHT.path)
        source = stage.folder / NIGHT.path
        told = []
        for line in (3, 5):
            mend(place, {line: {"Reference": "mended"}})
            written = place.read_bytes()
            source.write_bytes(source.read_bytes() + f"N{line},01/07/2024,09:00,01/07/2024,\r\n".encode())

            told.append(await stage.run(**DROP))

            kept = stage.out / "edited" / str(len(told)) / NIGHT.path
            assert kept.read_bytes() == written
            assert kept.stat().st_mode & 0o777 == 0o600
            assert lines_in(place) == [3, 5, 7, *range(8, 8 + len(told))]
        assert edited(stage) == [f"1/{NIGHT.path}", f"2/{NIGHT.path}"]
        for number, outcome in enumerate(told, 1):
            assert (
                f"out/rejects/{NIGHT.path}: somebody wrote into it, nobody resubmitted it" in outcome.summary["message"]
            )
            assert f"It lies in out/edited/{number}/{NIGHT.path}: take over" in outcome.summary["message"]
            assert "list_kept" in outcome.err
        assert "message" not in (await stage.run(**DROP)).summary, "it is told once"


async def test_a_list_that_was_edited_is_kept_when_there_is_nothing_to_be_mended_any_more(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await stage.run(**DROP)
        place = rejects(stage, NIGHT.path)
        mend(place, {3: {"Reference": "N2"}})
        written = place.read_bytes()
        (stage.folder / NIGHT.path).write_text("\r\n".join([HEADER, *GOOD]))

        outcome = await stage.run(**DROP)

        assert outcome.code == 0
        assert not place.exists()
        assert (stage.out / "edited" / "1" / NIGHT.path).read_bytes() == written
        assert f"out/edited/1/{NIGHT.path}" in outcome.summary["message"]


async def test_a_list_that_nobody_wrote_into_makes_way_without_a_word(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await stage.run(**DROP)
        for rows in (ROWS[:4], GOOD):
            (stage.folder / NIGHT.path).write_text("\r\n".join([HEADER, *rows]))
            assert "message" not in (await stage.run(**DROP)).summary

        assert edited(stage) == []


async def test_a_list_of_which_nobody_knows_who_wrote_it_is_kept(tmp_path: Path) -> None:
    """An earlier version of the program noted nothing."""
    async with staged(tmp_path, [NIGHT]) as stage:
        await stage.run(**DROP)
        shutil.rmtree(stage.out / ".orchestrator" / "lists")
        (stage.folder / NIGHT.path).write_text("\r\n".join([HEADER, *ROWS[:4]]))

        await stage.run(**DROP)

        assert edited(stage) == [f"1/{NIGHT.path}"]


async def test_what_is_written_into_a_list_while_it_is_resubmitted_is_kept(tmp_path: Path) -> None:
    link = table(
        "user_username,group_name,group_role", f"{MEMBER},{GROUP},GRADER", f"{MEMBER},{GROUP},", "late,,GRADER"
    )
    async with importing(tmp_path, {"links.csv": link}, held("upload", nth=2)) as stage:
        await stage.run(**DROP)
        place = rejects(stage, "links.csv")
        mend(place, {3: {"user_username": "nobody", "group_role": "GRADER"}})
        async with stage.start("resubmit", "--json", **DROP) as program:
            await stage.remote.until_held(1)
            mend(place, {4: {"group_name": GROUP}})
            written = place.read_bytes()
            stage.remote.release()
            await program.wait()

        assert lines_in(place) == [3, 4], "the remote refuses what was mended first"
        assert (stage.out / "edited" / "1" / "links.csv").read_bytes() == written
        assert "out/edited/1/links.csv" in program.outcome().summary["message"]


async def test_what_a_list_points_to_is_neither_written_to_nor_copied(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await stage.run(**DROP)
        place, elsewhere = rejects(stage, NIGHT.path), tmp_path / "elsewhere.csv"
        place.rename(elsewhere)
        place.symlink_to(elsewhere)
        mend(elsewhere, {3: {"Reference": "N2"}})
        written = elsewhere.read_bytes()
        (stage.folder / NIGHT.path).write_text("\r\n".join([HEADER, *ROWS[:4]]))

        await stage.run(**DROP)

        assert elsewhere.read_bytes() == written
        assert not place.is_symlink()
        assert lines_in(place) == [3, 5]
        assert edited(stage) == []

"""What a run that was killed had found is told by the next one, which nobody could hear it from."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from crash.scene import make_new
from crash.starts import start

from cli.imports import MEMBER, importing
from cli.mending import lines_in
from cli.rosters import roster
from cli.stage import QUICK, Stage, staged
from cli.test_imports import rows_that_say, telling
from cli.test_relations import links

DROP = {"validation__on_bad_rows": "drop_rows"}


def rejects(stage: Stage) -> Path:
    return stage.out / "rejects" / "a.csv"


@pytest.mark.parametrize(
    ("parts", "moment", "nth"),
    [
        *((250, f"after the commit of {end}", 1) for end in ("Accepted", "Completed")),
        *((1, f"after the commit of {end}", 1) for end in ("Accepted", "Completed")),
        pytest.param(1, "after the commit of Completed", 3, id="all of its parts, and itself"),
    ],
)
async def test_rows_that_are_not_at_the_remote_end_the_next_run_with_3_and_no_other(
    tmp_path: Path, moment: str, nth: int, parts: int
) -> None:
    make_new(tmp_path / "scene")
    settings = {**DROP, "target__part_rows": parts}
    async with importing(tmp_path / "scene", {"a.csv": links(MEMBER, "late", "")}) as stage:
        struck, _ = await start(stage, moment, nth, fine=True, speed=1.0, **settings)
        assert struck.code == -signal.SIGKILL

        told = await stage.run(**settings)

        assert told.code == 3, told.err
        assert lines_in(rejects(stage)) == [3, 4]
        again = await stage.run(**settings)
        assert (again.code, again.ends) == (0, {"found": 1, "skipped": 1}), again.err


async def test_so_do_rows_of_a_file_that_an_earlier_run_told_as_waiting(tmp_path: Path) -> None:
    make_new(tmp_path / "scene")
    async with importing(tmp_path / "scene", {"a.csv": links(MEMBER, "late", "")}) as stage:
        told, _ = await start(stage, "after the commit of Accepted", signals=[signal.SIGTERM], speed=1.0, **DROP)
        assert told.ends == {"found": 1, "waiting": 1}, told.err
        struck, _ = await start(stage, "after the commit of Completed", speed=1.0, **DROP)
        assert struck.code == -signal.SIGKILL

        told = await stage.run(**DROP)

        assert (told.code, told.ends) == (3, {"found": 1, "skipped": 1}), told.err


async def test_a_report_of_other_files_in_between_takes_nothing_away(tmp_path: Path) -> None:
    make_new(tmp_path / "scene")
    files = {"a.csv": links(MEMBER, "late", ""), "b.csv": links(MEMBER, "later", "")}
    async with importing(tmp_path / "scene", files) as stage:
        struck, _ = await start(stage, "after the commit of Completed", 2, speed=1.0, **DROP)
        assert struck.code == -signal.SIGKILL
        refused = await stage.call("resubmit", "a.csv", "--json", **DROP)
        assert refused.ends == {}

        told = await stage.run(**DROP)

        assert (told.code, told.ends) == (3, {"found": 2, "skipped": 2}), told.err
        assert "4 rows that an earlier run read are not at the remote, as far as anybody knows" in told.err
        assert (await stage.run(**DROP)).code == 0


async def test_rows_of_which_the_remote_did_not_tell_and_a_killed_run_could_not_are_told(tmp_path: Path) -> None:
    make_new(tmp_path / "scene")
    async with telling(tmp_path / "scene", rows_that_say("user1,processed")) as (stage, where):
        struck, _ = await start(stage, "after the commit of Completed", speed=1.0, **where)
        assert struck.code == -signal.SIGKILL

        told = await stage.run(**where)

        assert (told.code, told.ends) == (3, {"found": 1, "skipped": 1}), told.err
        assert (await stage.run(**where)).code == 0


async def test_so_is_what_stays_at_the_remote_of_the_version_before(tmp_path: Path) -> None:
    make_new(tmp_path / "scene")
    settings = {"target__overwrite": True, "target__part_rows": 1}
    async with staged(tmp_path / "scene", [roster("a.csv", 5)], QUICK) as stage:
        assert (await stage.run(**settings)).code == 0
        roster("a.csv", 2, edition=2).write(stage.folder)
        struck, _ = await start(stage, "after the commit of Completed", 3, speed=1.0, **settings)
        assert struck.code == -signal.SIGKILL

        told = await stage.run(**settings)

        assert (told.code, told.ends) == (3, {"found": 1, "skipped": 1}), told.err
        left = "the remote still has rows of version 1, as a#0003 to a#0005: remove them there"
        assert stage.told(told)["a.csv"]["cause"] == left
        again = await stage.run(**settings)
        assert (again.code, stage.told(again)["a.csv"]["cause"]) == (0, "")

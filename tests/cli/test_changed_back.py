"""A file that was changed and put back before any of the change was sent: the remote has it, and it does not go."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest
from crash.scene import make_new
from crash.starts import start

from cli.imports import importing, sessions, table
from cli.mending import lines_in, mend
from cli.pushes import people, pushing
from cli.rosters import HEADER
from cli.stage import Stage, staged
from cli.test_changed_files import cause_of
from orchestrator.model import State

BROKEN = {"a bad row": "id,name,address.city\r\n1,Anna", "another sign": "a;b\r\n1;2", "nothing": ""}
AGES = 'name = "ages"\n[[fields]]\nname = "id"\n[[fields]]\nname = "age"\ntype = "integer"'
RESTORING = {(State.FOUND, "Restored")}
"""The transition of the ledger that only a file that is put back comes to."""
DROP = {"validation__on_bad_rows": "drop_rows", "validation__schema": "ages.toml"}


def put(stage: Stage, text: str, path: str = "people.csv") -> None:
    place = stage.folder / path
    place.parent.mkdir(exist_ok=True)
    place.write_text(text, newline="")


async def break_it(stage: Stage, text: str) -> None:
    put(stage, text)
    assert (await stage.run()).ends == {"found": 1, "rejected": 1}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("settings", [{}, {"target__part_rows": 2}], ids=["whole", "in parts"])
async def test_what_was_rejected_in_between_makes_no_row_go_twice(
    tmp_path: Path, broken: str, settings: dict[str, object]
) -> None:
    async with pushing(tmp_path, {"people.csv": people(1, 3)}) as stage:
        assert (await stage.run(**settings)).code == 0
        sent = len(stage.pushes)
        for _ in range(2):
            put(stage, broken)
            assert (await stage.run(**settings)).ends == {"found": 1, "rejected": 1}
            put(stage, people(1, 3))
            for _ in range(2):
                back = await stage.run(**settings)
                assert (back.code, back.ends) == (0, {"found": 1, "skipped": 1}), back.err
        assert len(stage.pushes) == sent
        assert stage.standing == Counter("123")
        assert stage.jobs["people.csv"].state == "done"
        assert '"done": 1' in (await stage.call("status", "--json")).out.decode()


async def test_the_sessions_of_tao_are_not_imported_twice(tmp_path: Path) -> None:
    async with importing(tmp_path, {"people.csv": sessions(1, 2)}) as stage:
        await stage.run()
        await break_it(stage, table("x;y", "1;2"))
        put(stage, sessions(1, 2))

        assert (await stage.run()).ends == {"found": 1, "skipped": 1}
        assert len(stage.uploads) == 1


async def test_rows_that_were_mended_before_are_there_as_well(tmp_path: Path) -> None:
    text = "id,age\r\n1,10\r\n2,x\r\n3,y"
    async with pushing(tmp_path, {"people.csv": text}) as stage:
        (tmp_path / "ages.toml").write_text(AGES)
        rejects = stage.out / "rejects" / "people.csv"
        assert (await stage.run(**DROP)).code == 3
        mend(rejects, {3: {"age": "20"}}, only=True)
        await stage.call("resubmit", "--json", **DROP)
        assert stage.standing == Counter("12")
        put(stage, "")
        assert (await stage.run(**DROP)).code == 3
        put(stage, text)

        assert (await stage.run(**DROP)).ends == {"found": 1, "skipped": 1}

        assert stage.standing == Counter("12")
        assert lines_in(rejects) == [4], "and not what was wrong in between"
        mend(rejects, {4: {"age": "30"}})
        assert (await stage.call("resubmit", "--json", **DROP)).code == 0
        assert stage.standing == Counter("123")


async def test_after_a_version_that_failed_nobody_knows_what_stands_there_and_it_is_kept_back(tmp_path: Path) -> None:
    async with importing(tmp_path, {"people.csv": sessions(1, 2)}, max_file=1000) as stage:
        assert (await stage.run()).code == 0
        put(stage, sessions(3, 100))
        assert (await stage.run(target__increments="true")).ends == {"found": 1, "failed": 1}
        put(stage, sessions(1, 2))

        kept = await stage.run()

        assert (kept.code, kept.ends) == (3, {"found": 1, "unsent": 1}), kept.err
        assert "took version 1" in cause_of(stage, kept, "people.csv")


@pytest.mark.parametrize("moment", ["before the commit of Restored", "after the commit of Restored"])
async def test_killed_when_it_is_put_back_it_is_known_all_the_same(tmp_path: Path, moment: str) -> None:
    make_new(tmp_path / "scene")
    async with pushing(tmp_path / "scene", {"people.csv": people(1, 3)}) as stage:
        await stage.run()
        await break_it(stage, "a;b")
        put(stage, people(1, 3))
        struck, _ = await start(stage, moment, fine=True, speed=1.0)
        assert struck.code == -signal.SIGKILL

        assert (await stage.run()).ends == {"found": 1, "skipped": 1}
        assert stage.standing == Counter("123")


async def test_a_name_stays_with_its_path_when_a_later_version_is_rejected(tmp_path: Path) -> None:
    row = "N1,01/07/2024,09:00,01/07/2024,17:00"
    async with staged(tmp_path) as stage:
        put(stage, f"{HEADER}\r\n{row}", "a.csv")
        assert (await stage.run(target__name="{stem}")).code == 0
        put(stage, f"{HEADER}\r\n{row}x", "a.csv")
        assert (await stage.run(target__name="{stem}")).ends == {"found": 1, "rejected": 1}
        (stage.folder / "a.csv").unlink()
        put(stage, f"{HEADER}\r\n{row}", "elsewhere/a.csv")

        refused = await stage.run(target__name="{stem}")

        assert refused.ends == {"found": 1, "rejected": 1}
        assert "name_clash" in cause_of(stage, refused, "elsewhere/a.csv")
        assert len(stage.uploads) == 1

"""A ledger that was put back from a copy, from whatever moment: what was sent since is sent by nobody a second time."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from cli.pushes import people, pushing
from cli.stage import Stage, held
from orchestrator.edges.witness import EVERY
from orchestrator.edges.workplace import ledger_file, state_folder

FILES = {f"{number}.csv": people(number, 1) for number in range(1, 4)}
ONCE = Counter("123")


def copy_of(stage: Stage, to: Path) -> Path:
    with closing(sqlite3.connect(ledger_file(stage.out))) as ledger, closing(sqlite3.connect(to)) as copy:
        ledger.backup(copy)
    return to


def put_back(stage: Stage, copy: Path) -> None:
    for file in state_folder(stage.out).glob("ledger.sqlite3*"):
        file.unlink()
    shutil.copy(copy, ledger_file(stage.out))


async def test_a_copy_from_the_middle_of_a_run_that_ended_is_refused(tmp_path: Path) -> None:
    async with pushing(tmp_path, FILES, held("poll")) as stage:
        async with stage.start("run", "--json", limits__in_flight=1, limits__uploads=1) as program:
            await stage.remote.until_held()
            copy = copy_of(stage, tmp_path / "copy")
            stage.remote.release()
            await program.wait()
        assert (program.outcome().code, stage.standing) == (0, ONCE)
        put_back(stage, copy)

        again = await stage.run()

        assert again.code == 2
        assert "the ledger is older than run" in again.json["message"]
        assert stage.standing == ONCE


async def test_a_copy_from_the_middle_of_a_run_that_was_killed_is_refused_when_much_was_sent_since(
    tmp_path: Path,
) -> None:
    files = {f"{number:02}.csv": people(number, 1) for number in range(2 * EVERY)}
    async with pushing(tmp_path, files, held("poll")) as stage:
        async with stage.start("run", "--json", limits__in_flight=1, limits__uploads=1) as program:
            await stage.remote.until_held()
            copy = copy_of(stage, tmp_path / "copy")
            stage.remote.release()
            await stage.until(lambda: len(stage.pushes) > EVERY + 1)
            program.kill()
            await program.wait()
        before = stage.standing
        put_back(stage, copy)

        assert (await stage.run()).code == 2
        assert stage.standing == before


async def test_a_run_whose_clock_was_ahead_does_not_hide_those_that_came_after_it(tmp_path: Path) -> None:
    async with pushing(tmp_path, FILES) as stage:
        first = await stage.run("--only", "1.csv")
        ahead = "20990101T000000Z-abcdef"
        (stage.out / "runs" / first.json["run"]).rename(stage.out / "runs" / ahead)
        with closing(sqlite3.connect(ledger_file(stage.out))) as ledger, ledger:
            ledger.execute("UPDATE events SET run = ?", (ahead,))
        copy = copy_of(stage, tmp_path / "copy")
        assert (await stage.run()).code == 0
        put_back(stage, copy)

        assert (await stage.run()).code == 2
        assert stage.standing == ONCE


async def test_names_of_files_that_are_still_to_be_sent_may_not_change_either(tmp_path: Path) -> None:
    async with pushing(tmp_path, FILES) as stage:
        right = stage.secrets["ORCHESTRATOR_TARGET__API_KEY"]
        stage.secrets["ORCHESTRATOR_TARGET__API_KEY"] = "not the key"
        assert (await stage.run(target__name="{stem}")).code == 77
        stage.secrets["ORCHESTRATOR_TARGET__API_KEY"] = right

        assert (await stage.run(target__name="night-{stem}")).code == 2
        assert (await stage.run(target__name="{stem}")).code == 0
        assert stage.standing == ONCE

"""A changed file where the remote does not replace by Name: its rows are found again there, or a person is asked."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from cli.imports import importing, sessions, users
from cli.program import Outcome
from cli.pushes import people, pushing
from cli.stage import Stage, held
from orchestrator.sandbox import Fault

GROWN = people(1, 4)


def cause_of(stage: Stage, outcome: Outcome, path: str) -> str:
    """What that run says of the file."""
    report = stage.out / "runs" / outcome.summary["run"] / "files.csv"
    with report.open(newline="", encoding="utf-8") as table:
        return next(line["cause"] for line in csv.DictReader(table) if line["path"] == path)


async def test_without_a_key_a_changed_file_is_kept_back_and_a_new_one_beside_it_goes(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"people.csv": people(1, 3)}) as stage:
        assert (await stage.run()).code == 0
        (stage.folder / "people.csv").write_text(GROWN, newline="")

        for _ in range(2):
            kept = await stage.run()
            assert (kept.code, kept.ends) == (3, {"found": 1, "unsent": 1})
            assert "took version 1" in cause_of(stage, kept, "people.csv")
        assert stage.standing == Counter("123")

        (stage.folder / "people.csv").write_text(people(1, 3), newline="")
        (stage.folder / "more.csv").write_text(people(4, 1), newline="")
        assert (await stage.run()).ends == {"found": 2, "done": 1, "skipped": 1}
        assert stage.standing == Counter("1234")


@pytest.mark.parametrize("increments", [False, True])
async def test_a_person_may_say_that_all_of_it_is_to_be_added(tmp_path: Path, increments: bool) -> None:
    """By another name of the file, or once for all that each version holds new rows only."""
    async with pushing(tmp_path, {"people.csv": people(1, 3)}) as stage:
        await stage.run()
        (stage.folder / "people.csv").unlink()
        (stage.folder / ("people.csv" if increments else "again.csv")).write_text(people(3, 2), newline="")
        settings = {"target__increments": "true"} if increments else {}

        assert (await stage.run(**settings)).code == 0
        assert stage.standing == Counter("12334")


async def test_with_a_key_a_changed_file_changes_its_records(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"people.csv": people(1, 3)}, key="id") as stage:
        await stage.run()
        (stage.folder / "people.csv").write_text(GROWN, newline="")

        assert (await stage.run()).code == 0
        assert stage.standing == Counter("1234")


@pytest.mark.parametrize(("before", "after"), [("", "id"), ("id", "name"), ("id", "")])
async def test_a_key_that_was_set_or_changed_since_does_not_find_what_was_sent_before_it(
    tmp_path: Path, before: str, after: str
) -> None:
    async with pushing(tmp_path, {"people.csv": people(1, 3)}) as stage:
        assert (await stage.run(target__key=before)).code == 0
        (stage.folder / "people.csv").write_text(GROWN, newline="")

        assert (await stage.run(target__key=after)).code == 3
        assert stage.standing == Counter("123")


async def test_of_a_file_in_parts_that_grew_only_the_new_part_is_added(tmp_path: Path) -> None:
    parts = {"target__part_rows": 2}
    async with pushing(tmp_path, {"people.csv": people(1, 4)}) as stage:
        await stage.run(**parts)
        (stage.folder / "people.csv").write_text(people(1, 5), newline="")

        grown = await stage.run(**parts)

        assert grown.code == 0
        assert stage.standing == Counter("12345")
        rows = grown.summary["rows"]["data"]
        assert (rows["read"], rows["known"], rows["sent"], rows["accepted"]) == (5, 4, 1, 1)


@pytest.mark.parametrize("key", ["id", ""], ids=["keyed", "unkeyed"])
async def test_a_file_in_parts_that_is_replaced_while_they_are_sent_is_not_called_done(
    tmp_path: Path, key: str
) -> None:
    """The part that has to be sent again is not there any more."""
    parts = {"target__part_rows": 1, "limits__uploads": 1}
    busy = Fault(endpoint="upload", kind="throttle", nth=3, seconds=0)
    async with pushing(tmp_path, {"people.csv": people(1, 4)}, held("upload", nth=2), busy, key=key) as stage:
        async with stage.start("run", "--json", **parts) as program:
            await stage.remote.until_held()
            (stage.folder / "people.csv").write_text(people(1, 2) + "\r\n" + people(8, 2).partition("\r\n")[2])
            stage.remote.release()
            await program.wait()

        assert program.outcome().code == 5
        assert program.outcome().ends == {"found": 1, "unsent": 1}
        again = await stage.run(**parts)
        if key:
            assert (again.code, stage.standing) == (0, Counter(["1", "2", "3", "4", "8", "9"]) - Counter(["3"]))
        else:
            assert again.code == 3


async def test_a_part_that_is_in_doubt_is_told_by_its_number_and_its_first_line(tmp_path: Path) -> None:
    parts = {"target__part_rows": 2, "limits__uploads": 1}
    lost = Fault(endpoint="upload", kind="drop_after", nth=2)
    async with pushing(tmp_path, {"people.csv": people(1, 5)}, lost) as stage:
        assert (await stage.run(**parts)).code == 4

        told = await stage.call("status")

        assert told.code == 4
        assert "people.csv, part 2 of 3 (line 4 on) (since " in told.out.decode()


async def test_imports_of_users_change_them_and_those_of_sessions_are_kept_back(tmp_path: Path) -> None:
    files = {"sessions.csv": sessions(1, 2), "users.csv": users(1, 2)}
    async with importing(tmp_path, files) as stage:
        assert (await stage.run()).code == 0
        (stage.folder / "sessions.csv").write_text(sessions(1, 3), newline="")
        (stage.folder / "users.csv").write_text(users(1, 3), newline="")

        kept = await stage.run(target__resend="never")

        assert (kept.code, kept.ends) == (3, {"found": 2, "done": 1, "unsent": 1})
        assert "target.increments" in cause_of(stage, kept, "sessions.csv")
        assert cause_of(stage, kept, "users.csv") == ""

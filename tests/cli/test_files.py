"""What else lies in an inbox: companions, links, pipes, folders, and files that are still being written."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import anyio

from cli.rosters import roster
from cli.stage import staged, write_on
from validation.samples import PLATFORM_EVENTS


async def test_a_companion_travels_with_its_file_or_is_dropped_with_its_bad_rows(tmp_path: Path) -> None:
    none_left = roster("none_left.csv", 3, events=0, bad_events=2)
    rosters = [roster("pair.csv", 3, events=2), none_left, roster("alone.csv", 2)]
    async with staged(tmp_path, rosters) as stage:
        outcome = await stage.run(validation__on_bad_rows="drop_rows")

        assert outcome.code == 3
        assert outcome.ends == {"found": 3, "done": 3}
        events = {entry["name"]: entry["events_sha256"] for entry in stage.uploads}
        assert events == {"pair": rosters[0].digests[1], "none_left": None, "alone": None}
        assert {entry["name"]: entry["data_sha256"] for entry in stage.uploads} == {
            r.name: r.data.sha256 for r in rosters
        }
        assert outcome.summary["rows"]["events"]["sent"] == 2


async def test_a_companion_alone_is_rejected_and_a_required_one_that_is_missing_too(tmp_path: Path) -> None:
    pair = roster("pair.csv", 3, events=2)
    async with staged(tmp_path, [pair, roster("alone.csv")]) as stage:
        (stage.folder / "orphan.events.csv").write_bytes(pair.events.source if pair.events else b"")
        outcome = await stage.run(input__events_required=True)

        assert outcome.code == 3
        assert outcome.ends == {"found": 3, "done": 1, "rejected": 2}
        assert [entry["name"] for entry in stage.uploads] == ["pair"]
        assert "orphan" in stage.jobs["orphan.events.csv"].cause
        assert "events_required" in stage.jobs["alone.csv"].cause


async def test_a_companion_that_came_empty_is_a_fault_of_its_file_under_either_policy(tmp_path: Path) -> None:
    pairs = [roster("empty.csv", 3, events=2), roster("header.csv", 3, events=2), roster("good.csv", 3, events=2)]
    async with staged(tmp_path, pairs) as stage:
        (stage.folder / "empty.events.csv").write_bytes(b"")
        (stage.folder / "header.events.csv").write_text(f"{','.join(PLATFORM_EVENTS.names)}\r\n")
        drop = {"validation__on_bad_rows": "drop_rows"}
        looked = await stage.call("validate", "--json", **drop)
        outcome = await stage.run(**drop)

        assert (looked.code, outcome.code) == (3, 3)
        assert {problem["path"]: problem["rule"] for problem in looked.json["problems"]} == {
            "empty.events.csv": "empty",
            "header.events.csv": "no_rows",
        }
        assert outcome.ends == {"found": 3, "done": 1, "rejected": 2}
        assert [entry["name"] for entry in stage.uploads] == ["good"]
        assert "empty.events.csv: line 1" in stage.jobs["empty.csv"].cause


async def test_a_folder_that_is_a_link_is_rejected_with_its_reason_and_all_else_is_sent(tmp_path: Path) -> None:
    async with staged(tmp_path, [roster("good.csv")]) as stage:
        roster("2024-07-01.csv").write(tmp_path / "elsewhere")
        (stage.folder / "2024").symlink_to(tmp_path / "elsewhere")
        looked = await stage.call("validate", "--json")
        chosen = await stage.run("--only", "2024/*.csv")
        outcome = await stage.run()

        assert [(problem["path"], problem["rule"]) for problem in looked.json["problems"]] == [("2024/", "refused")]
        assert chosen.ends == {"found": 1, "rejected": 1}, "it may hold what was asked for"
        assert outcome.code == 3
        assert outcome.ends == {"found": 2, "done": 1, "rejected": 1}
        assert "symbolic link" in outcome.err
        link = stage.told(outcome)["2024/"]
        assert link["state"] == "rejected"
        assert "never followed" in link["cause"]


async def test_links_pipes_and_folders_that_carry_the_name_of_a_file_are_rejected_and_never_opened(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, [roster("good.csv")]) as stage:
        secret = tmp_path / "elsewhere.csv"
        secret.write_bytes(roster("elsewhere.csv").data.source)
        (stage.folder / "link.csv").symlink_to(secret)
        (stage.folder / "dangling.csv").symlink_to("nowhere.csv")
        (stage.folder / "folder.csv").mkdir()
        os.mkfifo(stage.folder / "pipe.csv")
        (stage.folder / ".hidden.csv").write_bytes(b"a temporary file of whoever delivers")
        outcome = await stage.run()

        assert outcome.code == 3
        assert outcome.ends == {"found": 5, "done": 1, "rejected": 4}
        assert [entry["name"] for entry in stage.uploads] == ["good"]
        with (stage.report(outcome) / "files.csv").open(newline="") as file:
            causes = {line["path"]: line["cause"] for line in csv.DictReader(file)}
        said = {"link.csv": "symbolic link", "dangling.csv": "symbolic link", "folder.csv": "folder"}
        for path, word in {**said, "pipe.csv": "pipe"}.items():
            assert word in causes[path]


async def test_a_file_that_is_still_being_written_is_left_for_the_next_run(tmp_path: Path) -> None:
    growing = roster("growing.csv", 3)
    still = roster("still.csv", 3)
    async with staged(tmp_path, [growing, still]) as stage:
        async with (
            stage.start("run", "--json", input__settle=0.5) as program,
            anyio.create_task_group() as beside,
        ):
            beside.start_soon(write_on, stage.folder / growing.path, program)
            await program.wait()
        deferred = program.outcome()

        assert deferred.code == 5
        assert deferred.ends == {"found": 2, "done": 1, "deferred": 1}
        assert [entry["name"] for entry in stage.uploads] == ["still"]

        growing.write(stage.folder)  # a moment ago: it is looked at again in the same run
        outcome = await stage.run(input__settle=0.5)

        assert outcome.code == 0
        assert outcome.ends == {"found": 2, "done": 1, "skipped": 1}
        assert stage.remote.datasets["growing"].data_sha256 == growing.data.sha256

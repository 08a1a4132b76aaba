"""`status` tells what stands in no ledger, too: what the newest run kept back, and that the ledger is an old one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from cli.program import Outcome
from cli.pushes import people, pushing
from cli.rosters import plain_rosters, roster
from cli.stage import Stage, held, scripted, staged
from edges.places import FakeClock
from orchestrator.edges.lock import hold, open_lock
from orchestrator.edges.workplace import lock_file, state_folder
from orchestrator.sandbox import Fault


async def newest_of(stage: Stage) -> dict[str, Any]:
    newest = (await stage.call("status", "--json")).json["newest_run"]
    assert isinstance(newest, dict)
    return newest


async def lines_of(stage: Stage) -> list[str]:
    return (await stage.call("status")).out.decode().splitlines()


async def test_what_the_newest_run_did_not_send_is_told_with_the_place_of_each_cause(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"a.csv": people(1, 2), "b.csv": people(3, 1)}) as stage:
        assert (await stage.run()).code == 0
        first = await newest_of(stage)
        (stage.folder / "a.csv").write_text(people(1, 3), newline="")
        (stage.folder / "c.csv").write_text("")
        outcome = await stage.run()

        told, run = await lines_of(stage), await newest_of(stage)

        name = outcome.summary["run"]
        assert (outcome.code, first["exit_code"], first["ended"]) == (3, 0, True)
        assert run == {
            "run": name,
            "began": f"{outcome.summary['started'][:19]}+00:00",
            "ended": True,
            "exit_code": 3,
            "message": "",
            "files": outcome.summary["files"],
            "report": f"runs/{name}/files.csv",
        }
        assert told[-2:] == [
            f"run       {name} began {run['began']}, and ended with exit code 3: 1 rejected, 1 unsent",
            f"          each with its cause in out/runs/{name}/files.csv",
        ]
        assert (stage.out / run["report"]).is_file()


async def test_a_run_that_went_well_is_told_in_a_line_and_one_that_was_cut_short_with_why(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        good = await stage.run()
        assert (await lines_of(stage))[-1].endswith(", and ended with exit code 0")

        (stage.folder / "g.csv").write_bytes(roster("g.csv").data.source)
        stage.secrets["ORCHESTRATOR_TARGET__API_KEY"] = "not the key"
        denied = await stage.run()
        *_, ended, why, where = await lines_of(stage)

        assert (good.code, denied.code) == (0, 77)
        assert ended.endswith(", and ended with exit code 77: 1 unsent")
        assert "API key" in why
        assert where.endswith("/files.csv")


NOT_FINISHED = {
    False: ", and was not finished: it was killed, or could not write its summary. Run the same command again",
    None: ", and has left no summary: it is under way, or was killed",
}
"""By whether a run is known to be under way, which within a container nobody can rule out."""


async def test_a_run_is_told_from_its_beginning_and_when_it_was_killed_although_it_sent_nothing(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, plain_rosters(1), scripted(held("token", nth=2))) as stage:
        first = (await stage.run()).summary["run"]
        (stage.folder / "g.csv").write_bytes(roster("g.csv").data.source)
        async with stage.start("run") as program:
            await stage.remote.until_held()
            beside, told_beside = (await stage.call("status", "--json")).json, await lines_of(stage)
            program.kill()
            await program.wait()
        after, told = (await stage.call("status", "--json")).json, await lines_of(stage)

    run = beside["newest_run"]
    assert run == after["newest_run"]
    assert run["run"] != first
    assert (run["ended"], run["exit_code"], run["files"], run["report"]) == (False, None, {}, None)
    assert beside["locked"] is True
    assert told_beside[-1] == f"run       {run['run']} began {run['began']}, and is under way"
    assert after["locked"] in NOT_FINISHED
    assert told[-1] == f"run       {run['run']} began {run['began']}{NOT_FINISHED[after['locked']]}"


async def test_a_run_that_could_not_begin_is_none(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        first = (await stage.run()).summary["run"]
        (tmp_path / "mapping.toml").write_text('schema = "none"')
        refused = await stage.run(validation__mapping="mapping.toml")

        assert refused.code == 2, refused.err
        assert "mapping.toml" in refused.err
        assert (await newest_of(stage))["run"] == first


async def test_a_command_at_work_that_has_told_nothing_yet_is_told(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        await stage.run()
        async with hold(open_lock(lock_file(stage.out)), state_folder(stage.out), FakeClock(), wait=0):
            outcome, told = await stage.call("status", "--json"), await lines_of(stage)

        assert (outcome.json["locked"], outcome.json["newest_run"]["ended"]) == (True, True)
        line = "locked    a run or another command is at work in this output folder, and has told nothing yet"
        assert told[-1] == line
        assert line not in await lines_of(stage)


async def test_files_in_doubt_are_among_the_ends_of_the_newest_run(tmp_path: Path) -> None:
    lost = Fault(endpoint="upload", kind="drop_after")
    async with pushing(tmp_path, {"people.csv": people(1, 5)}, lost) as stage:
        assert (await stage.run()).code == 4

        *_, line, _ = await lines_of(stage)

        assert line.endswith(", and ended with exit code 4: 1 in doubt")


async def test_without_any_run_that_left_something_there_is_none_to_tell_of(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        await stage.run()
        shutil.rmtree(stage.out / "runs")
        outcome = await stage.call("status", "--json")

        assert (outcome.code, outcome.json["newest_run"]) == (0, None)
        assert not any(line.startswith("run ") for line in await lines_of(stage))


async def test_a_summary_that_is_none_does_not_keep_the_ledger_from_being_told(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        name = (await stage.run()).summary["run"]
        for text in (
            *("{", "[]", '{"files": 3, "exit_code": 0}', "[" * 100_000),
            *('{"files": {"failed": "x"}, "exit_code": 3}', '{"files": {}, "exit_code": null}'),
        ):
            (stage.out / "runs" / name / "summary.json").write_text(text)

            assert (await newest_of(stage))["ended"] is False
            assert (await lines_of(stage))[-1].endswith(", and its summary cannot be read")
        (stage.out / "runs" / "20269999T999999Z-abcdef").mkdir()
        assert (await newest_of(stage))["run"] == name


async def test_an_old_ledger_is_told_as_a_run_refuses_it(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        await stage.run()
        shutil.copytree(state_folder(stage.out), tmp_path / "copy")
        (stage.folder / "g.csv").write_bytes(roster("g.csv").data.source)
        await stage.run()
        assert (await stage.call("status")).code == 0
        shutil.rmtree(state_folder(stage.out))
        shutil.copytree(tmp_path / "copy", state_folder(stage.out))

        refused, told, as_json = await stage.run(), await stage.call("status"), await stage.call("status", "--json")

        assert (refused.code, told.code, as_json.code) == (2, 2, 2)
        assert told.out.decode().startswith(f"old       {refused.json['message']}\n")
        assert as_json.json["message"] == refused.json["message"]
        assert as_json.json["counts"]["done"] == 1


async def counted(outcome: Outcome) -> dict[str, int]:
    counts = {state: number for state, number in outcome.json["counts"].items() if number}
    return counts | {"in parts": outcome.json["in_parts"]}


async def test_a_file_that_waits_for_its_parts_is_told_so_and_is_not_waiting_itself(tmp_path: Path) -> None:
    parts = {"target__part_rows": 2, "limits__uploads": 1}
    lost = Fault(endpoint="upload", kind="drop_after", nth=2)
    async with pushing(tmp_path, {"people.csv": people(1, 5)}, lost) as stage:
        assert (await stage.run(**parts)).code == 4

        outcome, told = await stage.call("status", "--json"), await lines_of(stage)

        assert await counted(outcome) == {"in_doubt": 1, "in parts": 1}
        assert outcome.json["oldest_open"] is None
        line = "in parts          1  files that wait for their parts, of which the open ones are counted above"
        assert line in told
        assert not any(line.startswith("waiting") for line in told)


async def test_a_file_counts_by_itself_and_not_by_its_last_part(tmp_path: Path) -> None:
    parts = {"target__part_rows": 2, "limits__uploads": 1}
    refused = Fault(endpoint="upload", kind="fail", nth=1)
    async with pushing(tmp_path, {"people.csv": f"{people(1, 5)}\r\nragged"}, refused) as stage:
        assert (await stage.run(**parts)).ends == {"found": 1, "rejected": 1}
        assert (await stage.run(**parts, validation__on_bad_rows="drop_rows")).ends == {"found": 1, "failed": 1}

        assert await counted(await stage.call("status", "--json")) == {"failed": 1, "in parts": 0}

"""What the next run makes of what the last one left, when the folder has changed meanwhile."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import anyio

from cli.checker import require_results
from cli.ledger import ask
from cli.rosters import plain_rosters, roster
from cli.stage import Stage, held, scripted, staged, write_on
from orchestrator.sandbox import Fault, Profile

KEY = "ORCHESTRATOR_TARGET__API_KEY"
ALL_HELD = scripted(held("upload", times=3))


async def _leave_all_ready(stage: Stage) -> None:
    """A run whose three uploads come as far as the door, and no farther."""
    right = stage.secrets[KEY]
    stage.secrets[KEY] = "not the key"
    async with stage.start("run") as program:
        await stage.remote.until_held(3)
        stage.remote.release()
        await program.wait()
    assert program.outcome().code == 77
    assert list(stage.states.values()) == ["ready"] * 3
    assert not stage.remote.datasets
    stage.secrets[KEY] = right


async def test_files_that_changed_or_went_away_before_they_were_sent_are_not_mixed_up(tmp_path: Path) -> None:
    rosters = plain_rosters(3)
    changed = roster("f01.csv", 9, edition=2)
    async with staged(tmp_path, rosters, ALL_HELD) as stage:
        await _leave_all_ready(stage)
        changed.write(stage.folder)
        (stage.folder / "f02.csv").unlink()
        (stage.folder / "f02.events.csv").unlink()
        outcome = await stage.run()

        assert outcome.code == 4
        assert outcome.ends == {"found": 1, "adopted": 3, "done": 2, "superseded": 1, "in_doubt": 1}
        assert stage.states == {"f00.csv": "done", "f01.csv": "done", "f02.csv": "in_doubt"}
        assert "went away" in stage.jobs["f02.csv"].cause
        assert {e["name"]: (e["data_sha256"], e["overwrite"]) for e in stage.uploads if e["applied"]} == {
            "f00": (rosters[0].data.sha256, False),
            "f01": (changed.data.sha256, False),
        }


async def test_what_is_not_asked_for_is_left_as_it_is(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(3), ALL_HELD) as stage:
        await _leave_all_ready(stage)
        outcome = await stage.run("--only", "f01.csv")

        assert outcome.code == 5
        assert outcome.ends == {"adopted": 3, "done": 1, "unsent": 2}
        assert list(stage.remote.datasets) == ["f01"]


async def test_a_new_version_waits_for_the_old_one_and_one_still_being_written_for_the_next_run(
    tmp_path: Path,
) -> None:
    rosters = [roster("changed.csv"), roster("growing.csv")]
    async with staged(tmp_path, rosters, scripted(held("poll", times=2))) as stage:
        async with stage.start("run") as program:
            await stage.remote.until_held(2)
            program.kill()
            await program.wait()
        changed = roster("changed.csv", 9, edition=2)
        changed.write(stage.folder)
        os.utime(stage.folder / changed.path, (0, 0))
        async with (
            stage.start("run", "--json", input__settle=0.5) as program,
            anyio.create_task_group() as beside,
        ):
            beside.start_soon(write_on, stage.folder / "growing.csv", program)
            await program.wait()
        outcome = program.outcome()

        assert outcome.code == 5
        assert outcome.ends == {"found": 2, "adopted": 2, "done": 3, "deferred": 1}
        sent = [(e["name"], e["overwrite"]) for e in stage.uploads]
        assert sorted(sent[:2]) == [("changed", False), ("growing", False)]
        assert sent[2:] == [("changed", True)]
        assert stage.remote.datasets["changed"].data_sha256 == changed.data.sha256


async def test_results_that_are_gone_are_made_again_and_the_output_is_never_taken_for_input(
    tmp_path: Path,
) -> None:
    small, wide, big = roster("small.csv", 3), roster("wide.csv", 2000), roster("big.csv", 100)
    big = replace(big, data=replace(big.data, rows=big.data.rows * 1750))
    assert len(big.data.source) > 8 << 20, "so that it is streamed"
    dirty = roster("dirty.csv", 3, bad=2)
    remote = Profile(job_base=0.0, validation="off")
    async with staged(tmp_path, [small, wide, big, dirty], remote) as stage:
        stage.out = stage.folder / "out"
        inside = {"output__folder": stage.out, "validation__on_bad_rows": "drop_rows"}
        first = await stage.run(**inside)

        assert first.code == 3
        assert first.ends == {"found": 4, "done": 4}
        assert {e["name"]: e["data_sha256"] for e in stage.uploads} == {
            r.name: r.data.sha256 for r in (small, wide, big, dirty)
        }
        ids = stage.results("wide") / "tableofresultids.json"
        served = ids.read_bytes()
        assert len(served) > 64 << 10
        assert ask(stage.out, "SELECT count(*) FROM results WHERE body IS NULL") == [(2,)]

        (stage.results("small") / "tableofresultids.json").unlink()
        again = await stage.run(**inside)

        assert again.code == 0
        assert again.ends == {"found": 4, "skipped": 4}
        assert sum(again.summary["requests"].values()) == 0
        require_results(stage, "small", stage.jobs["small.csv"].token or "", 3)
        assert ids.read_bytes() == served


async def test_a_lost_answer_under_a_name_made_of_the_content_is_simply_sent_again(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1), scripted(Fault(endpoint="upload", kind="drop_after"))) as stage:
        outcome = await stage.run(target__name="{stem}-{sha12}")

        assert outcome.code == 0
        assert outcome.summary["requests"]["retries"] == 1
        assert [entry["overwrite"] for entry in stage.uploads] == [False, True]
        (dataset,) = stage.remote.datasets.values()
        assert dataset.copies == 1


async def test_other_names_for_what_was_sent_are_refused_before_anything_goes_twice(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(2)) as stage:
        assert (await stage.run(target__name="{stem}")).code == 0
        (stage.folder / "new.csv").write_bytes((stage.folder / "f00.csv").read_bytes())
        sent = len(stage.uploads)

        for _ in range(2):
            other = await stage.run(target__name="night-{relative}")

            assert other.code == 2
            assert "target.name was '{stem}'" in other.err
            assert "Set it back" in other.err
        assert len(stage.uploads) == sent

        assert (await stage.run(target__name="{stem}")).ends == {"found": 3, "skipped": 2, "done": 1}
        assert (await stage.call("status")).code == 0
        assert (await stage.run(target__name="night-{relative}", output__folder="other")).code == 0


async def test_as_long_as_nothing_was_sent_names_may_change(tmp_path: Path) -> None:
    async with staged(tmp_path, [roster("a.csv", 3, bad=1)]) as stage:
        assert (await stage.run(target__name="{stem}")).code == 3
        assert (await stage.run(target__name="{relative}")).code == 3
        (stage.folder / "b.csv").write_bytes(roster("b.csv", 2).data.source)

        assert (await stage.run(target__name="night-{relative}")).ends["done"] == 1
        assert (await stage.run(target__name="{relative}")).code == 2


async def test_a_ledger_of_another_target_is_refused_and_not_mixed(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        first = await stage.run(target__id="ours")
        other = await stage.run(target__id="theirs")

        assert (first.code, other.code) == (0, 2)
        assert "'ours'" in other.json["message"]
        assert "target.id" in other.json["message"]
        assert len(stage.uploads) == 1

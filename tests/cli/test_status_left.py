"""`status` names the files that need a person and of which no report tells, and counts the lists that lie there."""

from __future__ import annotations

import os
from pathlib import Path

from cli.pushes import people, pushing
from cli.stage import Stage
from orchestrator.sandbox import Fault

REMEDY = [
    "          the last run over all files did not come upon these: where one was taken away, put it",
    "          back, mended, and run again; what failed goes as it is with --retry-failed",
]


async def lines_of(stage: Stage) -> list[str]:
    return (await stage.call("status")).out.decode().splitlines()


async def test_a_rejected_file_that_has_left_the_inbox_is_named_with_its_cause_and_the_remedy(tmp_path: Path) -> None:
    files = {"gone.csv": f"{people(1, 2)}\r\nragged", "stays.csv": "", "=1.csv": "", "good.csv": people(5, 1)}
    async with pushing(tmp_path, files) as stage:
        first = await stage.run()
        told_first = (await stage.call("status", "--json")).json
        (stage.folder / "gone.csv").unlink()
        assert (await stage.run()).ends == {"found": 3, "rejected": 2, "skipped": 1}

        outcome, told = await stage.call("status", "--json"), await lines_of(stage)

        assert first.ends["rejected"] == 3
        assert told_first["unreported"] == {"items": [], "more": 0}
        (item,) = outcome.json["unreported"]["items"]
        cause = stage.told(first)["gone.csv"]["cause"]
        assert (item["path"], item["state"], item["cause"]) == ("gone.csv", "rejected", cause)
        assert outcome.json["unreported"]["more"] == 0
        assert told[:4] == [
            f"rejected  item {item['item']}: gone.csv (since {item['since']})",
            f"          {cause}",
            *REMEDY,
        ]


async def test_what_still_lies_there_is_not_although_the_newest_run_does_not_tell_of_it(tmp_path: Path) -> None:
    """One that is under way has no report yet, one that was killed never, and one over some files tells of these."""
    files = {"bad.csv": "", "good.csv": people(5, 1)}
    async with pushing(tmp_path, files) as stage:
        await stage.run()
        (stage.folder / "worse.csv").write_text("")
        os.utime(stage.folder / "worse.csv", (1e9, 1e9))
        await stage.run("--only", "g*.csv")
        after_some = await lines_of(stage)
        (stage.folder / "good.csv").write_text(people(6, 2))
        async with stage.start("run", input__settle=60) as program:
            await program.until_said("worse.csv")
            beside = await lines_of(stage)
            program.kill()
            await program.wait()
        after_death = await lines_of(stage)

        for told in (after_some, beside, after_death):
            assert told[0].startswith("target"), told
            assert any(line.startswith("run ") for line in told)


async def test_what_is_below_a_folder_that_nobody_could_look_into_is_not_called_gone(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"good.csv": people(5, 1)}) as stage:
        (stage.folder / "sub").mkdir()
        (stage.folder / "sub" / "bad.csv").write_text("")
        await stage.run()
        (stage.folder / "sub").rename(tmp_path / "elsewhere")
        (stage.folder / "sub").symlink_to(tmp_path / "elsewhere")
        await stage.run()
        linked = (await stage.call("status", "--json")).json["unreported"]
        (stage.folder / "sub").unlink()
        await stage.run()
        gone = (await stage.call("status", "--json")).json["unreported"]
        spoiled = stage.out / "runs" / (await stage.run()).summary["run"] / "files.csv"
        spoiled.write_text("")
        unknown = (await stage.call("status", "--json")).json["unreported"]

    assert linked == {"items": [], "more": 0}
    assert [item["path"] for item in gone["items"]] == ["sub/bad.csv"], "and not the folder that was taken away"
    assert unknown is None, "nobody can tell without the report"


async def test_so_is_one_that_failed_until_its_newest_version_is_done(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"a.csv": people(1, 2)}, Fault(endpoint="upload", kind="fail")) as stage:
        assert (await stage.run()).ends == {"found": 1, "failed": 1}
        (stage.folder / "a.csv").rename(tmp_path / "a.csv")
        (stage.folder / "b.csv").write_text(people(3, 1))
        assert (await stage.run()).code == 0
        left = (await stage.call("status", "--json")).json["unreported"]["items"]
        (tmp_path / "a.csv").rename(stage.folder / "a.csv")
        assert (await stage.run("--retry-failed")).code == 0

        assert [(item["path"], item["state"]) for item in left] == [("a.csv", "failed")]
        assert (await stage.call("status", "--json")).json["unreported"] == {"items": [], "more": 0}


async def test_of_many_the_first_are_named_and_the_others_counted(tmp_path: Path) -> None:
    async with pushing(tmp_path, {f"{number:02}.csv": "" for number in range(23)}) as stage:
        await stage.run()
        for place in stage.folder.iterdir():
            place.unlink()
        await stage.run()

        outcome, told = await stage.call("status", "--json"), await lines_of(stage)

        assert outcome.json["counts"]["rejected"] == 23
        assert len(outcome.json["unreported"]["items"]) == 20
        assert outcome.json["unreported"]["more"] == 3
        assert told[40:43] == ["          and 3 more that are rejected or failed", *REMEDY]


async def test_lists_and_their_rows_are_counted_as_long_as_they_lie_there(tmp_path: Path) -> None:
    files = {
        "a.csv": f"{people(1, 2)}\r\nragged\r\nragged",
        "b.csv": f"{people(5, 1)}\r\nragged",
        "c.csv": people(7, 1),
    }
    async with pushing(tmp_path, files) as stage:
        await stage.run(validation__on_bad_rows="drop_rows")
        outcome, told = await stage.call("status", "--json"), await lines_of(stage)
        for name in ("a.csv", "b.csv"):
            (stage.out / "rejects" / name).unlink()
        without, told_without = await stage.call("status", "--json"), await lines_of(stage)

    assert outcome.json["lists"] == {"count": 2, "rows": 3}
    assert "lists             2  in out/rejects with 3 rows: mend them there, and send them back with resubmit" in told
    assert without.json["lists"] == {"count": 0, "rows": 0}
    assert not any(line.startswith("lists") for line in told_without)

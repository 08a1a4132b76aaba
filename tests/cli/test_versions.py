"""Names and their versions: what changed is sent as the next one, and only what is ours is replaced."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

from cli.checker import require_results
from cli.imports import GROUP, importing, users
from cli.rosters import Roster, plain_rosters, roster
from cli.stage import Stage, held, scripted, staged
from orchestrator.sandbox import Fault, serve


def sent(stage: Stage) -> list[tuple[str, bool, str]]:
    return [(entry["name"], entry["overwrite"], entry["outcome"]) for entry in stage.uploads]


async def test_a_changed_file_and_a_file_changed_back_are_sent_again_and_older_results_are_kept(
    tmp_path: Path,
) -> None:
    a, b = roster("night.csv", 3), roster("night.csv", 6, events=2, edition=2)
    async with staged(tmp_path) as stage:
        for version, edition in enumerate((a, b, a), start=1):
            edition.write(stage.folder)
            if edition is a:
                (stage.folder / a.events_path).unlink(missing_ok=True)
            outcome = await stage.run()
            assert outcome.code == 0
            assert outcome.ends == {"found": 1, "done": 1}
            assert stage.jobs["night.csv"].version == version

        assert sent(stage) == [("night", version > 1, "accepted") for version in (1, 2, 3)]
        assert stage.remote.datasets["night"].data_sha256 == a.data.sha256
        assert stage.remote.datasets["night"].events_sha256 is None
        tokens = [job.token or "" for job in stage.ledger]
        rows = [3, 6, 3]
        for folder, token, count in zip(("night/v1", "night/v2", "night"), tokens, rows, strict=True):
            require_results(stage, folder, token, count)


async def test_where_the_remote_keeps_the_name_of_what_failed_it_is_replaced_when_a_person_says_so(
    tmp_path: Path,
) -> None:
    failing = Fault(endpoint="upload", kind="fail", name="night", times=1)
    async with staged(tmp_path, [roster("night.csv", 3)], scripted(failing)) as stage:
        assert (await stage.run()).code == 3
        roster("night.csv", 5, edition=2).write(stage.folder)
        refused = await stage.run()

        assert refused.code == 3
        assert "name_conflict" in stage.jobs["night.csv"].cause

        replaced = await stage.call("run", "--only", "night.csv", "--retry-failed", target__overwrite=True)

        assert replaced.code == 0
        assert stage.remote.datasets["night"].data_sha256 == roster("night.csv", 5, edition=2).data.sha256


async def test_a_file_that_the_remote_refused_is_mended_in_place_and_replaces_its_own_name(
    tmp_path: Path,
) -> None:
    good = roster("night.csv", 3)
    ended_early = "N1,02/07/2024,09:00,01/07/2024,17:00"
    bad = replace(good, data=replace(good.data, rows=(*good.data.rows, ended_early)))
    async with staged(tmp_path, [bad], scripted(check_order=True)) as stage:
        first = await stage.run()

        assert first.code == 3
        assert first.ends == {"found": 1, "failed": 1}
        assert first.summary["rows"]["data"]["refused"] == 4
        feedback = (stage.results("night") / "feedback.txt").read_text()
        assert feedback == "5|01/07/2024|EndDate is before StartDate"
        assert "1 rows" in stage.jobs["night.csv"].cause

        again = await stage.run()

        assert again.code == 3
        assert again.ends == {"found": 1, "failed": 1}
        assert sum(again.summary["requests"].values()) == 0

        retried = await stage.run("--retry-failed")

        assert retried.code == 3
        assert sent(stage)[-1] == ("night", True, "accepted")

        good.write(stage.folder)
        mended = await stage.run()

        assert mended.code == 0
        assert sent(stage) == [("night", overwrite, "accepted") for overwrite in (False, True, True)]
        assert stage.remote.datasets["night"].data_sha256 == good.data.sha256
        assert (stage.results("night") / "v1" / "feedback.txt").read_text() == feedback


async def test_a_failure_that_does_not_make_the_name_ours_is_retried_without_leave_to_replace(
    tmp_path: Path,
) -> None:
    rosters = plain_rosters(2)
    profile = scripted(Fault(endpoint="upload", kind="fail", name="f00"))
    async with staged(tmp_path, rosters, profile) as stage:
        first = await stage.run()
        retried = await stage.run("--retry-failed")

        assert (first.code, retried.code) == (3, 3)
        assert first.ends == {"found": 2, "done": 1, "failed": 1}
        assert retried.ends == {"found": 2, "skipped": 1, "failed": 1}
        assert [entry["overwrite"] for entry in stage.uploads if entry["name"] == "f00"] == [False, False]
        assert stage.remote.datasets["f00"].copies == 1
        assert stage.jobs["f00.csv"].version == 2
        assert "name_conflict" in stage.jobs["f00.csv"].cause


async def test_a_name_that_was_there_before_us_is_not_replaced(tmp_path: Path) -> None:
    rosters = plain_rosters(1)
    async with staged(tmp_path, rosters) as stage:
        await stage.run()
        theirs = stage.remote.datasets["f00"]
        stage.out.rename(tmp_path / "theirs")
        outcome = await stage.run()

        assert outcome.code == 3
        assert outcome.ends == {"found": 1, "failed": 1}
        assert "target.overwrite" in stage.jobs["f00.csv"].cause
        assert stage.remote.datasets["f00"] == theirs


async def test_only_the_files_that_match_are_taken(tmp_path: Path) -> None:
    rosters = [roster("2023/a.csv"), roster("2024/a.csv"), roster("2024/deep/a.csv"), roster("a.csv")]
    async with staged(tmp_path, rosters) as stage:
        outcome = await stage.run("--only", "2024/*.csv")

        assert outcome.code == 0
        assert outcome.ends == {"found": 1, "done": 1}
        assert [entry["name"] for entry in stage.uploads] == ["2024/a"]


async def test_twins_whose_names_differ_in_case_are_one_name_and_the_second_is_rejected(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, [roster("Night.csv"), roster("night.csv"), roster("day.csv")]) as stage:
        outcome = await stage.run()

        assert outcome.code == 3
        assert outcome.ends == {"found": 3, "done": 2, "rejected": 1}
        assert sorted(entry["name"] for entry in stage.uploads) == ["Night", "day"]
        cause = stage.jobs["night.csv"].cause
        assert "name_clash" in cause
        assert "Night.csv" in cause
        assert "'night'" in cause


async def test_a_token_that_two_runs_were_given_ends_neither_file_in_a_third(tmp_path: Path) -> None:
    """A remote that begins anew gives out the same tokens again."""
    first, second = plain_rosters(2)
    async with serve(scripted(held("poll")), seed=1) as remote:
        await stop_while_it_polls(stage := Stage(tmp_path, remote), first)
        assert stage.states == {"f00.csv": "waiting"}
    async with serve(scripted(held("poll")), port=remote.port, seed=1) as remote:
        await stop_while_it_polls(stage := Stage(tmp_path, remote), second)
        assert stage.states == {"f00.csv": "waiting", "f01.csv": "in_doubt"}
        (token,) = {job.token for job in stage.ledger}
        outcome = await stage.run()

        assert outcome.code == 4
        assert set(stage.states.values()) == {"in_doubt"}
        assert all("token_twice" in job.cause for job in stage.ledger)
        refused = await stage.call("resolve", "f01", "--accepted", str(token))
        assert refused.code == 2
        assert "this token was given to f00.csv" in refused.err
        assert (await stage.call("resolve", "f00", "--abandon")).code == 0
        assert (await stage.call("resolve", "f01", "--accepted", str(token))).code == 0
        assert stage.states["f01.csv"] == "waiting"


async def stop_while_it_polls(stage: Stage, night: Roster) -> None:
    night.write(stage.folder)
    async with stage.start("run") as program:
        await stage.remote.until_held()
        program.send(signal.SIGTERM)
        await program.wait()
    stage.remote.release()


async def test_files_that_were_sent_by_other_rules_are_told_and_one_that_is_changed_goes_by_those_of_today(
    tmp_path: Path,
) -> None:
    columns = ("Reference", "StartDate", "StartTime", "EndDate", "EndTime")
    made = "".join(f'[[columns]]\nto = "{name}"\nfrom = "{name}"\n' for name in columns)
    async with staged(tmp_path, [roster("a.csv", 3), roster("b.csv", 3)]) as stage:
        settings = {"validation__mapping": stage.root / "m.toml", "input__events": ""}
        (stage.root / "m.toml").write_text(made)
        await stage.run(**settings)
        same = await stage.run(**settings)
        (stage.root / "m.toml").write_text(made + '[[leave_out]]\ncolumn = "Reference"\namong = ["gone"]\n')
        other = await stage.run(**settings)

        assert ("other_rules" in same.json, "other_rules" in same.err) == (False, False)
        assert (other.code, other.ends, other.summary["other_rules"]) == (0, {"found": 2, "skipped": 2}, 2)
        (line,) = [line for line in other.err.splitlines() if "other_rules" in line]
        assert "files=2" in line
        assert "a blank line at its end will do" in line

        with (stage.folder / "a.csv").open("ab") as file:
            file.write(b"\r\n\r\n")
        changed = await stage.run(**settings)

        assert (changed.ends, changed.summary["other_rules"]) == ({"found": 2, "done": 1, "skipped": 1}, 1)
        assert stage.jobs["a.csv"].version == 2


async def test_what_is_to_become_of_bad_rows_is_no_other_rule_for_a_file_without_any(tmp_path: Path) -> None:
    async with staged(tmp_path, [roster("clean.csv", 3), roster("dirty.csv", 3, bad=1)]) as stage:
        await stage.run(validation__on_bad_rows="reject_file")
        dropping = await stage.run(validation__on_bad_rows="drop_rows")
        rejecting = await stage.run(validation__on_bad_rows="reject_file")

        assert dropping.ends == {"found": 2, "done": 1, "skipped": 1}
        assert "other_rules" not in dropping.summary
        assert (rejecting.ends, rejecting.summary["other_rules"]) == ({"found": 2, "skipped": 2}, 1)


async def test_rows_that_were_left_out_for_the_sake_of_other_files_are_no_other_rules(tmp_path: Path) -> None:
    strict = {"validation__references": "error", "validation__on_bad_rows": "drop_rows"}
    names = "\r\n".join(f"{name},{GROUP},TEST_TAKER" for name in ("user1", "nobody"))
    files = {"links.csv": f"user_username,group_name,group_role\r\n{names}", "z_users.csv": users(1, 1)}
    async with importing(tmp_path, files) as stage:
        await stage.run(**strict)
        again = await stage.run(**strict)

        assert again.ends == {"found": 2, "skipped": 2}
        assert "other_rules" not in again.err

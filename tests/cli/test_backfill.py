"""Years of files: by the dates in their paths, the oldest first."""

from __future__ import annotations

from pathlib import Path

from cli.rosters import roster
from cli.stage import held, scripted, staged
from orchestrator.sandbox import Fault

DAYS = ["2023-12-31", "2024-01-01", "2024-01-02", "2024-01-31", "2024-02-01"]
ROSTERS = [
    roster(f"c/{DAYS[0]}.csv"),
    roster("z/20240101.csv"),
    roster("b/2024/01/02.csv"),
    roster("a/2024_01_31.csv"),
    roster("a/2024-02-01.csv"),
    roster("undated.csv"),
]
JANUARY = ("inbox", "--json", "--since", "2024-01-01", "--until", "2024-01-31")
IN_ORDER = ["z/20240101", "b/2024/01/02", "a/2024_01_31"]


async def test_it_takes_the_days_asked_for_both_ends_in_and_the_oldest_first(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        outcome = await stage.call("backfill", *JANUARY, limits__uploads=1)

        assert outcome.code == 0
        assert outcome.ends == {"found": 3, "done": 3}
        assert outcome.summary["command"] == "backfill"
        assert [entry["name"] for entry in stage.uploads] == IN_ORDER

        again = await stage.call("backfill", *JANUARY, limits__uploads=1)

        assert again.code == 0
        assert again.ends == {"found": 3, "skipped": 3}
        assert sum(again.summary["requests"].values()) == 0


async def test_a_canary_that_fails_keeps_everything_else_from_being_sent(tmp_path: Path) -> None:
    bad = Fault(endpoint="upload", kind="fail", name=IN_ORDER[0])
    async with staged(tmp_path, ROSTERS, scripted(bad)) as stage:
        for _ in range(2):
            outcome = await stage.call("backfill", *JANUARY, "--canary", "1")

            assert outcome.code == 5, "the rest is unsent"
            assert outcome.summary["message"].startswith(f"the canary {IN_ORDER[0]}.csv failed")
            assert all(word in outcome.summary["message"] for word in ("mend", "--retry-failed"))
            assert outcome.ends == {"found": 3, "failed": 1, "unsent": 2}
            assert [entry["name"] for entry in stage.uploads] == IN_ORDER[:1]

        bad_no_more = {"target__overwrite": True}
        again = await stage.call("backfill", *JANUARY, "--canary", "1", "--retry-failed", **bad_no_more)

        assert (again.code, again.ends) == (0, {"found": 3, "done": 3})


async def test_a_canary_that_is_not_done_yet_asks_for_the_same_command(tmp_path: Path) -> None:
    stuck = Fault(endpoint="upload", kind="stuck", name=IN_ORDER[0])
    async with staged(tmp_path, ROSTERS, scripted(stuck)) as stage:
        outcome = await stage.call("backfill", *JANUARY, "--canary", "1", polling__deadline=0.5)

        assert outcome.code == 5
        assert outcome.ends == {"found": 3, "waiting": 1, "unsent": 2}


async def test_what_is_left_out_is_counted_and_each_is_named_where_every_event_is(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        quiet = await stage.call("backfill", *JANUARY)
        loud = await stage.call("backfill", *JANUARY, "-v")

        assert "left_out files=1" in quiet.err
        assert "undated.csv" not in quiet.err
        assert "left_out path=undated.csv" in loud.err


async def test_a_canary_is_brought_to_its_end_before_the_rest_begins(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS, scripted(held("poll", name=IN_ORDER[0]))) as stage:
        async with stage.start("backfill", *JANUARY, "--canary", "1") as program:
            await stage.remote.until_held()
            assert [entry["name"] for entry in stage.uploads] == IN_ORDER[:1]
            stage.remote.release()
            await program.wait()
        outcome = program.outcome()

        assert outcome.code == 0
        assert outcome.ends == {"found": 3, "done": 3}
        kinds = [(entry["kind"], entry.get("token")) for entry in stage.remote.record.entries]
        first = stage.remote.datasets[IN_ORDER[0]].token
        assert kinds.index(("upload", stage.remote.datasets[IN_ORDER[1]].token)) > kinds.index(("result", first))


async def test_the_longest_duration_ends_it_in_a_way_that_can_be_taken_up(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS, scripted(held("poll", times=99))) as stage:
        stopped = await stage.call("backfill", *JANUARY, "--max-duration", "1", limits__uploads=1)

        assert stopped.code == 5
        assert "--max-duration" in stopped.summary["message"]
        assert stopped.ends["waiting"] + stopped.ends.get("unsent", 0) == 3

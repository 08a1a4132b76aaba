"""Companions of which no row is good: their files go without them and say so, or wait where events are required."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.mending import lines_in, mend, rows_of
from cli.program import Outcome
from cli.rosters import EVENTS_HEADER, Roster, Table, roster, write_all
from cli.stage import Stage, held, scripted, staged

CALL = "N1,01/07/2024,09:05,01/07/2024,09:30,{},0"
EVENTS = Table(header=EVENTS_HEADER, rows=(CALL.format("Call"), CALL.format("Walk")))
LOST = Table(
    header=EVENTS_HEADER, rows=(CALL.format(""), CALL.format("")), bad={0: (6, "required"), 1: (6, "required")}
)
PAIR = replace(roster("pair.csv", 3), events=LOST)
BEFORE = replace(PAIR, events=EVENTS)

DROP = {"validation__on_bad_rows": "drop_rows"}
REQUIRED = {**DROP, "input__events_required": True}


def lists(stage: Stage, path: str = PAIR.events_path) -> Path:
    return stage.out / "rejects" / path


def said(outcome: Outcome, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in outcome.err.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def events_at(stage: Stage, name: str = "pair") -> str | None:
    return stage.remote.datasets[name].events_sha256


async def test_a_pair_without_a_good_row_of_events_is_rejected_where_events_are_required(tmp_path: Path) -> None:
    half = roster("half.csv", 3, events=1, bad_events=1)
    async with staged(tmp_path, [PAIR, half]) as stage:
        outcome = await stage.run(**REQUIRED)

        assert outcome.code == 3
        assert outcome.ends == {"found": 2, "done": 1, "rejected": 1}
        assert [entry["name"] for entry in stage.uploads] == ["half"]
        assert stage.jobs["pair.csv"].cause == (
            "pair.events.csv: 2 of 2 rows are bad; no good row is left, and input.events_required is set: mend them"
        )
        assert lines_in(lists(stage)) == [2, 3]
        assert outcome.summary["rows"]["data"]["withheld"] == 3
        assert not said(await stage.run("--log-format", "json", **REQUIRED), "without_events")


async def test_a_rejection_for_want_of_events_ends_with_the_rule_and_what_is_done_stays_as_it_was_sent(
    tmp_path: Path,
) -> None:
    bad = roster("bad.csv", 0, bad=2, events=1)
    async with staged(tmp_path, [PAIR, bad]) as stage:
        first = await stage.run(**REQUIRED)
        again = await stage.run(**REQUIRED)
        (before,) = (job for job in stage.ledger if job.path == bad.path)
        freed = await stage.run(**DROP)
        after = await stage.run("--log-format", "json", **REQUIRED)

        assert first.ends == again.ends == {"found": 2, "rejected": 2}
        assert freed.ends == {"found": 2, "done": 1, "rejected": 1}
        assert after.ends == {"found": 2, "skipped": 1, "rejected": 1}
        assert len(stage.uploads) == 1
        rows = [one.summary["rows"]["events"]["read"] for one in (first, again, freed, after)]
        assert rows == [3, 0, 2, 0], "a file is judged again only where the rule decides about it"
        assert [job for job in stage.ledger if job.path == bad.path] == [before]
        assert not said(after, "other_rules")
        assert not said(after, "without_events"), "it was told by the run that sent it"


async def test_a_pair_that_waits_to_be_sent_is_rejected_once_events_are_required(tmp_path: Path) -> None:
    async with staged(tmp_path, [PAIR]) as stage:
        await stage.run(target__base_url=f"{stage.remote.base_url}/elsewhere", **DROP)
        assert stage.states == {"pair.csv": "ready"}

        ends = [(await stage.run(**REQUIRED)).ends for _ in range(2)]

        assert stage.states == {"pair.csv": "rejected"}, ends
        assert "input.events_required is set" in stage.jobs["pair.csv"].cause
        assert stage.uploads == []


async def test_a_mended_row_of_the_companion_sends_the_pair_with_its_events(tmp_path: Path) -> None:
    async with staged(tmp_path, [PAIR]) as stage:
        await stage.run(**REQUIRED)
        mend(lists(stage), {2: {"EventStartTime": "later"}})

        wrong = await stage.call("resubmit", "--json", **REQUIRED)

        assert (wrong.code, stage.uploads) == (3, [])
        assert "none of its 2 rows is right yet" in wrong.summary["message"]
        mend(lists(stage), {3: {"Description": "Walk"}})

        outcome = await stage.call("resubmit", "--json", PAIR.events_path, **REQUIRED)

        assert outcome.code == 3, "a row of it is left"
        assert outcome.ends == {"found": 1, "done": 1}
        mended = replace(LOST, rows=(LOST.rows[0], CALL.format("Walk")), bad={0: LOST.bad[0]})
        assert events_at(stage) == mended.sha256
        assert [row["_line"] for row in rows_of(lists(stage))] == ["2"]
        assert (await stage.run(**REQUIRED)).ends == {"found": 1, "skipped": 1}


async def test_mended_data_does_not_send_a_pair_whose_events_are_lost(tmp_path: Path) -> None:
    pair = replace(roster("pair.csv", 3, bad=1), events=LOST)
    async with staged(tmp_path, [pair]) as stage:
        await stage.run(**REQUIRED)
        place = lists(stage, pair.path)
        mend(place, {int(rows_of(place)[0]["_line"]): {"Reference": "N7"}})

        outcome = await stage.call("resubmit", "--json", pair.path, **REQUIRED)

        assert (outcome.code, stage.uploads) == (3, [])
        assert outcome.ends == {"found": 1, "rejected": 1}
        assert "input.events_required is set" in stage.jobs["pair.csv"].cause
        assert lines_in(lists(stage)) == [2, 3]


@pytest.mark.parametrize("required", [False, True])
async def test_validate_says_what_becomes_of_a_pair_without_a_good_row_of_events(
    tmp_path: Path, required: bool
) -> None:
    async with staged(tmp_path, [PAIR]) as stage:
        told = await stage.call("validate", "--json", **(REQUIRED if required else DROP))

    assert told.code == 3
    found = [(one["path"], one["rule"], one["severity"]) for one in told.json["problems"] if one["line"] is None]
    if required:
        assert found == [("pair.csv", "refused", "error")]
        assert any("input.events_required is set" in one["message"] for one in told.json["problems"])
    else:
        assert found == [("pair.events.csv", "without_events", "warning")]
        (warning,) = (one for one in told.json["problems"] if one["rule"] == "without_events")
        assert warning["count"] == 2


@pytest.mark.parametrize("quiet", [False, True])
async def test_a_pair_that_goes_without_its_events_says_so_and_what_the_remote_has_no_more(
    tmp_path: Path, quiet: bool
) -> None:
    async with staged(tmp_path, [BEFORE]) as stage:
        first = await stage.run("--log-format", "json", **DROP)
        assert events_at(stage) == EVENTS.sha256
        write_all(stage.folder, [PAIR])
        level = ["-q"] if quiet else []
        second = await stage.run("--log-format", "json", *level, **DROP)

        assert not said(first, "without_events")
        assert (second.code, second.ends) == (3, {"found": 1, "done": 1})
        assert events_at(stage) is None
        words = (
            "it went without events: 2 of 2 rows of its companion are bad, see rejects/; "
            "version 1, whose place it took, had 2 rows of events"
        )
        (warning,) = said(second, "without_events")
        assert (warning["level"], warning["path"], warning["cause"]) == ("warning", "pair.csv", words)
        line = stage.told(second)["pair.csv"]
        assert (line["cause"], line["event_rows"], line["bad_event_rows"], line["bad_rows"]) == (words, "2", "2", "0")


async def test_what_a_killed_run_sent_without_events_is_told_by_the_one_that_ends_it(tmp_path: Path) -> None:
    async with staged(tmp_path, [PAIR], scripted(held("poll"))) as stage:
        async with stage.start("run", **DROP) as program:
            await stage.remote.until_held()
            program.kill()
            await program.wait()
        stage.remote.release()
        outcome = await stage.run("--log-format", "json", **DROP)

        assert outcome.ends == {"adopted": 1, "done": 1}
        assert len(said(outcome, "without_events")) == 1
        assert not said(await stage.run("--log-format", "json", **DROP), "without_events")


async def test_a_pair_that_never_had_events_at_the_remote_is_not_said_to_have_lost_them(tmp_path: Path) -> None:
    async with staged(tmp_path, [Roster(path=PAIR.path, data=roster("pair.csv", 2).data)]) as stage:
        await stage.run(**DROP)
        write_all(stage.folder, [PAIR])
        outcome = await stage.run("--log-format", "json", **DROP)

        (warning,) = said(outcome, "without_events")
        assert warning["cause"] == "it went without events: 2 of 2 rows of its companion are bad, see rejects/"


async def test_the_line_of_a_pair_tells_of_the_rows_of_both(tmp_path: Path) -> None:
    async with staged(tmp_path, [roster("pair.csv", 3, bad=1, events=2, bad_events=1), roster("alone.csv")]) as stage:
        outcome = await stage.run("--log-format", "json", **DROP)

        lines = {line["path"]: line for line in said(outcome, "file")}
        names = ("rows", "bad_rows", "event_rows", "bad_event_rows")
        assert [lines["pair.csv"][name] for name in names] == [4, 1, 3, 1]
        assert not {"event_rows", "bad_event_rows"} & lines["alone.csv"].keys()

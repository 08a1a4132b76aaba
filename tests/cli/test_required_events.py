"""Companions of which no row is good: their files go without them and say so, or wait where events are required."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli.mending import lines_in, mend, rows_of
from cli.program import Outcome
from cli.rosters import EVENTS_HEADER, Table, roster
from cli.stage import Stage, staged

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
            "pair.events.csv: 2 of 2 rows are bad; no good row is left, and input.events_required is set: "
            "see rejects/, mend them"
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

"""The main story, from end to end, as a data-operations engineer lives it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from cli.checker import require_results
from cli.program import AFRESH
from cli.rosters import roster
from cli.stage import staged

CLEAN = [
    roster("a.csv", 4),
    roster("2024/b.csv", 7, events=3),
    roster("2024/c with blank.csv", 5, with_header=False),
    roster("d.csv", 6, bom=True, end="\n"),
]
DIRTY = [
    roster("2024/e.csv", 5, bad=6),
    roster("f.csv", 4, bad=1, events=2),
    roster("g.csv", 3, events=4, bad_events=3),
]
NO_REQUESTS = {"token": 0, "upload": 0, "poll": 0, "result": 0, "retries": 0}


async def test_files_are_rejected_mended_by_policy_and_sent_and_every_book_agrees(tmp_path: Path) -> None:
    async with staged(tmp_path, CLEAN + DIRTY) as stage:
        first = await stage.call("run", "--json", by=AFRESH)

        assert first.code == 3
        assert first.ends == {"found": 7, "done": 4, "rejected": 3}
        assert first.summary["rows"]["data"] == {
            "read": 41,
            "invalid": 7,
            "withheld": 12,
            "known": 0,
            "sent": 22,
            "accepted": 22,
            "refused": 0,
            "unknown": 0,
            "left_out": 0,
            "warned": 0,
        }
        assert first.summary["rows"]["events"] == {
            "read": 12,
            "invalid": 3,
            "withheld": 6,
            "known": 0,
            "sent": 3,
            "accepted": 3,
            "refused": 0,
            "unknown": 0,
            "left_out": 0,
            "warned": 0,
        }
        assert first.summary["requests"] == {"token": 1, "upload": 4, "poll": 4, "result": 8, "retries": 0}
        assert {entry["name"] for entry in stage.uploads} == {r.name for r in CLEAN}
        rejected = {r.path for r in DIRTY}
        assert {path for path, state in stage.states.items() if state == "rejected"} == rejected

        again = await stage.call("run", "--json", by=AFRESH)

        assert again.code == 3
        assert again.summary["requests"] == NO_REQUESTS
        assert again.ends == {"found": 7, "skipped": 4, "rejected": 3}

        dropped = await stage.run(validation__on_bad_rows="drop_rows")

        assert dropped.code == 3
        assert dropped.ends == {"found": 7, "done": 3, "skipped": 4}
        assert dropped.summary["rows"]["data"]["accepted"] == 12
        assert dropped.summary["rows"]["data"]["invalid"] == 7
        assert dropped.summary["rows"]["events"]["accepted"] == 6

        last = await stage.run(validation__on_bad_rows="drop_rows")

        assert last.code == 0
        assert last.summary["requests"] == NO_REQUESTS
        assert last.ends == {"found": 7, "skipped": 7}

        assert [(e["outcome"], e["overwrite"]) for e in stage.uploads] == [("accepted", False)] * 7
        record = {e["name"]: (e["token"], e["data_sha256"], e["events_sha256"]) for e in stage.uploads}
        assert record == {job.name: (job.token, job.sent, job.events_sent) for job in stage.ledger}
        for r in CLEAN + DIRTY:
            assert record[r.name][1:] == r.digests
            assert (stage.remote.datasets[r.name].data_rows) == r.data.good
        assert len(record) == 7
        for outcome in (first, again, dropped, last):
            assert json.loads((stage.report(outcome) / "summary.json").read_text()) == outcome.summary


async def test_the_report_has_a_line_a_file_and_leads_to_results_and_rejects(tmp_path: Path) -> None:
    async with staged(tmp_path, CLEAN + DIRTY) as stage:
        outcome = await stage.run()
        tokens = {job.path: job.token for job in stage.ledger}
        lines = stage.told(outcome)

        assert sorted(lines) == sorted(r.path for r in CLEAN + DIRTY)
        for r in CLEAN:
            line = lines[r.path]
            assert (line["state"], line["version"], line["attempts"]) == ("done", "1", "1")
            assert (line["name"], line["token"], line["rows"]) == (r.name, tokens[r.path], str(r.data.good))
            slug = line["results"].removeprefix("results/")
            require_results(stage, slug, tokens[r.path] or "", r.data.good)
        for r in DIRTY:
            line = lines[r.path]
            assert (line["state"], line["token"], line["results"]) == ("rejected", "", "")
            assert int(line["bad_rows"]) == len(r.data.bad)
            assert line["cause"]
            path, table = (r.path, r.data) if r.data.bad else (r.events_path, r.events)
            rejects = stage.out / "rejects" / path
            assert rejects.stat().st_mode & 0o777 == 0o600
            with rejects.open(newline="") as file:
                bad = list(csv.DictReader(file))
            assert table is not None
            assert [int(row["_line"]) for row in bad] == [line for line, _, _ in table.problems]


async def test_what_no_policy_can_save_is_rejected_again_and_again(tmp_path: Path) -> None:
    async with staged(tmp_path, [roster("good.csv")]) as stage:
        (stage.folder / "empty.csv").write_bytes(b"")
        (stage.folder / "orphan.events.csv").write_bytes(b"")
        (stage.folder / "binary.csv").write_bytes(b"\x00\x01\xff\xfe")
        (stage.folder / "header.csv").write_bytes(b"Reference,Something,Else,Than,Known\r\na,b,c,d,e\r\n")
        first = await stage.run(validation__on_bad_rows="drop_rows")
        second = await stage.run(validation__on_bad_rows="drop_rows")

        assert (first.code, second.code) == (3, 3)
        assert first.ends == {"found": 5, "done": 1, "rejected": 4}
        assert second.ends == {"found": 5, "skipped": 1, "rejected": 4}
        assert second.summary["requests"] == NO_REQUESTS
        assert [entry["name"] for entry in stage.uploads] == ["good"]

"""What one run did, as a machine reads it and as a spreadsheet shows it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job, result, sending
from edges.places import START, files_no_larger_than
from orchestrator.edges.report import COLUMNS, Report, summary_schema
from orchestrator.errors import StorageError
from orchestrator.exits import Exit
from orchestrator.model import Completed, Digest, Failed, Name, Rejected, RelPath, Sheet, Sheets, Token, evolve
from orchestrator.trip import Ending, Trip

DONE = evolve(sending("b"), ACCEPTED, Completed((result(),)))


def a_report(**how: Any) -> Report:
    return Report(**{"run": "20240701T020000Z-abc123", "command": "run", "started": START} | how)


def a_trip(**how: Any) -> Trip:
    return Trip(**{"path": RelPath("b.csv"), "job": DONE, "judged": True} | how)


def table(report: Report, folder: Path) -> list[dict[str, str]]:
    report.write(folder, report.summary(exit_code=0, seconds=1.0))
    with (folder / "files.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def check(summary: dict[str, Any]) -> None:
    schema = summary_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER).validate(
        summary
    )


def test_the_summary_of_a_run_without_files_is_as_the_schema_says() -> None:
    summary = a_report().summary(exit_code=0, seconds=0.0)

    check(summary)
    assert set(summary["files"].values()) == {0}
    assert "message" not in summary


@pytest.mark.parametrize("exit_code", Exit)
def test_every_exit_code_is_known_to_the_schema(exit_code: Exit) -> None:
    check(a_report().summary(exit_code=exit_code, seconds=1.5, message="why"))


def test_the_summary_counts_files_rows_and_requests(tmp_path: Path) -> None:
    report = a_report(requests={"token": 1, "upload": 2, "poll": 5, "result": 2, "retries": 1})
    report.books.found, report.books.adopted = 3, 1
    pair = Sheets(data=Sheet(rows=10, bad=2, sent=Digest("d" * 64)), events=Sheet(rows=4, bad=1))
    report.enter(a_trip(job=replace(DONE, checked=pair)))
    report.enter(a_trip(path="a.csv", job=evolve(sending("a"), ACCEPTED, Failed("no"))))
    report.enter(a_trip(path="c.csv", job=evolve(new_job("c"), Rejected("bad", sheets=pair))))
    report.enter(a_trip(path="d.csv", adopted=True, judged=False))

    summary = report.summary(exit_code=3, seconds=12.34567)
    report.write(tmp_path, summary)

    check(summary)
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert summary["started"] == "2024-07-01T02:00:00.000+00:00"
    assert summary["seconds"] == 12.346
    assert summary["requests"] == {"token": 1, "upload": 2, "poll": 5, "result": 2, "retries": 1}
    assert summary["files"] == {
        **dict.fromkeys([ending.value for ending in Ending], 0),
        "found": 3,
        "adopted": 1,
        "done": 2,
        "failed": 1,
        "rejected": 1,
    }
    assert summary["rows"]["data"] == {
        "read": 23,
        "invalid": 4,
        "withheld": 8,
        "known": 0,
        "sent": 11,
        "accepted": 8,
        "refused": 3,
        "unknown": 0,
        "left_out": 0,
        "warned": 0,
    }
    assert summary["rows"]["events"] == {
        "read": 8,
        "invalid": 2,
        "withheld": 3,
        "known": 0,
        "sent": 3,
        "accepted": 3,
        "refused": 0,
        "unknown": 0,
        "left_out": 0,
        "warned": 0,
    }


def test_a_message_that_is_not_plain_text_is_still_json(tmp_path: Path) -> None:
    report = a_report()
    summary = report.summary(exit_code=5, seconds=1, message='"\n\x1b[31m\udcff ü')

    report.write(tmp_path, summary)

    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == summary


def test_the_table_has_its_columns_and_a_line_a_file_in_the_order_of_paths(tmp_path: Path) -> None:
    report = a_report()
    for path in ("b.csv", "a/z.csv", "B.csv", "a.csv"):
        report.enter(a_trip(path=path))

    lines = table(report, tmp_path)

    assert (tmp_path / "files.csv").read_text().splitlines()[0] == ",".join(COLUMNS)
    assert [line["path"] for line in lines] == ["B.csv", "a.csv", "a/z.csv", "b.csv"]


def test_the_columns_are_the_ones_that_people_script_against() -> None:
    assert list(COLUMNS) == [
        *["path", "name", "version", "state", "cause", "token"],
        *["rows", "bad_rows", "event_rows", "bad_event_rows", "attempts", "polls"],
        *["prepare_s", "upload_s", "wait_s", "collect_s", "results", "refused_rows"],
    ]


def test_a_line_tells_all_that_is_known_of_a_file(tmp_path: Path) -> None:
    report = a_report()
    pair = Sheets(data=Sheet(rows=10, bad=2), events=Sheet(rows=4, bad=1))
    job = replace(DONE, version=3, name=Name("2024/b"), checked=pair)
    trip = a_trip(job=job, polls=7, cause="a remark")
    trip.spend("prepare", 0.12345)
    trip.spend("wait", 2)
    trip.spend("wait", 1.5)
    report.enter(trip)

    (line,) = table(report, tmp_path)

    assert line.pop("results").startswith("results/2024-b~")
    assert line == {
        "path": "b.csv",
        "name": "2024/b",
        "version": "3",
        "state": "done",
        "cause": "a remark",
        "token": "0a1b",
        "rows": "10",
        "bad_rows": "2",
        "refused_rows": "0",
        "event_rows": "4",
        "bad_event_rows": "1",
        "attempts": "1",
        "polls": "7",
        "prepare_s": "0.1235",
        "upload_s": "",
        "wait_s": "3.5",
        "collect_s": "",
    }


def test_a_file_of_which_nothing_is_known_has_a_line_too(tmp_path: Path) -> None:
    report = a_report()
    report.enter(Trip(path=RelPath("a.csv"), ending=Ending.DEFERRED, cause="still being written"))

    (line,) = table(report, tmp_path)

    assert (line["path"], line["state"], line["cause"]) == ("a.csv", "deferred", "still being written")
    assert {value for key, value in line.items() if key not in ("path", "state", "cause")} == {"", "0"}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_a_cell_that_a_spreadsheet_would_take_for_a_formula_is_made_harmless(tmp_path: Path, cell: str) -> None:
    report = a_report()
    report.enter(a_trip(path=cell, job=replace(DONE, name=Name(cell), token=Token(cell)), cause=cell))

    (line,) = table(report, tmp_path)

    assert [line[column] for column in ("path", "name", "token", "cause")] == [f"'{cell}"] * 4


nasty = st.text(st.characters(codec="utf-8") | st.sampled_from("=+-@\t\r\n\x1b\x00\u202e\udcff\",'"), max_size=15)


@given(path=nasty, name=nasty, cause=nasty)
def test_no_cell_begins_a_formula_or_drives_a_terminal(path: str, name: str, cause: str) -> None:
    report = a_report()
    report.enter(a_trip(path=path, job=replace(DONE, name=Name(name)), cause=cause))
    (_, text) = report._lines[0]

    (cells,) = csv.reader([text], strict=True)
    assert text.removesuffix("\n").isprintable()
    assert len(cells) == len(COLUMNS)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_the_reports_of_a_run_are_private(tmp_path: Path) -> None:
    table(a_report(), tmp_path / "runs" / "1")

    assert sorted(place.name for place in (tmp_path / "runs" / "1").iterdir()) == ["files.csv", "summary.json"]
    assert {place.stat().st_mode & 0o777 for place in (tmp_path / "runs" / "1").iterdir()} == {0o600}


def test_a_report_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    report = a_report()
    for number in range(100):
        report.enter(a_trip(path=f"{number}.csv"))

    with files_no_larger_than(1000), pytest.raises(StorageError):
        table(report, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_moment_of_the_start_keeps_its_zone() -> None:
    started = datetime(2024, 7, 1, 4, 0, tzinfo=timezone(timedelta(hours=2)))

    summary = a_report(started=started).summary(exit_code=0, seconds=0)

    assert datetime.fromisoformat(summary["started"]) == START


def test_a_job_that_is_under_way_counts_as_waiting() -> None:
    report = a_report()
    report.enter(a_trip(job=evolve(new_job(), CHECKED, STARTED)))

    assert report.summary(exit_code=5, seconds=1)["files"]["waiting"] == 1

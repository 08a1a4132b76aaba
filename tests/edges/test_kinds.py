"""Files of a remote that tells their kinds by their columns: what is kept of them, and what is told."""

from __future__ import annotations

import csv as tables
import json
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from edges.samples import REJECTED_COLUMNS, Desk, csv, judge, sent, text_of
from orchestrator.config import load
from orchestrator.config.schemas import load_schemas
from orchestrator.edges.inbox import FolderInbox
from orchestrator.edges.rows import job_of, job_row
from orchestrator.model import Digest, Job, Key, Name, Rejected, RelPath, Sheet, Sheets
from orchestrator.ports import Held, Prepared
from orchestrator.ranges import Ranges, ranges_of
from orchestrator.survey import Finding, show, survey
from orchestrator.validation import read_mapping

TAO = load_schemas(["tao"])
USERS = "user_email,user_username,user_role"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "inbox").mkdir()
    return Desk(tmp_path)


def inbox(desk: Desk, *, drop_rows: bool = False) -> FolderInbox:
    return desk.inbox(data=TAO, drop_rows=drop_rows)


async def test_the_kind_of_a_file_is_kept_with_it(desk: Desk) -> None:
    prepared = await judge(inbox(desk), desk.put("a.csv", csv(USERS, "z@x.org,zoe,ADMIN", "a@x.org,al,OTHER")))

    assert isinstance(prepared, Prepared)
    sheet = prepared.checked.sheets.data
    assert (sheet.schema, sheet.rows, sheet.bad, sheet.warned) == ("tao.users", 2, 0, 1)


async def test_the_rejects_have_the_columns_of_the_file_in_its_order(desk: Desk) -> None:
    verdict = await judge(inbox(desk), desk.put("a.csv", csv(USERS, "z@x.org,,ADMIN")))

    assert isinstance(verdict, Rejected)
    with (desk.rejects / "a.csv").open(newline="", encoding="utf-8") as file:
        header, row = tables.reader(file, strict=True)
    assert header == [*USERS.split(","), *REJECTED_COLUMNS.split(",")]
    assert row[:6] == ["z@x.org", "", "ADMIN", "2", "user_username", "required"]


async def test_the_rejects_of_a_file_of_no_kind_say_what_it_lacks(desk: Desk) -> None:
    verdict = await judge(inbox(desk), desk.put("a.csv", csv("user_name,group_name", "a,b")))

    assert isinstance(verdict, Rejected)
    with (desk.rejects / "a.csv").open(newline="", encoding="utf-8") as file:
        header, row = tables.reader(file, strict=True)
    assert header == REJECTED_COLUMNS.split(",")
    assert "nearest to tao." in row[3]


async def test_warnings_are_one_line_of_the_log_that_holds_no_cell(desk: Desk) -> None:
    rows = ["secret@x.org,zoe,SECRET", ",al,ADMIN", ",bo,"]
    with structlog.testing.capture_logs() as logs:
        prepared = await judge(inbox(desk), desk.put("a.csv", csv(USERS, *rows)))

    assert isinstance(prepared, Prepared)
    (line,) = logs
    assert line == {
        "event": "warnings",
        "log_level": "warning",
        "path": "a.csv",
        "schema": "tao.users",
        "found": "deletes in user_email (2), deletes in user_role (1), enum in user_role (1)",
    }
    assert not (desk.rejects / "a.csv").exists()


async def test_a_cell_that_a_spreadsheet_would_run_is_told_of_and_sent_to_the_byte(desk: Desk) -> None:
    rows = ['"=HYPERLINK(""x"")",al', "+A1,bo", "-2+3,cy", "@x,di", "\t=1,ed", "-5,flo"]
    content = csv("user_name,user_username", *rows).removesuffix(b"\r\n")
    with structlog.testing.capture_logs() as logs:
        prepared = await judge(inbox(desk), desk.put("a.csv", content))

    assert isinstance(prepared, Prepared)
    assert (await text_of(prepared.body.data)).encode() == content
    assert prepared.checked.sheets.data.warned == 5
    assert [line["found"] for line in logs] == ["formula in user_name (5)"]
    assert not (desk.rejects / "a.csv").exists()


async def test_what_is_sent_is_the_text_of_the_file_in_its_order(desk: Desk) -> None:
    prepared = await judge(
        inbox(desk, drop_rows=True), desk.put("a.csv", csv(USERS, '"z@x.org",zoe,ADMIN', "x,,ADMIN"))
    )

    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.body.data, Held)
    assert prepared.body.data.text == sent(USERS, '"z@x.org",zoe,ADMIN')


def test_what_a_ledger_of_earlier_versions_says_of_a_file_is_read() -> None:
    known = Sheet(rows=3, bad=1, header=False, gaps=Ranges.of([(2, 4)]), sent=Digest("d"))
    sheet = replace(known, schema="tao.users", warned=2, left_out=3)
    job = Job(key=Key("a"), version=1, name=Name("a"), path=RelPath("a"), checked=Sheets(data=sheet))
    row = list(job_row(job))
    place = next(nth for nth, value in enumerate(row) if isinstance(value, str) and value.startswith("[["))

    assert job_of(row) == job
    row[place] = json.dumps([[3, 1, False, [[2, 4]], "d"]])
    earlier = job_of(row).checked
    assert earlier == Sheets(data=known)


async def test_what_a_mapping_leaves_out_is_counted_apart_and_told_in_the_log(desk: Desk) -> None:
    values = {
        "columns": [{"to": "user_username", "from": "login"}],
        "leave_out": [{"column": "state", "among": ["gone"]}],
    }
    file = desk.put("a.csv", csv("state,login", "here,zoe", "gone,al", "here,bo"))
    with structlog.testing.capture_logs() as logs:
        prepared = await judge(desk.inbox(data=TAO, mapping=read_mapping(values, "people")), file)

    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.body.data, Held)
    assert prepared.body.data.text == sent("user_username", "zoe", "bo")
    sheet = prepared.checked.sheets.data
    assert (sheet.schema, sheet.rows, sheet.bad, sheet.left_out, sheet.gaps) == ("tao.users", 2, 0, 1, ranges_of([3]))
    assert [(line["event"], line["rows"]) for line in logs] == [("left_out", 1)]


async def test_the_rejects_of_a_source_that_is_mapped_have_its_own_columns(desk: Desk) -> None:
    mapping = read_mapping({"columns": [{"to": "user_username", "from": "login"}]}, "people")

    verdict = await judge(desk.inbox(data=TAO, mapping=mapping), desk.put("a.csv", csv("state,login", "here,")))

    assert isinstance(verdict, Rejected)
    with (desk.rejects / "a.csv").open(newline="", encoding="utf-8") as table:
        header, row = tables.reader(table, strict=True)
    assert header == ["state", "login", *REJECTED_COLUMNS.split(",")]
    assert row[:5] == ["here", "", "2", "login", "required"]


async def test_validate_tells_what_a_mapping_leaves_out_and_shows_rows_where_it_is_asked_to(desk: Desk) -> None:
    desk.put("a.csv", csv("state,login", "here,zoe", "gone,al"))
    (desk.base / "m.toml").write_text(
        '[[columns]]\nto = "user_username"\nfrom = "login"\n[[leave_out]]\ncolumn = "state"\namong = ["gone"]\n'
    )
    overrides = ["validation.schema=tao", f"validation.mapping={desk.base}/m.toml"]
    settings = load(None, environ={}, overrides=overrides, folder=desk.root, output=desk.base / "out")
    found: list[Finding] = []
    shown: list[str] = []

    await survey(settings, found.append)
    await show(settings, shown.append)

    assert [one.text for one in found] == ["a.csv: note: left_out: the mapping takes them out [1 rows]"]
    assert [line.strip() for line in shown] == [
        "a.csv",
        "1  state,login",
        "->  user_username",
        "2  here,zoe",
        "->  zoe",
        "3  gone,al",
        "->  left out by the mapping",
    ]


async def test_validate_tells_warnings_apart_and_once_with_their_count(desk: Desk) -> None:
    desk.put("a.csv", csv(USERS, ",zoe,ADMIN", ",al,ADMIN"))
    found: list[Finding] = []
    settings = load(None, environ={}, overrides=["validation.schema=tao"], folder=desk.root, output=desk.base / "out")

    assert await survey(settings, found.append) == 1

    (finding,) = found
    assert finding.text.startswith("a.csv:2:1: warning: deletes (user_email): blank, which deletes what the remote has")
    assert finding.text.endswith(" [2 rows]")
    assert (finding.as_json()["severity"], finding.as_json()["count"]) == ("warning", 2)

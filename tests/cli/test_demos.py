"""The demo of every remote: the bundled files go all the way, and their dirt is told line by line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from cli.ledger import read_ledger
from cli.program import call


async def test_the_demo_ends_well_and_leaves_results_to_look_at(tmp_path: Path) -> None:
    outcome = await call("demo", "-o", "demo", cwd=tmp_path)

    assert outcome.code == 0
    jobs = read_ledger(tmp_path / "demo")
    assert len(jobs) > 3
    assert all(job.state in {"done", "rejected"} for job in jobs)
    done = [job for job in jobs if job.state == "done"]
    results = list((tmp_path / "demo" / "results").glob("*/tableofresultids.json"))
    assert len(results) == len(done) > 0
    assert list((tmp_path / "demo" / "rejects").rglob("*.csv"))


@pytest.mark.parametrize(
    ("target", "files", "rows", "rejects"),
    [
        ("tao", 5, {"read": 23, "invalid": 5, "sent": 18, "accepted": 15, "refused": 3, "warned": 10}, 5),
        ("endgrate", 1, {"read": 6, "invalid": 2, "sent": 4, "accepted": 4}, 1),
    ],
)
async def test_there_is_a_demo_of_every_remote(
    tmp_path: Path, target: str, files: int, rows: dict[str, int], rejects: int
) -> None:
    outcome = await call("demo", "--json", "--target", target, "-o", "demo", cwd=tmp_path)

    assert outcome.code == 0
    summary = json.loads(outcome.out)
    assert (summary["files"]["found"], summary["files"]["done"]) == (files, files)
    assert {what: count for what, count in summary["rows"]["data"].items() if count} == rows
    assert len(list((tmp_path / "demo" / "rejects").rglob("*.csv"))) == rejects


async def test_the_demo_of_tao_joins_what_the_remote_refused_to_the_lines_of_the_files(tmp_path: Path) -> None:
    await call("demo", "--target", "tao", "-o", "demo", cwd=tmp_path)

    found = {}
    for path in (tmp_path / "demo" / "results").glob("*/objections.csv"):
        with path.open(newline="") as file:
            found[path.parent.name] = [(row["row"], row["line"], row["says"]) for row in csv.DictReader(file)]
    error = "400 validation.fieldError Field"
    assert found == {
        "1-organizations": [
            ("4", "1-organizations.csv:5", f'{error} "hierarchy_parentOrganizationId" names no organization.')
        ],
        "3-users": [("5", "3-users.csv:7", f'{error} "user_password" is required for new user.')],
        "4-links": [("5", "4-links.csv:6", f'{error} "user_username" names no user.')],
    }

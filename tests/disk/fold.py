"""The ledger's events, told again from the beginning: what `jobs` and `results` hold has to be what comes of them."""

from __future__ import annotations

import json
import select
import sqlite3
import sys
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator import model
from orchestrator.edges.database import connect
from orchestrator.edges.rows import job_of
from orchestrator.edges.tables import JOB_COLUMNS
from orchestrator.model import (
    Checked,
    Completed,
    Digest,
    Event,
    Failed,
    Job,
    Resolved,
    Restored,
    Result,
    Sheets,
    Verdict,
    evolve,
)


def require_one_story(db: sqlite3.Connection) -> int:
    """Both tables of one moment; returns how many events there are."""
    db.execute("BEGIN")
    try:
        jobs = {row[0]: job_of(row[1:]) for row in db.execute(f"SELECT id, {JOB_COLUMNS} FROM jobs ORDER BY version")}
        told = db.execute("SELECT job, event, detail FROM events ORDER BY id").fetchall()
        kept = set(db.execute("SELECT job, key FROM results"))
    finally:
        db.execute("COMMIT")
    lives: dict[int, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for number, name, detail in told:
        lives[number].append((name, json.loads(detail)))
    assert lives.keys() == jobs.keys(), "every job has events, and every event its job"
    assert kept == {(n, key) for n, life in lives.items() for _, detail in life for key in detail.get("results", ())}
    reached: dict[str, Job] = {}
    for number, job in jobs.items():
        reached[job.key] = _live(job, lives[number], reached.get(job.key))
        assert reached[job.key] == job
    return len(told)


def _live(job: Job, life: list[tuple[str, dict[str, Any]]], earlier: Job | None) -> Job:
    begun = Job(key=job.key, version=job.version, name=job.name, path=job.path, source=job.source)
    if earlier is not None:
        begun = replace(begun, owns=earlier.owns, repeats=earlier.repeats, lost_at=earlier.lost_at)
    return evolve(begun, *(_event(name, detail, job.checked) for name, detail in life))


def _event(name: str, detail: dict[str, Any], checked: Sheets | None) -> Event:
    """The sheets are not told again: `jobs` is the only place that holds them."""
    kind: Any = getattr(model, name)
    if kind is Checked:
        assert checked is not None
        return Checked(checked, **detail)
    if kind is Restored:
        return Restored(sheets=checked, **detail)
    if kind in (Completed, Failed):
        empty = (Result(key=key, suffix="", size=0, sha256=Digest(""), body=b"") for key in detail.pop("results"))
        return kind(results=tuple(empty), **detail)  # type: ignore[no-any-return]  # a kind of event
    if kind is Resolved:
        return Resolved(Verdict(detail.pop("verdict")), **detail)
    return kind(**detail)  # type: ignore[no-any-return]  # a kind of event


def watch(path: Path) -> None:
    """Look again and again, as a process of its own, until stdin ends; then print how often, and at how much."""
    looks = seen = 0
    with closing(connect(path, "ro")) as db:
        print("ready", flush=True)
        while not looks or not select.select([sys.stdin], [], [], 0)[0]:
            before, seen = seen, require_one_story(db)
            assert seen >= before, "an event has gone"
            looks += 1
    print(looks, seen)

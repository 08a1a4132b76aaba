"""The ledger as it stands after a night: every version of every Name, and how it came to be what it is."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.edges.rows import job_of
from orchestrator.edges.tables import JOB_COLUMNS
from orchestrator.intake import new_job
from orchestrator.model import (
    Accepted,
    Checked,
    Completed,
    Doubted,
    Event,
    Failed,
    Job,
    Key,
    Rejected,
    Reopened,
    Resolved,
    Restored,
    SendRepeatable,
    SendStarted,
    SendUndone,
    Superseded,
    TailReleased,
    Verdict,
    next_version,
)

_SIMPLE: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(Reopened, SendStarted, TailReleased, SendUndone, SendRepeatable),
        *(Accepted, Completed, Failed, Doubted, Superseded),
    )
}


@dataclass(frozen=True, slots=True)
class Entry:
    run: str
    event: Event

    @property
    def name(self) -> str:
        return type(self.event).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A noted intent and how the ledger says that it ended."""

    number: int
    overwrote: bool
    may_have_left: bool
    """Its last bytes were not held back, or it was durable that they leave."""
    run: str
    outcome: Entry
    is_repeat: bool
    """An attempt before it may have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    job: Job
    first: Job
    """As it was before anything was written down."""
    entries: tuple[Entry, ...]
    results: dict[str, bytes]

    def attempts(self) -> Iterator[Attempt]:
        number, repeats = 0, self.first.repeats
        for nth, entry in enumerate(self.entries):
            match entry.event:
                case SendRepeatable() | Resolved(Verdict.RESEND):
                    repeats = True
                case Resolved(Verdict.NOT_ACCEPTED):
                    repeats = False
            if isinstance(entry.event, SendStarted):
                number += 1
                released, *_ = rest = self.entries[nth + 1 :]
                is_released = isinstance(released.event, TailReleased)
                yield Attempt(
                    number=number,
                    overwrote=entry.event.overwrite,
                    may_have_left=is_released or not entry.event.held,
                    run=entry.run,
                    outcome=rest[is_released],
                    is_repeat=repeats and number > 1,
                )


def read_history(db: sqlite3.Connection) -> list[Version]:
    events: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in db.execute("SELECT job, run, event, detail FROM events ORDER BY id"):
        events[row[0]].append(row[1:])
    results: dict[int, dict[str, bytes]] = defaultdict(dict)
    for job, key, body in db.execute("SELECT job, key, body FROM results"):
        results[job][key] = body
    versions: list[Version] = []
    newest: dict[Key, Job] = {}
    for number, *row in db.execute(f"SELECT id, {JOB_COLUMNS} FROM jobs ORDER BY key, version"):
        job = job_of(row)
        before = newest.get(job.key)
        first = new_job(job.key, job.name, job.path, job.source)
        if before is not None and job.source is not None:
            first = next_version(before, job.source)
        entries = tuple(Entry(run, _event(kind, json.loads(detail), job)) for run, kind, detail in events[number])
        versions.append(Version(job=job, first=first, entries=entries, results=results[number]))
        newest[job.key] = job
    return versions


def _event(kind: str, detail: dict[str, Any], job: Job) -> Event:
    """What the job's own line holds, an event does not hold again."""
    detail.pop("results", None)
    if kind == "Checked":
        assert job.checked is not None
        return Checked(job.checked, **detail)
    if kind == "Restored":
        return Restored(sheets=job.checked, **detail)
    if kind == "Rejected":
        return Rejected(**detail, sheets=job.checked)
    if kind == "Resolved":
        return Resolved(Verdict(detail.pop("verdict")), **detail)
    event: Event = _SIMPLE[kind](**detail)
    return event

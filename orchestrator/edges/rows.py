"""The ledger's tables, and how jobs and events become rows of them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from types import UnionType
from typing import Any, TypeAlias

from orchestrator.model import (
    Accepted,
    Checked,
    Completed,
    Digest,
    Doubted,
    Event,
    Failed,
    Job,
    Key,
    Name,
    Rejected,
    RelPath,
    Reopened,
    Resolved,
    Result,
    SendRepeatable,
    SendStarted,
    SendUndone,
    Sheet,
    Sheets,
    Source,
    State,
    Superseded,
    TailReleased,
    Token,
)

SCHEMA_VERSION = "2"

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs (
    id            INTEGER PRIMARY KEY,
    key           TEXT NOT NULL,
    version       INTEGER NOT NULL,
    name          TEXT NOT NULL,
    path          TEXT NOT NULL,
    state         TEXT NOT NULL,
    cause         TEXT NOT NULL,
    data_sha256   TEXT,
    events_sha256 TEXT,
    size          INTEGER,
    checked       TEXT,
    rules         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    token         TEXT,
    accepted_at   REAL,
    owns          INTEGER NOT NULL,
    overwrote     INTEGER NOT NULL,
    repeats       INTEGER NOT NULL,
    held          INTEGER NOT NULL DEFAULT 0,
    sent_at       REAL,
    lost_at       REAL,
    updated_at    REAL NOT NULL,
    UNIQUE (key, version)
);
CREATE INDEX jobs_by_path ON jobs (path);
CREATE INDEX jobs_by_token ON jobs (token) WHERE token IS NOT NULL;
CREATE INDEX jobs_open ON jobs (id) WHERE state IN ('found', 'ready', 'sending', 'waiting', 'in_doubt');
CREATE TABLE events (
    id     INTEGER PRIMARY KEY,
    job    INTEGER NOT NULL,
    at     REAL NOT NULL,
    run    TEXT NOT NULL,
    event  TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX events_by_job ON events (job);
CREATE TABLE results (
    job    INTEGER NOT NULL,
    key    TEXT NOT NULL,
    suffix TEXT NOT NULL,
    size   INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body   BLOB,
    PRIMARY KEY (job, key)
) WITHOUT ROWID;
"""

UPGRADES = {
    "1": """
ALTER TABLE jobs ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN sent_at REAL;
ALTER TABLE jobs ADD COLUMN lost_at REAL;
CREATE INDEX jobs_by_token ON jobs (token) WHERE token IS NOT NULL;
UPDATE meta SET value = '2' WHERE key = 'schema';
"""
}
"""What turns a ledger of an earlier version into one of the next."""

JOB_COLUMNS = (
    "key, version, name, path, state, cause, data_sha256, events_sha256, size, checked, rules, attempts, "
    "token, accepted_at, owns, overwrote, repeats, held, sent_at, lost_at"
)

UPSERT_JOB = (
    f"INSERT INTO jobs ({JOB_COLUMNS}, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "  # noqa: S608 -- constants only
    "ON CONFLICT (key, version) DO UPDATE SET state = excluded.state, cause = excluded.cause, "
    "checked = excluded.checked, rules = excluded.rules, attempts = excluded.attempts, "
    "token = excluded.token, accepted_at = excluded.accepted_at, owns = excluded.owns, "
    "overwrote = excluded.overwrote, repeats = excluded.repeats, held = excluded.held, "
    "sent_at = excluded.sent_at, lost_at = excluded.lost_at, updated_at = excluded.updated_at"
)
_ITS_JOB = "(SELECT id FROM jobs WHERE key = ? AND version = ?)"
INSERT_EVENT = f"INSERT INTO events (job, at, run, event, detail) VALUES ({_ITS_JOB}, ?, ?, ?, ?)"  # noqa: S608 -- constants only
INSERT_RESULT = (
    f"INSERT OR REPLACE INTO results (job, key, suffix, size, sha256, body) VALUES ({_ITS_JOB}, ?, ?, ?, ?, ?)"  # noqa: S608 -- constants only
)

SELECT_NEWEST = f"SELECT {JOB_COLUMNS} FROM jobs WHERE key = ? ORDER BY version DESC LIMIT 1"  # noqa: S608 -- constants only
SELECT_SHARED = (
    "SELECT token FROM jobs WHERE token IS NOT NULL AND state IN ('waiting', 'in_doubt', 'done') "
    "GROUP BY token HAVING count(*) > 1"
)
SELECT_HOLDER = f"SELECT {JOB_COLUMNS} FROM jobs WHERE token = ? LIMIT 1"  # noqa: S608 -- constants only
SELECT_DURATIONS = """
SELECT size, seconds FROM (
    SELECT done.id, jobs.size, done.at - jobs.accepted_at AS seconds
    FROM events done JOIN jobs ON jobs.id = done.job
    JOIN events accepted ON accepted.job = done.job AND accepted.run = done.run
    WHERE done.event = 'Completed' AND accepted.event = 'Accepted' ORDER BY done.id DESC LIMIT 1000
) WHERE seconds >= 0 ORDER BY id
"""
SELECT_OPEN = (
    f"SELECT {JOB_COLUMNS} FROM jobs "  # noqa: S608 -- constants only
    "WHERE state IN ('found', 'ready', 'sending', 'waiting', 'in_doubt') ORDER BY id"
)
SELECT_RESULTS = (
    f"SELECT {', '.join(f'jobs.{column}' for column in JOB_COLUMNS.split(', '))}, r.key, r.suffix, r.size, r.sha256 "  # noqa: S608 -- constants only
    "FROM results r JOIN jobs ON jobs.id = r.job ORDER BY jobs.key, jobs.version DESC"
)


_JSON = json.JSONEncoder(separators=(",", ":")).encode

_DETAILS: dict[type[Event], tuple[str, ...]] = {
    Checked: ("rules",),
    Rejected: ("cause", "rules"),
    Reopened: (),
    SendStarted: ("overwrite", "at", "held"),
    TailReleased: (),
    SendUndone: ("cause",),
    SendRepeatable: ("cause", "at"),
    Accepted: ("token", "at"),
    Completed: ("cause",),
    Failed: ("cause", "owns"),
    Doubted: ("cause", "at", "token"),
    Superseded: ("cause",),
    Resolved: ("verdict", "token", "at"),
}


def job_row(job: Job) -> tuple[Any, ...]:
    source = job.source
    return (
        job.key,
        job.version,
        job.name,
        job.path,
        job.state.value,
        job.cause,
        source.data if source else None,
        source.events if source else None,
        source.size if source else None,
        _dump_sheets(job.checked) if job.checked else None,
        job.rules,
        job.attempts,
        job.token,
        job.accepted_at,
        job.owns,
        job.overwrote,
        job.repeats,
        job.held,
        job.sent_at,
        job.lost_at,
    )


_Kind: TypeAlias = type | UnionType
_KINDS: tuple[_Kind, ...] = (
    *(str, int, str, str, str, str, str | None, str | None, int | None, str | None, str, int),
    *(str | None, float | None, int, int, int, int, float | None, float | None),
)
"""What the columns of a job hold; SQLite takes anything anywhere."""

_LATEST = 253402300800.0
"""The year 10000, in Unix time."""


def job_of(row: Sequence[Any]) -> Job:
    """Raises ValueError when nobody can have written such a row."""
    _require_kinds(row, _KINDS)
    (key, version, name, path, state, cause, data, events, size, checked, rules, *rest) = row
    attempts, token, at, owns, overwrote, repeats, held, sent_at, lost_at = rest
    _require(version > 0 and attempts >= 0 and {owns, overwrote, repeats, held} <= {0, 1})
    _require(bool(token) or state != State.WAITING)
    _require(not data or (size is not None and size >= 0))
    return Job(
        key=Key(key),
        version=version,
        name=Name(name),
        path=RelPath(path),
        state=State(state),
        cause=cause,
        source=Source(data=Digest(data), events=Digest(events) if events else None, size=size) if data else None,
        checked=_load_sheets(checked) if checked else None,
        rules=rules,
        attempts=attempts,
        token=Token(token) if token else None,
        accepted_at=None if at is None else moment_of(at),
        owns=bool(owns),
        overwrote=bool(overwrote),
        repeats=bool(repeats),
        held=bool(held),
        sent_at=None if sent_at is None else moment_of(sent_at),
        lost_at=None if lost_at is None else moment_of(lost_at),
    )


def moment_of(at: float) -> float:
    """Unix time. Raises ValueError when it is none."""
    _require(isinstance(at, float) and 0 <= at < _LATEST)
    return at


def duration_of(row: Sequence[Any]) -> tuple[int, float]:
    """Size and seconds. Raises ValueError when nobody can have written them."""
    size, seconds = row
    _require(isinstance(size, int) and isinstance(seconds, float) and size >= 0 and math.isfinite(seconds))
    return size, seconds


def result_of(row: Sequence[Any]) -> Result:
    """Without its body. Raises ValueError when nobody can have written such a row."""
    _require_kinds(row, (str, str, int, str))
    key, suffix, size, digest = row
    file = f"{key}{suffix}"
    _require(size >= 0 and file.isprintable() and "/" not in file)
    return Result(key=key, suffix=suffix, size=size, sha256=Digest(digest), body=None)


def _require_kinds(row: Sequence[Any], kinds: Sequence[_Kind]) -> None:
    _require(all(map(isinstance, row, kinds)))


def _require(sound: bool) -> None:
    if not sound:
        raise ValueError("nobody can have written this row")


def event_row(event: Event) -> tuple[str, str]:
    """The event's name and its details; what `jobs` and `results` already hold is not written again."""
    kind = type(event)
    details: dict[str, Any] = {name: getattr(event, name) for name in _DETAILS[kind]}
    if isinstance(event, Completed | Failed):
        details["results"] = [result.key for result in event.results]
    return kind.__name__, _JSON(details) if details else "{}"


def _dump_sheets(sheets: Sheets) -> str:
    data = _dump_sheet(sheets.data)
    return _JSON([data] if sheets.events is None else [data, _dump_sheet(sheets.events)])


def _dump_sheet(sheet: Sheet) -> list[Any]:
    return [sheet.rows, sheet.bad, sheet.header, sheet.gaps, sheet.sent]


def _load_sheets(text: str) -> Sheets:
    """Raises ValueError."""
    try:
        data, *events = [_load_sheet(sheet) for sheet in json.loads(text)]
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    _require(len(events) <= 1)
    return Sheets(data=data, events=events[0] if events else None)


def _load_sheet(sheet: Sequence[Any]) -> Sheet:
    rows, bad, header, gaps, sent = sheet
    ranges = tuple((first, last) for first, last in gaps)
    _require(all(type(number) is int for number in (rows, bad, *(end for ends in ranges for end in ends))))
    _require(isinstance(header, bool) and isinstance(sent, str | None))
    return Sheet(rows=rows, bad=bad, header=header, gaps=ranges, sent=sent)

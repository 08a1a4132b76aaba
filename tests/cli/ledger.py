"""The ledger as anyone with SQLite can read it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Line:
    id: int
    version: int
    name: str
    path: str
    state: str
    cause: str
    token: str | None
    attempts: int
    sent: str | None
    """SHA-256 of the data as they were sent."""
    events_sent: str | None


def ledger_of(out: Path) -> Path:
    return out / ".orchestrator" / "ledger.sqlite3"


def ask(out: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{ledger_of(out).as_uri()}?mode=ro", uri=True)) as ledger:
        return ledger.execute(query, values).fetchall()


def read_ledger(out: Path) -> list[Line]:
    """Every version of every Name; nothing before the first run has made a ledger."""
    if not ledger_of(out).exists() or not ask(out, "SELECT 1 FROM sqlite_master WHERE name = 'jobs'"):
        return []
    columns = "id, version, name, path, state, cause, token, attempts, checked"
    return [_line(*row) for row in ask(out, f"SELECT {columns} FROM jobs ORDER BY id")]


def events_of(out: Path, path: str) -> list[str]:
    query = "SELECT event FROM events JOIN jobs ON jobs.id = events.job WHERE path = ? ORDER BY events.id"
    return [event for (event,) in ask(out, query, path)]


def newest(lines: Iterable[Line]) -> dict[str, Line]:
    return {line.path: line for line in sorted(lines, key=lambda line: line.version)}


def _line(*row: Any) -> Line:
    *plain, checked = row
    sheets = json.loads(checked) if checked else []
    digests = [sheet[4] for sheet in sheets] + [None, None]
    names = ("id", "version", "name", "path", "state", "cause", "token", "attempts")
    return Line(**dict(zip(names, plain, strict=True)), sent=digests[0], events_sent=digests[1])

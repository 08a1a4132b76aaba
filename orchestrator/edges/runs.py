"""What the newest run left in `runs/`, for those who only look."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.edges.holder import is_held
from orchestrator.edges.witness import require_newest
from orchestrator.edges.workplace import ledger_file, lock_file
from orchestrator.errors import OutputError

_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]+", re.ASCII)
_TIME = len("20240701T020000Z")
_LOOKS = 100
"""Runs that are looked at to find one of all files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """By its name, which is the time that it began at."""

    name: str
    began: datetime
    summary: Mapping[str, Any] | None
    """None while it is under way, and for ever if it was killed, or where it cannot be read as one."""
    is_unread: bool
    """Whether there is a summary that cannot be read as one."""

    @property
    def started(self) -> float:
        """Unix time, as fine as its summary has it."""
        with suppress(KeyError, TypeError, ValueError):
            return datetime.fromisoformat((self.summary or {})["started"]).timestamp()
        return self.began.timestamp()

    @property
    def files(self) -> dict[str, int]:
        """By what became of them."""
        return dict(self.summary["files"]) if self.summary else {}

    @property
    def report(self) -> str:
        """Its line for every file, below the output folder."""
        return f"runs/{self.name}/files.csv"


def look_at_runs(out: Path) -> tuple[LastRun | None, bool | None]:
    """The newest run, and whether anybody has the output folder now, which is None where that cannot be known."""
    newest, held = _newest(out), is_held(lock_file(out))
    if newest is not None and newest.summary is None and not held:
        newest = _look(out, newest.name)  # it may have ended between these two looks, but it has by now
    return newest, held


def newest_of_all_files(out: Path) -> LastRun | None:
    """The newest that has ended and asked for all files of its folder."""
    for name in _names(out)[:_LOOKS]:
        with suppress(ValueError):
            run = _look(out, name)
            if run.summary is not None and run.summary.get("whole_folder") is True:
                return run
    return None


def _newest(out: Path) -> LastRun | None:
    for name in _names(out):
        with suppress(ValueError):
            return _look(out, name)
    return None


def _look(out: Path, name: str) -> LastRun:
    """Raises ValueError for a moment that no calendar has."""
    began = datetime.strptime(name[:_TIME], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    place = out / "runs" / name / "summary.json"
    summary = _summary(place)
    return LastRun(name=name, began=began, summary=summary, is_unread=summary is None and os.path.lexists(place))


def _names(out: Path) -> list[str]:
    """The newest first."""
    try:
        names = [name for name in os.listdir(out / "runs") if _NAME.fullmatch(name)]
    except OSError:
        return []
    return sorted(names, key=lambda name: (name[:_TIME], _changed(out / "runs" / name)), reverse=True)


def _changed(folder: Path) -> int:
    """Tells runs apart that began within one second."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def told_of(out: Path, run: LastRun) -> Iterator[str]:
    """The path of every file that its report has, as it stands there. Raises OSError, csv.Error where it is none."""
    with open(out / run.report, encoding="utf-8", errors="replace", newline="") as report:
        lines = csv.reader(report)
        if next(lines, [])[:1] != ["path"]:
            raise csv.Error("it has other columns")
        yield from (cells[0] for cells in lines if cells)


def why_old(out: Path) -> str:
    """Why no run would take the ledger, where one that is gone or newer has sent something since; "" if it would."""
    try:
        require_newest(ledger_file(out), out / "runs")
    except OutputError as error:
        return str(error)
    except OSError:
        return ""
    return ""


def _summary(place: Path) -> Mapping[str, Any] | None:
    """What cannot be read as one is none."""
    try:
        summary = json.loads(place.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    files = summary.get("files") if isinstance(summary, dict) else None
    whole = isinstance(files, dict) and all(type(n) is int for n in (*files.values(), summary.get("exit_code")))
    return summary if whole else None

"""`runs/<run id>/`: what one run did, as `summary.json` and `files.csv`."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

from orchestrator.books import Books
from orchestrator.edges.atomic import put
from orchestrator.edges.edits import Edits
from orchestrator.edges.mended import MendedRows
from orchestrator.model import Key, State
from orchestrator.naming import harmless, printable, slug_of
from orchestrator.trip import Ending, Trip

COLUMNS = (
    "path,name,version,state,cause,token,rows,bad_rows,event_rows,bad_event_rows,attempts,polls,"
    "prepare_s,upload_s,wait_s,collect_s,results,refused_rows"
).split(",")

_STRAY = "not all of these mended rows of an earlier version were sent: put what is missing into a file of its own"
_WITH_RESULTS = (Ending.DONE, Ending.SKIPPED, Ending.FAILED)


@dataclass(kw_only=True)
class Report:
    """Collects the ends of files as they come and writes them down in the order of their paths."""

    run: str
    command: str
    started: datetime
    whole_folder: bool = True
    """Whether it asks for all files of the folder, and not for some."""
    untold: dict[Key, int] = field(default_factory=dict)
    """Which versions were done in runs that were killed before they could tell; at the end those that still are."""
    books: Books = field(default_factory=Books)
    requests: Mapping[str, int] = field(default_factory=Counter)
    other_rules: int = 0
    """Files that were done before the run, by other rules than those of today."""
    remark: str = ""
    """What a person should know beside how the run ended."""
    _lines: list[tuple[str, str]] = field(default_factory=list)

    def enter(self, trip: Trip) -> None:
        self.books.enter(trip)
        if trip.job is not None and self.is_told_first(trip):
            self.books.owe(trip.job)
        if trip.job is not None and trip.job.state is State.DONE:
            self.untold.pop(trip.job.key, None)
        for each in (trip, *trip.parts):
            self._lines.append((f"{trip.path}\0{each.job.name if each.job else ''}", _csv_line(_cells(each))))

    def heed(self, edits: Edits, mended: MendedRows) -> None:
        """What became of lists of rejects that could not stay where they were, and of rows that were mended."""
        told = [f"{printable(str(place))}: {_STRAY}" for place in sorted(mended.strays)]
        self.remark = "\n".join(filter(None, [edits.remark, *told]))
        self.books.left += edits.strays + len(mended.strays)

    def is_told_first(self, trip: Trip) -> bool:
        """Whether it was done in a run that was killed before it could tell."""
        job = trip.job
        return trip.end is Ending.SKIPPED and job is not None and self.untold.get(job.key) == job.version

    def summary(self, *, exit_code: int, seconds: float, message: str = "") -> dict[str, Any]:
        """As `summary.schema.json` describes it."""
        books = self.books
        endings = {ending.value: books.endings[ending] for ending in Ending}
        summary: dict[str, Any] = {
            "run": self.run,
            "command": self.command,
            "whole_folder": self.whole_folder,
            "exit_code": exit_code,
            "started": self.started.isoformat(timespec="milliseconds"),
            "seconds": round(seconds, 3),
            "requests": {k: self.requests.get(k, 0) for k in ("token", "upload", "poll", "result", "retries")},
            "files": {"found": books.found, "adopted": books.adopted, **endings},
            "rows": {"data": asdict(books.data), "events": asdict(books.events)},
        }
        if self.other_rules:
            summary["other_rules"] = self.other_rules
        if told := [one for one in (message, self.remark, books.remark) if one]:
            summary["message"] = "\n".join(told)
        return summary

    def write(self, folder: Path, summary: Mapping[str, Any]) -> None:
        lines = [_csv_line(COLUMNS), *(line for _, line in sorted(self._lines))]
        put(folder / "files.csv", "".join(lines).encode("utf-8", "backslashreplace"))
        put(folder / "summary.json", (json.dumps(summary, indent=2) + "\n").encode())


def summary_schema() -> dict[str, Any]:
    """The JSON Schema of `summary.json`, shipped with the program."""
    text = resources.files("orchestrator").joinpath("schemas/summary.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _cells(trip: Trip) -> list[object]:
    job = trip.job
    sheets = job.checked if job is not None else None
    events = sheets.events if sheets else None
    seconds = [round(trip.seconds[p], 4) if p in trip.seconds else "" for p in ("prepare", "upload", "wait", "collect")]
    return [
        trip.path,
        job.name if job else "",
        job.version if job else "",
        trip.end.value,
        trip.why,
        job.token or "" if job else "",
        sheets.data.rows if sheets else "",
        sheets.data.bad if sheets else "",
        events.rows if events else "",
        events.bad if events else "",
        "" if trip.attempts is None else trip.attempts,
        trip.polls,
        *seconds,
        f"results/{slug_of(job.name)}" if job and job.token and trip.end in _WITH_RESULTS else "",
        job.refused if job else "",
    ]


def _csv_line(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(
        [harmless(cell) if isinstance(cell, str) else cell for cell in cells]
    )
    return line.getvalue()

"""What the remote has against single rows, joined to the lines of the files that they came from. Pure."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from orchestrator.model import Job, RelPath, Sheet
from orchestrator.naming import harmless
from orchestrator.ports import Fetched, Objection
from orchestrator.ranges import NO_RANGES, Ranges, ranges_of
from orchestrator.validation import SourceLines

OBJECTIONS = "objections"
"""The result that holds them: a CSV with the row as the remote counts, where it came from, and what is said."""


_UNKNOWN = "which row is not known"
_OPEN = "it has something against more of them and does not say which, so nobody knows whether it took the others"


def counted_off(job: Job, fetched: Fetched) -> Fetched:
    """The rows that a result tells of are those that were sent, one by one, if they are as many; else nobody knows."""
    sent = job.checked.data.rows - job.checked.data.bad if job.checked else None
    fits = fetched.told in (None, sent)
    if sent is None or (fits and not fetched.leaves_open):
        return fetched
    refused = min(fetched.refused, sent)
    remark = _OPEN if fits else f"the remote's results tell of {fetched.told} rows, and {sent} were sent"
    if not fits and not fetched.keyed:
        remark += ": which is which is not known"
        objections = tuple(replace(objection, rows=()) for objection in fetched.objections)
        fetched = replace(fetched, rows=NO_RANGES, objections=objections)
    return replace(
        fetched,
        refused=refused,
        unknown=sent - refused,
        remark="; ".join(filter(None, [fetched.remark, remark])),
    )


def joined(job: Job, objections: Iterable[Objection]) -> Fetched:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["row", "line", "says", "column"])
    sheets = _sent(job)
    for objection in objections:
        places = dict.fromkeys(sheet.place(row) for row in objection.rows for sheet in sheets if row in sheet.rows)
        row, line = (objection.rows[-1], " or ".join(places)) if objection.rows else ("", _UNKNOWN)
        column = objection.column if len(objection.rows) == 1 else ""
        table.writerow([row, *map(harmless, (line, objection.says, column))])
    body = text.getvalue().encode("utf-8", "backslashreplace")
    digest = hashlib.sha256(body).hexdigest()
    return Fetched(key=OBJECTIONS, content_type="text/csv", body=body, size=len(body), sha256=digest)


def refused_lines(job: Job, rows: Ranges, objections: Iterable[Objection]) -> Ranges:
    """Where the rows stand that are refused for sure."""
    sheet = job.checked.data if job.checked is not None else None
    if sheet is None or (job.checked is not None and job.checked.events is not None):
        return NO_RANGES
    lines, sent = SourceLines(sheet.header, sheet.gaps), sheet.rows - sheet.bad
    refused = rows | ranges_of(one.rows[0] for one in objections if len(one.rows) == 1)
    return Ranges.of((lines[row],) * 2 for first, last in refused for row in range(first, min(last, sent) + 1))


def unnamed(job: Job) -> int:
    """Rows that were refused, and nobody knows which they are: no list of rejects holds them."""
    sheet = job.checked.data if job.checked is not None else None
    if sheet is None or not job.refused:
        return job.refused
    lines, sent = SourceLines(sheet.header, sheet.gaps), sheet.rows - sheet.bad
    return max(job.refused - sum(len(lines.rows_on(*ends, sent)) for ends in sheet.refused), 0)


def refused_in_parts(whole: Sheet, parts: Iterable[Sheet]) -> Ranges:
    """The same for a file, of what was refused of its parts.

    A part that was taken with an earlier version may have stood on other lines; what it is of the rows is the same.
    """
    lines, found, before = SourceLines(whole.header, whole.gaps), list[int](), 0
    for part in parts:
        own, sent = SourceLines(part.header, part.gaps), part.rows - part.bad
        found += [lines[before + row] for ends in part.refused for row in own.rows_on(*ends, sent)]
        before += sent
    return ranges_of(found)


@dataclass(frozen=True, slots=True)
class _Sent:
    """One of the files that were sent, and its rows."""

    path: RelPath
    rows: range
    lines: SourceLines

    def place(self, row: int) -> str:
        return f"{self.path}:{self.lines[row]}"


def _sent(job: Job) -> Sequence[_Sent]:
    """Where a row may stand: a remote that got two files does not say of which it speaks."""
    if job.checked is None:
        return ()
    sheets: list[tuple[RelPath, Sheet | None]] = [(job.path, job.checked.data)]
    if job.source is not None and job.source.events is not None:
        sheets.append((RelPath("its events"), job.checked.events))
    return [
        _Sent(path, range(1, sheet.rows - sheet.bad + 1), SourceLines(sheet.header, sheet.gaps))
        for path, sheet in sheets
        if sheet is not None and sheet.sent is not None
    ]

"""Which column the remote objects to, of the rows of a file that it refused: as `results/` has it.

What is not known for sure is not told: a list of rejects is as good without it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path

from orchestrator.edges.view import View, open_view
from orchestrator.edges.workplace import ledger_file
from orchestrator.errors import OutputError
from orchestrator.model import Digest, Job, RelPath, State
from orchestrator.naming import key_of, part_name, slug_of
from orchestrator.objections import OBJECTIONS
from orchestrator.ranges import NO_RANGES, Ranges


def objected(out: Path, path: RelPath, content: Digest) -> Mapping[int, str]:
    """By the lines of the file whose data are *content*. Whoever took results away is told less."""
    try:
        with open_view(ledger_file(out)) as view:
            versions = view.versions(path)
            newest = versions[-1] if versions else None
            if newest is not None and newest.parts:
                return _of_parts(newest, view, out) if _is_of(newest, content) else {}
            return _of_versions(versions, content, out)
    except OutputError:
        return {}


def _is_of(job: Job, content: Digest) -> bool:
    return job.source is not None and job.source.data == content


def _of_versions(versions: list[Job], content: Digest, out: Path) -> dict[int, str]:
    """Of those since the file was another: of what stands in several of them the newest is what counts."""
    found: dict[int, str] = {}
    for job in reversed(list(takewhile(lambda job: _is_of(job, content), reversed(versions)))):
        if refused := _refused(job):
            found = {line: column for line, column in found.items() if line not in refused}
            found |= _told(job, out, is_newest=job is versions[-1])
    return found


def _of_parts(whole: Job, view: View, out: Path) -> dict[int, str]:
    """A part that came with an earlier version may have stood on other lines: the rows are those, in their order."""
    parts = [view.newest(key_of(part_name(whole.name, number))) for number in range(1, whole.parts + 1)]
    columns: list[str] = []
    for part in filter(None, parts):
        told = _told(part, out, is_newest=True) if part.refused else {}
        columns += [told.get(line, "") for line in _each(_refused(part))]
    lines = list(_each(_refused(whole)))
    return dict(zip(lines, columns, strict=True)) if len(lines) == len(columns) else {}


def _refused(job: Job) -> Ranges:
    return job.checked.data.refused if job.state is State.DONE and job.checked is not None else NO_RANGES


def _each(ranges: Iterable[tuple[int, int]]) -> Iterator[int]:
    return (line for first, last in ranges for line in range(first, last + 1))


def _told(job: Job, out: Path, *, is_newest: bool) -> dict[int, str]:
    place = out / "results" / slug_of(job.name)
    if not is_newest:
        place /= f"v{job.version}"
    refused, found = _refused(job), dict[int, str]()
    try:
        with (place / f"{OBJECTIONS}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, restval=""):
                line = row["line"].rpartition(":")[2]
                if (column := row["column"]) and line.isdecimal() and int(line) in refused:
                    found[int(line)] = column
    except (OSError, ValueError, KeyError, csv.Error):
        return {}
    return found

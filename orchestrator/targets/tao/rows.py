"""What became of each row of an import: the result file, which holds the rows as sent and four columns more. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.ports import OBJECTIONS_LIMIT, Objection
from orchestrator.ranges import NO_RANGES, Ranges, ranges_of
from orchestrator.validation.limits import RECORD_LIMIT
from orchestrator.validation.table import NoTable, Table

_TAKEN = "processed"
_REFUSED = re.compile(r"[45]\d\d|error|failed|rejected|invalid", re.ASCII | re.IGNORECASE)
"""The vendor's words are 400 and 500; any other word than these and `processed` tells nothing."""
_ADDED = frozenset({"status", "errortype", "errorcode", "errormessage"})
_FIELD = re.compile(r'Field "([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResults:
    refused: int
    """Rows that are said to be wrong."""
    rows: Ranges
    """Which they are, from 1."""
    unknown: int
    """Rows of which it is said neither that they were processed nor that they are wrong."""
    objections: tuple[Objection, ...]
    """The first of them."""
    told: int
    """How many rows it tells of: none when it has no column for it, or cannot be read to its end."""


def read_rows(lines: Iterable[str]) -> RowResults | None:
    """None for what is no table: an error in JSON, a page, a word. What it was of the rows sent is then not known.

    Columns are found by their names: the remote may have more of them than its sibling, or others.
    """
    rows = Table(lines, limit=RECORD_LIMIT)
    number, refused, unknown, objections = 0, list[int](), 0, list[Objection]()
    silent = RowResults(refused=0, rows=NO_RANGES, unknown=0, objections=(), told=0)
    try:
        header = next(rows, [])
    except NoTable:
        return None
    places = {name.strip().casefold(): at for at, name in enumerate(header)}
    if (status := places.get("status")) is None:
        return silent if _is_table(header) else None
    columns = {name: header[at].strip() for name, at in places.items() if name not in _ADDED}
    reasons = [places.get(name) for name in ("errorcode", "errormessage")]
    try:
        for number, row in enumerate(filter(None, rows), 1):  # a blank line is no row
            word, why = _cell(row, status).strip(), [_cell(row, at) for at in reasons]
            if word.lower() == _TAKEN:
                continue
            if not (_REFUSED.fullmatch(word) or any(why)):
                unknown += 1
                continue
            refused.append(number)
            if len(objections) < OBJECTIONS_LIMIT:
                says, column = " ".join(filter(None, (word, *why))), columns.get(_field(why[-1]), "")
                objections.append(Objection(rows=(number,), says=says, column=column))
    except NoTable:
        return silent
    return RowResults(
        refused=len(refused), rows=ranges_of(refused), unknown=unknown, objections=tuple(objections), told=number
    )


def _field(message: str) -> str:
    """Which column it is about, where it begins as those of the vendor's sibling do."""
    found = _FIELD.match(message)
    return found[1].strip().lower() if found else ""


def _is_table(header: list[str]) -> bool:
    """Each has at least one column of the file, and one of what became of it."""
    return len(header) > 1 and not header[0].lstrip("\ufeff ").startswith(("<", "{", "["))


def _cell(row: list[str], at: int | None) -> str:
    return row[at] if at is not None and at < len(row) else ""

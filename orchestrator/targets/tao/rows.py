"""What became of each row of an import: the result file, which holds the rows as sent and four columns more. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.ports import OBJECTIONS_LIMIT, Objection
from orchestrator.validation.limits import RECORD_LIMIT
from orchestrator.validation.table import NoTable, Table

_TAKEN = "processed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResults:
    refused: int
    """Rows that are not said to have been processed, whatever else is said of them."""
    objections: tuple[Objection, ...]
    """The first of them."""
    told: int
    """How many rows it tells of: none when it has no column for it, or cannot be read to its end."""


def read_rows(lines: Iterable[str]) -> RowResults | None:
    """None for what is no table: an error in JSON, a page, a word. What it was of the rows sent is then not known.

    Columns are found by their names: the remote may have more of them than its sibling, or others.
    """
    rows = Table(lines, limit=RECORD_LIMIT)
    number, refused, objections = 0, 0, list[Objection]()
    silent = RowResults(refused=0, objections=(), told=0)
    try:
        header = next(rows, [])
    except NoTable:
        return None
    places = {name.strip().casefold(): at for at, name in enumerate(header)}
    if (status := places.get("status")) is None:
        return silent if _is_table(header) else None
    code, message = places.get("errorcode"), places.get("errormessage")
    try:
        for number, row in enumerate(filter(None, rows), 1):  # a blank line is no row
            if _cell(row, status).strip().casefold() == _TAKEN:
                continue
            refused += 1
            if len(objections) < OBJECTIONS_LIMIT:
                says = " ".join(filter(None, (_cell(row, at) for at in (status, code, message))))
                objections.append(Objection(rows=(number,), says=says))
    except NoTable:
        return silent
    return RowResults(refused=refused, objections=tuple(objections), told=number)


def _is_table(header: list[str]) -> bool:
    """Each has at least one column of the file, and one of what became of it."""
    return len(header) > 1 and not header[0].lstrip("\ufeff ").startswith(("<", "{", "["))


def _cell(row: list[str], at: int | None) -> str:
    return row[at] if at is not None and at < len(row) else ""

"""What became of each row of an import: the result file, which holds the rows as sent and four columns more. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.ports import OBJECTIONS_LIMIT, Objection

_TAKEN = "processed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResults:
    refused: int
    """Rows that are not said to have been processed, whatever else is said of them."""
    objections: tuple[Objection, ...]
    """The first of them."""
    told: int | None
    """How many rows it has; None when the file is not one that tells of rows."""


def read_rows(lines: Iterable[str]) -> RowResults:
    """Columns are found by their names: the remote may have more of them than its sibling, or others."""
    csv.field_size_limit(1 << 20)
    rows = csv.reader(lines)
    number, refused, objections = 0, 0, list[Objection]()
    try:
        places = {name.strip().casefold(): at for at, name in enumerate(next(rows, []))}
        if (status := places.get("status")) is None:
            return RowResults(refused=0, objections=(), told=None)
        code, message = places.get("errorcode"), places.get("errormessage")
        for number, row in enumerate(filter(None, rows), 1):  # a blank line is no row
            if _cell(row, status).strip().casefold() == _TAKEN:
                continue
            refused += 1
            if len(objections) < OBJECTIONS_LIMIT:
                says = " ".join(filter(None, (_cell(row, at) for at in (status, code, message))))
                objections.append(Objection(rows=(number,), says=says))
    except csv.Error:
        return RowResults(refused=0, objections=(), told=None)
    return RowResults(refused=refused, objections=tuple(objections), told=number)


def _cell(row: list[str], at: int | None) -> str:
    return row[at] if at is not None and at < len(row) else ""

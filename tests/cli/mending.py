"""What a person does to a list of rejects between two runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path


def rows_of(place: Path) -> list[dict[str, str]]:
    with place.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(place: Path, rows: Iterable[Mapping[str, str]], encoding: str = "utf-8") -> None:
    rows = list(rows)
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, rows[0])
    table.writeheader()
    table.writerows(rows)
    place.write_text(text.getvalue(), encoding=encoding, newline="")


def mend(place: Path, cells: Mapping[int, Mapping[str, str]], *, only: bool = False) -> None:
    """*cells*: what is written into the row of which line; *only* takes the other rows out."""
    rows = rows_of(place)
    mended = [{**row, **cells.get(int(row["_line"]), {})} for row in rows]
    write_rows(place, [row for row in mended if not only or int(row["_line"]) in cells])


def lines_in(place: Path) -> list[int]:
    return [int(row["_line"]) for row in rows_of(place)] if place.exists() else []

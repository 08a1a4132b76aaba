"""The lists in `rejects/`, counted for those who only look."""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_READ = 16 * 2**20
"""Bytes of all lists together up to which they are read: a look must not take long."""
_LEAST = 2**12
"""Bytes that take as long as the opening of a list does."""
_LINE, _RAW = "_line", "_raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    count: int
    rows: int | None
    """None where the lists are too large to be read for it, or one cannot be."""


def count_lists(folder: Path) -> Lists | None:
    """None where this user may not look for them."""
    try:
        found = list(_lists(folder))
    except OSError:
        return None
    rows = _rows(place for place, _ in found) if sum(max(size, _LEAST) for _, size in found) <= _READ else None
    return Lists(count=len(found), rows=rows)


def _lists(folder: Path) -> Iterator[tuple[str, int]]:
    """Each with its size. Raises OSError."""
    for where, _, names in os.walk(folder, onerror=_tell):
        for name in names:
            place = f"{where}/{name}"
            with suppress(OSError):  # a run that is at work may just have taken it away
                if not name.startswith(".") and stat.S_ISREG((info := os.stat(place)).st_mode):
                    yield place, info.st_size


def _tell(error: OSError) -> None:
    raise error


def _rows(places: Iterable[str]) -> int | None:
    try:
        return sum(map(_rows_of, places))
    except (OSError, ValueError, csv.Error):
        return None


def _rows_of(place: str) -> int:
    """A fault of the whole file, which has neither cells nor a row as it was, is none. Raises ValueError for a list of
    which somebody made something else, OSError, csv.Error."""
    with open(place, encoding="utf-8-sig", errors="replace", newline="") as text:
        lines = csv.reader(text)
        header = next(lines, [])[::-1]
        line, raw = (-1 - header.index(name) for name in (_LINE, _RAW))
        return sum(1 for cells in lines if any(cells[:line]) or any(cells[raw:]))

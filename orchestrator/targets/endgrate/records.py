"""Rows of a CSV file as records: a column `a.b` is a field in a field, `a.0.b` one of the first item of a list. Pure.

A blank cell is left out, and so is an object or a list of which nothing is left.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from orchestrator.validation.limits import FIELD_LIMIT

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The fields of an object, or the items of a list, in their order; an int is the place of a column."""

    members: tuple[tuple[str, Group | int], ...]
    is_list: bool = False

    def of(self, row: Sequence[str]) -> Any:
        """None where nothing of it is there."""
        found = [(name, value) for name, member in self.members if (value := _value(member, row)) is not None]
        if not found:
            return None
        return [value for _, value in found] if self.is_list else dict(found)


def _value(member: Group | int, row: Sequence[str]) -> Any:
    if isinstance(member, Group):
        return member.of(row)
    return row[member] if row[member].strip() else None


def records_of(text: str, key: str) -> Iterator[dict[str, Any]]:
    """One for each row of CSV *text*, with what stands in the column *key*, if it names one, as our own key.

    Raises ValueError, in words that quote no cell, for columns that cannot stand beside each other.
    """
    csv.field_size_limit(max(csv.field_size_limit(), FIELD_LIMIT))
    rows = csv.reader(io.StringIO(text, newline=""))
    header = next(rows, [])
    shape = shape_of(header)
    if key and key not in header:
        raise ValueError(f"the column {key} of target.key is missing")
    place = header.index(key) if key else None
    for row in rows:
        if not row:
            continue
        record: dict[str, Any] = {"data": shape.of(row) or {}}
        if place is not None:
            if not row[place].strip():
                raise ValueError(f"a row has no {key}, which target.key asks for")
            record["internal_id"] = row[place]
        yield record


def shape_of(header: Sequence[str]) -> Group:
    """Raises ValueError when one column would have to be a field and hold fields, or be a list and an object."""
    return _group([(_path(name), place) for place, name in enumerate(header)], (), of_all=True)


def _path(name: str) -> Path:
    """A name that begins or ends with a dot, or has two in a row, is one field."""
    parts = tuple(name.split("."))
    return parts if all(parts) else (name,)


def _group(columns: list[tuple[Path, int]], above: Path, *, of_all: bool = False) -> Group:
    inside: dict[str, list[tuple[Path, int]]] = {}
    for (first, *rest), place in columns:
        inside.setdefault(first, []).append((tuple(rest), place))
    indexes = [name for name in inside if _is_index(name)]
    is_list = not of_all and bool(indexes)
    if is_list and len(indexes) < len(inside):
        raise ValueError(f"the columns below {'.'.join(above)} make it a list and an object: number all, or none")
    names = sorted(inside, key=int) if is_list else list(inside)
    return Group(tuple((name, _member(inside[name], (*above, name))) for name in names), is_list)


def _member(columns: list[tuple[Path, int]], path: Path) -> Group | int:
    ends = [place for rest, place in columns if not rest]
    if ends and len(columns) > 1:
        raise ValueError(f"the column {'.'.join(path)} cannot be a field and hold others: rename one")
    return ends[0] if ends else _group(columns, path)


def _is_index(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 10 and str(int(name)) == name

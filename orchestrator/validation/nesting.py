"""Columns as fields: `a.b` is a field in a field, `a.0.b` one of the first item of a list. Pure.

A blank cell is left out, and so is an object or a list of which nothing is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

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


class Tangled(ValueError):
    """Columns that cannot stand beside each other; *place* is that of one of them, from 0."""

    def __init__(self, place: int, words: str) -> None:
        super().__init__(words)
        self.place = place


def shape_of(header: Sequence[str]) -> Group:
    """Raises Tangled when one column would have to be a field and hold fields, or be a list and an object."""
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
        place = next(place for name in inside if name not in indexes for _, place in inside[name])
        raise Tangled(place, f"the columns below {'.'.join(above)} make it a list and an object: number all, or none")
    names = sorted(inside, key=int) if is_list else list(inside)
    return Group(tuple((name, _member(inside[name], (*above, name))) for name in names), is_list)


def _member(columns: list[tuple[Path, int]], path: Path) -> Group | int:
    ends = [place for rest, place in columns if not rest]
    if ends and len(columns) > 1:
        name, other = ".".join(path), ".".join((*path, *max(columns)[0]))
        raise Tangled(ends[0], f"the column {name} cannot hold a value and the field {other}, too: rename one of them")
    return ends[0] if ends else _group(columns, path)


def _is_index(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 10 and str(int(name)) == name

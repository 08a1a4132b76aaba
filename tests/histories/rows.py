"""Rows of a history: each keeps its tag, whatever somebody makes of its cells."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

PEOPLE, LINKS = "people", "links"
COLUMNS = {PEOPLE: ("id", "n", "tag"), LINKS: ("id", "person", "n", "tag")}


@dataclass(frozen=True, slots=True)
class Row:
    kind: str
    tag: str
    """Which row it is."""
    id: str
    """Two of a kind may not share it."""
    n: str
    """Another each time somebody writes: by this its forms are told apart. A number, or what is none, which is bad."""
    person: str = ""
    """The id of one of the people, of a link."""

    @property
    def is_right(self) -> bool:
        return self.n.isdigit()

    @property
    def cells(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in COLUMNS[self.kind]}


def row_of(cells: dict[str, str]) -> Row:
    kind = LINKS if "person" in cells else PEOPLE
    return Row(kind=kind, **{name: cells[name] for name in COLUMNS[kind]})


def text_of(kind: str, rows: Iterable[Row]) -> str:
    return "\r\n".join([",".join(COLUMNS[kind]), *(",".join(row.cells.values()) for row in rows)])


def rows_in(text: str) -> list[Row]:
    """What `text_of` made, or the program of it: no cell is quoted."""
    names, *lines = (line.split(",") for line in text.splitlines() if line)
    return [row_of(dict(zip(names, line, strict=True))) for line in lines]


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

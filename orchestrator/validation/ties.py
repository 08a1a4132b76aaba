"""What the rows of one file hold that others may ask for, and what they ask for themselves."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.validation.mapping import Mapping, Steps
from orchestrator.validation.relations import Relations
from orchestrator.validation.schema import Severity
from orchestrator.validation.table import Table


class Tie(NamedTuple):
    pool: int
    value: str
    row: int
    """The number of the good row, from 1."""
    way: int | None
    """By which of the references of its kind it asks; None where it holds."""
    strict: bool = False
    """The row is not sent where nobody holds what it asks for."""


class Ties:
    """Reads the text that a file is sent as, piece by piece. A value that is blank, even in part, is none."""

    def __init__(self, relations: Relations, kind: str) -> None:
        self._holdings = relations.holdings[kind]
        self._askings = relations.askings[kind]
        self._held: list[tuple[int, tuple[int, ...]]] = []
        self._asked: list[tuple[int, tuple[int, ...], int, bool, str, frozenset[str]]] = []
        self._names: list[str] = []
        self._row = 0

    def read(self, text: str) -> Iterator[Tie]:
        """A piece that begins with the header or, after that, with the end of the row before it."""
        lines = io.StringIO(text if not self._names else text[2:], newline="")
        rows = Table(lines, limit=len(text))  # a mapping may have joined cells into one beyond any limit
        if not self._names and text:
            self._begin(next(rows))
        for row in rows:
            self._row += 1
            for pool, places in self._held:
                if value := _value(row, places):
                    yield Tie(pool, value, self._row, None)
            for pool, places, way, strict, delimiter, unless in self._asked:
                value = _value(row, places)
                for item in value.split(delimiter) if delimiter else (value,):
                    if item.strip() and item not in unless:
                        yield Tie(pool, item, self._row, way, strict)

    def columns(self, sources: Sequence[str], mapping: Mapping | None) -> dict[tuple[int, int | None], int]:
        """Where a problem with each pool and way is told, as the number of a cell in the source."""
        origins = Steps(mapping, sources).origins if mapping else range(len(self._names))
        told: dict[tuple[int, int | None], int] = {(pool, None): origins[places[0]] + 1 for pool, places in self._held}
        return told | {(pool, way): origins[places[0]] + 1 for pool, places, way, *_ in self._asked}

    def _begin(self, names: list[str]) -> None:
        """Columns may be missing: then this file has no part in it."""
        self._names = names
        places = {name: place for place, name in enumerate(names)}
        for holding in self._holdings:
            if places.keys() >= {*holding.columns}:
                self._held.append((holding.pool, tuple(places[name] for name in holding.columns)))
        for way, asking in enumerate(self._askings):
            fields, unless = asking.reference.fields, frozenset(asking.reference.unless)
            if places.keys() >= {*fields}:
                cells = tuple(places[name] for name in fields)
                strict = asking.severity is Severity.ERROR
                self._asked.append((asking.pool, cells, way, strict, asking.delimiter, unless))


def _value(row: Sequence[str], places: Sequence[int]) -> str:
    """The cells together, told apart by what stands in none; "" where one of them is blank."""
    if len(places) == 1:  # the usual case, for every row of a folder
        cell = row[places[0]]
        return cell if cell.strip() else ""
    cells = [row[place] for place in places]
    return "\0".join(cells) if all(map(str.strip, cells)) else ""

"""What the rows of one file hold that others may ask for, and what they ask for themselves."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.validation.keys import Key, key_of
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
        self._held: list[tuple[int, Key]] = []
        self._asked: list[tuple[int, Key, int, bool, str, frozenset[str]]] = []
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
            for pool, key in self._held:
                if value := _value(row, key):
                    yield Tie(pool, value, self._row, None)
            for pool, key, way, strict, delimiter, unless in self._asked:
                value = _value(row, key)
                for item in value.split(delimiter) if delimiter else (value,):
                    if item.strip() and item not in unless:
                        yield Tie(pool, item, self._row, way, strict)

    def columns(self, sources: Sequence[str], mapping: Mapping | None) -> dict[tuple[int, int | None], int]:
        """Where a problem with each pool and way is told, as the number of a cell in the source."""
        origins = Steps(mapping, sources).origins if mapping else range(len(self._names))
        told: dict[tuple[int, int | None], int] = {(pool, None): origins[key.places[0]] + 1 for pool, key in self._held}
        return told | {(pool, way): origins[key.places[0]] + 1 for pool, key, way, *_ in self._asked}

    def _begin(self, names: list[str]) -> None:
        """Columns may be missing: then this file has no part in it."""
        self._names = names
        places = {name: place for place, name in enumerate(names)}
        for holding in self._holdings:
            if places.keys() >= {*holding.columns}:
                at = tuple(places[name] for name in holding.columns)
                self._held.append((holding.pool, key_of(at, holding.meanings)))
        for way, asking in enumerate(self._askings):
            fields, meaning = asking.reference.fields, asking.meanings[0]
            if places.keys() >= {*fields}:
                at = tuple(places[name] for name in fields)
                strict = asking.severity is Severity.ERROR
                unless = frozenset(meaning(word) if meaning else word for word in asking.reference.unless)
                key = key_of(at, asking.meanings)
                self._asked.append((asking.pool, key, way, strict, asking.delimiter, unless))


def _value(row: Sequence[str], key: Key) -> str:
    """What its cells mean; "" where one of them is blank."""
    return key.of(row) if all(row[place].strip() for place in key.places) else ""

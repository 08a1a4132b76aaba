"""What the rows of several files have to do with each other, as their schemas and the configuration have it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.validation.meanings import Meaning, meaning_of, sort_of
from orchestrator.validation.schema import Column, Reference, Schema, Severity, Type

AS_DECLARED = "as_declared"
OFF = "off"


@dataclass(frozen=True, slots=True)
class Holding:
    """The values that a row has in these columns are in the pool."""

    pool: int
    columns: tuple[str, ...]
    meanings: tuple[Meaning | None, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """The values that a row has in these columns have to be in the pool."""

    pool: int
    reference: Reference
    severity: Severity
    meanings: tuple[Meaning | None, ...]
    delimiter: str = ""
    """Between the items of a list, each of which is a value."""


class Relations:
    """Pools of keys: what rows of some kinds hold, and rows of others ask for. Kinds are known by their names."""

    def __init__(self, schemas: Sequence[Schema], *, duplicates: str = OFF, references: str = AS_DECLARED) -> None:
        """What is `OFF` is not looked at; `AS_DECLARED` is what each schema says; others are severities."""
        self.duplicates = Severity(duplicates) if duplicates != OFF else Severity.WARNING
        self.holdings: dict[str, list[Holding]] = {schema.name: [] for schema in schemas}
        self.askings: dict[str, list[Asking]] = {schema.name: [] for schema in schemas}
        self._pools: list[frozenset[str]] = []
        self._own: set[int] = set()
        if duplicates != OFF:
            for schema in schemas:
                for columns in _keys(schema):
                    pool = self._pool([schema])
                    self._own.add(pool)
                    self._hold(pool, [schema], columns, by_value=(True,) * len(columns))
        shared: dict[tuple[frozenset[str], tuple[str, ...], tuple[bool, ...]], int] = {}
        for schema in schemas if references != OFF else ():
            for reference in schema.references:
                meant = [other for other in schemas if reference.is_to(other)]
                if not meant:
                    continue
                asked = [_column(schema, name) for name in reference.fields]
                by_value = tuple(
                    all(sort_of(_column(other, key)) == sort_of(column) for other in meant)
                    for column, key in zip(asked, reference.keys, strict=True)
                )
                which = (frozenset(other.name for other in meant), reference.keys, by_value)
                if which not in shared:
                    shared[which] = self._pool(meant)
                    self._hold(shared[which], meant, reference.keys, by_value)
                severity = reference.severity if references == AS_DECLARED else Severity(references)
                delimiter = asked[0].delimiter if asked[0].type is Type.LIST else ""
                meanings = _meanings(asked, by_value)
                self.askings[schema.name].append(Asking(shared[which], reference, severity, meanings, delimiter))

    def __bool__(self) -> bool:
        """Whether there is anything to be looked at."""
        return bool(self._pools)

    @property
    def pools(self) -> Sequence[frozenset[str]]:
        """Of each, the kinds whose rows may be in it."""
        return self._pools

    def may_keep_back(self, kind: str) -> bool:
        """Whether a row of that kind can be kept back for what other files hold, or do not hold."""
        asks = any(asking.severity is Severity.ERROR for asking in self.askings[kind])
        holds = any(self.is_own(holding.pool) for holding in self.holdings[kind])
        return asks or (holds and self.duplicates is Severity.ERROR)

    def is_own(self, pool: int) -> bool:
        """Whether what is in it is to be there once."""
        return pool in self._own

    def _pool(self, schemas: Sequence[Schema]) -> int:
        self._pools.append(frozenset(schema.name for schema in schemas))
        return len(self._pools) - 1

    def _hold(self, pool: int, schemas: Sequence[Schema], columns: tuple[str, ...], by_value: tuple[bool, ...]) -> None:
        for schema in schemas:
            meanings = _meanings([_column(schema, name) for name in columns], by_value)
            self.holdings[schema.name].append(Holding(pool, columns, meanings))


def untold(schema: Schema) -> Iterator[str]:
    """Columns whose values differ in every row of a file, and can be held against no other file: of a pattern nobody
    knows beforehand which there are."""
    yield from (column.name for column in schema.columns if column.is_pattern and column.constraints.unique)


def _column(schema: Schema, name: str) -> Column:
    return next(column for column in schema.columns if column.name == name)


def _meanings(columns: Sequence[Column], by_value: Sequence[bool]) -> tuple[Meaning | None, ...]:
    """Of columns that are not of one sort on both sides it is the text that has to be the same."""
    return tuple(meaning_of(column) if by else None for column, by in zip(columns, by_value, strict=True))


def _keys(schema: Schema) -> Iterator[tuple[str, ...]]:
    """What tells rows apart, each once."""
    unique = {(column.name,) for column in schema.columns if column.constraints.unique}
    yield from sorted(unique - {schema.key})
    if schema.key:
        yield schema.key

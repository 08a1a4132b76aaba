"""The rules for the rows of a source that is mapped: told in its own lines and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from functools import lru_cache

from orchestrator.errors import ConfigError
from orchestrator.validation.dialect import Dialect, written
from orchestrator.validation.header import Bound, recognise
from orchestrator.validation.keys import Keys, Shelves
from orchestrator.validation.mapping import Mapped, Mapping, Steps
from orchestrator.validation.mends import Twins
from orchestrator.validation.problem import Problem
from orchestrator.validation.record import Record
from orchestrator.validation.rows import Looked, Rows, rows_for
from orchestrator.validation.schema import Column, Constraints, Match, Rule, Schema, Severity


def source_of(mapping: Mapping) -> Schema:
    """What the source has to look like for it. Raises ConfigError."""
    columns = tuple(Column(name=name) for name in mapping.sources)
    try:
        return Schema(name=mapping.name, columns=columns, match=Match.SUBSET)
    except ValueError as error:
        raise ConfigError(f"columns: {error}. Use columns that have a name, or give it one in the export.") from None


def bound_to(mapping: Mapping, schemas: Sequence[Schema]) -> Bound:
    """The kind of file that it makes. Raises ConfigError when it is none of *schemas*."""
    text = written(mapping.targets)
    cells = mapping.targets
    header = Record(text=text, line=1, last_line=1, cells=cells, lines=(1,) * len(cells), count=len(cells))
    found = recognise(schemas, header)
    if isinstance(found, Problem) or not found[1]:
        words = found.message if isinstance(found, Problem) else "none of them is a column of the schema"
        raise ConfigError(f"columns: {words}. The mapping has to make the columns of the schema.")
    return found[0]


class MappedRows(Rows):
    """The names, and the rules about quotes and the number of cells, are those of the source."""

    def __init__(self, source: Bound, dialect: Dialect, mapping: Mapping, target: Bound) -> None:
        plain = tuple(replace(column, constraints=Constraints()) for column in source.columns)
        super().__init__(replace(source, columns=plain), dialect)
        self._target = rows_for(target, dialect)
        self._steps = Steps(mapping, source.names)
        self.header = self._target.header
        self.proof = None

    def keys(self, shelves: Shelves | None = None) -> Keys:
        return self._target.keys(shelves)

    def takes(self, cells: Sequence[str], line: int, keys: Keys) -> bool:
        return False

    def look(self, record: Record, keys: Keys) -> Looked:
        if record.misquoted or record.count != self._width or record.returns:
            # Warnings are about what is made of a cell, and nothing is.
            return Looked(tuple(p for p in self.problems(record, keys) if p.severity is Severity.ERROR), "")
        mapped = self._steps.apply(record.cells)
        if mapped.left_out:
            return Looked((), "", left_out=True)
        goes = not mapped.unreadable
        text = written(mapped.cells)
        if goes and self._target.takes(mapped.cells, record.line, keys):
            return Looked((), text)
        origins = self._steps.origins_in(record.cells)
        row = _made_of(record, mapped, origins)
        problems = self._target.problems(row, keys, goes=goes, unknown=mapped.unknown)
        faults = self._unreadable(record, mapped)
        return Looked((*faults, *[self._at_source(problem, origins) for problem in problems]), text)

    def twins_of(self, record: Record, keys: Keys, unknown: Set[int] = frozenset()) -> Twins:
        if record.misquoted or record.count != self._width or (mapped := self._steps.apply(record.cells)).left_out:
            return ()
        origins = self._steps.origins_in(record.cells)
        found = self._target.twins_of(_made_of(record, mapped, origins), keys, mapped.unknown)
        return [(origins[column - 1] + 1, line) for column, line in found]

    def _unreadable(self, record: Record, mapped: Mapped) -> Iterator[Problem]:
        remedy = "correct it, or leave such rows out in the mapping"
        for place, why in sorted(mapped.unreadable):
            yield self.problem(Rule.MAPPING, record.lines[place], place + 1, f"{why}: {remedy}")

    def _at_source(self, problem: Problem, origins: Sequence[int]) -> Problem:
        place = origins[problem.column - 1]
        return replace(problem, column=place + 1, name=self.names[place])


def _made_of(record: Record, mapped: Mapped, origins: Sequence[int]) -> Record:
    lines = tuple(record.lines[place] for place in origins)
    return replace(record, cells=mapped.cells, lines=lines, count=len(mapped.cells))


@lru_cache(maxsize=32)
def mapped_rows_for(source: Bound, dialect: Dialect, mapping: Mapping, target: Bound) -> MappedRows:
    return MappedRows(source, dialect, mapping, target)

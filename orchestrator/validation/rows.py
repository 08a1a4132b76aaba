"""What a schema says about a complete record: is it the header, and if a row, what is wrong with it."""

from __future__ import annotations

from functools import lru_cache
from operator import call

from orchestrator.validation.cells import predicate_for, rule_broken
from orchestrator.validation.limits import CELL_LIMIT
from orchestrator.validation.problem import BadRow, Problem
from orchestrator.validation.proof import Proof
from orchestrator.validation.record import Record
from orchestrator.validation.schema import Rule, Schema


class Rows:
    """The rules of one schema, made ready once; `proof` is the short cut for rows that are clean anyway."""

    def __init__(self, schema: Schema) -> None:
        self.header = ",".join(schema.names)
        self.proof = Proof(schema.columns)
        self._schema = schema
        self._width = len(schema.columns)
        self._predicates = tuple(predicate_for(column) for column in schema.columns)
        self._folded = frozenset(name.casefold() for name in schema.names)

    def takes(self, cells: list[str]) -> bool:
        """Whether the cells of a row without quotes and carriage returns are all right."""
        return len(cells) == self._width and all(map(call, self._predicates, cells))

    def is_header(self, record: Record) -> bool:
        """One cell that is a column's name makes it one: better a fault of the header than a wrong row."""
        if record.count > CELL_LIMIT:
            return False
        return any(cell.strip().casefold() in self._folded for cell in record.cells)

    def header_problem(self, record: Record) -> Problem | None:
        """The first cell that is not what the header must have there, to the letter."""
        names = self._schema.names
        for number, (name, cell) in enumerate(zip(names, record.cells, strict=False), 1):
            if cell != name:
                rule = Rule.CARRIAGE_RETURN if number in record.returns else Rule.HEADER
                return self.problem(rule, record.lines[number - 1], number)
        if record.count != self._width:
            return self.problem(Rule.HEADER, record.line, min(record.count, self._width) + 1)
        return None

    def judge(self, record: Record) -> BadRow | None:
        problems = self._problems(record)
        if not problems:
            return None
        ragged = record.count != self._width or record.misquoted
        return BadRow(
            line=record.line,
            last_line=record.last_line,
            raw=record.text,
            cells=None if ragged else record.cells,
            problems=problems,
        )

    def problem(self, rule: Rule, line: int, cell: int) -> Problem:
        return Problem(line=line, column=cell, name=self._schema.name_at(cell), rule=rule)

    def _problems(self, record: Record) -> tuple[Problem, ...]:
        """Where the quotes or the count are wrong nothing is known of the single cells: one problem then."""
        if record.misquoted and record.count <= CELL_LIMIT:
            return (self.problem(Rule.QUOTE, record.lines[record.misquoted - 1], record.misquoted),)
        if record.count != self._width:
            # A file with the line ends of another age is one such record: then that is what helps to hear.
            if record.returns and record.count <= CELL_LIMIT:
                cell = record.returns[0]
                return (self.problem(Rule.CARRIAGE_RETURN, record.lines[cell - 1], cell),)
            return (self.problem(Rule.COLUMNS, record.line, min(record.count, self._width) + 1),)
        found = []
        for number, column in enumerate(self._schema.columns, 1):
            value, line = record.cells[number - 1], record.lines[number - 1]
            if number in record.returns:
                found.append(self.problem(Rule.CARRIAGE_RETURN, line, number))
            elif not self._predicates[number - 1](value):
                found.append(self.problem(rule_broken(column, value), line, number))
        return tuple(found)


@lru_cache(maxsize=32)
def rows_for(schema: Schema) -> Rows:
    return Rows(schema)

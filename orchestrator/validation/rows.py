"""What a schema says about the rows of a file whose header is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from functools import lru_cache
from operator import call
from typing import NamedTuple

from orchestrator.validation.cells import CellRules, values_of
from orchestrator.validation.dialect import Dialect, written
from orchestrator.validation.header import Bound
from orchestrator.validation.keys import Key, Keys, Shelves, key_of
from orchestrator.validation.limits import CELL_LIMIT
from orchestrator.validation.meanings import meaning_of
from orchestrator.validation.mends import Twins
from orchestrator.validation.problem import MESSAGES, BadRow, Problem
from orchestrator.validation.proof import proof_of
from orchestrator.validation.record import Record
from orchestrator.validation.schema import Check, Column, Order, Rule, Severity

_WORDS = {
    Order.SAME: "the same as",
    Order.OTHER: "other than",
    Order.LESS: "less than",
    Order.AT_MOST: "at most",
    Order.MORE: "more than",
    Order.AT_LEAST: "at least",
}


class Looked(NamedTuple):
    """A row, looked at: all that is wrong with it, and how it is sent if nothing keeps it back."""

    problems: tuple[Problem, ...]
    text: str
    left_out: bool = False


class Rows:
    """The rules of one header, made ready once; `proof` is the short cut for rows that are clean anyway."""

    def __init__(self, bound: Bound, dialect: Dialect) -> None:
        self.header = written(bound.names)
        self.names = bound.names
        self._width = len(bound.columns)
        deletes = bound.schema.blank_deletes
        self._cells = tuple(CellRules(column, blank_deletes=deletes) for column in bound.columns)
        self._predicates = tuple(rules.is_clean for rules in self._cells)
        places = {name: place for place, name in enumerate(bound.names)}
        self._checks = tuple(
            _Comparison(check, bound.columns, places)
            for check in bound.schema.checks
            if places.keys() >= {*check.left, *check.right}
        )
        self._keys = tuple(_keys_of(bound, places))
        self._alone = not self._checks and not self._keys
        self.proof = proof_of(bound.columns, dialect, blank_deletes=deletes) if self._alone else None
        self._is_canonical = dialect.is_canonical
        self._messages = {**MESSAGES, Rule.QUOTE: dialect.misquoted, Rule.COLUMNS: dialect.miscounted}

    def keys(self, shelves: Shelves | None = None) -> Keys:
        """For one file."""
        return Keys(self._keys, shelves)

    def takes(self, cells: Sequence[str], line: int, keys: Keys) -> bool:
        """Whether nothing is wrong with a row without quotes and carriage returns; then its keys are kept."""
        if len(cells) != self._width or not all(map(call, self._predicates, cells)):
            return False
        if not all(check.holds(cells) for check in self._checks):
            return False
        return not self._keys or keys.take(cells, line)

    def bad_row(self, record: Record, errors: tuple[Problem, ...]) -> BadRow:
        ragged = record.count != self._width or record.misquoted
        return BadRow(
            line=record.line,
            last_line=record.last_line,
            raw=record.text,
            cells=None if ragged else record.cells,
            problems=errors,
        )

    def problem(self, rule: Rule, line: int, cell: int, message: str = "") -> Problem:
        name = self.names[cell - 1] if cell <= len(self.names) else ""
        return Problem(line=line, column=cell, name=name, rule=rule, message=message or self._messages[rule])

    def look(self, record: Record, keys: Keys) -> Looked:
        """Warnings are among the problems. Unless the row is wrong *keys* keeps its own."""
        text = record.text if self._is_canonical else written(record.cells)
        return Looked(self.problems(record, keys), text)

    def problems(
        self, record: Record, keys: Keys, *, goes: bool = True, unknown: Set[int] = frozenset()
    ) -> tuple[Problem, ...]:
        """Warnings among them. Where the quotes or the count are wrong nothing is known of the single cells, nor is it
        of those at the places *unknown*."""
        if record.misquoted and record.count <= CELL_LIMIT:
            return (self.problem(Rule.QUOTE, record.lines[record.misquoted - 1], record.misquoted),)
        if record.count != self._width:
            # A file with the line ends of another age is one such record: then that is what helps to hear.
            if record.returns and record.count <= CELL_LIMIT:
                cell = record.returns[0]
                return (self.problem(Rule.CARRIAGE_RETURN, record.lines[cell - 1], cell),)
            return (self.problem(Rule.COLUMNS, record.line, min(record.count, self._width) + 1),)
        found = [problem for problem in self._of_cells(record) if problem.column - 1 not in unknown]
        if self._alone:
            return tuple(found)
        wrong = {problem.column - 1 for problem in found if problem.severity is Severity.ERROR} | unknown
        found += [
            self._problem_of(comparison, record)
            for comparison in self._checks
            if not wrong & comparison.places and not comparison.holds(record.cells)
        ]
        goes = goes and all(problem.severity is Severity.WARNING for problem in found)
        return (*found, *self._repeated(record, keys, wrong, goes=goes))

    def twins_of(self, record: Record, keys: Keys, unknown: Set[int] = frozenset()) -> Twins:
        """The rows that *keys* knows to be the same where rows have to differ, as far as its own cells are right."""
        if record.misquoted or record.count != self._width:
            return ()
        wrong = {problem.column - 1 for problem in self._of_cells(record) if problem.severity is Severity.ERROR}
        return keys.look(record.cells, wrong | unknown)[0]

    def _of_cells(self, record: Record) -> list[Problem]:
        found = []
        for number, rules in enumerate(self._cells, 1):
            value, line = record.cells[number - 1], record.lines[number - 1]
            if number in record.returns:
                found.append(self.problem(Rule.CARRIAGE_RETURN, line, number))
            elif not rules.is_clean(value) and (test := rules.broken(value)):
                name = self.names[number - 1]
                found.append(
                    Problem(
                        line=line,
                        column=number,
                        name=name,
                        rule=test.rule,
                        message=test.message,
                        severity=test.severity,
                    )
                )
        return found

    def _problem_of(self, comparison: _Comparison, record: Record) -> Problem:
        place = comparison.left[0]
        return Problem(
            line=record.lines[place],
            column=place + 1,
            name=self.names[place],
            rule=Rule.CHECK,
            message=comparison.message,
            severity=comparison.severity,
        )

    def _repeated(self, record: Record, keys: Keys, wrong: Set[int], *, goes: bool) -> list[Problem]:
        """A row that is wrong by itself is no twin of one that comes after it."""
        twins, digests = keys.look(record.cells, wrong)
        if goes and not twins:
            keys.keep(digests, record.line)
        return [
            self.problem(
                Rule.UNIQUE,
                record.lines[cell - 1],
                cell,
                f"the same as in line {line:,}: let every row differ here, or take one of the two out",
            )
            for cell, line in twins
        ]


class _Comparison:
    """A check, where its columns stand in this file."""

    def __init__(self, check: Check, columns: Sequence[Column], places: dict[str, int]) -> None:
        self.left = [places[name] for name in check.left]
        right = [places[name] for name in check.right]
        self.places = {*self.left, *right}
        self.severity = check.severity
        words = f"{' '.join(check.left)} must be {_WORDS[check.order]} {' '.join(check.right)}"
        self.message = f"{words}: correct one of them"
        self._sides = [[(place, values_of(columns[place])) for place in side] for side in (self.left, right)]
        self._order = check.order.holds

    def holds(self, cells: Sequence[str]) -> bool:
        """Also where a cell is empty: whether it may be is another rule."""
        left, right = ([value(cells[place]) for place, value in side] for side in self._sides)
        return None in left or None in right or self._order(left, right)


def _keys_of(bound: Bound, places: dict[str, int]) -> Iterator[Key]:
    unique = [(column.name,) for column in bound.columns if column.constraints.unique]
    for names in (*unique, bound.schema.key):
        if names and places.keys() >= set(names):
            at = tuple(places[name] for name in names)
            yield key_of(at, [meaning_of(bound.columns[place]) for place in at])


@lru_cache(maxsize=32)
def rows_for(bound: Bound, dialect: Dialect) -> Rows:
    return Rows(bound, dialect)

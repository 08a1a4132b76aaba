"""Is this cell right? One predicate per column; whatever is true counts as yes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from operator import ge, le
from typing import Any, TypeAlias

from orchestrator.validation.forms import Predicate, form_of
from orchestrator.validation.formulas import SIGNS, is_no_formula, may_hold_formulas
from orchestrator.validation.problem import MESSAGES
from orchestrator.validation.schema import WRITTEN, Column, Rule, Severity, Type

Value: TypeAlias = int | Decimal | str

INTEGER = "[+-]?[0-9]+"
NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?"
_SHOWN = 12
_PATTERN_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One rule for the cells of a column."""

    rule: Rule
    message: str
    holds: Predicate
    severity: Severity = Severity.ERROR


_FORMULA = Test(rule=Rule.FORMULA, message=MESSAGES[Rule.FORMULA], holds=is_no_formula, severity=Severity.WARNING)


class CellRules:
    """What holds for the cells of one column.

    A cell that need not be filled may be empty; one of white space is blank where cells have to be filled, and
    a value everywhere else, because cells are not trimmed for the remote.
    """

    def __init__(self, column: Column, *, blank_deletes: bool) -> None:
        self._tests = tuple(tests_of(column))
        self._blank: Test | None = None
        if column.constraints.required:
            self._blank = Test(rule=Rule.REQUIRED, message=MESSAGES[Rule.REQUIRED], holds=str.strip)
        elif blank_deletes:
            message = MESSAGES[Rule.DELETES]
            self._blank = Test(rule=Rule.DELETES, message=message, holds=str.strip, severity=Severity.WARNING)
        self._may_be_run = may_hold_formulas(column)
        self.is_clean = self._predicate(column)

    def broken(self, cell: str) -> Test | None:
        """The first rule that the cell breaks."""
        if self._blank and not cell.strip():
            return self._blank
        if not cell:
            return None
        if broken := next((test for test in self._tests if not test.holds(cell)), None):
            return broken
        return _FORMULA if self._may_be_run and not is_no_formula(cell) else None

    def _predicate(self, column: Column) -> Predicate:
        """`broken` for the usual case, where there is but one thing to ask: this is called for every cell."""
        if not self._tests and not self._may_be_run:
            return str.strip if self._blank else _anything
        if not self._tests:
            return _is_filled_and_no_formula if self._blank else is_no_formula
        if self._blank and len(self._tests) == 1 and column.type not in (Type.STRING, Type.LIST):
            return self._tests[0].holds  # nothing blank is a value of the other types
        tests = [test.holds for test in self._tests]
        may_be_blank = self._blank is None
        signs = SIGNS if self._may_be_run else frozenset[str]()

        def is_clean(cell: str) -> bool:
            if not cell or not (may_be_blank or cell.strip()):
                return may_be_blank
            for holds in tests:  # all() would take twice as long
                if not holds(cell):
                    return False
            return cell[0] not in signs or is_no_formula(cell)

        return is_clean


def _is_filled_and_no_formula(cell: str) -> object:
    return (cell[:1] not in SIGNS or is_no_formula(cell)) and cell.strip()


def tests_of(column: Column) -> Iterator[Test]:
    """The type first: what it does not let through has no value for the others to look at."""
    if column.type is not Type.STRING:
        yield _type_test(column)
    limits = column.constraints

    def test(rule: Rule, message: str, holds: Predicate) -> Test:
        return Test(rule=rule, message=message, holds=holds, severity=limits.severity)

    if (least := limits.min_length) is not None:
        yield test(Rule.MIN_LENGTH, f"shorter than {least:,} characters: write more", lambda c: len(c) >= least)
    if (most := limits.max_length) is not None:
        yield test(Rule.MAX_LENGTH, f"longer than {most:,} characters: shorten it", lambda c: len(c) <= most)
    if limits.minimum:
        message = f"less than {limits.minimum}, the least that is allowed: correct it"
        yield test(Rule.MINIMUM, message, partial(_stands, ge, values_of(column), value_of(column, limits.minimum)))
    if limits.maximum:
        message = f"more than {limits.maximum}, the most that is allowed: correct it"
        yield test(Rule.MAXIMUM, message, partial(_stands, le, values_of(column), value_of(column, limits.maximum)))
    if limits.pattern:
        message = f"not written as it has to be: correct it, so that it matches {_shortened(limits.pattern)}"
        yield test(Rule.PATTERN, message, _of_items(column, re.compile(limits.pattern).fullmatch))
    if limits.enum:
        rule, message = _enum_message(limits.enum)
        yield test(rule, message, _of_items(column, frozenset(limits.enum).__contains__))


def value_of(column: Column, cell: str) -> Value | None:
    """What a cell stands for, to be compared; None when it is empty or none of its type."""
    return values_of(column)(cell)


def values_of(column: Column) -> Callable[[str], Value | None]:
    """`value_of` for many cells of one column."""
    if column.type in WRITTEN:
        return form_of(column.type, column.written).value
    if column.type is Type.BOOLEAN:
        return {**dict.fromkeys(column.false_values, False), **dict.fromkeys(column.true_values, True)}.get
    return partial(_number, _NUMBERS[column.type]) if column.type in _NUMBERS else _itself


def _number(is_one: Predicate, cell: str) -> Decimal | None:
    try:
        return Decimal(cell) if is_one(cell) else None
    except InvalidOperation:
        return None


def _itself(cell: str) -> str | None:
    return cell or None


def _type_test(column: Column) -> Test:
    kind = column.type
    if kind in WRITTEN:
        form = form_of(kind, column.written)
        return Test(rule=Rule(kind), message=form.message, holds=form.holds)
    match kind:
        case Type.BOOLEAN:
            words = column.true_values + column.false_values
            message = f"not {_or(words)}: write exactly one of these"
            return Test(rule=Rule.BOOLEAN, message=message, holds=frozenset(words).__contains__)
        case Type.LIST:
            message = f'an item is blank: write one "{column.delimiter}" between two items, and none at the ends'
            return Test(rule=Rule.LIST, message=message, holds=_of_items(column, str.strip))
        case Type.OBJECT:
            return Test(rule=Rule.OBJECT, message=MESSAGES[Rule.OBJECT], holds=_is_object)
    return Test(rule=Rule(kind), message=MESSAGES[Rule(kind)], holds=_NUMBERS[kind])


_NUMBERS: dict[Type, Predicate] = {
    Type.INTEGER: re.compile(INTEGER).fullmatch,
    Type.NUMBER: re.compile(NUMBER).fullmatch,
}


def _of_items(column: Column, holds: Predicate) -> Predicate:
    if column.type is not Type.LIST:
        return holds
    return lambda cell: all(map(holds, cell.split(column.delimiter)))


def _anything(_: str) -> bool:
    return True


def _stands(
    order: Callable[[Any, Any], bool], value: Callable[[str], Value | None], limit: Value | None, cell: str
) -> bool:
    return order(value(cell), limit)


def _is_object(cell: str) -> bool:
    try:
        return isinstance(json.loads(cell, parse_constant=_not_json), dict)
    except (ValueError, RecursionError):
        return False


def _not_json(word: str) -> None:
    """NaN and the infinities, which json.loads takes, and a remote does not."""
    raise ValueError(word)


def _enum_message(words: tuple[str, ...]) -> tuple[Rule, str]:
    """Single digits have a name of their own."""
    if all(len(word) == 1 and word in "0123456789" for word in words):
        return Rule.DIGIT, f"not one of {_and(words)}: write exactly one of these digits"
    return Rule.ENUM, f"not one of {_and(words)}: write exactly one of these"


def _and(words: tuple[str, ...], word: str = "and") -> str:
    if len(words) > _SHOWN:
        words = (*words[:_SHOWN], f"{len(words) - _SHOWN:,} more")
    return f" {word} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _or(words: tuple[str, ...]) -> str:
    return _and(words, "or")


def _shortened(pattern: str) -> str:
    return pattern if len(pattern) <= _PATTERN_SHOWN else f"{pattern[:_PATTERN_SHOWN]}…"

"""What a cell means where rows are told apart by it, or found again: what is the same is one, however it is written.

A whole number, a number, a date, a time, a moment and a boolean mean their value: 1, 01, +1 and 1.0 are one number, and
09:00 is 09:00:00. Everything else means its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from orchestrator.validation.cells import NUMBER, values_of
from orchestrator.validation.schema import Column, Type

Meaning: TypeAlias = Callable[[str], str]
"""For any cell; one that is none of its type means its text."""

_SORTS: Mapping[Type, str] = MappingProxyType(
    {
        Type.INTEGER: "number",
        Type.NUMBER: "number",
        Type.BOOLEAN: "boolean",
        Type.DATE: "date",
        Type.TIME: "time",
        Type.DATETIME: "datetime",
    }
)
_NUMBER = re.compile(NUMBER).fullmatch


def sort_of(column: Column) -> str:
    """Columns of one sort have meanings that can be compared with each other; "" where they are texts."""
    return _SORTS.get(column.type, "")


def meaning_of(column: Column) -> Meaning | None:
    """None where it is the text, which need not be asked for."""
    sort = sort_of(column)
    if sort == "number":
        return _number
    return partial(_value, values_of(column)) if sort else None


def _value(value: Callable[[str], object], cell: str) -> str:
    found = value(cell)
    return cell if found is None else str(found)


def _number(cell: str) -> str:
    """Digit by digit, because a float has too few of them, and a decimal would be rounded."""
    if not _NUMBER(cell):
        return cell
    mantissa, _, power = cell.lower().partition("e")
    whole, _, decimals = mantissa.lstrip("+-").partition(".")
    digits = f"{whole}{decimals}".lstrip("0")
    if not digits:
        return "0"
    kept = digits.rstrip("0")
    sign = "-" if cell.startswith("-") else ""
    return f"{sign}{kept}e{int(power or 0) - len(decimals) + len(digits) - len(kept)}"

"""Is this cell right? One predicate per format; whatever is true counts as yes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from orchestrator.validation.schema import Column, Format, Rule

Predicate = Callable[[str], object]

_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_TIMES = frozenset(f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60))


@lru_cache(maxsize=8_192)
def is_date(cell: str) -> bool:
    """A day of the calendar. ASCII digits only: what int() takes beyond them is not what the remote takes."""
    parts = _DATE.fullmatch(cell)
    if not parts:
        return False
    day, month, year = map(int, parts.groups())
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


# Methods of built-in types, because they are called for every cell: str.strip leaves nothing of a blank one.
_PREDICATES: dict[Format, tuple[Predicate, Rule]] = {
    Format.TEXT: (str.strip, Rule.REQUIRED),
    Format.DATE: (is_date, Rule.DATE),
    Format.TIME: (_TIMES.__contains__, Rule.TIME),
    Format.TIME_REFERENCE: (frozenset("012").__contains__, Rule.DIGIT),
}


def predicate_for(column: Column) -> Predicate:
    """An optional cell may be empty, but blank only if it is text: cells are not trimmed for the remote."""
    predicate, _ = _PREDICATES[column.format]
    if column.required:
        return predicate
    return lambda cell: not cell or column.format is Format.TEXT or predicate(cell)


def rule_broken(column: Column, cell: str) -> Rule:
    """The rule that a cell breaks which its predicate refuses."""
    _, rule = _PREDICATES[column.format]
    return rule if cell.strip() or not column.required else Rule.REQUIRED

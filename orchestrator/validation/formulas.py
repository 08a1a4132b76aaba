"""Would a spreadsheet run this cell? Whoever opens the file there is warned; it is sent as it stands.

A formula is a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return (the list of OWASP, "CSV
Injection"). These are none, lest ordinary data be noisy:

- a sign and nothing more, and white space and nothing more;
- after a `+` or `-` only digits, spaces, dots, commas, brackets, slashes and dashes, with an exponent at the end or
  without: numbers, telephone numbers, dashes in the place of a value. Without a letter it can name no function, no cell
  and no other program.

A cell with one of the words that its column lists is looked at no further: whoever wrote the schema wants them.
"""

from __future__ import annotations

import re

from orchestrator.validation.schema import Column, Type

SIGNS = frozenset("=+-@\t\r")
NUMBER = "-0123456789 .,()[]/"
"""What may stand behind the sign of a number."""

_HARMLESS = re.compile(rf"[=@]|\s+|[+-][{re.escape(NUMBER)}]*(?:(?<=[0-9])[eE][+-]?[0-9]+)?")


def may_hold_formulas(column: Column) -> bool:
    return column.type is Type.STRING and not column.constraints.enum


def is_no_formula(cell: str) -> bool:
    return cell[:1] not in SIGNS or _HARMLESS.fullmatch(cell) is not None

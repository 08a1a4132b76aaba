"""The fast path: a regular expression that can only ever prove that rows are clean.

It is built from the columns and holds less than the rules allow: years outside 1000–2999, cells that begin with
a space, quotes or line ends inside quotes and so on are left to the reference path, which says what is right.
A pattern that is too narrow costs speed; only one that is too wide could cost truth, and
property tests hold both paths equal. Columns whose rules no such pattern can hold have no fast path.

The quantifiers are possessive: a row that does not fit is given up at once, at a cost of its own length. A set of
characters names those that it holds, never those that it does not, which takes the engine twice as long to look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from orchestrator.validation.dialect import CANONICAL, Dialect
from orchestrator.validation.formulas import NUMBER, SIGNS
from orchestrator.validation.limits import FIELD_LIMIT
from orchestrator.validation.schema import WRITTEN, Column, Constraints, Severity, Type

# Every alternative begins with a digit of its own, and the slash stands inside: measured to be the quickest.
_DATE = (
    r"(?:0[1-9]/|1[0-9]/|2[0-8]/|(?:29|30)/(?!02)|31/(?!0[2469]|11)"
    r"|29/(?=02/[12][0-9](?:0[48]|[2468][048]|[13579][26])))(?:0[1-9]|1[0-2])/[12][0-9][0-9][0-9]"
)
_PARTS = {
    "Y": "[12][0-9][0-9][0-9]",
    "m": "(?:0[1-9]|1[0-2])",
    "d": "(?:0[1-9]|1[0-9]|2[0-8])",
    "H": "(?:[01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
}
_NOTHING = (Constraints(), Constraints(severity=Severity.WARNING))
_ANY = (("\0", "\U0010ffff"),)
# Beyond ASCII only where there is no white space, so that the first character proves a cell not blank.
_SOLID = (("!", "~"), ("\xa1", "\u167f"), ("\u3001", "\U0010ffff"))
_QUOTE, _ENDS = '"', "\r\n"
_SIGNS = _QUOTE + ","
_DELIMITERS = ",;\t|"
_MOST_COLUMNS = 64
_MOST_WORDS = 64
_LONGEST_NUMBER = 99


class Proof:
    """Finds runs of clean rows with one kind of line end: a run with CRLF already is what the remote gets."""

    __slots__ = ("_row", "_runs")

    def __init__(self, cells: Sequence[str], delimiter: str = ",") -> None:
        self._row = re.escape(delimiter).join(cells)
        self._runs: dict[str, re.Pattern[str]] = {}

    def end_of_clean_rows(self, text: str, start: int) -> tuple[int, bool]:
        """Where the proven rows from *start* on end (*start* itself if there are none), and if by CRLF.

        *start* is the beginning of a record and *text* ends with a line end.
        """
        crlf = text.startswith("\r", text.find("\n", start) - 1)
        match = self._run(r"\r\n" if crlf else r"\n").match(text, start)
        # Python before 3.11.5 may leave the end inside a row that did not fit (its issue 106052).
        return (text.rfind("\n", start, match.end()) + 1 or start) if match else start, crlf

    def _run(self, end: str) -> re.Pattern[str]:
        """Made when the first such line end is met: it takes longer than to judge a small file."""
        if (run := self._runs.get(end)) is None:
            run = self._runs[end] = re.compile(f"(?:{self._row}{end})*+")
        return run


def proof_of(columns: Sequence[Column], dialect: Dialect = CANONICAL, *, blank_deletes: bool = False) -> Proof | None:
    """None where some column allows none; a row of one empty cell is a blank line, and no row at all."""
    if not 0 < len(columns) <= _MOST_COLUMNS or dialect.delimiter not in _DELIMITERS:
        return None
    may_be_empty = not blank_deletes and len(columns) > 1
    cells = [_cell(column, dialect, may_be_empty=may_be_empty) for column in columns]
    kept = [cell for cell in cells if cell is not None]
    if len(kept) < len(cells):
        return None
    days = [cell for column, cell in zip(columns, kept, strict=True) if column.type is Type.DATE]
    return Proof(_compared(kept, days), dialect.delimiter)


def _compared(cells: Sequence[str], days: Sequence[str]) -> Sequence[str]:
    """Where a row holds the same day again it is compared, which is quicker than to read it."""
    day = next((day for day in days if days.count(day) > 1 and not day.endswith("?+")), None)
    if day is None:
        return cells
    first = cells.index(day)
    return [
        f"({cell})" if place == first else rf"(?:\1|{cell})" if cell == day else cell
        for place, cell in enumerate(cells)
    ]


def _cell(column: Column, dialect: Dialect, *, may_be_empty: bool) -> str | None:
    """Its quotes and the comma after it decide where a cell ends, so no pattern may leave that open."""
    if set(_signs_of(column)) & {*',"\r\n', dialect.delimiter, *dialect.quote}:
        return None
    filled = _text(dialect) if _is_text(column) else _filled(column)
    if filled is None or column.constraints.required or not may_be_empty:
        return filled
    return f"(?:{filled})?+"


def _signs_of(column: Column) -> str:
    """Whatever plain signs its rules bring into a pattern."""
    words = column.true_values + column.false_values if column.type is Type.BOOLEAN else column.constraints.enum
    return "".join((*words, column.written))


def _is_text(column: Column) -> bool:
    return column.type is Type.STRING and replace(column.constraints, required=False) in _NOTHING


def _text(dialect: Dialect) -> str:
    """Where what is sent is not what stands there, a cell with a comma or any quote is left to be written anew."""
    if dialect.is_canonical:
        return f'(?:{_plain(_SIGNS)}|"{_plain(_QUOTE)}"|{_signed(_SIGNS)})'
    never = _SIGNS + dialect.delimiter + dialect.quote
    return f"(?:{_plain(never)}|{_signed(never)})"


def _plain(never: str) -> str:
    """Nothing that begins as a formula does, which is looked at by itself."""
    return f"{_set(_SOLID, never + ''.join(SIGNS))}{_set(_ANY, never + _ENDS)}{{0,{FIELD_LIMIT - 1}}}+"


def _signed(never: str) -> str:
    """Numbers that begin with a sign."""
    first, more = ("".join(re.escape(sign) for sign in signs if sign not in never) for signs in ("+-", NUMBER))
    return f"[{first}][{more}]{{0,{_LONGEST_NUMBER}}}+"


def _set(ranges: Iterable[tuple[str, str]], without: str) -> str:
    """Of the characters in *ranges* those that are not among *without*."""
    kept = []
    for first, last in ranges:
        begin, end = ord(first), ord(last)
        for gap in sorted({ord(sign) for sign in without if first <= sign <= last}):
            kept.append((begin, gap - 1))
            begin = gap + 1
        kept.append((begin, end))
    return "[" + "".join(f"\\U{begin:08x}-\\U{end:08x}" for begin, end in kept if begin <= end) + "]"


def _filled(column: Column) -> str | None:
    limits = column.constraints
    beyond_words = Constraints(required=limits.required, enum=limits.enum, severity=limits.severity)
    if limits != beyond_words:
        return None
    if limits.enum:
        return _one_of(limits.enum) if column.type is Type.STRING else None
    match column.type:
        case Type.BOOLEAN:
            return _one_of(column.true_values + column.false_values)
        case Type.INTEGER:
            return "[+-]?[0-9]{1,99}+"
    return _moment(column.written) if column.type in WRITTEN else None


def _one_of(words: tuple[str, ...]) -> str | None:
    """No word may go on where another one ends: the first that fits is the one that is taken."""
    if len(words) > _MOST_WORDS or not all(word.strip() for word in words):
        return None
    return f"(?:{'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})"


def _moment(written: str) -> str | None:
    if written == "%d/%m/%Y":
        return _DATE
    parts = re.split("%(.)", written)
    if any(part not in _PARTS for part in parts[1::2]) or {*"[]"} & set(written):
        return None  # brackets are around what may be left out
    return "".join(_PARTS[part] if nth % 2 else re.escape(part) for nth, part in enumerate(parts))

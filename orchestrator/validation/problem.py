"""What is wrong, and where: a place and a rule. The texts say how to mend it and never quote the cell of a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.validation.dialect import CANONICAL
from orchestrator.validation.limits import FIELD_LIMIT, KEY_LIMIT, RECORD_LIMIT
from orchestrator.validation.schema import Rule, Severity

MESSAGES = {
    Rule.ENCODING: (
        "cannot be decoded: save the file as UTF-8, unpacked if it is packed, or set the encoding that it really has"
    ),
    Rule.MARK: "holds a byte order mark, as where files were put together: take them apart, or take the mark out",
    Rule.NUL: "holds a NUL character: export the file again as plain text (UTF-8, or UTF-16 with a BOM)",
    Rule.UNCLOSED_QUOTE: 'a quote opens here and never closes: add the closing " or remove the opening one',
    Rule.FIELD_SIZE: f"the cell has more than {FIELD_LIMIT:,} characters: shorten it, or close its quote",
    Rule.PART_SIZE: "the row alone is larger than target.part_bytes lets one part be: raise it, or shorten the row",
    Rule.RECORD_SIZE: f"the row has more than {RECORD_LIMIT:,} characters: check its line ends and quotes",
    Rule.EMPTY: "the file is empty: export it again, or remove it",
    Rule.NO_ROWS: "there is no row below the header: add rows, or remove the file",
    Rule.ALL_LEFT_OUT: "the mapping leaves out every row: correct it, or remove the file",
    Rule.KEYS: f"more than {KEY_LIMIT:,} values that must differ: split the file, or let the schema ask for less",
    Rule.QUOTE: CANONICAL.misquoted,
    Rule.CARRIAGE_RETURN: "a lone carriage return, as old Macs end lines: write CRLF or LF, or quote the cell with it",
    Rule.COLUMNS: CANONICAL.miscounted,
    Rule.REQUIRED: "must not be blank: fill the cell",
    Rule.DELETES: "blank, which deletes what the remote has: fill it, or leave the column out to keep the old values",
    Rule.FORMULA: "a spreadsheet would run it as a formula, and it is sent as it stands: correct it if it is none",
    Rule.REFUSED: "the remote refused this row: objections.csv under results/ says why; mend the row, and resubmit",
    Rule.KEPT_BACK: "kept back when its file was sent, by the rules of then or for another row: mend and resubmit it",
    Rule.ABANDONED: "an upload of this row was abandoned and may have arrived: look there before you resubmit it",
    Rule.INTEGER: "not a whole number: write digits only, with a sign in front if need be",
    Rule.NUMBER: "not a number: write digits, and a point before the decimals",
    Rule.OBJECT: 'not a JSON object: write it as in {"key": "value"}',
}


def undecodable(at: int | None) -> str:
    """*at*: how many bytes of the file stand before it, where that is known."""
    words = MESSAGES[Rule.ENCODING]
    return words if at is None else words.replace("decoded", f"decoded at byte offset {at:,}", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One broken rule at one place.

    `line` is the physical line (from 1) on which the cell begins; ENCODING, NUL and MARK name the line that they
    stand on. `column` is the number of the cell (from 1), 0 where it is the row that is meant and none of its cells;
    `name` its column's or "" where there is none.
    """

    line: int
    column: int
    name: str
    rule: Rule
    message: str
    severity: Severity = Severity.ERROR


def each_once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """One of those that say the same of the same cell, of which several columns may be made; an error if one is."""
    told: dict[tuple[int, int, Rule, str], Problem] = {}
    for problem in problems:
        what = (problem.line, problem.column, problem.rule, problem.message)
        if what not in told or problem.severity is Severity.ERROR:
            told[what] = problem
    return tuple(told.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that must not be sent. `raw` is its own text without the line end.

    `cells` is None where the text does not fall into the right number of cells beyond doubt.
    """

    line: int
    last_line: int
    raw: str
    cells: tuple[str, ...] | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A warning, where it was met first, and in how many rows."""

    problem: Problem
    count: int

"""What is wrong, and where: a place and a rule. The texts say how to mend it and never quote a cell."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.validation.limits import FIELD_LIMIT, RECORD_LIMIT
from orchestrator.validation.schema import Rule

_MESSAGES = {
    Rule.ENCODING: "cannot be decoded: save the file as UTF-8, or set the encoding that it really has",
    Rule.NUL: "holds a NUL character: export the file again as plain text (UTF-8, or UTF-16 with a BOM)",
    Rule.UNCLOSED_QUOTE: 'a quote opens here and never closes: add the closing " or remove the opening one',
    Rule.FIELD_SIZE: f"the cell has more than {FIELD_LIMIT:,} characters: shorten it, or close its quote",
    Rule.RECORD_SIZE: f"the row has more than {RECORD_LIMIT:,} characters: check its line ends and quotes",
    Rule.EMPTY: "the file is empty: export it again, or remove it",
    Rule.NO_ROWS: "there is no row below the header: add rows, or remove the file",
    Rule.QUOTE: 'a quote in the wrong place: put the whole cell in "…" and write each quote inside it as ""',
    Rule.CARRIAGE_RETURN: "a lone carriage return, as old Macs end lines: write CRLF or LF, or quote the cell with it",
    Rule.COLUMNS: "the wrong number of cells: check for a missing comma, or for one that needs quotes",
    Rule.REQUIRED: "must not be blank: fill the cell",
    Rule.DATE: "not a calendar date written DD/MM/YYYY: correct it, day first, with two, two and four digits",
    Rule.TIME: "not a time written hh:mm from 00:00 to 23:59: correct it, with two digits each",
    Rule.DIGIT: "not one of 0, 1 and 2: write exactly one of these digits",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One broken rule at one place.

    `line` is the physical line (from 1) on which the cell begins; ENCODING and NUL name the line that they
    stand on. `column` is the number of the cell (from 1), `name` its column's or "" where there is none.
    """

    line: int
    column: int
    name: str
    rule: Rule

    @property
    def message(self) -> str:
        if self.rule is not Rule.HEADER:
            return _MESSAGES[self.rule]
        if self.name and self.column == 1:
            return f"the header must begin with {self.name}: put the column names on the first line, in order"
        if self.name:
            return f"the header must have {self.name} here: write the column names exactly, in their order"
        return "the header has surplus cells from here on: remove them"


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

"""One record of a CSV file, cell by cell.

Where a record ends is decided by its quotes alone, so that no broken row can swallow its successors unseen:

- A quote opens a quoted section only as the very first character of a cell. Anywhere else in a cell that
  does not begin with one it is an ordinary character, and a fault of the row.
- Inside a quoted section `""` is a quote, and any other quote closes it. What then follows up to the next
  comma or line end is ordinary text, and a fault of the row unless there is nothing.
- In a dialect with an escape it takes the place of the first of two quotes, and may stand before itself; before
  anything else it is an ordinary character, and a fault of the row.
- A line feed ends the record unless a quoted section is open. A carriage return right before it is part of
  the line end.

Comma and quote are those of the dialect; without a quote there is no quoted section.

It follows that at the end of a physical line there are just two situations: the record is over, or a quoted
section is open. So a record is read line by line, every character once, however many lines it has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.validation.dialect import CANONICAL, Dialect
from orchestrator.validation.limits import CELL_LIMIT, FIELD_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A complete record. `cells` and `lines` (where each cell begins) stop at the limit, `count` does not.

    `misquoted` is the number of the first cell whose quotes break the rules (0: none); `returns` are the
    numbers of the cells with a carriage return outside quotes.
    """

    text: str
    line: int
    last_line: int
    cells: tuple[str, ...]
    lines: tuple[int, ...]
    count: int
    misquoted: int = 0
    returns: tuple[int, ...] = ()


def plain_record(text: str, line: int, cells: list[str]) -> Record:
    """A record of one line without a quote, already split."""
    kept = tuple(cells[:CELL_LIMIT])
    returns = tuple(number for number, cell in enumerate(kept, 1) if "\r" in cell) if "\r" in text else ()
    lines = (line,) * len(kept)
    return Record(text=text, line=line, last_line=line, cells=kept, lines=lines, count=len(cells), returns=returns)


class Reading:
    """A record in progress: `read` its lines until it `is_open` no longer, then take the `record`.

    `cell` and `cell_line` are where the reading stands: in which cell, and the line that it began on. With
    `oversize` it stands in a cell beyond the limit, and cannot go on.
    """

    def __init__(
        self,
        line: int,
        dialect: Dialect = CANONICAL,
        *,
        field_limit: int = FIELD_LIMIT,
        cell_limit: int = CELL_LIMIT,
    ) -> None:
        self.line = line
        self._delimiter = dialect.delimiter
        self._quote = dialect.quote
        self._escape = dialect.escape
        self._field_limit = field_limit
        self._cell_limit = cell_limit
        self.is_open = False
        self.oversize = False
        self.size = 0
        self.cell = 0
        self.cell_line = line
        self._now = line
        self._text: list[str] = []
        self._cells: list[str] = []
        self._lines: list[int] = []
        self._misquoted = 0
        self._returns: list[int] = []
        # The open quoted section: its pieces so far, and how many characters of a value they are.
        self._section: list[str] = []
        self._width = 0

    def read(self, text: str) -> None:
        """Read a physical line, or the beginning of one; *text* is without the line end."""
        self._text.append(text)
        self.size += len(text)
        at = self._read_section(text, 0) if self.is_open else self._read_cell(text, 0)
        while at < len(text) and not self.oversize:
            at = self._read_cell(text, at + 1)

    def go_on(self, line_end: str) -> None:
        """The line ended inside a quoted section, so its end is a part of the value."""
        self._text.append(line_end)
        self._section.append(line_end)
        self.size += len(line_end)
        self._width += len(line_end)
        self.oversize = self._width > self._field_limit
        self._now += 1

    def record(self) -> Record:
        return Record(
            text="".join(self._text),
            line=self.line,
            last_line=self._now,
            cells=tuple(self._cells),
            lines=tuple(self._lines),
            count=self.cell,
            misquoted=self._misquoted,
            returns=tuple(self._returns),
        )

    def _read_cell(self, text: str, at: int) -> int:
        """Read the cell that begins at *at*, and say where its comma stands, or the end of the text."""
        self.cell += 1
        self.cell_line = self._now
        if self._quote and text.startswith(self._quote, at):
            self._section.clear()
            self._width = 0
            self.is_open = True
            return self._read_section(text, at + 1)
        end = self._end_of_cell(text, at)
        value = text[at:end]
        if self._quote and self._quote in value:
            self._misquoted = self._misquoted or self.cell
        elif "\r" in value:
            self._returns.append(self.cell)
        self._keep(value, end - at)
        return end

    def _read_section(self, text: str, start: int) -> int:
        """Go on in the open quoted section, and to the end of its cell if it closes."""
        at, escapes = self._end_of_section(text, start)
        stop = at if at >= 0 else len(text)
        self._section.append(text[start:stop])
        self._width += stop - start - escapes
        if at < 0:
            self.oversize = self._width > self._field_limit
            return stop
        self.is_open = False
        end = self._end_of_cell(text, at + 1)
        section = "".join(self._section)
        if end == at + 1:
            self._keep(self._unescaped(section), self._width)
        else:
            self._misquoted = self._misquoted or self.cell
            self._keep(f"{self._quote}{section}{text[at:end]}", self._width + end - at - 1)
        return end

    def _keep(self, value: str, width: int) -> None:
        self.oversize = width > self._field_limit
        if self.cell <= self._cell_limit:
            self._cells.append(value)
            self._lines.append(self.cell_line)

    def _end_of_section(self, text: str, start: int) -> tuple[int, int]:
        """Where the quote stands that closes the section, -1 without one; and how many escapes come before it."""
        escapes = 0
        if not self._escape:
            at = text.find(self._quote, start)
            while at >= 0 and text.startswith(self._quote, at + 1):
                at = text.find(self._quote, at + 2)
                escapes += 1
            return at, escapes
        for sign in _signs(self._quote, self._escape).finditer(text, start):
            if sign[0] == self._quote:
                return sign.start(), escapes
            if len(sign[0]) == 1:
                self._misquoted = self._misquoted or self.cell
            else:
                escapes += 1
        return -1, escapes

    def _unescaped(self, section: str) -> str:
        if not self._escape:
            return section.replace(self._quote * 2, self._quote)
        return _signs(self._quote, self._escape).sub(lambda sign: sign[0][-1], section)

    def _end_of_cell(self, text: str, at: int) -> int:
        end = text.find(self._delimiter, at)
        return end if end >= 0 else len(text)


@lru_cache(maxsize=32)
def _signs(quote: str, escape: str) -> re.Pattern[str]:
    """What an escape makes of the sign behind it, an escape that makes nothing, and a quote that closes."""
    both = re.escape(quote) + re.escape(escape)
    return re.compile(f"{re.escape(escape)}[{both}]|{re.escape(escape)}|{re.escape(quote)}")

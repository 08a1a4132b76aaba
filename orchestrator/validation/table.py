"""The rows of a CSV text that is no source: what a person mended, what is sent, what a remote answers.

The reader of the standard library has one limit for all that the process reads, and no text is to move that of another.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from orchestrator.validation.record import Reading


class NoTable(ValueError):
    """What comes next is no row: why, in words that quote no cell, and the remedy."""


_REMEDY = "save it as CSV, with commas and double quotes"


class Table(Iterator[list[str]]):
    """Row by row, with commas and double quotes; a blank line is an empty row.

    *lines* are physical lines with their ends. Raises NoTable for a cell of more characters than *limit*, for quotes
    that never close, and when it is *strict* for any quote in the wrong place, which else is a character.
    """

    def __init__(self, lines: Iterable[str], *, limit: int, strict: bool = False) -> None:
        self.line = 0
        """Where the row begins that was read last."""
        self._lines = enumerate(lines, 1)
        self._limit = limit
        self._strict = strict

    def __next__(self) -> list[str]:
        self.line, line = next(self._lines)
        text = line.rstrip("\r\n")
        if '"' in text or len(text) > self._limit:
            return self._read(text, line[len(text) :])
        return text.split(",") if text else []

    def _read(self, text: str, end: str) -> list[str]:
        reading = Reading(self.line, field_limit=self._limit, cell_limit=sys.maxsize)
        reading.read(text)
        while reading.is_open and not reading.oversize:
            reading.go_on(end)
            _, line = next(self._lines, (0, ""))
            if not line:
                raise NoTable(f"a quote opens a cell and none closes it: {_REMEDY}")
            text = line.rstrip("\r\n")
            end = line[len(text) :]
            reading.read(text)
        if reading.oversize:
            raise NoTable(f"a cell has more than {self._limit:,} characters: shorten it, or close its quotes")
        record = reading.record()
        if self._strict and record.misquoted:
            raise NoTable(f"a quote in the wrong place: {_REMEDY}")
        return list(record.cells)

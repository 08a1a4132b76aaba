"""Where a file is divided that is larger than a remote takes at once: between rows, as late as the limits allow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from orchestrator.ranges import Growing, Ranges

_BETWEEN = b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of what one submission holds, its header included; 0 is none."""

    rows: int = 0
    size: int = 0
    """Bytes in UTF-8."""

    def __bool__(self) -> bool:
        return bool(self.rows or self.size)


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The rows of one part. It begins at the physical line `line`, and ends where the next one begins."""

    line: int
    rows: int
    """Good and bad."""
    bad: int
    gaps: Ranges
    """Those of the file that had only its header and these rows: no row of it begins on the lines of others."""
    sent: str
    """SHA-256 of the text that is sent of it, the header before it."""


class Cutter:
    """Told of every row in the order of the file, it decides as soon as one does not fit any more.

    `too_large` is the line of a row that does not fit even alone, 0 while there is none.
    """

    def __init__(self, limits: Limits) -> None:
        self.too_large = 0
        self._limits = limits
        self._header, self._header_line = b"", 0
        self._cuts: list[Cut] = []
        self._begin(0)

    def head(self, text: str, line: int) -> None:
        """What every part begins with; *line* is 0 where the file does not."""
        self._header, self._header_line = text.encode(), line
        self._begin(0)

    def good(self, text: str, rows: int, line: int) -> None:
        """So many rows to be sent, with CRLF between them, each on a line of its own from *line* on."""
        content = text.encode()
        if self._fits(content, rows):
            self._add(content, rows, line)
            return
        for number, row in enumerate(content.split(_BETWEEN) if rows > 1 else [content]):
            if not self._fits(row, 1):
                if self._rows:
                    self._cuts.append(self._cut())
                    self._begin(line + number)
                if not self._fits(row, 1):
                    self.too_large = self.too_large or line + number
            self._add(row, 1, line + number)

    def together(self, text: str, rows: int, line: int) -> bool:
        """So many rows are to come on this line and below, and no part begins between them. False when none can hold
        them."""
        content = text.encode()
        if not self._fits(content, rows) and self._rows:
            self._cuts.append(self._cut())
            self._begin(line)
        return self._fits(content, rows)

    def gap(self, first: int, last: int, bad: int = 0) -> None:
        """Lines on which no row begins that is sent; *bad* of them are rows."""
        self._begun_at(first)
        self._gaps.add(first, last)
        self._bad += bad

    @property
    def is_divided(self) -> bool:
        return bool(self._cuts)

    def cuts(self) -> tuple[Cut, ...]:
        """The parts so far; none of them is without a row that is sent, unless there is no such row at all."""
        return (*self._cuts, self._cut()) if self._rows or not self._cuts else tuple(self._cuts)

    def _begin(self, line: int) -> None:
        self._line = self._rows = self._bad = 0
        self._gaps = Growing()
        self._size = len(self._header)
        self._digest = hashlib.sha256(self._header)
        if line:
            self._begun_at(line)

    def _begun_at(self, line: int) -> None:
        if self._line:
            return
        self._line = line
        for first, end in ((1, self._header_line), (self._header_line + 1, line)):
            if first < end:
                self._gaps.add(first, end - 1)

    def _fits(self, content: bytes, rows: int) -> bool:
        limits = self._limits
        size = self._size + len(_BETWEEN) + len(content)
        return (not limits.rows or self._rows + rows <= limits.rows) and (not limits.size or size <= limits.size)

    def _add(self, content: bytes, rows: int, line: int) -> None:
        self._begun_at(line)
        self._rows += rows
        self._size += len(_BETWEEN) + len(content)
        self._digest.update(_BETWEEN)
        self._digest.update(content)

    def _cut(self) -> Cut:
        return Cut(
            line=self._line,
            rows=self._rows + self._bad,
            bad=self._bad,
            gaps=self._gaps.ranges(),
            sent=self._digest.hexdigest(),
        )

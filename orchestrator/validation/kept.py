"""What is kept of a file while it is judged: the text that is to be sent, and which lines are not in it."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.ranges import Growing, Ranges
from orchestrator.validation.cuts import Cut, Cutter, Limits

_LINE_END = "\r\n"


class Kept:
    """Rows come in the order of the file, after `begin`; lines before that are skipped ones."""

    def __init__(self, limits: Limits) -> None:
        self._cutter = Cutter(limits) if limits else None
        self._gaps = Growing()
        self._header: str | None = None
        self._texts: list[str] = []
        self._begun = False

    def begin(self, header: str, line: int) -> None:
        """*line* is 0 where the file has no header."""
        self._header = header
        if self._cutter:
            self._cutter.head(header, line)

    def good(self, text: str, line: int, rows: int = 1) -> bool:
        """So many rows, with CRLF between them, each on a line of its own. False when one is too large for any part."""
        self._texts.append(text)
        if self._cutter:
            self._cutter.good(text, rows, line)
            return not self._cutter.too_large
        return True

    def together(self, texts: Sequence[str], line: int) -> bool:
        """These rows are to come, as far as they are good, and share a part: they are read as one row of the file, on
        this line. False when none can hold them."""
        return self._cutter is None or self._cutter.together(_LINE_END.join(texts), len(texts), line)

    def skip(self, first: int, last: int, bad: int = 0) -> None:
        """Lines on which no row begins that is sent; *bad* of them are rows."""
        self._gaps.add(first, last)
        if self._cutter and self._header is not None:
            self._cutter.gap(first, last, bad)

    def take(self) -> str:
        """The text since the last time, the header first."""
        if not self._texts:
            return ""
        texts, self._texts = self._texts, []
        texts.insert(0, "" if self._begun else self._header or "")
        self._begun = True
        return _LINE_END.join(texts)

    @property
    def too_large(self) -> int:
        return self._cutter.too_large if self._cutter else 0

    @property
    def is_divided(self) -> bool:
        return self._cutter is not None and self._cutter.is_divided

    def gaps(self) -> Ranges:
        return self._gaps.ranges()

    def cuts(self) -> tuple[Cut, ...]:
        """More than one where the file has to be sent in parts."""
        cuts = self._cutter.cuts() if self._cutter else ()
        return cuts if len(cuts) > 1 else ()

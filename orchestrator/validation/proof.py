"""The fast path: a regular expression that can only ever prove that rows are clean.

It is built from the schema and holds less than the rules allow: 29 February, years outside 1000–2999, cells
that begin with a space, quotes or line ends inside quotes and so on are left to the reference path, which
says what is right. A pattern that is too narrow costs speed; only one that is too wide could cost truth, and
property tests hold both paths equal.

The quantifiers are possessive: a row that does not fit is given up at once, at a cost of its own length.
"""

from __future__ import annotations

import re

from orchestrator.validation.limits import FIELD_LIMIT
from orchestrator.validation.schema import Column, Format

# Every alternative begins with a digit of its own, and the slash stands inside: measured to be the quickest.
_DATE = (
    r"(?:0[1-9]/|1[0-9]/|2[0-8]/|(?:29|30)/(?!02)|31/(?!0[2469]|11))(?:0[1-9]|1[0-2])"
    r"/[12][0-9][0-9][0-9]"
)
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_REST = FIELD_LIMIT - 1
# Beyond ASCII only where there is no white space, so that the first character proves a cell not blank.
_BEYOND = r"\xa1-\u167f\u3001-\U0010ffff"
_PLAIN = rf'[#-+\--~!{_BEYOND}][^",\r\n]{{0,{_REST}}}+'
_QUOTED = rf'"[#-~!{_BEYOND}][^"\r\n]{{0,{_REST}}}+"'
_FORMATS = {
    Format.TEXT: f"(?:{_PLAIN}|{_QUOTED})",
    Format.DATE: _DATE,
    Format.TIME: _TIME,
    Format.TIME_REFERENCE: "[012]",
}


class Proof:
    """Finds runs of clean rows with one kind of line end: a run with CRLF already is what the remote gets."""

    __slots__ = ("_crlf", "_lf")

    def __init__(self, columns: tuple[Column, ...]) -> None:
        row = ",".join(_FORMATS[column.format] for column in columns)
        self._crlf = re.compile(rf"(?:{row}\r\n)*+")
        self._lf = re.compile(rf"(?:{row}\n)*+")

    def end_of_clean_rows(self, text: str, start: int) -> tuple[int, bool]:
        """Where the proven rows from *start* on end (*start* itself if there are none), and if by CRLF.

        *start* is the beginning of a record and *text* ends with a line end.
        """
        crlf = text.startswith("\r", text.find("\n", start) - 1)
        match = (self._crlf if crlf else self._lf).match(text, start)
        # Python before 3.11.5 may leave the end inside a row that did not fit (its issue 106052).
        return (text.rfind("\n", start, match.end()) + 1 or start) if match else start, crlf

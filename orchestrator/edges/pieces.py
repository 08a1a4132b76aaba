"""Where the parts of a file lie among its bytes."""

from __future__ import annotations

import codecs
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import BinaryIO

from orchestrator.errors import SourceChanged
from orchestrator.model import Checked, Digest, Part, Sheet, Sheets, Source
from orchestrator.ports import Piece
from orchestrator.validation import Cut

_LINE_END = b"\n"
_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

LONGEST_MARK = 4


def is_divisible(beginning: bytes, encoding: str) -> bool:
    """Whether a line ends in one byte that nothing else has."""
    return not beginning.startswith(_WIDE) and "\n".encode(encoding) == _LINE_END


def line_starts(source: BinaryIO, lines: Iterable[int], marks: Sequence[tuple[int, int]]) -> Iterator[int]:
    """The offset of each of these physical lines. *marks*: lines and offsets in them, the first being (1, 0).

    Only what lies between a line and the mark before it is read. Raises SourceChanged when there is no such line.
    """
    for line in lines:
        known, at = marks[max(0, bisect_left(marks, line, key=itemgetter(0)) - 1)]
        source.seek(at)
        for _ in range(line - known):
            if not (passed := source.readline()).endswith(_LINE_END):
                raise SourceChanged("it changed while it was checked")
            at += len(passed)
        yield at


def mark_of(beginning: bytes) -> int:
    """Bytes of its byte order mark, where a file has one."""
    return len(codecs.BOM_UTF8) if beginning.startswith(codecs.BOM_UTF8) else 0


def pieces_of(
    sheet: Sheet, header_line: int, cuts: Sequence[Cut], starts: Sequence[int], *, mark: int, rules: str
) -> list[Piece]:
    """*sheet* is that of the whole file. *starts*: where the rows begin, where each later part does, and the end.

    Without a header every part begins with the byte order *mark*, of so many bytes.
    A part is known by what is sent of it: wherever it lies in another version, the remote has it already.
    """
    starts = [starts[0] if header_line else mark, *starts[1:]]
    pieces = []
    for number, cut in enumerate(cuts, 1):
        line = header_line + 1 if number == 1 else cut.line
        part = Part(
            number=number,
            of=len(cuts),
            head=starts[0],
            start=starts[number - 1],
            size=starts[number] - starts[number - 1],
            line=line,
        )
        own = Sheet(
            schema=sheet.schema,
            rows=cut.rows,
            bad=cut.bad,
            header=sheet.header,
            gaps=cut.gaps,
            sent=Digest(cut.sent),
        )
        source = Source(data=Digest(cut.sent), size=part.size)
        pieces.append(Piece(part, source, Checked(Sheets(data=own), rules)))
    return pieces

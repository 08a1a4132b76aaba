"""What is wrong with a row beside those of other files: found before the file is judged, told when it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from orchestrator.validation.schema import Rule, Severity


class Remark(NamedTuple):
    line: int
    """The physical line that the row begins on."""
    column: int
    """The number of the cell in the source, from 1."""
    rule: Rule
    message: str
    severity: Severity


Remarks: TypeAlias = Callable[[int], Sequence[Remark]]
"""Those about the row that begins on a line; asked for one line after the other, as they ascend."""


def nothing(line: int) -> Sequence[Remark]:
    return ()


def in_turn(remarks: Iterator[Remark]) -> Remarks:
    """In memory are those of one row, and the next."""
    ahead = next(remarks, None)
    here: list[Remark] = []

    def of(line: int) -> Sequence[Remark]:
        nonlocal ahead
        if here and here[0].line != line:
            here.clear()
        while ahead and ahead.line <= line:
            if ahead.line == line:
                here.append(ahead)
            ahead = next(remarks, None)
        return here

    return of

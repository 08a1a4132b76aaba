"""Which physical line a sent row came from, by the lines that no sent row begins on."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.ranges import Ranges


@dataclass(frozen=True, slots=True)
class SourceLines:
    """The physical line, from 1, that each sent row, from 1, begins on.

    The header is the first line that is in no gap: blank lines above it are gaps too.
    """

    header: bool
    gaps: Ranges

    def __getitem__(self, row: int) -> int:
        return self.gaps.line_outside(row + self.header)

    def rows_on(self, first: int, last: int, rows: int) -> range:
        """Those of so many *rows* that begin on these lines, both ends in."""
        above, up_to = (self.gaps.outside_up_to(line) - self.header for line in (first - 1, last))
        return range(max(above, 0) + 1, min(up_to, rows) + 1)

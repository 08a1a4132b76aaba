"""Where mended rows belong in their file: none may fall between its rows, where nobody would ever look for it.

The file is read once, beside its list. A row of several lines, which a quote may have made of several rows, may become
as many again, and none of its lines is left out unsaid. A row that was accepted keeps its key, also where a mended one
with the same stands above it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from orchestrator.errors import Unusable
from orchestrator.validation.judge import Judge
from orchestrator.validation.mended import Mended, MendedList
from orchestrator.validation.mends import Mends
from orchestrator.validation.record import Record
from orchestrator.validation.rules import Rules

_REMEDY = "mend it in the file itself, and run"


class Placing:
    """Feed it the file of a list, then close it."""

    def __init__(
        self, rules: Rules, listed: MendedList, earlier: MendedList | None, is_accepted: Callable[[int], bool]
    ) -> None:
        """*earlier*: what was mended before. *is_accepted*: whether the remote has the row that begins on a line."""
        self._listed = listed
        self._mended = mended = earlier.records(rules.dialect) if earlier else {}
        self._parted = listed.parted(rules.dialect)
        self._dialect = rules.dialect
        self._is_accepted = is_accepted
        self._lines = _Lines(mended, self._parted.rows, width=len(listed.names))
        self._judge = Judge(
            *rules.schemas,
            encoding=rules.encoding,
            dialect=rules.dialect,
            mapping=rules.mapping,
            leave_out=lambda line: not is_accepted(line),
            mends=self._lines,
            shelves=rules.shelves,
        )

    def feed(self, chunk: bytes) -> None:
        self._judge.feed(chunk)

    def close(self, is_right: Callable[[int], bool]) -> MendedList:
        """The list, with each row by itself. *is_right*: whether the row that begins on a line needs no mending.

        Raises Unusable for a row that takes the place of none.
        """
        self._judge.close()
        for line in self._parted.rows:
            self._require_place(line, is_right)
        return self._parted

    def require_all_lines(self, rows: MendedList) -> None:
        """Raises Unusable where one of *rows* takes the place of a row that could not be read, and of some lines of
        that there is nothing: each may have been a row of its own."""
        for first, lines in self._lines.unread.items():
            if first not in rows.rows:  # then all of it stays in the list
                continue
            last = first + len(lines) - 1
            given = {at for row in rows.rows.values() if first <= row.line <= last for at in row.stands_on}
            lost = [
                at
                for at, text in enumerate(lines, first)
                if text.strip(f" \r{self._dialect.quote}{self._dialect.delimiter}")
                and at not in given
                and not self._is_accepted(at)
            ]
            if lost:
                more = f" and of {len(lost) - 1:,} more" if len(lost) > 1 else ""
                raise Unusable(
                    f"the row of line {first:,} takes the place of lines {first:,} to {last:,}, and what stood on line "
                    f"{lost[0]:,}{more} would be lost: write each row with its own _line, or all below each other in "
                    f"_raw, with nothing in the columns; a cell keeps its line breaks. Or {_REMEDY}"
                )

    def beside_accepted(self, rows: MendedList) -> MendedList:
        """*rows*, each with its twins among those that were accepted and stand below it."""
        records = rows.records(self._dialect)
        return replace(rows, rows={line: self._with_twins(row, records[line]) for line, row in rows.rows.items()})

    def _with_twins(self, row: Mended, record: Record) -> Mended:
        if self._is_accepted(row.line):
            return replace(row, twins=())
        twins = self._judge.twins_of(record)
        return replace(row, twins=tuple((column, line) for column, line in twins if line > row.line))

    def _require_place(self, line: int, is_right: Callable[[int], bool]) -> None:
        above = self._above(line)
        if self._lines.found.get(line) != self._lines.found.get(above):
            rows = sum(self._above(each) == above for each in self._parted.rows)
            first, last = self._lines.found.get(above, (above, above))
            stands = f"line {above:,}" if above == last else f"lines {above:,} to {last:,}"
            raise Unusable(f"_raw of line {above:,} holds {rows:,} rows, and stands for {stands}: {_REMEDY}")
        if line not in self._lines.found:
            raise Unusable(f"no row of the file begins on line {line:,}: {_REMEDY}")
        first, _ = self._lines.found[line]
        if first != line and first not in self._mended and is_right(first):
            raise Unusable(
                f"no row of the file begins on line {line:,}: it belongs to the row of line {first:,}, which is right. "
                f"Take it out of the list, or {_REMEDY}"
            )

    def _above(self, line: int) -> int:
        """The line of the list that it was written for."""
        return line if line in self._listed.rows else max(each for each in self._listed.rows if each < line)


class _Lines(Mends):
    """Notes the first and the last line of every row that one of the *wanted* lines is of."""

    def __init__(self, rows: Mapping[int, Record], wanted: Collection[int], *, width: int) -> None:
        super().__init__(rows)
        self.found: dict[int, tuple[int, int]] = {}
        self.unread: dict[int, list[str]] = {}
        """The lines of rows of several whose cells are in doubt, by the first of them."""
        self._width = width
        self._wanted = sorted(wanted)

    def touches(self, first: int, last: int) -> bool:
        return super().touches(first, last) or bool(self._between(first, last))

    def instead_of(self, record: Record) -> Sequence[Record]:
        for line in self._between(record.line, record.last_line):
            self.found[line] = record.line, record.last_line
            if record.last_line > record.line and (record.misquoted or record.count != self._width):
                self.unread[record.line] = record.text.split("\n")
        return super().instead_of(record)

    def _between(self, first: int, last: int) -> list[int]:
        return self._wanted[bisect_left(self._wanted, first) : bisect_right(self._wanted, last)]

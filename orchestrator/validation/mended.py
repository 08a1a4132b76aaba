"""A list of rows that a person mended: the list of rejects that was worked on, or what was kept of earlier ones.

In both a row stands in the columns of its source, or as it was in `_raw` where it did not fall into these.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.errors import Unusable
from orchestrator.ranges import Ranges
from orchestrator.validation.cuts import UNLIMITED
from orchestrator.validation.dialect import CANONICAL, Dialect, written
from orchestrator.validation.limits import MENDED_LIMIT, RECORD_LIMIT
from orchestrator.validation.mends import Twins, on_line
from orchestrator.validation.record import Reading, Record
from orchestrator.validation.rejects import KEPT
from orchestrator.validation.rules import Rules
from orchestrator.validation.schema import Rule
from orchestrator.validation.table import Table

_AFTER = "_after"
_TWINS = "_twins"
"""What is kept beside these where a row has some; no list of rejects has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A row as a person left it. What is in its columns counts; `raw` only where they are all empty."""

    line: int
    """Where the row begins in its file that it takes the place of."""
    cells: tuple[str, ...]
    raw: str = ""
    twins: Twins = ()
    """Accepted rows below it that have its key: as long as it has, it is not right."""

    @property
    def is_blank(self) -> bool:
        return not self.raw and not any(self.cells)

    @property
    def stands_on(self) -> range:
        """The lines of its file that its words take up."""
        words = "".join(self.cells) or self.raw.rstrip("\r\n")
        return range(self.line, self.line + 1 + words.count("\n"))

    def parted(self, dialect: Dialect) -> Sequence[Mended]:
        """Itself, or the rows that stand in its words: each on the line of its file that it has there."""
        if any(self.cells):
            return [self]
        texts = [(at, text) for at, text in _texts(self.raw, dialect) if text]
        if len(texts) < 2:
            return [self]
        return [replace(self, line=self.line + at, raw=text) for at, text in texts]

    def record(self, dialect: Dialect) -> Record:
        if self.raw and not any(self.cells):
            return on_line(_read(self.raw, dialect), self.line)
        return on_line(_record(self.cells), self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class MendedList:
    names: tuple[str, ...]
    """The columns of the source."""
    rows: Mapping[int, Mended]
    """By line."""
    after: int = 0
    """The newest version that was done when they were sent back: the same rows are others when they are sent back after
    the next."""

    def records(self, dialect: Dialect) -> dict[int, Record]:
        return {line: row.record(dialect) for line, row in self.rows.items()}

    @property
    def twins(self) -> dict[int, Twins]:
        return {line: row.twins for line, row in self.rows.items() if row.twins}

    def ordered(self, names: Sequence[str]) -> MendedList | None:
        """With the columns as they stand in the file; None when they are not the same."""
        if sorted(names) != sorted(self.names):
            return None
        # Of columns that share a name, which one that is mapped may have, the first is the first.
        wanted, stand = (sorted(range(len(each)), key=each.__getitem__) for each in (names, self.names))
        places = [place for _, place in sorted(zip(wanted, stand, strict=True))]
        rows = {
            line: replace(row, cells=tuple(row.cells[place] for place in places)) for line, row in self.rows.items()
        }
        return replace(self, names=tuple(names), rows=rows)

    def parted(self, dialect: Dialect) -> MendedList:
        """With each row by itself of those that stand below each other in one `_raw`. Raises Unusable."""
        rows: dict[int, Mended] = {}
        for row in self.rows.values():
            for each in row.parted(dialect):
                if each.line in rows or (each.line != row.line and each.line in self.rows):
                    raise Unusable(
                        f"_raw of line {row.line:,} holds more than one row, and what it holds for line {each.line:,} "
                        "stands in the list as well: take one of the two out"
                    )
                rows[each.line] = each
        return replace(self, rows=rows)

    def over(self, earlier: MendedList) -> MendedList:
        """What was mended before, and this instead of it."""
        return replace(self, rows={**earlier.rows, **self.rows})

    def on(self, lines: Ranges) -> MendedList:
        """The rows on these lines, and no others."""
        return replace(self, rows={line: row for line, row in self.rows.items() if line in lines})

    def but_for(self, lines: Ranges) -> MendedList:
        """Without the rows on these lines."""
        return replace(self, rows={line: row for line, row in self.rows.items() if line not in lines})

    def require_right(self, rules: Rules, heed: Callable[[], object] = lambda: None) -> None:
        """Raises Unusable when none of the rows is right, as far as that can be said of them alone, or when one has
        what no file may have. One that the mapping leaves out needs no mending. Calls *heed* before each, which may
        raise what ends it."""
        alone = replace(rules, encoding="utf-8", dialect=CANONICAL, limits=UNLIMITED)
        right = 0
        for line, record in self.records(rules.dialect).items():
            heed()
            judge = alone.judge()
            judge.feed("\r\n".join([written(self.names), written(record.cells)]).encode("utf-8", "surrogatepass"))
            judge.close()
            verdict = judge.verdict
            is_left_out = verdict.fault is not None and verdict.fault.rule is Rule.ALL_LEFT_OUT
            if verdict.fault and not is_left_out:
                raise Unusable(f"the row of line {line:,}: {verdict.fault.rule}: {verdict.fault.message}")
            is_good = not self.rows[line].twins and verdict.rows > verdict.bad
            right += not record.misquoted and (is_left_out or is_good)
        if not right:
            raise Unusable(f"none of its {len(self.rows):,} rows is right yet: mend them, and resubmit")

    def lines(self) -> Iterator[list[str]]:
        """As it is kept, the header first."""
        has_twins = bool(self.twins)
        yield [*self.names, *KEPT, _AFTER, *[_TWINS] * has_twins]
        for line, row in sorted(self.rows.items()):
            twins = " ".join(f"{column}:{other}" for column, other in row.twins)
            yield [*row.cells, str(line), row.raw, str(self.after), *[twins] * has_twins]


def read_mended(text: Iterable[str], *, kept: bool = False) -> MendedList:
    """*text*: the physical lines of the list with their ends. Raises ValueError, in words that name the line."""
    rows = Table(text, limit=RECORD_LIMIT, strict=True)  # a row as it was is a single cell of its list
    try:
        return _read_rows(rows, kept=kept)
    except UnicodeError:
        raise ValueError("it is not UTF-8: save it as such") from None
    except ValueError as error:
        raise ValueError(f"line {max(rows.line, 1)}: {error}") from None


def _read_rows(rows: Iterator[list[str]], *, kept: bool) -> MendedList:
    header = next(rows, [])
    missing = [name for name in KEPT if name not in header]
    if missing:
        raise ValueError(f"the column {missing[0]} is missing: keep all columns of the list, with commas between")
    # The last of its name: the file may have a column of that name too.
    line, raw = (len(header) - 1 - header[::-1].index(name) for name in KEPT)
    width = min(line, raw)
    beside = header[max(line, raw) + 1 :] if kept else []
    has_after, has_twins = _AFTER in beside, _TWINS in beside
    found: dict[int, Mended] = {}
    after = 0
    for row in filter(any, rows):
        if len(row) != len(header):
            raise ValueError(f"it has {len(row):,} cells, and the list {len(header):,} columns: correct the row")
        mended = Mended(
            line=_line(row[line]), cells=tuple(row[:width]), raw=row[raw], twins=_twins(row[-1]) if has_twins else ()
        )
        if mended.line in found:
            raise ValueError(f"line {mended.line:,} of the file is there twice: one row takes its place, or none")
        found[mended.line] = mended
        if has_after and (version := row[max(line, raw) + 1]).isdecimal():
            after = int(version)
        if len(found) > MENDED_LIMIT:
            raise ValueError(f"it has more than {MENDED_LIMIT:,} rows: mend the file itself, in its place")
    return MendedList(names=tuple(header[:width]), rows=found, after=after)


def _line(cell: str) -> int:
    number = cell.strip()
    if not (number.isascii() and number.isdigit() and 0 < int(number[:16]) < 10**15):
        raise ValueError("_line does not say which line of the file it is: write what stood there")
    return int(number)


def _twins(cell: str) -> Twins:
    found = [pair.split(":") for pair in cell.split()]
    return tuple((int(column), int(line)) for column, line in found)


def _record(cells: tuple[str, ...]) -> Record:
    lines = (1,) * len(cells)
    return Record(text=written(cells), line=1, last_line=1, cells=cells, lines=lines, count=len(cells))


def _texts(raw: str, dialect: Dialect) -> Iterator[tuple[int, str]]:
    """The text of each row, and how many lines stand above it."""
    reading, begun, kept = Reading(1, dialect), 0, list[str]()
    for number, line in enumerate(io.StringIO(raw, newline="\n").readlines()):
        text = line.rstrip("\r\n")
        kept.append(line)
        reading.read(text)
        if reading.is_open and not reading.oversize:
            reading.go_on(line[len(text) :])
        else:
            yield begun, "".join(kept).rstrip("\r\n")
            reading, begun = Reading(1, dialect), number + 1
            kept.clear()
    if kept:
        yield begun, "".join(kept)


def _read(raw: str, dialect: Dialect) -> Record:
    """A row in the words of its file; one that does not end where it should has its quotes wrong."""
    reading = Reading(1, dialect)
    lines = io.StringIO(raw, newline="\n").readlines()  # other signs that end a line elsewhere are characters here
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        reading.read(text)
        if not reading.is_open or reading.oversize or number == len(lines):
            break
        reading.go_on(line[len(text) :])
    record = reading.record()
    is_whole = number == len(lines) and not reading.is_open and not reading.oversize
    return record if is_whole else replace(record, misquoted=record.misquoted or record.count)

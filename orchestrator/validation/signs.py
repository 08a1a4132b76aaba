"""Which signs part and quote the cells of a file, as far as its beginning tells. A proposal, and no more."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

from orchestrator.validation.dialect import CANONICAL, Dialect
from orchestrator.validation.problem import MESSAGES
from orchestrator.validation.record import Reading, Record
from orchestrator.validation.schema import Rule

_DELIMITERS = (",", ";", "\t", "|")
_QUOTES = ('"', "'", "")
RECORDS = 300
"""That are looked at."""


def dialect_of(text: str) -> Dialect:
    """That in which the most records have the same number of cells and no others' quotes, and then the most cells."""
    best, first = CANONICAL, (0.0, 0)
    for delimiter, quote in product(_DELIMITERS, _QUOTES):
        if quote != CANONICAL.quote and quote and not _begins_cells(quote, delimiter, text):
            continue
        escapes = ("", "\\") if quote and f"\\{quote}" in text else ("",)
        for escape in escapes:
            dialect = Dialect(delimiter=delimiter, quote=quote, escape=escape)
            records = list(islice(records_of(text, dialect), RECORDS))
            widths = Counter(record.count for record in records if record.count > 1 and _is_quoted_in(record, dialect))
            if widths:
                width, count = widths.most_common(1)[0]
                score = (count / len(records), width)
                if score > first:
                    best, first = dialect, score
    return best


def _begins_cells(quote: str, delimiter: str, text: str) -> bool:
    return any(f"{before}{quote}" in f"\n{text}" for before in ("\n", delimiter))


def _is_quoted_in(record: Record, dialect: Dialect) -> bool:
    """And in no other way: no cell begins with the quote of another dialect where this or a later one ends with it."""
    text = f"{dialect.delimiter}{record.text}{dialect.delimiter}"
    others = (quote for quote in _QUOTES if quote and quote != dialect.quote)
    return not record.misquoted and not any(
        0 <= text.find(dialect.delimiter + quote) < text.rfind(quote + dialect.delimiter) - 1 for quote in others
    )


def records_of(text: str, dialect: Dialect) -> Iterator[Record]:
    """Those that are whole; the last line may be cut."""
    return (reading.record() for reading in _readings(text, dialect) if not (reading.is_open or reading.oversize))


def _readings(text: str, dialect: Dialect) -> Iterator[Reading]:
    """Each as far as it goes: only the last one may be open, or in a cell beyond the limit."""
    reading = None
    for number, line in enumerate(text.split("\n"), 1):
        if number <= dialect.skip_rows or (not line.strip("\r") and reading is None):
            continue
        reading = reading or Reading(number, dialect)
        reading.read(line.removesuffix("\r"))
        if reading.is_open and not reading.oversize:
            reading.go_on("\n")
        if reading.oversize:
            break
        if not reading.is_open:
            yield reading
            reading = None
    if reading is not None:
        yield reading


def quotes_of(text: str, dialect: Dialect, *, whole: bool) -> tuple[Dialect, str]:
    """And what is to be said of a quote that never closes, or "".

    It swallows all that follows, so that another quote, which stands nowhere, reads more records.
    """
    used = dialect.quote and _begins_cells(dialect.quote, dialect.delimiter, text)
    quoted = replace(dialect, quote=CANONICAL.quote, escape="")
    for one in (dialect,) if used or not _begins_cells(quoted.quote, quoted.delimiter, text) else (dialect, quoted):
        if remark := _unclosed(text, one, whole=whole):
            return one, remark
    return dialect, ""


def _unclosed(text: str, dialect: Dialect, *, whole: bool) -> str:
    last = deque(_readings(text, dialect), maxlen=1)
    for reading in last:
        if reading.oversize:
            return f"line {reading.cell_line:,}: {MESSAGES[Rule.FIELD_SIZE]}"
        if reading.is_open and whole:
            return f"line {reading.cell_line:,}: {MESSAGES[Rule.UNCLOSED_QUOTE]}"
    return ""

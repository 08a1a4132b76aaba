"""The CSV of a submission as the server reads it: RFC 4180, the documented columns, strict formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

_FIELD = re.compile(r'(?:"((?:[^"]|"")*+)"|([^",\r\n]*+))(,|\r?\n|\Z)')
_DATE = re.compile(r"(0[1-9]|[12][0-9]|3[01])/(0[1-9]|1[0-2])/[0-9]{4}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def _text(cell: str) -> str | None:
    return None if cell.strip() else "is required"


@lru_cache(maxsize=4096)
def _date(cell: str) -> str | None:
    if not cell:
        return "is required"
    if not _DATE.fullmatch(cell):
        return "must be a date DD/MM/YYYY"
    try:
        datetime.strptime(cell, "%d/%m/%Y")  # noqa: DTZ007  # the API's dates are naive
    except ValueError:
        return "is not a date of the calendar"
    return None


def _time(cell: str) -> str | None:
    if not cell:
        return "is required"
    return None if _TIME.fullmatch(cell) else "must be a time hh:mm"


def _reference(cell: str) -> str | None:
    return None if cell in {"0", "1", "2"} else "must be 0, 1 or 2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The columns in order, and whether their names may be left out. Columns 1 to 4 are start and end."""

    columns: tuple[tuple[str, Callable[[str], str | None]], ...]
    header_optional: bool


DATA = Table(
    header_optional=True,
    columns=(
        ("Reference", _text),
        ("StartDate", _date),
        ("StartTime", _time),
        ("EndDate", _date),
        ("EndTime", _time),
    ),
)
EVENTS = Table(
    header_optional=False,
    columns=(
        ("Reference", _text),
        ("EventStartDate", _date),
        ("EventStartTime", _time),
        ("EventEndDate", _date),
        ("EventEndTime", _time),
        ("Description", _text),
        ("TimeReference", _reference),
    ),
)


def check(text: str, table: Table, *, header_counts: bool, check_order: bool) -> tuple[int, tuple[str, ...]]:
    """The number of data rows, and the errors as lines `row|value|message`."""
    names = [name for name, _ in table.columns]
    rows, shift, width = 0, 0, len(names)
    errors: list[str] = []
    for number, cells in enumerate(_records(text), 1):
        if cells is None:
            errors.append(_line(number + shift, "", "is not RFC 4180: quotes or line ends are wrong here"))
            break
        if number == 1 and (cells[0].strip() == "Reference" or not table.header_optional):
            if [cell.strip() for cell in cells] != names:
                errors.append(_line(1, ",".join(cells), f"the header must be {','.join(names)}"))
            shift = 0 if header_counts else -1
            continue
        rows += 1
        if len(cells) != width:
            message = f"has {len(cells)} columns, must have {width}"
            errors.append(_line(number + shift, ",".join(cells), message))
            continue
        wrong = [(cell, name, rule(cell)) for (name, rule), cell in zip(table.columns, cells, strict=True)]
        bad = [_line(number + shift, cell, f"{name} {fault}") for cell, name, fault in wrong if fault]
        if check_order and not bad and _moment(cells[3], cells[4]) < _moment(cells[1], cells[2]):
            bad.append(_line(number + shift, cells[3], f"{names[3]} is before {names[1]}"))
        errors += bad
    if not rows and not errors:
        errors.append(_line(0, "", "there are no rows"))
    return rows, tuple(errors)


def count_rows(text: str) -> int:
    """The number of data rows without a look at their content; a header that is optional may be missing."""
    outside = text.split('"')[::2]  # of quotes; a doubled one closes a section and opens it again
    records = sum(piece.count("\n") for piece in outside) + (not text.endswith("\n"))
    return records - text.startswith("Reference,")


def _records(text: str) -> Iterator[list[str] | None]:
    """The cells of each record; None, and then no more, where the text stops being RFC 4180."""
    if text and '"' not in text and "\r" not in (lines := text.replace("\r\n", "\n")):
        # The same result as below, several times faster, for what has no quotes and no stray CR.
        yield from (line.split(",") for line in lines.removesuffix("\n").split("\n"))
        return
    at = 0
    cells: list[str] = []
    while at < len(text) or cells:
        found = _FIELD.match(text, at)
        if found is None:
            yield None
            return
        quoted, plain, end = found.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        at = found.end()
        if end != ",":
            yield cells
            cells = []


def _line(row: int, value: str, message: str) -> str:
    return "|".join((str(row), " ".join(value.split("\n")).replace("\r", " "), message))


def _moment(date: str, time: str) -> tuple[str, str, str, str]:
    return date[6:], date[3:5], date[:2], time

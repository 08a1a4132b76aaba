"""An uploaded CSV file as far as the upload itself judges it: text, columns, and as many cells in every row."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

_UNREADABLE = "Uploaded file cannot be parsed as valid CSV."


class SheetError(ValueError):
    """The file is refused at the upload; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Cells are trimmed, blank rows are left out. A byte order mark is not removed: it spoils the first column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read(content: bytes) -> Sheet:
    try:
        text = content.decode()
        records = [
            (number, tuple(cell.strip() for cell in cells))
            for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1)
            if any(cell.strip() for cell in cells)
        ]
    except (UnicodeDecodeError, csv.Error):
        raise SheetError(_UNREADABLE) from None
    if not records:
        raise SheetError("Uploaded CSV file is empty.")
    (_, columns), *rows = records
    if len(set(columns)) < len(columns):
        raise SheetError(_UNREADABLE)
    for number, cells in rows:
        if len(cells) != len(columns):
            structure = f'Expected "{len(columns)}" columns, got "{len(cells)}".'
            raise SheetError(f'Invalid CSV structure detected at row "{number}". {structure}')
    return Sheet(columns=columns, rows=tuple(cells for _, cells in rows))


def write(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue().encode()

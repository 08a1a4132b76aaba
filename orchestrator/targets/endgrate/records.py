"""Rows of a CSV file as records. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from orchestrator.validation import shape_of
from orchestrator.validation.table import Table


def records_of(text: str, key: str) -> Iterator[dict[str, Any]]:
    """One for each row of CSV *text*, with what stands in the column *key*, if it names one, as our own key.

    Raises ValueError, in words that quote no cell, for columns that cannot stand beside each other.
    """
    rows = Table(io.StringIO(text, newline=""), limit=len(text))  # a mapping joins cells
    header = next(rows, [])
    shape = shape_of(header)
    if key and key not in header:
        raise ValueError(f"the column {key} of target.key is missing")
    place = header.index(key) if key else None
    for row in rows:
        if not row:
            continue
        record: dict[str, Any] = {"data": shape.of(row) or {}}
        if place is not None:
            if not row[place].strip():
                raise ValueError(f"a row has no {key}, which target.key asks for")
            record["internal_id"] = row[place]
        yield record

"""Rows of a CSV file as records, one after the other: a list of them takes twenty times the memory. Pure."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.validation import shape_of
from orchestrator.validation.table import Table

LARGEST = 256 << 20
"""Bytes of one request, which is held while it is sent: the name of a column stands in it once for every row."""
_PIECE = 256 << 10


REMEDY = "Set target.part_rows or target.part_bytes"


def request_of(text: bytes, key: str, members: Mapping[str, str]) -> tuple[list[bytes], Mapping[str, int]]:
    """The request in pieces, with *members* before its records, and which record has which key.

    Raises what `records_of` does, and for too many of them as well.
    """
    head = json.dumps(members, ensure_ascii=False).removesuffix("}") + ', "transfer_data": ['
    pieces, piece, size, rows = list[bytes](), bytearray(head.encode()), 0, dict[str, int]()
    for row, record in enumerate(records_of(text, key), 1):
        piece += b", " * (row > 1) + json.dumps(record, ensure_ascii=False).encode()
        if "internal_id" in record:
            rows[record["internal_id"]] = row
        if len(piece) >= _PIECE:
            pieces.append(bytes(piece))
            size += len(piece)
            piece.clear()
        if size > LARGEST:
            raise ValueError(
                f"its records take more than {LARGEST >> 20} MB, which is too much for one request. {REMEDY}"
            )
    return [*pieces, bytes(piece + b"]}")], rows


def records_of(text: bytes, key: str) -> Iterator[dict[str, Any]]:
    """One for each row of CSV *text*, with what stands in the column *key*, if it names one, as our own key.

    Raises ValueError, in words that quote no cell, for columns that cannot stand beside each other.
    """
    rows = Table(
        io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline=""), limit=len(text)
    )  # a mapping joins cells
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

"""What a job holds that is more than a number or a word, as text in a column: its sheets, and which part it is."""

from __future__ import annotations

import json
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from orchestrator.model import Part, Sheet, Sheets
from orchestrator.ranges import NO_RANGES, Ranges

_JSON = json.JSONEncoder(separators=(",", ":")).encode


def require(sound: bool) -> None:
    """Raises ValueError."""
    if not sound:
        raise ValueError("nobody can have written this row")


def dump_sheets(sheets: Sheets) -> str:
    data = _dump_sheet(sheets.data)
    return _JSON([data] if sheets.events is None else [data, _dump_sheet(sheets.events)])


def _dump_sheet(sheet: Sheet) -> list[Any]:
    gaps, refused = (b2a_base64(bytes(ranges), newline=False).decode() for ranges in (sheet.gaps, sheet.refused))
    return [sheet.rows, sheet.bad, sheet.header, gaps, sheet.sent, sheet.schema, sheet.warned, sheet.left_out, refused]


def load_sheets(text: str) -> Sheets:
    """Raises ValueError."""
    try:
        data, *events = [_load_sheet(sheet) for sheet in json.loads(text)]
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
    require(len(events) <= 1)
    return Sheets(data=data, events=events[0] if events else None)


def dump_part(part: Part) -> str:
    return _JSON(astuple(part))


def load_part(text: str) -> Part:
    """Raises ValueError."""
    numbers = json.loads(text)
    require(isinstance(numbers, list) and len(numbers) == 6 and all(type(n) is int and n >= 0 for n in numbers))
    number, of, head, start, size, line = numbers
    require(1 <= number <= of)
    return Part(number=number, of=of, head=head, start=start, size=size, line=line)


_EVER = 5
"""Columns of a sheet that every version wrote."""
_LATER: Sequence[Any] = ("", 0, 0, "")
"""What earlier versions did not write, and what it was then."""


def _load_sheet(sheet: Sequence[Any]) -> Sheet:
    rows, bad, header, gaps, sent, schema, warned, left_out, refused = [*sheet, *_LATER[len(sheet) - _EVER :]]
    numbers = (rows, bad, warned, left_out)
    require(all(type(number) is int for number in numbers))
    require(isinstance(header, bool) and isinstance(sent, str | None) and isinstance(schema, str))
    return Sheet(
        rows=rows,
        bad=bad,
        header=header,
        gaps=_load_ranges(gaps),
        sent=sent,
        schema=schema,
        warned=warned,
        left_out=left_out,
        refused=_load_ranges(refused),
    )


def _load_ranges(ranges: Any) -> Ranges:
    """Earlier versions wrote pairs of lines."""
    if ranges in ("", []):
        return NO_RANGES
    if isinstance(ranges, str):
        return Ranges(a2b_base64(ranges, strict_mode=True))
    require(all(type(end) is int for first, last in ranges for end in (first, last)))
    return Ranges.of(ranges)

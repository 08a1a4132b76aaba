"""How jobs, events and results become rows of the ledger's tables, and rows become them again."""

from __future__ import annotations

import json
import math
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from dataclasses import astuple
from types import UnionType
from typing import Any, TypeAlias

from orchestrator.model import (
    Accepted,
    Checked,
    Completed,
    Digest,
    Divided,
    Doubted,
    Event,
    Failed,
    Job,
    Key,
    Name,
    Part,
    Rejected,
    RelPath,
    Reopened,
    Resolved,
    Restored,
    Result,
    SendRepeatable,
    SendStarted,
    SendUndone,
    Sheet,
    Sheets,
    Source,
    State,
    Superseded,
    TailReleased,
    Token,
)
from orchestrator.ranges import NO_RANGES, Ranges

_JSON = json.JSONEncoder(separators=(",", ":")).encode

_DETAILS: dict[type[Event], tuple[str, ...]] = {
    Checked: ("rules",),
    Rejected: ("cause", "rules"),
    Reopened: (),
    SendStarted: ("overwrite", "at", "held"),
    TailReleased: (),
    SendUndone: ("cause",),
    SendRepeatable: ("cause", "at"),
    Accepted: ("token", "at"),
    Restored: ("version", "rules", "cause", "refused", "parts"),
    Divided: ("parts", "at"),
    Completed: ("cause", "refused"),
    Failed: ("cause", "owns"),
    Doubted: ("cause", "at", "token"),
    Superseded: ("cause",),
    Resolved: ("verdict", "token", "at"),
}


def job_row(job: Job) -> tuple[Any, ...]:
    source = job.source
    return (
        job.key,
        job.version,
        job.name,
        job.path,
        job.state.value,
        job.cause,
        source.data if source else None,
        source.events if source else None,
        source.size if source else None,
        _dump_sheets(job.checked) if job.checked else None,
        job.rules,
        job.attempts,
        job.token,
        job.accepted_at,
        job.owns,
        job.overwrote,
        job.repeats,
        job.held,
        job.sent_at,
        job.lost_at,
        job.refused,
        job.parts,
        _JSON(astuple(job.part)) if job.part else None,
        source.mends if source else None,
    )


_Kind: TypeAlias = type | UnionType
_KINDS: tuple[_Kind, ...] = (
    *(str, int, str, str, str, str, str | None, str | None, int | None, str | None, str, int),
    *(str | None, float | None, int, int, int, int, float | None, float | None, int),
    *(int, str | None, str | None),
)
"""What the columns of a job hold; SQLite takes anything anywhere."""

_LATEST = 253402300800.0
"""The year 10000, in Unix time."""


def job_of(row: Sequence[Any]) -> Job:
    """Raises ValueError when nobody can have written such a row."""
    _require_kinds(row, _KINDS)
    (key, version, name, path, state, cause, data, events, size, checked, rules, *rest) = row
    attempts, token, at, owns, overwrote, repeats, held, sent_at, lost_at, refused, parts, part, mends = rest
    _require(
        version > 0 and attempts >= 0 and refused >= 0 and parts >= 0 and {owns, overwrote, repeats, held} <= {0, 1}
    )
    _require(bool(token) or parts > 0 or state != State.WAITING)
    _require(not data or (size is not None and size >= 0))
    return Job(
        key=Key(key),
        version=version,
        name=Name(name),
        path=RelPath(path),
        state=State(state),
        cause=cause,
        source=Source(
            data=Digest(data),
            events=Digest(events) if events else None,
            mends=Digest(mends) if mends else None,
            size=size,
        )
        if data
        else None,
        checked=_load_sheets(checked) if checked else None,
        rules=rules,
        attempts=attempts,
        token=Token(token) if token else None,
        accepted_at=None if at is None else moment_of(at),
        owns=bool(owns),
        overwrote=bool(overwrote),
        repeats=bool(repeats),
        held=bool(held),
        sent_at=None if sent_at is None else moment_of(sent_at),
        lost_at=None if lost_at is None else moment_of(lost_at),
        refused=refused,
        parts=parts,
        part=_load_part(part) if part else None,
    )


def moment_of(at: float) -> float:
    """Unix time. Raises ValueError when it is none."""
    _require(isinstance(at, float) and 0 <= at < _LATEST)
    return at


def duration_of(row: Sequence[Any]) -> tuple[int, float]:
    """Size and seconds. Raises ValueError when nobody can have written them."""
    size, seconds = row
    _require(isinstance(size, int) and isinstance(seconds, float) and size >= 0 and math.isfinite(seconds))
    return size, seconds


def result_of(row: Sequence[Any]) -> Result:
    """Without its body. Raises ValueError when nobody can have written such a row."""
    _require_kinds(row, (str, str, int, str))
    key, suffix, size, digest = row
    file = f"{key}{suffix}"
    _require(size >= 0 and file.isprintable() and "/" not in file)
    return Result(key=key, suffix=suffix, size=size, sha256=Digest(digest), body=None)


def _require_kinds(row: Sequence[Any], kinds: Sequence[_Kind]) -> None:
    _require(all(map(isinstance, row, kinds)))


def _require(sound: bool) -> None:
    if not sound:
        raise ValueError("nobody can have written this row")


def event_row(event: Event) -> tuple[str, str]:
    """The event's name and its details; what `jobs` and `results` already hold is not written again."""
    kind = type(event)
    details: dict[str, Any] = {name: getattr(event, name) for name in _DETAILS[kind]}
    if isinstance(event, Completed | Failed):
        details["results"] = [result.key for result in event.results]
    return kind.__name__, _JSON(details) if details else "{}"


def _dump_sheets(sheets: Sheets) -> str:
    data = _dump_sheet(sheets.data)
    return _JSON([data] if sheets.events is None else [data, _dump_sheet(sheets.events)])


def _dump_sheet(sheet: Sheet) -> list[Any]:
    gaps, refused = (b2a_base64(bytes(ranges), newline=False).decode() for ranges in (sheet.gaps, sheet.refused))
    return [sheet.rows, sheet.bad, sheet.header, gaps, sheet.sent, sheet.schema, sheet.warned, sheet.left_out, refused]


def _load_sheets(text: str) -> Sheets:
    """Raises ValueError."""
    try:
        data, *events = [_load_sheet(sheet) for sheet in json.loads(text)]
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
    _require(len(events) <= 1)
    return Sheets(data=data, events=events[0] if events else None)


def _load_part(text: str) -> Part:
    """Raises ValueError."""
    numbers = json.loads(text)
    _require(isinstance(numbers, list) and len(numbers) == 6 and all(type(n) is int and n >= 0 for n in numbers))
    number, of, head, start, size, line = numbers
    _require(1 <= number <= of)
    return Part(number=number, of=of, head=head, start=start, size=size, line=line)


_EVER = 5
"""Columns of a sheet that every version wrote."""
_LATER: Sequence[Any] = ("", 0, 0, "")
"""What earlier versions did not write, and what it was then."""


def _load_sheet(sheet: Sequence[Any]) -> Sheet:
    rows, bad, header, gaps, sent, schema, warned, left_out, refused = [*sheet, *_LATER[len(sheet) - _EVER :]]
    numbers = (rows, bad, warned, left_out)
    _require(all(type(number) is int for number in numbers))
    _require(isinstance(header, bool) and isinstance(sent, str | None) and isinstance(schema, str))
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
    _require(all(type(end) is int for first, last in ranges for end in (first, last)))
    return Ranges.of(ranges)

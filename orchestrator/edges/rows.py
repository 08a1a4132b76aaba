"""How jobs, events and results become rows of the ledger's tables, and rows become them again."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from types import UnionType
from typing import Any, TypeAlias

from orchestrator.edges.columns import dump_part, dump_sheets, load_part, load_sheets, require
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
    Rejected,
    RelPath,
    Reopened,
    Resolved,
    Restored,
    Result,
    SendRepeatable,
    SendStarted,
    SendUndone,
    Source,
    State,
    Superseded,
    TailReleased,
    Token,
)

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
    Restored: ("version", "rules", "cause", "refused", "unknown", "parts"),
    Divided: ("parts", "at"),
    Completed: ("cause", "refused", "unknown"),
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
        dump_sheets(job.checked) if job.checked else None,
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
        dump_part(job.part) if job.part else None,
        source.mends if source else None,
        job.unknown,
    )


_Kind: TypeAlias = type | UnionType
_KINDS: tuple[_Kind, ...] = (
    *(str, int, str, str, str, str, str | None, str | None, int | None, str | None, str, int),
    *(str | None, float | None, int, int, int, int, float | None, float | None, int),
    *(int, str | None, str | None, int),
)
"""What the columns of a job hold; SQLite takes anything anywhere."""

_LATEST = 253402300800.0
"""The year 10000, in Unix time."""


def job_of(row: Sequence[Any]) -> Job:
    """Raises ValueError when nobody can have written such a row."""
    _require_kinds(row, _KINDS)
    (key, version, name, path, state, cause, data, events, size, checked, rules, *rest) = row
    attempts, token, at, owns, overwrote, repeats, held, sent_at, lost_at, refused, parts, part, *last = rest
    mends, unknown = last
    require(version > 0 and min(attempts, refused, unknown, parts) >= 0 and {owns, overwrote, repeats, held} <= {0, 1})
    require(bool(token) or parts > 0 or state != State.WAITING)
    require(not data or (size is not None and size >= 0))
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
        checked=load_sheets(checked) if checked else None,
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
        unknown=unknown,
        parts=parts,
        part=load_part(part) if part else None,
    )


def moment_of(at: float) -> float:
    """Unix time. Raises ValueError when it is none."""
    require(isinstance(at, float) and 0 <= at < _LATEST)
    return at


def duration_of(row: Sequence[Any]) -> tuple[int, float]:
    """Size and seconds. Raises ValueError when nobody can have written them."""
    size, seconds = row
    require(isinstance(size, int) and isinstance(seconds, float) and size >= 0 and math.isfinite(seconds))
    return size, seconds


def result_of(row: Sequence[Any]) -> Result:
    """Without its body. Raises ValueError when nobody can have written such a row."""
    _require_kinds(row, (str, str, int, str))
    key, suffix, size, digest = row
    file = f"{key}{suffix}"
    require(size >= 0 and file.isprintable() and "/" not in file)
    return Result(key=key, suffix=suffix, size=size, sha256=Digest(digest), body=None)


def _require_kinds(row: Sequence[Any], kinds: Sequence[_Kind]) -> None:
    require(all(map(isinstance, row, kinds)))


def event_row(event: Event) -> tuple[str, str]:
    """The event's name and its details; what `jobs` and `results` already hold is not written again."""
    kind = type(event)
    details: dict[str, Any] = {name: getattr(event, name) for name in _DETAILS[kind]}
    if isinstance(event, Completed | Failed):
        details["results"] = [result.key for result in event.results]
    return kind.__name__, _JSON(details) if details else "{}"

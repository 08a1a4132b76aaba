"""The kinds of files that are known for TAO say of a cell what a strict remote says of it."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import available_timezones

import pytest

from orchestrator.config.schemas import built_in, built_in_names
from orchestrator.sandbox.tao.cells import problem
from orchestrator.validation import Schema, Severity
from validation.samples import judge_in, lines

KINDS = [built_in(name) for name in built_in_names() if name.startswith("tao.")]
DAY = "2024-01-01"
MOMENTS = {
    *(f"{DAY}T{time}" for time in ("00:00Z", "00:00:00Z", "00:00:00.000Z", "23:59:59.5Z", "09:00:00.1234567Z")),
    *(f"{DAY}T{time}" for time in ("00:00", "00Z", "00:00:00.Z", "00:00.5Z", "24:01Z", "00:60Z", "00:00+00:00")),
    *(f"{DAY}T00:00:0٣Z", f"{DAY}T00:00:00.1234567890Z", "2023-02-29T00:00Z", "01/01/2024", f"{DAY} 00:00Z", DAY),
}
ZONES = {*available_timezones(), "EST5EDT", "GMT0", "PST8PDT", "Etc/GMT+1", "UTC 1", "Europe/", "+1", "/Paris"}
CELLS: dict[str, Iterable[str]] = {
    **dict.fromkeys(
        ("session_startDate", "session_endDate", "session_submissionDate", "session_waitingPageDate"), MOMENTS
    ),
    "session_timezone": ZONES,
    "session_name": ("exam", "exam 1", "exam\u00a01", "e" * 255, "e" * 256),
    "user_username": ("anna", "an na", "a" * 255, "a" * 256),
    "user_password": ("Secret-1", "Abcdefg1", "Secr-1", "secret-1", "SECRET-1", "Zoë-1234", "Zoëzoëzoë"),
}
WARNED = {"session_name", "user_username", "user_password"}
"""A remote may be more patient with these than its source is."""


def columns() -> list[tuple[Schema, str]]:
    return [(kind, name) for kind in KINDS for name in CELLS if name in kind.names]


def said(kind: Schema, name: str, cell: str) -> set[Severity]:
    """What *kind* says of a row that has nothing else in it than what it needs."""
    needed = [column.name for column in kind.columns if column.constraints.required and column.name != name]
    judged = judge_in([lines(",".join((name, *needed)), ",".join((cell, *("A" for _ in needed)))).encode()], kind)
    assert judged.verdict.fault is None
    problems = [problem for bad in judged.bad for problem in bad.problems]
    problems += [warned.problem for warned in judged.verdict.warnings]
    return {problem.severity for problem in problems if problem.name == name}


@pytest.mark.parametrize(("kind", "name"), columns(), ids=lambda one: getattr(one, "name", one))
def test_a_cell_is_right_where_a_strict_remote_takes_it(kind: Schema, name: str) -> None:
    severity = Severity.WARNING if name in WARNED else Severity.ERROR

    for cell in sorted(CELLS[name]):
        assert said(kind, name, cell) == ({severity} if problem({name: cell}, ()) else set()), cell


def test_every_name_of_a_time_zone_is_right() -> None:
    assert [zone for zone in sorted(available_timezones()) if problem({"session_timezone": zone}, ())] == []

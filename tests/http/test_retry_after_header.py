"""Retry-After in both its forms, and in all the wrong ones (contracts 1.5)."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.edges.retry_after import LONGEST, seconds_of

NOW = "Mon, 01 Jul 2024 09:30:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("900", 900.0),
        ("3600", 3600.0),
        ("1000000000", LONGEST),
        ("9" * 5000, LONGEST),
        ("Mon, 01 Jul 2024 09:30:30 GMT", 30.0),
        ("Mon, 01 Jul 2024 09:29:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST),
        ("Monday, 01-Jul-24 09:30:30 GMT", 30.0),
        ("Mon Jul  1 09:30:30 2024", 30.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("٧", None),
        ("7 seconds", None),
        ("Mon, 99 Jul 2024 09:30:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_server_s_clock(value: str | None, seconds: float | None) -> None:
    assert seconds_of(value, NOW) == seconds


def test_without_a_date_of_the_server_ours_has_to_do() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    for date in (None, "", "yesterday"):
        seconds = seconds_of(until, date)
        assert seconds is not None
        assert 50 < seconds <= 60


@given(value=st.text(), date=st.none() | st.text())
def test_nothing_in_either_header_breaks_it(value: str, date: str | None) -> None:
    seconds = seconds_of(value, date)

    assert seconds is None or (0 <= seconds <= LONGEST and math.isfinite(seconds))


@given(
    value=st.from_regex(
        r"Mon, \d{1,3} (Jan|Feb|Jul) \d{1,5} \d{1,3}:\d{1,3}:\d{1,3} [+-]?[0-9A-Z]{0,9}",
        fullmatch=True,
    )
)
def test_nothing_that_looks_like_a_date_breaks_it(value: str) -> None:
    for seconds in (seconds_of(value, NOW), seconds_of("7", value), seconds_of(NOW, value)):
        assert seconds is None or 0 <= seconds <= LONGEST

"""How long to wait, as the server says it: seconds, or a date by its own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.edges.retry_after import LONGEST, seconds_of

NOON = "Mon, 01 Jul 2024 12:00:00 GMT"


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        (None, NOON, None),
        ("", NOON, None),
        ("0", None, 0),
        ("120", None, 120),
        ("  120\t", None, 120),
        ("0000000000000120", None, 120),
        ("899", None, 899),
        ("900", None, 900),
        ("3600", None, 3600),
        ("31622400", None, LONGEST),
        ("31622401", None, LONGEST),
        ("99999999999", None, LONGEST),
        ("9" * 500, None, LONGEST),
        ("-1", None, None),
        ("+5", None, None),
        ("1.5", None, None),
        ("5 s", None, None),
        ("٣", None, None),
        ("soon", NOON, None),
        ("Mon, 01 Jul 2024 12:00:30 GMT", NOON, 30),
        ("Monday, 01-Jul-24 12:00:30 GMT", NOON, 30),
        ("Mon Jul  1 12:00:30 2024", NOON, 30),
        ("Mon, 01 Jul 2024 14:00:30 +0200", NOON, 30),
        ("Mon, 01 Jul 2024 12:00:30 -0000", NOON, 30),
        ("Mon, 01 Jul 2024 12:00:30 GMT", "Mon, 01 Jul 2024 14:00:00 +0200", 30),
        ("Mon, 01 Jul 2024 13:00:00 GMT", NOON, 3600),
        (NOON, NOON, 0),
        ("Mon, 01 Jul 2024 11:00:00 GMT", NOON, 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None, 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None, LONGEST),
        ("Fri, 31 Dec 9999 23:59:59 -2359", NOON, LONGEST),
        ("Mon, 99 Jul 2024 12:00:30 GMT", NOON, None),
        ("Mon, 01 Jul 99999999999999999999 12:00:30 GMT", NOON, None),
    ],
)
def test_seconds_and_dates_are_understood_and_everything_else_is_not(
    retry_after: str | None, date: str | None, seconds: float | None
) -> None:
    assert seconds_of(retry_after, date) == seconds


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_without_a_date_of_the_server_ours_has_to_do(date: str | None) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)

    seconds = seconds_of(until, date)

    assert seconds is not None
    assert 200 < seconds <= 300


@given(seconds=st.integers(0, 10**9), skew=st.timedeltas(timedelta(days=-9999), timedelta(days=9999)))
def test_a_clock_of_ours_that_is_wrong_makes_no_difference(seconds: int, skew: timedelta) -> None:
    now = (datetime(2000, 1, 1, tzinfo=UTC) + abs(skew)).replace(microsecond=0)
    until = now + timedelta(seconds=seconds)

    found = seconds_of(format_datetime(until, usegmt=True), format_datetime(now, usegmt=True))

    assert found == min(seconds, LONGEST)


parts = st.sampled_from("Mon , 01 Jul 2024 12:00:30 GMT +0000 -9999 99 : -".split(" "))


@given(
    retry_after=st.none() | st.text() | st.lists(parts).map(" ".join),
    date=st.none() | st.text() | st.lists(parts).map(" ".join),
)
def test_whatever_a_server_says_the_wait_is_bounded(retry_after: str | None, date: str | None) -> None:
    seconds = seconds_of(retry_after, date)

    assert seconds is None or 0 <= seconds <= LONGEST

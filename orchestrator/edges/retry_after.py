"""Retry-After, as RFC 9110 10.2.3 gives it: seconds, or a date by the server's own clock. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 366 * 86400.0
"""Seconds; whoever asks for more asks for ever. No run waits nearly as long."""


def seconds_of(retry_after: str | None, date: str | None) -> float | None:
    """Seconds to wait; None for what is missing or cannot be understood. A date in the past is 0."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text.lstrip("0")[:12] or "0"), LONGEST)
    until, now = _moment(text), _moment(date or "")
    if until is None:
        return None
    seconds = (until - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), LONGEST)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

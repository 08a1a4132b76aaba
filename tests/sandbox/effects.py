"""What every fault does to an upload, whichever API it is an upload of: the table of `faults.py` as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, get_args

import aiohttp

from orchestrator.sandbox.faults import Fault, Kind
from sandbox.visitor import Seen

LOST = "lost"
"""The connection ended before the answer was there, or in the middle of it."""

AT_UPLOAD: dict[str, tuple[int | str, bool]] = {
    "drop_unread": (LOST, False),
    "drop_before": (LOST, False),
    "reset_before": (LOST, False),
    "drop_after": (LOST, True),
    "reset_after": (LOST, True),
    "hold_before": (200, True),
    "hold_after": (200, True),
    "unauthorized": (401, False),
    "revoke": (401, False),
    "throttle": (429, False),
    "throttle_date": (429, False),
    "unavailable": (503, False),
    "unavailable_date": (503, False),
    "unavailable_bare": (503, False),
    "error_before": (500, False),
    "error_after": (500, True),
    "html": (200, False),
    "html_after": (200, True),
    "truncated": (LOST, True),
    "empty": (200, True),
    "trickle": (200, True),
    "stuck": (200, True),
    "fail": (200, True),
}
"""By kind, the status that the client sees, and whether the upload was taken."""

assert set(AT_UPLOAD) == {*get_args(Kind)} - {"unknown_status"}

AT_READ = sorted(set(AT_UPLOAD) - {"drop_unread", "stuck", "fail"})
"""The kinds that a request which only reads can meet."""


def striking(endpoint: Any, kind: Any, times: int = 1) -> Fault:
    """A fault that strikes at once and, if it is a hold, lets go at once."""
    return Fault(endpoint=endpoint, kind=kind, times=times, seconds=0.001 if kind.startswith("hold") else 1.0)


async def met(act: Callable[[], Awaitable[Seen]]) -> int | str:
    """The status that came back, or `LOST`."""
    try:
        return (await act()).status
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
        return LOST

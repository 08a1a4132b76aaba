"""What an answer to an upload means by its status alone."""

from __future__ import annotations

from orchestrator.errors import Busy, Denied, Garbled, Misdirected, Refused, TargetError, Unclear


def meaning(status: int, *, retry_after: bool) -> type[TargetError]:
    """Of one that tells of no token and of no transfer."""
    match status:
        case 401 | 403:
            return Denied
        case 400 | 409 | 413 | 422:
            return Refused
        case 404 | 405 | 415:
            return Misdirected
        case 425 | 429:
            return Busy
        case 503 if retry_after:
            return Busy
        case _:
            return Garbled if status < 500 else Unclear

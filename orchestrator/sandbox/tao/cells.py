"""What a cell may hold. A problem is a sentence about the field; it does not repeat the cell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime

_LONGEST = 255
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?Z")
_ZONE = re.compile("[A-Za-z][A-Za-z0-9]*([/_+-][A-Za-z0-9]+)*")


def _key(cell: str) -> str | None:
    if re.search(r"\s", cell):
        return "cannot contain whitespaces."
    return f"exceeds max length ({_LONGEST})." if len(cell) > _LONGEST else None


def _flag(cell: str) -> str | None:
    return None if cell.lower() in {"true", "false", "1", "0"} else "must be one of: true, false, 1, 0."


def _password(cell: str) -> str | None:
    strong = len(cell) >= 8 and all(re.search(part, cell) for part in ("[A-Z]", "[a-z]", "[^A-Za-z0-9]"))
    return None if strong else "must have 8 characters, an upper and a lower case letter and a special one."


def _object(cell: str) -> str | None:
    try:
        is_object = isinstance(json.loads(cell), dict)
    except ValueError:
        is_object = False
    return None if is_object else "must be a JSON object."


def _moment(cell: str) -> str | None:
    try:
        right = bool(_MOMENT.fullmatch(cell)) and bool(datetime.fromisoformat(cell))
    except ValueError:
        right = False
    return None if right else "must be a date and time of ISO 8601 in UTC."


def _zone(cell: str) -> str | None:
    return None if _ZONE.fullmatch(cell) else "must be a time zone."


_RULES: dict[str, Callable[[str], str | None]] = {
    "user_username": _key,
    "user_password": _password,
    "user_active": _flag,
    "user_externalId": _object,
    "group_active": _flag,
    "session_name": _key,
    "session_timezone": _zone,
    "session_startDate": _moment,
    "session_endDate": _moment,
    "session_submissionDate": _moment,
    "session_waitingPageDate": _moment,
}


def problem(row: Mapping[str, str], required: tuple[str, ...]) -> str | None:
    """The first thing that is wrong with the cells of a row, or None. Blank cells are judged by *required* alone."""
    for name in required:
        if not row.get(name):
            return f'Field "{name}" is required.'
    for name, cell in row.items():
        if cell and name in _RULES and (wrong := _RULES[name](cell)):
            return f'Field "{name}" {wrong}'
    return None

"""What goes back to the client, decided apart from how it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
CSV = "text/csv; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One complete HTTP answer. `note` says why in one word, for the record only."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """No answer at all: the connection ends, with a TCP reset if `reset`, else with an orderly close."""

    reset: bool = False


def as_json(value: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status=status, body=json.dumps(value).encode(), headers=headers)


def as_text(text: str, *, quoted: bool) -> Answer:
    """A string as ASP.NET sends it: bare text, or (`quoted`) as a JSON string."""
    if quoted:
        return Answer(body=json.dumps(text).encode())
    return Answer(body=text.encode(), content_type=TEXT)


def refusal(status: int, message: str, *, note: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An error of the Upload API: `{"message": …}`."""
    body = json.dumps({"message": message}).encode()
    return Answer(status=status, body=body, headers=headers, note=note)

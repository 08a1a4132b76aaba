"""What goes wrong on purpose: by script (the nth request meets this) or by chance (seeded).

| kind | the client sees | applied |
|---|---|---|
| `drop_unread` (upload) | the connection closes before the body was read | no |
| `drop_before`, `reset_before` | closed (FIN) or reset (RST) after the whole request, no answer | no |
| `drop_after`, `reset_after` | the same | **yes** |
| `hold_before` | a wait of `seconds` or until released, then the normal answer | after the wait |
| `hold_after` | the same | before the wait |
| `unauthorized` | 401 invalid_token, this once | no |
| `revoke` | 401 invalid_token, and the bearer token is void from now on | no |
| `throttle`, `throttle_date` | 429, Retry-After in seconds or as an HTTP-date | no |
| `unavailable`, `unavailable_date`, `unavailable_bare` | 503, the same, or without Retry-After | no |
| `error_before`, `error_after` | 500 | no, **yes** |
| `html`, `html_after` | 200 with an HTML page (a proxy, a login page) | no, **yes** |
| `truncated` | Content-Length promises more than comes, then the connection closes | **yes** |
| `empty` | the right status with no body | **yes** |
| `trickle` | the right answer, byte by byte over `seconds` | **yes** |
| `stuck` (upload) | a normal answer, but the job never ends | **yes** |
| `fail` (upload) | a normal answer, but the job ends `failed` | **yes** |
| `unknown_status` (poll) | a status word that nobody documents | – |
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from math import ceil, isinf
from typing import Literal, get_args

from orchestrator.sandbox.answer import HTML, Answer, Drop, refusal

Endpoint = Literal["token", "upload", "poll", "result", "other"]
Kind = Literal[
    "drop_unread",
    "drop_before",
    "drop_after",
    "reset_before",
    "reset_after",
    "hold_before",
    "hold_after",
    "unauthorized",
    "revoke",
    "throttle",
    "throttle_date",
    "unavailable",
    "unavailable_date",
    "unavailable_bare",
    "error_before",
    "error_after",
    "html",
    "html_after",
    "truncated",
    "empty",
    "trickle",
    "stuck",
    "fail",
    "unknown_status",
]

_API: tuple[Endpoint, ...] = ("upload", "poll", "result", "other")
_ONLY_AT: dict[Kind, tuple[Endpoint, ...]] = {
    "drop_unread": ("upload",),
    "unauthorized": _API,
    "revoke": _API,
    "stuck": ("upload",),
    "fail": ("upload",),
    "unknown_status": ("poll",),
}
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n"

Trouble = Callable[[Literal[401, 500]], Answer]
"""How an API says in its own words that a token is void or that something went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Strikes the *nth* admitted request to its endpoint (from 1) and the `times - 1` after it.

    Requests are counted once their bearer token is accepted (for `drop_unread`: on arrival); with `name`,
    only those about the submission of that Name. `seconds` is the Retry-After, the wait or the trickle; a
    hold of `math.inf` lasts until it is released.
    """

    endpoint: Endpoint
    kind: Kind
    nth: int = 1
    times: int = 1
    name: str | None = None
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind) or self.endpoint not in _ONLY_AT.get(self.kind, get_args(Endpoint)):
            raise ValueError(f"no fault {self.kind!r} at {self.endpoint!r}")
        if self.name is not None and (self.endpoint == "token" or self.kind == "drop_unread"):
            raise ValueError(f"{self.kind!r} at {self.endpoint!r} cannot know the Name")
        if isinf(self.seconds) and not self.kind.startswith("hold"):
            raise ValueError(f"{self.kind!r} must have an end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """The share of requests to `fault.endpoint` which meet this fault. Its `nth` and `times` say nothing."""

    share: float
    fault: Fault


class Faults:
    """Decides which request meets what. Every endpoint draws from a generator of its own.

    So the nth request to an endpoint meets the same fault for the same seed, however the requests to the
    different endpoints interleave. A scripted fault goes before chance.
    """

    def __init__(self, script: Sequence[Fault], chances: Sequence[Chance], seed: int) -> None:
        self._counted: list[tuple[Fault, list[int]]] = [(fault, [0]) for fault in script]
        self._chances = tuple(chances)
        self._dice = {
            (endpoint, unread): random.Random(f"{seed}/{endpoint}/{unread}")
            for endpoint in get_args(Endpoint)
            for unread in (False, True)
        }

    def arrival(self, endpoint: Endpoint) -> Fault | None:
        """The fault that keeps the body of this request from being read."""
        return self._draw(endpoint, None, unread=True)

    def strike(self, endpoint: Endpoint, name: str | None = None) -> Fault | None:
        """The fault that this request meets once it has been read."""
        return self._draw(endpoint, name, unread=False)

    def _draw(self, endpoint: Endpoint, name: str | None, *, unread: bool) -> Fault | None:
        struck = None
        for fault, seen in self._counted:
            if fault.endpoint == endpoint and (fault.kind == "drop_unread") is unread:
                if fault.name is not None and fault.name != name:
                    continue
                seen[0] += 1
                if struck is None and fault.nth <= seen[0] < fault.nth + fault.times:
                    struck = fault
        if not self._chances:
            return struck
        roll = self._dice[endpoint, unread].random()
        for chance in self._chances:
            if chance.fault.endpoint == endpoint and (chance.fault.kind == "drop_unread") is unread:
                if struck is None and roll < chance.share:
                    struck = chance.fault
                roll -= chance.share
        return struck


def instead(fault: Fault | None, now: float, trouble: Trouble) -> Answer | Drop | None:
    """What the client gets in place of the work, or None if the work is done. *now* is Unix time."""
    if fault is None:
        return None
    match fault.kind:
        case "drop_unread" | "drop_before" | "reset_before":
            return Drop(reset=fault.kind == "reset_before")
        case "unauthorized" | "revoke":
            return trouble(401)
        case "throttle" | "throttle_date":
            return refusal(429, "Too many requests", headers=_retry_after(fault, now))
        case "unavailable" | "unavailable_date":
            return refusal(503, "Service unavailable", headers=_retry_after(fault, now))
        case "unavailable_bare":
            return refusal(503, "Service unavailable")
        case "error_before":
            return trouble(500)
        case "html":
            return Answer(body=_PAGE, content_type=HTML)
        case _:
            return None


def _retry_after(fault: Fault, now: float) -> tuple[tuple[str, str], ...]:
    if fault.kind.endswith("_date"):
        return (("Retry-After", formatdate(ceil(now + fault.seconds), usegmt=True)),)
    return (("Retry-After", str(ceil(fault.seconds))),)


def spoil(fault: Fault | None, answer: Answer, trouble: Trouble) -> Answer | Drop:
    """What becomes of the *answer* to work that was done."""
    if fault is None:
        return answer
    match fault.kind:
        case "drop_after" | "reset_after":
            return Drop(reset=fault.kind == "reset_after")
        case "error_after":
            return trouble(500)
        case "html_after":
            return Answer(body=_PAGE, content_type=HTML)
        case "empty":
            return replace(answer, body=b"")
        case _:
            return answer

"""Logs: one canonical line a file at info, one line an event at debug, to stderr, as text or JSON.

Cell values and secrets do not get this far by construction; the processor at the end of the chain is a
second line of defence that blots out every known secret.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Collection, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TextIO, cast
from urllib.parse import quote

import structlog

from orchestrator.edges.rows import event_row
from orchestrator.model import Checked, Event, Job, Key, Token
from orchestrator.naming import printable
from orchestrator.ports import Ledger
from orchestrator.trip import Trip

_MASK = "[secret]"
_OF_TOKENS = r"[A-Za-z0-9\-._~+/=]"
_BEARER = re.compile(rf"\b((?i:bearer|basic))\s+(?![a-z]{{1,12}}(?!{_OF_TOKENS})){_OF_TOKENS}+")
"""A short word in small letters is no token: "Basic needs …" is what a person is told to do."""
_SHORTEST = 4
"""Characters; blotting out anything shorter would only make the log unreadable."""


def set_up_logs(*, as_json: bool, level: int, secrets: Collection[str] = (), stream: TextIO | None = None) -> None:
    """Ours through structlog; what libraries warn of goes through the same chain."""
    given = {secret for secret in secrets if len(secret) >= _SHORTEST}
    known = sorted(given | {quote(secret, safe="") for secret in given}, key=len, reverse=True)

    def clean(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: _cleaned(value, known) for key, value in event.items()}

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            clean,
            structlog.processors.JSONRenderer() if as_json else _as_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Unfailing(stream or sys.stderr))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Passing()], force=True)


class _Unfailing:
    """A log that cannot be written must never fail what it tells of."""

    def __init__(self, stream: TextIO | None) -> None:
        """None is what a process has whose stderr was closed before it began."""
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            if self._stream is not None:
                self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            if self._stream is not None:
                self._stream.flush()


class _Passing(logging.Handler):
    """Hands on the words of a library's record, and nothing that it fills in or appends: that may quote a request."""

    def emit(self, record: logging.LogRecord) -> None:
        words = str(record.msg).partition("\n")[0]
        structlog.get_logger().log(record.levelno, words, logger=record.name)


def _cleaned(value: Any, secrets: Collection[str]) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else repr(value)
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return _BEARER.sub(rf"\1 {_MASK}", text)


def _as_text(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    head = f"{event.pop('timestamp')} {event.pop('level'):<7} {printable(str(event.pop('event')))}"
    return " ".join([head, *(f"{key}={_quoted(value)}" for key, value in event.items())])


def _quoted(value: Any) -> str:
    text = printable(value) if isinstance(value, str) else str(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text


def log_trip(trip: Trip) -> None:
    """The canonical line of one file, and before it what a person should know who reads warnings only."""
    log = structlog.get_logger()
    if trip.without_events:
        log.warning("without_events", path=trip.path, cause=trip.without_events)
    if not log.is_enabled_for(logging.INFO):
        return
    job = trip.job
    fields: dict[str, Any] = {"path": trip.path, "end": trip.end.value}
    if job is not None:
        fields["version"] = job.version
        if trip.attempts is not None:
            fields["attempts"] = trip.attempts
        if job.checked is not None:
            fields |= {"rows": job.checked.data.rows, "bad_rows": job.checked.data.bad}
            if (events := job.checked.events) is not None:
                fields |= {"event_rows": events.rows, "bad_event_rows": events.bad}
    if trip.parts:
        fields["parts"] = len(trip.parts)
    if trip.polls:
        fields["polls"] = trip.polls
    fields |= {phase: round(seconds, 3) for phase, seconds in trip.seconds.items()}
    if trip.why:
        fields["cause"] = trip.why
    log.info("file", **fields)


@dataclass(frozen=True, slots=True)
class Narrated:
    """A ledger that tells every event at debug, once it is durable."""

    ledger: Ledger
    debug: Callable[..., Any]

    def find(self, key: Key) -> Job | None:
        return self.ledger.find(key)

    def versions(self, key: Key) -> Sequence[Job]:
        return self.ledger.versions(key)

    def holder(self, token: Token) -> Job | None:
        return self.ledger.holder(token)

    async def record(self, job: Job, *events: Event) -> Job:
        after = await self.ledger.record(job, *events)
        self._tell(job, events)
        return after

    async def divide(self, job: Job, parts: Sequence[tuple[Job, Checked]], *events: Event) -> Job:
        after = await self.ledger.divide(job, parts, *events)
        self._tell(job, events)
        return after

    def _tell(self, job: Job, events: Sequence[Event]) -> None:
        for event in events:
            name, detail = event_row(event)
            self.debug(name, path=job.path, version=job.version, **_public(json.loads(detail)))


def _public(detail: dict[str, Any]) -> dict[str, Any]:
    """A processing token opens results to whoever holds it, so logs do without; a digest tells nobody anything."""
    return {key: value for key, value in detail.items() if key not in ("token", "rules")}

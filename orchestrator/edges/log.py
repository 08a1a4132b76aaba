"""Logs: one canonical line a file at info, one line an event at debug, to stderr, as text or JSON.

Cell values and secrets do not get this far by construction; the processor at the end of the chain is a
second line of defence that blots out every known secret.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any, TextIO

import structlog

from orchestrator.books import Trip
from orchestrator.edges.rows import event_row
from orchestrator.model import Event, Job, Key
from orchestrator.naming import printable
from orchestrator.ports import Ledger

_MASK = "[secret]"


def set_up_logs(*, as_json: bool, level: int, secrets: Collection[str] = (), stream: TextIO | None = None) -> None:
    """Ours through structlog, the libraries' from warning on through the same chain."""
    masked = [secret for secret in secrets if len(secret) >= 4]

    def blot(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if isinstance(value, str):
                for secret in masked:
                    value = value.replace(secret, _MASK)
                event[key] = value
        return event

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            blot,
            structlog.processors.JSONRenderer() if as_json else _as_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.CRITICAL, stream=stream or sys.stderr, force=True)


def _as_text(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    head = f"{event.pop('timestamp')} {event.pop('level'):<7} {event.pop('event')}"
    return " ".join([head, *(f"{key}={_quoted(value)}" for key, value in event.items())])


def _quoted(value: Any) -> str:
    text = printable(value) if isinstance(value, str) else str(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text


def log_trip(trip: Trip) -> None:
    """The canonical line of one file."""
    log = structlog.get_logger()
    if not log.is_enabled_for(logging.INFO):
        return
    job = trip.job
    fields: dict[str, Any] = {"path": trip.path, "end": trip.end.value}
    if job is not None:
        fields |= {"version": job.version, "attempts": job.attempts}
        if job.checked is not None:
            fields |= {"rows": job.checked.data.rows, "bad_rows": job.checked.data.bad}
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

    async def find(self, key: Key) -> Job | None:
        return await self.ledger.find(key)

    async def record(self, job: Job, *events: Event) -> Job:
        after = await self.ledger.record(job, *events)
        for event in events:
            name, detail = event_row(event)
            self.debug(name, path=job.path, version=job.version, **_public(json.loads(detail)))
        return after


def _public(detail: dict[str, Any]) -> dict[str, Any]:
    """A processing token opens results to whoever holds it, so logs do without."""
    return {key: value for key, value in detail.items() if key != "token"}

"""Writes a person's verdict on an item in doubt into the ledger."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

from orchestrator.edges.clock import SystemClock
from orchestrator.edges.view import open_view
from orchestrator.edges.workplace import ledger_file, open_workplace
from orchestrator.errors import ConfigError
from orchestrator.model import Job, Resolved, State, Token, Verdict


async def settle(out: Path, item: str, verdict: Resolved, wait: float) -> Job:
    """Raises ConfigError when there is no such item in doubt, or the token is none."""
    with open_view(ledger_file(out)) as view:
        target, found = view.target(), view.find(item)
    doubtful = [candidate.job for candidate in found if candidate.job.state is State.IN_DOUBT]
    if not doubtful:
        states = ", ".join(sorted({candidate.job.state for candidate in found}))
        known = f"it is {states}" if states else "the ledger has no such item"
        raise ConfigError(f"{item}: nothing to decide, {known}. See orchestrator status.")
    if len(doubtful) > 1:
        raise ConfigError(f"{item}: more than one item is called that. Use its number from orchestrator status.")
    if verdict.verdict is Verdict.ACCEPTED:
        verdict = replace(verdict, token=_require_token(verdict))
    clock = SystemClock()
    async with open_workplace(out, target, clock, wait=wait) as place:
        return await place.ledger.record(doubtful[0], replace(verdict, at=clock.now().timestamp()))


def _require_token(verdict: Resolved) -> Token:
    try:
        return Token(str(uuid.UUID(verdict.token or "")))
    except ValueError:
        raise ConfigError("--accepted: a processing token is a UUID, as the upload was answered with.") from None

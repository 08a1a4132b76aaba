"""Writes a person's verdict on an item in doubt into the ledger."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from pathlib import Path

from orchestrator.edges.clock import SystemClock
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.view import View, open_view
from orchestrator.edges.workplace import ledger_file, open_workplace
from orchestrator.errors import ConfigError
from orchestrator.model import Doubted, Job, Resolved, State, Token, Verdict
from orchestrator.naming import printable

_TRANSFER = re.compile(r"[0-9a-f]{24}", re.ASCII)


async def settle(out: Path, item: str, verdict: Resolved, wait: float) -> Job:
    """Raises ConfigError when there is no such item to decide about, or the token is none."""
    with open_view(ledger_file(out)) as view:
        target = view.target()
        _undecided(view, item)
    if verdict.verdict is Verdict.ACCEPTED:
        verdict = replace(verdict, token=_require_token(verdict))
    clock = SystemClock()
    async with open_workplace(out, target, clock, wait=wait) as place:
        with open_view(ledger_file(out)) as view:
            job = _undecided(view, item)  # a run may have ended while we waited for it
        _require_free(verdict, job, place.ledger)
        taken_back = () if job.state is State.IN_DOUBT else (Doubted("a person took the token back"),)
        return await place.ledger.record(job, *taken_back, replace(verdict, at=clock.now().timestamp()))


def _undecided(view: View, item: str) -> Job:
    """The one in doubt; or else the one that waits only because a person said so, which may have been a slip."""
    found = view.find(item)
    doubtful = [candidate.job for candidate in found if candidate.job.state is State.IN_DOUBT]
    doubtful = doubtful or [candidate.job for candidate in found if view.waits_by_hand(candidate)]
    if not doubtful:
        states = ", ".join(sorted({candidate.job.state for candidate in found}))
        known = f"it is {states}" if states else "the ledger has no such item"
        raise ConfigError(f"{item}: nothing to decide, {known}. See orchestrator status.")
    if len(doubtful) > 1:
        raise ConfigError(f"{item}: more than one item is called that. Use its number from orchestrator status.")
    return doubtful[0]


def _require_free(verdict: Resolved, job: Job, ledger: SqliteLedger) -> None:
    """A slip of the hand must not end one file by what became of another."""
    if verdict.token is None or (holder := ledger.holder(verdict.token)) is None:
        return
    if (holder.key != job.key and holder.state is not State.FAILED) or verdict.token in ledger.shared_tokens():
        raise ConfigError(
            f"--accepted: this token was given to {printable(holder.path)}, which is {holder.state}. Give the one that "
            f"the upload of {printable(job.path)} was answered with; or --abandon whichever has it wrongly, first."
        )


def _require_token(verdict: Resolved) -> Token:
    """Of one of the forms that remotes give out: any other is a slip of the hand."""
    token = verdict.token or ""
    if _TRANSFER.fullmatch(token):
        return Token(token)
    try:
        return Token(str(uuid.UUID(token)))
    except ValueError:
        raise ConfigError(
            "--accepted: a processing token is a UUID, that of a transfer has 24 hexadecimal digits. Give the one that "
            "the upload was answered with."
        ) from None

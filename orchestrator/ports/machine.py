"""What the machine gives: the time, a ledger, and a folder for results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from orchestrator.model import (
    Checked,
    Event,
    Job,
    Key,
    Result,
    Token,
)
from orchestrator.ports.target import Fetched


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time in UTC, for people and for what must outlive the process."""
        ...

    def monotonic(self) -> float:
        """Seconds that only go up. For every duration and every deadline of this run."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Ledger(Protocol):
    def find(self, key: Key) -> Job | None:
        """The newest version under *key*: one indexed look-up, cheaper than going anywhere to make it."""
        ...

    def versions(self, key: Key) -> Sequence[Job]:
        """All under *key*, the oldest first."""
        ...

    def holder(self, token: Token) -> Job | None:
        """The job that the remote gave *token* to."""
        ...

    async def record(self, job: Job, *events: Event) -> Job:
        """Make *events* durable, all or none; only then return the job that they lead to."""
        ...

    async def divide(self, job: Job, parts: Sequence[tuple[Job, Checked]], *events: Event) -> Job:
        """As `record`, and the parts with it: all of them, each checked, or nothing."""
        ...


class Sink(Protocol):
    async def keep(self, job: Job, fetched: Fetched) -> Result:
        """A large result is put in place whole, here and now; a small one goes into the ledger first."""
        ...

    async def project(self, job: Job, results: Sequence[Result]) -> None:
        """Write what the ledger holds as files under `results/`. Writing it twice is harmless."""
        ...

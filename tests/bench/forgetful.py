"""The product's own command with a ledger that forgets, to see what durability costs. Never for real data.

    python -m tests.bench.forgetful run …

The real ledger is opened, but what is looked up and recorded on a file's way stays in a dictionary: no SQL, no
commits, no fsync, no hops to a thread for them. All else is the real thing.
"""

from __future__ import annotations

import sys
from typing import Any

from orchestrator.cli import app
from orchestrator.edges import workplace
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.model import Event, Job, Key, Token, evolve


class ForgetfulLedger(SqliteLedger):
    """Good for a first run over a fresh folder only."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._newest: dict[Key, Job] = {}

    def find(self, key: Key) -> Job | None:
        return self._newest.get(key)

    def holder(self, token: Token) -> Job | None:
        return None

    def durations(self) -> list[tuple[int, float]]:
        return []

    async def record(self, job: Job, *events: Event) -> Job:
        after = self._newest[job.key] = evolve(job, *events)
        return after


if __name__ == "__main__":
    # Where a run opens its ledger; a name that is gone there must not pass for a measurement.
    assert hasattr(workplace, "SqliteLedger"), "the workplace opens its ledger in another way now"
    setattr(workplace, "SqliteLedger", ForgetfulLedger)  # noqa: B010  # for a checker it would be a class
    app(sys.argv[1:], prog_name="orchestrator")

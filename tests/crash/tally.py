"""What the schedules came to, so that the numbers that were really run can be told at the end."""

from __future__ import annotations

from collections import Counter

from crash import sends
from crash.evidence import Evidence
from crash.promise import Promise
from orchestrator.model import State


class Tally:
    """Plain numbers by name, for they travel from one process of the test run to another."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.moments: dict[str, int] = {}

    def count(self, what: str, number: int = 1) -> None:
        self.numbers[what] = self.numbers.get(what, 0) + number

    def hit(self, moment: str) -> None:
        self.moments[moment] = self.moments.get(moment, 0) + 1

    def record(self, evidence: Evidence, promise: Promise) -> None:
        self.count("files", len(evidence.newest))
        self.count("in doubt", sum(job.state is State.IN_DOUBT for job in evidence.newest.values()))
        taken = Counter(send.name for send in evidence.sends if send.taken)
        self.count("repeats that replaced", sum(taken.values()) - len(taken))
        asked_for = sum(sends.asked_for(evidence, name, promise) for name in evidence.standing)
        second = sum(standing.copies - 1 for standing in evidence.standing.values())
        self.count("silent duplicates", max(second - asked_for, 0))

"""When to ask after a job: by what jobs of its size took before, and never in lock step with others."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator.backoff import Backoff

SOONER, LATER = 0.5, 0.05
"""Weight of the newest job: quick to fall and slow to rise, because an end that is noticed late costs more than
polls. Where jobs take about the same time it is that time, where they differ widely it is that of the quick ones."""
LEAD = 0.8
"""Share of the expected time at which a job is asked after first."""
STEP = 0.1
"""Share of the expected time between the next polls, at first."""
FURTHEST = 10
"""Times the configured cap: so late at most is the first question."""


class JobTimes:
    """Seconds from acceptance to end that few jobs undercut, for every power of two of the size."""

    def __init__(self, known: Iterable[tuple[int, float]] = ()) -> None:
        self._by_size: dict[int, float] = {}
        for size, seconds in known:
            self.learn(size, seconds)

    def learn(self, size: int, seconds: float) -> None:
        """*size* in bytes."""
        bucket = size.bit_length()
        before = self._by_size.get(bucket, seconds)
        self._by_size[bucket] = before + (SOONER if seconds < before else LATER) * (seconds - before)

    def expected(self, size: int) -> float | None:
        """Of the nearest size that is known; None when nothing is."""
        bucket = size.bit_length()
        nearest = min(self._by_size, key=lambda known: (abs(known - bucket), known), default=None)
        return None if nearest is None else self._by_size[nearest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The polls of one job. What is learned only ever puts the first poll later, and `backoff` begins after it."""

    backoff: Backoff
    times: JobTimes = field(default_factory=JobTimes)

    def delay(self, nth: int, rng: random.Random, *, size: int, age: float, at_least: float | None = None) -> float:
        """Seconds before the *nth* poll (from 1) of a job that was accepted *age* seconds ago."""
        plain = self.backoff.delay(nth, rng, at_least)
        expected = self.times.expected(size)
        if expected is None or LEAD * expected <= self.backoff.first:
            return plain
        if nth == 1:
            due = min(LEAD * expected, FURTHEST * self.backoff.cap) * rng.uniform(1 - self._spread, 1.0)
            return max(plain, due - age)
        step = min(STEP * expected, self.backoff.cap) * rng.uniform(1 - self._spread, 1 + self._spread)
        return max(self.backoff.delay(nth - 1, rng, at_least), step)

    @property
    def _spread(self) -> float:
        return min(self.backoff.jitter, 1.0)

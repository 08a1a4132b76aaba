"""How the remote works through submissions: a queue, some slots, and time. Pure: it is told what time it is.

First come, first served, and a job's length is drawn when it is submitted; so its start and end are known
at once, and its state is a question of arithmetic, asked when somebody asks.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from orchestrator.sandbox.profile import Profile

T = TypeVar("T")


class Phase(Enum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The processing of one submission. `errors` are the lines of feedback; with any, it ends failed."""

    token: str
    name: str
    rows: int
    starts: float
    ends: float
    errors: tuple[str, ...] = ()

    def phase(self, now: float) -> Phase:
        if now < self.ends:
            return Phase.RUNNING
        return Phase.FAILED if self.errors else Phase.SUCCEEDED

    def done(self, now: float) -> float:
        """The share of the work that is done; a job without an end never gets anywhere."""
        if math.isinf(self.ends) or now < self.starts:
            return 0.0
        return 1.0 if now >= self.ends else (now - self.starts) / (self.ends - self.starts)


class Jobs:
    """The slots, and every job by its token. A stuck job never ends and takes no slot from the others."""

    def __init__(self, profile: Profile, rng: random.Random) -> None:
        self._profile = profile
        self._rng = rng
        self._busy_until: list[float] = []
        self._by_token: dict[str, Job] = {}

    def submit(
        self,
        now: float,
        *,
        token: str,
        name: str,
        rows: int,
        errors: tuple[str, ...] = (),
        stuck: bool = False,
    ) -> Job:
        """Queue a job; a profile without spread draws no random number."""
        profile = self._profile
        length = profile.job_base + profile.job_per_row * rows
        if profile.job_spread:
            length *= self._rng.lognormvariate(0.0, profile.job_spread)
        starts = now if stuck else self._take_slot(now, length)
        ends = math.inf if stuck else starts + length
        job = Job(token=token, name=name, rows=rows, starts=starts, ends=ends, errors=errors)
        self._by_token[token] = job
        return job

    def find(self, token: str) -> Job | None:
        return self._by_token.get(token)

    def state(self, job: Job, now: float) -> str:
        """The status word: the first running one until the start, the others in equal parts until the end."""
        profile = self._profile
        match job.phase(now):
            case Phase.SUCCEEDED:
                return profile.success_word
            case Phase.FAILED:
                return profile.failure_word
            case Phase.RUNNING:
                waiting, *working = profile.running_words
                if now < job.starts or not working:
                    return waiting
                return working[int(job.done(now) * len(working))]

    def _take_slot(self, now: float, length: float) -> float:
        slots = self._profile.slots
        if slots is None:
            return now
        if len(self._busy_until) < slots:
            heapq.heappush(self._busy_until, now + length)
            return now
        starts = max(now, self._busy_until[0])
        heapq.heapreplace(self._busy_until, starts + length)
        return starts


class Agenda(Generic[T]):
    """What has to be done at some time, handed out once that is over: the earliest first."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, T]] = []
        self._seq = 0

    def add(self, when: float, what: T) -> None:
        self._seq += 1
        heapq.heappush(self._entries, (when, self._seq, what))

    def due(self, now: float) -> Iterator[T]:
        while self._entries and self._entries[0][0] <= now:
            yield heapq.heappop(self._entries)[2]

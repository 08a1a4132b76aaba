"""The moments of a run at which it can be struck, placed from outside around the target and the ledger.

Those of a kind are numbered in the order in which a run passes them, so a kill at the 1st, the 2nd … until a run
completes untouched leaves none out, in whatever order its files take their turns.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio

from crash.push import Push
from crash.strike import Strike
from orchestrator import batch
from orchestrator.config import Settings
from orchestrator.edges import suspects
from orchestrator.edges.clock import SystemClock
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.model import Accepted, Checked, Completed, Event, Failed, Job, Result, Token
from orchestrator.pipeline import Pipeline
from orchestrator.ports import Body, Ended, Fetched, MayGo, Release, Running, Target, Trace
from orchestrator.targets.endgrate import target as endgrate
from orchestrator.targets.platform import target as platform
from orchestrator.targets.tao import target as tao
from orchestrator.wiring import Parts, make_pipeline


def moments_of(transitions: Sequence[str], requests: Sequence[str]) -> list[str]:
    """The kinds of moments that a file goes through: two around every transition and every request."""
    commits = [f"{when} the commit of {transition}" for transition in transitions for when in ("before", "after")]
    return commits + [f"{when} the {request}" for request in requests for when in ("before", "after")]


class Moments:
    def __init__(self, strike: Strike) -> None:
        self._strike = strike
        self._left = strike.nth
        self._trace = os.open(strike.trace, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC)
        self._one_at_a_time = threading.Lock()

    def reach(self, what: str, *about: str) -> None:
        """The line outlives the process: what was written to a file does. *about* stands in it behind tabs."""
        with self._one_at_a_time:
            os.write(self._trace, "\t".join([what, *about]).encode() + b"\n")
            self._left -= what == self._strike.fatal
            if what == self._strike.fatal and self._left == 0:
                for number in self._strike.signals:
                    os.kill(os.getpid(), number)


@dataclass(frozen=True)
class StruckTarget:
    target: Target
    moments: Moments

    @property
    def id(self) -> str:
        return self.target.id

    @property
    def looks_up(self) -> bool:
        return self.target.looks_up

    def heed(self, may_go: MayGo) -> None:
        self.target.heed(may_go)

    async def sign_in(self) -> None:
        await self.target.sign_in()

    async def probe(self) -> None:
        await self.target.probe()

    def finds_again(self, job: Job) -> bool:
        return self.target.finds_again(job)

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        return self.target.holds_back(job, body, overwrite=overwrite)

    async def submit(
        self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None
    ) -> Accepted | Completed:
        self.moments.reach("before the upload")
        answer = await self.target.submit(job, body, overwrite=overwrite, release=release)
        self.moments.reach("after the upload")
        return answer

    async def recall(self, job: Job) -> Accepted | Completed | Trace:
        return await self.target.recall(job)

    async def check(self, token: Token) -> Running | Ended:
        self.moments.reach("before the poll")
        answer = await self.target.check(token)
        self.moments.reach("after the poll")
        return answer

    def has_forgotten(self, job: Job) -> bool:
        return self.target.has_forgotten(job)

    async def recollect(self, job: Job, body: Body) -> None:
        await self.target.recollect(job, body)

    async def fetch(self, token: Token, key: str) -> Fetched:
        self.moments.reach(f"before the fetch of {key}")
        answer = await self.target.fetch(token, key)
        self.moments.reach(f"after the fetch of {key}")
        return answer

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        return self.target.conclude(job, ended, results)


class FastClock(SystemClock):
    def __init__(self, speed: float) -> None:
        self._speed = speed

    def monotonic(self) -> float:
        return super().monotonic() * self._speed

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds / self._speed)


def prepare(**given: Any) -> None:
    """In this process, which is about to become the program; *given* are the fields of a strike."""
    strike = Strike(**given)
    moments = Moments(strike)

    def struck(settings: Settings, parts: Parts, *, retry_failed: bool) -> Pipeline:
        target = StruckTarget(parts.target, moments)
        return make_pipeline(settings, replace(parts, target=target), retry_failed=retry_failed)

    suspects.DEATHS = sys.maxsize  # who is killed so often, by us, must not take the files for the reason
    ours: dict[str, Any] = {"make_pipeline": struck, "SystemClock": lambda: FastClock(strike.speed)}
    if strike.push:
        ours["make_target"] = lambda *_: Push(**strike.push)
    for name, value in ours.items():
        assert hasattr(batch, name)
        setattr(batch, name, value)
    if strike.hold_from is not None:
        for target in (platform, tao, endgrate):
            assert hasattr(target, "HOLD_FROM")
            target.HOLD_FROM = strike.hold_from
    _strike_around_commits(moments)
    if strike.fine:
        _strike_around_replace(moments)


def _strike_around_commits(moments: Moments) -> None:
    """Whatever the command: a run's, and a person's verdict."""
    original = SqliteLedger.record

    async def record_and_reach(ledger: SqliteLedger, job: Job, *events: Event) -> Job:
        what = "+".join(type(event).__name__ for event in events)
        moments.reach(f"before the commit of {what}", job.path, job.state)
        after = await original(ledger, job, *events)
        moments.reach(f"after the commit of {what}", job.path, job.state)
        return after

    SqliteLedger.record = record_and_reach  # type: ignore[method-assign]  # in this process only
    divide = SqliteLedger.divide

    async def divide_and_reach(
        ledger: SqliteLedger, job: Job, parts: Sequence[tuple[Job, Checked]], *events: Event
    ) -> Job:
        what = "+".join(type(event).__name__ for event in events)
        moments.reach(f"before the commit of {what}", job.path, job.state)
        after = await divide(ledger, job, parts, *events)
        moments.reach(f"after the commit of {what}", job.path, job.state)
        return after

    SqliteLedger.divide = divide_and_reach  # type: ignore[method-assign]  # in this process only


def _strike_around_replace(moments: Moments) -> None:
    """Every file that is put in place whole is written under another name first."""
    original = os.replace

    def replace_and_reach(source: Any, place: Any, **how: Any) -> None:
        moments.reach("before the rename")
        original(source, place, **how)
        moments.reach("after the rename")

    os.replace = replace_and_reach  # type: ignore[assignment]  # only as the program calls it

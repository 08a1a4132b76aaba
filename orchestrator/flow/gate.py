"""When the target may be asked: its own wishes, a rate, and a breaker that a budget of retries opens.

A remote in trouble answers some requests and fails others. Retries alone would double its load, so they are
paid for by successes: when the budget is empty nobody passes for a while, and then one read goes first. A
pause costs a batch nothing but time; no file ever fails by it.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable
from typing import TypeAlias

Tell: TypeAlias = Callable[[str], None]
"""Gets every change of the flow with its reason, for one line of the log."""

BUDGET = 20.0
"""Failures that may be tried again without a success in between."""
EARNED = 0.1
"""What a success adds to the budget: in the long run at most every eleventh request is a retry."""
AFTER_PAUSE = 5.0
"""What the budget holds at least when requests go on, so that a remote that stays half well is still served."""
RECOVERED = 16.0
"""Budget from which on the next trouble is a new one, with a short pause first."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 120.0
"""Seconds; each pause that brings no recovery is twice as long as the one before."""
SPREAD = 0.2
FIRST_TRIES = 5
"""Of one request, before a remote that was never reached in this run is given up."""
PATIENCE = 900.0
"""Seconds from the first failure to the last, without a single success in between, after which an outage is not
waited out any more. Nor is a Retry-After that is longer."""
EASING, LONGEST_EASING, EASED = 0.1, 10.0, 32
"""After a Retry-After requests go on one by one for this share of it, at most so many seconds, and about so many
requests in that time."""


class Work(enum.Enum):
    """What a request is for. That reads come back well says nothing about uploads."""

    SENDING = enum.auto()
    READING = enum.auto()


def nobody(change: str) -> None:
    """Tells nobody."""


class Gate:
    """One for each target, for all its workers: what slows one down slows everybody down.

    - A Retry-After holds everybody, whoever was told. After it they go on one by one, not all in one instant.
    - The budget of retries is everybody's: when it is empty nobody passes for a while, and then one probe goes
      first. A probe that comes back well opens the gate again, and proves nothing more.
    - Patience is kept apart for sending and for reading, where a probe that fails is a read that failed. The trouble
      of uploads ends by an answer to an upload; that of reads by an answer to either.
    - To wait is hopeless when all requests of a kind have failed for longer than PATIENCE, when a remote that was
      never reached has failed FIRST_TRIES times, or when the remote wants to be left alone for longer than PATIENCE.
    """

    def __init__(self, rate: float = 0.0, *, rng: random.Random | None = None, tell: Tell = nobody) -> None:
        self._gap = 1.0 / rate if rate else 0.0
        self._rng = rng or random.Random(0)
        self._tell = tell
        self._next_slot = 0.0
        self._not_before = 0.0
        self._budget = BUDGET
        self._pauses = 0
        self._half_open = False
        self._reached = False
        self._trouble: dict[Work, tuple[float, float]] = {}  # the first failure since the last success, and the last
        self._easing = 0.0
        self._eased_until = 0.0

    def reserve(self, now: float) -> float:
        """Seconds until the caller's own turn: when the number of requests a second is limited, and after a hold."""
        slot = max(now, self._next_slot)
        easing = self._rng.uniform(0.0, self._easing) if slot < self._eased_until else 0.0
        self._next_slot = slot + max(self._gap, easing)
        return slot - now

    def hold(self, now: float, seconds: float) -> None:
        """Nobody passes for so long: the remote asked for it. A shorter wish never shortens a longer one."""
        if now + seconds > self._not_before:
            self._not_before = now + seconds
            eased = min(EASING * seconds, LONGEST_EASING)
            self._easing, self._eased_until = 2.0 * eased / EASED, self._not_before + eased
            self._tell(f"nothing is asked for {seconds:.0f} s: the remote wants it so (Retry-After)")

    def closed_for(self, now: float) -> float:
        """Seconds; after them it is open, or half open."""
        return max(self._not_before - now, 0.0)

    @property
    def is_half_open(self) -> bool:
        """Whether one read has to go first and come back well."""
        return self._half_open

    def succeeded(self, work: Work) -> None:
        """The remote answered a request in a way that makes sense, whatever the answer was."""
        self._reached = True
        self.relieved(Work.READING)
        if work is Work.SENDING:
            self.relieved(Work.SENDING)
        self._budget = min(self._budget + EARNED, BUDGET)
        if self._budget >= RECOVERED:
            self._pauses = 0

    def relieved(self, work: Work) -> None:
        """Its trouble so far has an end, or had a reason that is gone."""
        self._trouble.pop(work, None)

    def failed(self, now: float, work: Work, *, reached: bool = True) -> None:
        """A request will have to be tried again. *reached*: the remote was there to fail it.

        A remote that was never there has nothing to recover from: there the limit of tries ends the run.
        """
        self._reached |= reached
        if not self._reached:
            return
        self._note_trouble(now, work)
        self._budget = max(self._budget - 1.0, 0.0)
        if self._budget < 1.0 and not self._half_open:
            self._pause(now, "too many requests failed")

    def probed(self, now: float, *, well: bool) -> None:
        """How the one read went that goes first after a pause."""
        self._half_open = False
        if not well:
            self._note_trouble(now, Work.READING)
            self._pause(now, "the remote is not well yet")
            return
        self._budget = max(self._budget, AFTER_PAUSE)
        self._tell("requests go on: the remote is well again")

    def is_hopeless(self, work: Work, tries: int) -> bool:
        """Whether to try on makes no sense any more in this run, after *tries* of one request."""
        if not self._reached:
            return tries >= FIRST_TRIES
        first, last = self._trouble.get(work, (0.0, 0.0))
        return last - first > PATIENCE

    def is_closed_too_long(self, now: float) -> bool:
        """Whether the remote wants to be left alone for longer than a run waits."""
        return self.closed_for(now) > PATIENCE

    def _note_trouble(self, now: float, work: Work) -> None:
        first, _ = self._trouble.get(work, (now, now))
        self._trouble[work] = (first, now)

    def _pause(self, now: float, why: str) -> None:
        ceiling = min(FIRST_PAUSE * 2.0 ** min(self._pauses, 16), LONGEST_PAUSE)
        seconds = ceiling * self._rng.uniform(1.0 - SPREAD, 1.0 + SPREAD)
        self._pauses += 1
        self._half_open = True
        self._not_before = max(self._not_before, now + seconds)
        self._tell(f"nothing is asked for {seconds:.0f} s: {why}")

"""What goes wrong in one seed: with which call, how, and what becomes of each submission."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.remotes.line import Call, Fault, Trouble
from tests.remotes.remote import Fate, Request

_ALIKE = {
    Trouble.UNREACHABLE: 1.0,
    Trouble.NOT_SENT: 3.0,
    Trouble.THROTTLED: 3.0,
    Trouble.LOST: 4.0,
    Trouble.BROKEN: 4.0,
    Trouble.GARBLED: 2.0,
}
_ODDS: Mapping[Call, Mapping[Trouble, float]] = {
    Call.SIGN_IN: {Trouble.UNREACHABLE: 0.5, Trouble.NOT_SENT: 1.0, Trouble.DENIED: 0.2},
    Call.SUBMIT: _ALIKE | {Trouble.REFUSED: 1.0, Trouble.LATE: 4.0},
    Call.RECALL: _ALIKE,
    Call.CHECK: _ALIKE,
    Call.FETCH: _ALIKE | {Trouble.REFUSED: 1.0},
}
"""Percent of the calls, in weather of strength 1."""

PLANNED = frozenset((call, trouble) for call, odds in _ODDS.items() for trouble in odds)

_RETRY_AFTER = (1.0, 5.0, 30.0)

LATEST = 30.0
"""Seconds after which nothing arrives any more that was sent before."""

_TROUBLES = {call: tuple(odds) for call, odds in _ODDS.items()}
_WEIGHTS = {call: tuple(odds.values()) for call, odds in _ODDS.items()}
_SHARE = {call: sum(odds.values()) / 100 for call, odds in _ODDS.items()}


@dataclass(kw_only=True)
class Weather:
    rng: random.Random
    strength: float = 0.0
    """0: nothing goes wrong."""
    _verdicts: dict[str, bool] = field(default_factory=dict)
    """By content: the same bytes are judged the same."""

    def fault(self, call: Call, about: object) -> Fault:
        if call is Call.SIGN_IN:
            return Fault(trouble=self._trouble(call))
        if not self.strength:
            return Fault(before=0.1)
        rng = self.rng
        slow = rng.random() < 0.02 * self.strength
        if call is not Call.SUBMIT:
            trouble, retry_after = self._trouble(call), rng.choice(_RETRY_AFTER)
            return Fault(trouble=trouble, before=100.0 if slow else rng.uniform(0.01, 1.0), retry_after=retry_after)
        return Fault(
            trouble=self._trouble(call),
            before=rng.uniform(0.01, 0.5),
            after=rng.uniform(30.0, 100.0) if slow else rng.uniform(0.01, 0.5),
            arrives=rng.uniform(0.0, LATEST) if rng.random() < 0.5 else None,
            retry_after=rng.choice(_RETRY_AFTER),
        )

    def fate(self, request: Request) -> Fate:
        rng = self.rng
        if not self.strength:
            return Fate(ends=rng.uniform(0.0, 3.0), success=self._verdicts.setdefault(request.digest, True))
        return Fate(
            ends=self._end(),
            success=self._verdicts.setdefault(request.digest, rng.random() > 0.07),
            known_from=rng.uniform(1.0, 50.0) if rng.random() < 0.1 else 0.0,
            results_from=rng.uniform(1.0, 100.0) if rng.random() < 0.08 else 0.0,
            forgotten=rng.random() < 0.01,
            words=("", "reticulating") if rng.random() < 0.1 else (),
        )

    def _end(self) -> float | None:
        """Most jobs are quick, some get stuck for long, a few for ever."""
        chance = self.rng.random()
        if chance < 0.01:
            return None
        return self.rng.uniform(100.0, 400.0) if chance < 0.05 else self.rng.uniform(0.0, 4.0)

    def _trouble(self, call: Call) -> Trouble:
        if self.rng.random() >= _SHARE[call] * self.strength:
            return Trouble.NONE
        return self.rng.choices(_TROUBLES[call], _WEIGHTS[call])[0]

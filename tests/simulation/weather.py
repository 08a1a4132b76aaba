"""What goes wrong in one seed: with which call, how, and what becomes of each submission."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.remotes.line import Call, Fault, Part, Trouble
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
    Call.SIGN_IN: {Trouble.UNREACHABLE: 0.5, Trouble.NOT_SENT: 1.0, Trouble.DENIED: 0.4},
    Call.PROBE: {},  # these nights are too small for the breaker; a brown-out has them
    Call.SUBMIT: _ALIKE | {Trouble.REFUSED: 1.0, Trouble.LATE: 4.0},
    Call.RECALL: dict.fromkeys(_ALIKE, 6.0),  # there are few such calls
    Call.CHECK: _ALIKE,
    Call.FETCH: _ALIKE | {Trouble.REFUSED: 1.0},
}
"""Percent of the calls, in weather of strength 1."""

_ANYWHERE = (Trouble.NOT_SENT, Trouble.THROTTLED, Trouble.REFUSED, Trouble.LOST, Trouble.GARBLED)
_HELD: tuple[tuple[Part, Trouble], ...] = (
    *((part, trouble) for part in Part for trouble in _ANYWHERE),
    (Part.HEAD, Trouble.UNREACHABLE),  # afterwards there is a connection
    (Part.TAIL, Trouble.LATE),  # before, what arrives late is a part, and so nothing
    (Part.TAIL, Trouble.BROKEN),  # before, the remote has nothing that it could do
)
"""What strikes uploads whose last bytes are held back, and where: two percent each, so that every night has some."""
_HELD_SHARE = 0.02 * len(_HELD)

PLANNED: frozenset[tuple[Call | Part, Trouble]] = frozenset(
    {
        *((call, trouble) for call, odds in _ODDS.items() for trouble in odds),
        *_HELD,
    }
)

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
    slow_disk: bool = False
    holds: bool = False
    """The last bytes of large uploads are held back."""
    _verdicts: dict[str, bool] = field(default_factory=dict)
    """By content: the same bytes are judged the same."""

    def fault(self, call: Call, about: object) -> Fault:
        if call is Call.SIGN_IN:
            return Fault(trouble=self._trouble(call), before=self.renewal())
        if not self.strength:
            return Fault(before=0.1)
        rng = self.rng
        slow = rng.random() < 0.02 * self.strength
        if call is not Call.SUBMIT:
            trouble, retry_after = self._trouble(call), rng.choice(_RETRY_AFTER)
            return Fault(trouble=trouble, before=100.0 if slow else rng.uniform(0.01, 1.0), retry_after=retry_after)
        part, trouble = self._part_and_trouble() if self.holds else (Part.TAIL, self._trouble(call))
        return Fault(
            trouble=trouble,
            part=part,
            record=rng.choice((0.0, 0.01, 0.1)),
            before=rng.uniform(0.01, 0.5),
            after=rng.uniform(30.0, 100.0) if slow else rng.uniform(0.01, 0.5),
            arrives=rng.uniform(0.0, LATEST) if rng.random() < 0.75 else None,
            retry_after=rng.choice(_RETRY_AFTER),
        )

    def renewal(self) -> float:
        """Seconds until there is a new bearer token; none where the old one is good."""
        renews = self.strength > 0 and self.rng.random() < 0.1
        return self.rng.uniform(0.05, 1.0) if renews else 0.0

    def commit_takes(self) -> float:
        """Most commits are quick, some are not; where the disk is slow they gather, and share their journeys."""
        chance = self.rng.random() if self.strength else 0.0
        if chance < (0.2 if self.slow_disk else 0.6):
            return 0.0
        return self.rng.uniform(0.1, 3.0) if self.slow_disk or chance > 0.95 else self.rng.uniform(0.001, 0.05)

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

    def _part_and_trouble(self) -> tuple[Part, Trouble]:
        if self.rng.random() >= _HELD_SHARE * self.strength:
            return Part.TAIL, Trouble.NONE
        return self.rng.choice(_HELD)

    def _trouble(self, call: Call) -> Trouble:
        if self.rng.random() >= _SHARE[call] * self.strength:
            return Trouble.NONE
        return self.rng.choices(_TROUBLES[call], _WEIGHTS[call])[0]

"""How long to wait before the next try. Pure: numbers in, numbers out."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential growth up to a cap, with a limit on the number of tries and one on the time that they take.

    `jitter` is the share of the delay that is random: 1.0 is full jitter (0 to the ceiling), 0.2 spreads
    the delay over ±20 % of it.
    """

    first: float = 0.5
    factor: float = 2.0
    cap: float = 30.0
    tries: int = 5
    seconds: float = math.inf
    jitter: float = 1.0

    def delay(self, nth: int, rng: random.Random, at_least: float | None = None) -> float:
        """Seconds to wait after the *nth* try (from 1), never less than the remote's own Retry-After."""
        try:
            ceiling = min(self.cap, self.first * self.factor ** (nth - 1))
        except OverflowError:
            ceiling = self.cap
        if self.jitter >= 1.0:
            chosen = rng.uniform(0.0, ceiling)
        else:
            chosen = ceiling * rng.uniform(1.0 - self.jitter, 1.0 + self.jitter)
        return max(chosen, at_least or 0.0)

    def is_spent(self, nth: int, elapsed: float) -> bool:
        """Whether there is no further try after the *nth*, *elapsed* seconds after the first one began."""
        return nth >= self.tries or elapsed >= self.seconds

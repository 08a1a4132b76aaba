"""When the target may be asked, and how much may be in memory. Pure: the time is passed in."""

from __future__ import annotations


class Gate:
    """One for each target, for all its workers: what slows one down slows everybody down."""

    def __init__(self, rate: float = 0.0) -> None:
        self._gap = 1.0 / rate if rate else 0.0
        self._next_slot = 0.0
        self._not_before = 0.0

    def reserve(self, now: float) -> float:
        """Seconds until the caller's own turn, when the number of requests a second is limited."""
        slot = max(now, self._next_slot)
        self._next_slot = slot + self._gap
        return slot - now

    def hold(self, now: float, seconds: float) -> None:
        """Nobody passes for so long: the remote asked for it. A shorter wish never shortens a longer one."""
        self._not_before = max(self._not_before, now + seconds)

    def closed_for(self, now: float) -> float:
        return max(self._not_before - now, 0.0)

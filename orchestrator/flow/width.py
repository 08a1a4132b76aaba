"""How many uploads at a time, and how many jobs at the remote: less under pressure, more when it is gone."""

from __future__ import annotations

from orchestrator.flow.gate import Tell, nobody

DECREASE = 0.7
CALM = 10
"""Uploads without pressure, at least, before one more at a time is tried: a refusal costs a whole upload."""
MOST_ROUNDS = 8
"""Full rounds of the jobs that the remote took before one more is tried: twice as many after each that it refuses."""

STANDSTILL = 60.0
"""Seconds without an end of any job of ours after which one more is tried: what is full may not be full of ours."""


class Width:
    """Uploads in flight: starts at the configured number; times 0.7 under pressure, one more after a calm round."""

    def __init__(self, most: int, tell: Tell = nobody) -> None:
        self._most = most
        self._tell = tell
        self._calm = 0
        self._narrowed_at = float("-inf")
        self.current = most

    def succeeded(self) -> None:
        if self.current == self._most:
            return
        self._calm += 1
        if self._calm >= max(self.current, CALM):
            self._calm = 0
            self.current += 1
            self._tell(f"{self.current} uploads at a time: a round went without pressure")

    def pressed(self, started: float, now: float) -> None:
        """The remote was busy. What *started* before the last decrease says nothing about the width since then."""
        self._calm = 0
        if started < self._narrowed_at or self.current == 1:
            return
        self._narrowed_at = now
        self.current = max(int(self.current * DECREASE), 1)
        self._tell(f"{self.current} uploads at a time: the remote is busy, or does not answer")


class Slots:
    """Jobs that the remote works on at a time: no limit until it refuses one more without saying when to come."""

    def __init__(self, tell: Tell = nobody) -> None:
        self._tell = tell
        self._ended = 0
        self._rounds, self._step = 1, 1
        self.unfinished = 0
        self.limit: int | None = None

    def has_room(self, *, uploading: int) -> bool:
        """Whether one more may be sent besides those that are *uploading*."""
        return self.limit is None or self.unfinished + uploading < self.limit

    def began(self) -> None:
        self.unfinished += 1
        if self.limit is not None and self.unfinished > self.limit:
            self.limit = self.unfinished
            self._tell(f"{self.limit} jobs at the remote at a time: it took one more")

    def ended(self) -> None:
        self.unfinished -= 1
        self._ended += 1
        if self.limit is None or self._ended < self._rounds * self.limit:
            return
        if self._step > 1:
            self._rounds = 1
        self._ended = 0
        self.limit += self._step
        self._step *= 2
        self._tell(f"{self.limit} jobs at the remote at a time: it may have room for more")

    def stood_still(self) -> None:
        """Nothing has changed for STANDSTILL, with no room left."""
        self.limit = self.unfinished + 1
        self._tell(f"{self.limit} jobs at the remote at a time: none has ended for {STANDSTILL:.0f} s")

    def refused(self, *, alone: bool) -> None:
        """With nothing of ours unfinished it is not our jobs that fill it.

        One that was not *alone* may have been one upload too many at a time: that leaves a known limit as it is.
        """
        if not self.unfinished or (self.limit is not None and not alone):
            return
        if self._step > 1:
            self._rounds = min(2 * self._rounds, MOST_ROUNDS)
        self._ended, self._step = 0, 1
        if self.limit is None or self.unfinished < self.limit:
            self.limit = self.unfinished
            self._tell(f"{self.limit} jobs at the remote at a time: it took no more")

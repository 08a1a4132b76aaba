"""How many uploads at a time, and how many jobs at the remote: less under pressure, more when it is gone."""

from __future__ import annotations

from orchestrator.flow.gate import Tell, nobody

DECREASE = 0.7
GROWTH = 4
"""Full rounds of the jobs that the remote took before one more is tried: a refusal costs a whole upload."""


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
        if self._calm >= self.current:
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
        self._tell(f"{self.current} uploads at a time: the remote is busy")


class Slots:
    """Jobs that the remote works on at a time: no limit until it refuses one more without saying when to come."""

    def __init__(self, tell: Tell = nobody) -> None:
        self._tell = tell
        self._ended = 0
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
        if self.limit is not None and self._ended >= GROWTH * self.limit:
            self._ended = 0
            self.limit += 1
            self._tell(f"{self.limit} jobs at the remote at a time: it may have room for one more")

    def refused(self) -> None:
        """With nothing of ours unfinished it is not our jobs that fill it."""
        self._ended = 0
        if self.unfinished and (self.limit is None or self.unfinished < self.limit):
            self.limit = self.unfinished
            self._tell(f"{self.limit} jobs at the remote at a time: it took no more")

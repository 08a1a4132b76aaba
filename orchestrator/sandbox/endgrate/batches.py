"""Which records of a transfer get through: every nth batch may fail, and that is all arithmetic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """*count* records in batches of *size*; batch number `failing`, and every multiple of it, fails (from 1)."""

    count: int
    size: int
    failing: int | None = None

    @property
    def total(self) -> int:
        return -(-self.count // self.size)

    @property
    def failed(self) -> int:
        return self.total // self.failing if self.failing else 0

    @property
    def lost(self) -> int:
        """The records of the batches that fail; only the last batch of all may be smaller than the others."""
        last_is_among_them = bool(self.failing) and self.failed and self.total % (self.failing or 1) == 0
        missing = self.total * self.size - self.count if last_is_among_them else 0
        return self.failed * self.size - missing

    @property
    def through(self) -> int:
        return self.count - self.lost

    def index(self, nth: int) -> int:
        """The place in the transfer of the *nth* record that gets through (both from 0)."""
        if not self.failing:
            return nth
        between = (self.failing - 1) * self.size
        return nth // between * (between + self.size) + nth % between

    def lost_index(self, nth: int) -> int:
        """The place in the transfer of the *nth* record that does not."""
        assert self.failing, "where nothing fails nothing is lost"
        return ((nth // self.size + 1) * self.failing - 1) * self.size + nth % self.size

"""Which of the records that were sent the `index` of an error may mean. Pure.

Nobody documents whether it counts from 0 or from 1, nor whether in the whole transfer or in each batch of it. So it is
believed only as far as all that is known of a transfer leaves one way to count: errors that name their record by its
key as well tell it for the others, nobody says 0 who counts from 1, none can be meant that was not sent, and an index
beyond the size of a batch counts no batch. Where both bases are left over there are two records that it may mean.
"""

from __future__ import annotations


class Indexes:
    def __init__(self, sent: int | None = None, *, batch: int | None = None) -> None:
        """*sent* records, if that is known; in batches of so many, if there is more than one."""
        self._sent = sent
        self._batch = batch
        self._lowest, self._highest = 1, 0
        self._bases: set[int] = set()
        self._keys: dict[int, str] = {}
        self._places: dict[str, int] = {}
        self._contradict = False

    def note(self, index: int, key: str = "", row: int = 0) -> None:
        """One that an error tells, with the *key* beside it, and the *row*, from 1, that the key is of, if known."""
        self._lowest, self._highest = min(self._lowest, index), max(self._highest, index)
        if row:
            self._bases.add(row - index)
        if key:
            same = self._keys.setdefault(index, key) == key and self._places.setdefault(key, index) == index
            self._contradict |= not same

    def rows(self, index: int) -> tuple[int, ...]:
        """From 1: the one that it means, the two that it may mean, or none where nobody can say."""
        return tuple(index + base for base in self._possible())

    def _possible(self) -> list[int]:
        """What makes a row of an index: 1 where it counts from 0, and 0 where it counts from 1."""
        in_batches = self._batch is not None and self._highest <= self._batch
        if self._contradict or in_batches:
            return []
        return [base for base in (1, 0) if self._bases <= {base} and self._reaches(base)]

    def _reaches(self, base: int) -> bool:
        return self._lowest + base >= 1 and (self._sent is None or self._highest + base <= self._sent)

"""Have these cells come before in this file? Exact, and in memory of a known size."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from orchestrator.validation.limits import KEY_LIMIT

_BYTES = 16


class Keys:
    """Remembers a digest of 16 bytes for each value, with its line: two values that share one do not happen.

    A table on disk would have no limit, but would make the check of a file as slow as its disk; who needs more
    than the limit splits the file.
    """

    __slots__ = ("_columns", "_left", "_seen")

    def __init__(self, columns: Sequence[tuple[int, ...]]) -> None:
        """*columns*: the cells, by index, that together must differ; every one of the tuples for itself."""
        self._columns = columns
        self._seen: tuple[dict[bytes, int], ...] = tuple({} for _ in columns)
        self._left = KEY_LIMIT

    @property
    def is_full(self) -> bool:
        return self._left < 0

    def take(self, cells: Sequence[str], line: int) -> bool:
        """Keep them all; False, and none is kept, where one came before or the limit is near."""
        if self._left < len(self._columns):
            return False
        found, digests = self.look(cells)
        if not found:
            self.keep(digests, line)
        return not found

    def look(self, cells: Sequence[str]) -> tuple[list[tuple[int, int]], list[bytes]]:
        """Which of them came before, as number of the cell and line; and what `keep` takes if none did."""
        found, digests = [], []
        for seen, columns in zip(self._seen, self._columns, strict=True):
            # A NUL stands in no cell.
            value = "\0".join([cells[column] for column in columns]) if columns[1:] else cells[columns[0]]
            digest = blake2b(value.encode(), digest_size=_BYTES).digest() if value else b""
            digests.append(digest)
            if digest in seen:
                found.append((columns[0] + 1, seen[digest]))
        return found, digests

    def keep(self, digests: Sequence[bytes], line: int) -> None:
        for seen, digest in zip(self._seen, digests, strict=True):
            if digest:
                seen[digest] = line
                self._left -= 1

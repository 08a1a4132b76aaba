"""Have these cells come before in this file? Exact, and in memory of a known size."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from operator import itemgetter
from typing import Protocol, TypeAlias

from orchestrator.validation.limits import KEY_LIMIT, KEYS_HELD
from orchestrator.validation.meanings import Meaning

_BYTES = 15
"""One more, and each would take a quarter more of memory."""


@dataclass(frozen=True, slots=True)
class Key:
    places: tuple[int, ...]
    """Which cells of a row, from 0."""
    of: Callable[[Sequence[str]], str]
    """What they mean together in a row."""


def key_of(places: tuple[int, ...], meanings: Sequence[Meaning | None]) -> Key:
    parts = tuple(zip(places, meanings, strict=True))
    if len(parts) > 1:
        return Key(places, partial(_together, parts))
    (place, meaning), *_ = parts
    return Key(places, partial(_meant, place, meaning) if meaning else itemgetter(place))


def _meant(place: int, meaning: Meaning, cells: Sequence[str]) -> str:
    return meaning(cells[place])


def _together(parts: Sequence[tuple[int, Meaning | None]], cells: Sequence[str]) -> str:
    """Told apart by a NUL, which stands in no cell."""
    return "\0".join([meaning(cells[place]) if meaning else cells[place] for place, meaning in parts])


class Shelf(Protocol):
    """Where the digests of one file are that memory has no room for."""

    def line_of(self, key: int, digest: bytes) -> int | None:
        """Where it came before as the *key*, which is a number from 0."""

    def keep(self, key: int, digest: bytes, line: int) -> None: ...


Shelves: TypeAlias = Callable[[], Shelf]
"""Called for a file when memory is full, and not before."""


class Keys:
    """Remembers a digest of 15 bytes for each value, with its line: two values that share one do not happen.

    The first of them are in memory, which is quicker than any disk; what comes then goes to a shelf, or, where there
    is none, is too many.
    """

    __slots__ = ("_keys", "_left", "_seen", "_shelf", "_shelves")

    def __init__(self, keys: Sequence[Key], shelves: Shelves | None = None) -> None:
        """The cells of each of the *keys* together must differ."""
        self._keys = keys
        self._seen: tuple[dict[bytes, int], ...] = tuple({} for _ in keys)
        self._shelves = shelves
        self._shelf: Shelf | None = None
        self._left = KEYS_HELD if shelves else KEY_LIMIT

    @property
    def is_full(self) -> bool:
        return self._left < 0 and self._shelves is None

    def take(self, cells: Sequence[str], line: int) -> bool:
        """Keep them all; False, and none is kept, where one came before or the limit is near."""
        if self._left < len(self._keys) and self._shelves is None:
            return False
        found, digests = self.look(cells)
        if not found:
            self.keep(digests, line)
        return not found

    def look(self, cells: Sequence[str], unread: Set[int] = frozenset()) -> tuple[list[tuple[int, int]], list[bytes]]:
        """Which of them came before, as number of the cell and line; and what `keep` takes if none did.

        Of the cells at the places *unread* nobody knows what they mean.
        """
        found: list[tuple[int, int]] = []
        digests: list[bytes] = []
        shelf = self._shelf
        for seen, key in zip(self._seen, self._keys, strict=True):
            value = key.of(cells) if unread.isdisjoint(key.places) else ""
            digest = blake2b(value.encode(), digest_size=_BYTES).digest() if value else b""
            if digest in seen:
                found.append((key.places[0] + 1, seen[digest]))
            elif shelf and digest and (line := shelf.line_of(len(digests), digest)):
                found.append((key.places[0] + 1, line))
            digests.append(digest)
        return found, digests

    def keep(self, digests: Sequence[bytes], line: int) -> None:
        for number, (seen, digest) in enumerate(zip(self._seen, digests, strict=True)):
            if digest and self._left <= 0 and self._shelves:
                self._shelf = self._shelf or self._shelves()
                self._shelf.keep(number, digest, line)
            elif digest:
                seen[digest] = line
                self._left -= 1

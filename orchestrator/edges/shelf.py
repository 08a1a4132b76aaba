"""The keys of one large file that memory has no room for, in a database that nobody else can open."""

from __future__ import annotations

import secrets
import sqlite3
import uuid
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from orchestrator.edges.database import connect
from orchestrator.errors import StorageError
from orchestrator.naming import printable

_CACHE = 8 << 20
"""Bytes of pages that are kept in memory."""
_GROUP = 16_384
"""Keys that are written at once: in their order, so that a page is looked for once and not for each."""
_BYTES = 16
_MASK = (1 << 26) - 1
"""Bits by which most keys are known to be new: 8 MiB, which three million keys fill to a tenth."""


class KeyShelf:
    """Has no name on the disk from the beginning, so a run that is killed leaves nothing of it behind."""

    def __init__(self, folder: Path) -> None:
        """Raises StorageError, as all of it does."""
        self._folder = folder
        # Whoever reads the bare disk must not be able to look a list of names up.
        self._key = secrets.token_bytes(_BYTES)
        self._ahead: dict[bytes, int] = {}
        self._bits = bytearray((_MASK + 1) // 8)
        place = folder / f"keys-{uuid.uuid4().hex}.sqlite3"
        with self._storing():
            self._db = connect(place, "rwc")
            weakref.finalize(self, self._db.close)
            place.unlink()
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute(f"PRAGMA cache_size = -{_CACHE >> 10}")
            self._db.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, line INT) WITHOUT ROWID")

    def line_of(self, key: int, digest: bytes) -> int | None:
        own = self._digest(key, digest)
        first, second = _places(own)
        if not (self._bits[first >> 3] >> (first & 7) & 1 and self._bits[second >> 3] >> (second & 7) & 1):
            return None
        if (line := self._ahead.get(own)) is not None:
            return line
        with self._storing():
            found = self._db.execute("SELECT line FROM seen WHERE digest = ?", (own,)).fetchone()
        return found[0] if found else None

    def keep(self, key: int, digest: bytes, line: int) -> None:
        own = self._digest(key, digest)
        for place in _places(own):
            self._bits[place >> 3] |= 1 << (place & 7)
        self._ahead[own] = line
        if len(self._ahead) == _GROUP:
            self._write()

    def _write(self) -> None:
        with self._storing():
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO seen VALUES (?, ?)", sorted(self._ahead.items()))
            self._db.execute("COMMIT")
        self._ahead.clear()

    def _digest(self, key: int, digest: bytes) -> bytes:
        return blake2b(digest + key.to_bytes(2), digest_size=_BYTES, key=self._key).digest()

    @contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"{printable(str(self._folder))}: the disk does not take the keys of a large file ({error}). "
                "Make room, then run the same command again: nothing is lost."
            ) from None


def _places(digest: bytes) -> tuple[int, int]:
    number = int.from_bytes(digest[:8])
    return number & _MASK, number >> 26 & _MASK

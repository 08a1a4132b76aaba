"""Which file holds which key, and which asks for it: digests in a database, lest memory have to hold them all.

It lives as long as a run. The digests are made with a key that is in memory only, so that a file that a killed run
leaves behind tells nobody whose they were.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from orchestrator.edges.database import connect
from orchestrator.errors import StorageError
from orchestrator.naming import printable
from orchestrator.validation import SourceLines

MEMORY = 16 << 20
"""Bytes of pages that are kept, and that a sort may take before it goes to disk; the rest is on disk."""
_GROUP = 8_192
"""Entries that are written at once."""
_PAGE = 1_000
"""Findings that are read at once."""
_BYTES = 16
_ROW = (1 << 32) - 1
"""The number of a row stands in these bits, the rank of its file above them."""

_TABLES = """
CREATE TABLE pools (pool INTEGER PRIMARY KEY, own INTEGER NOT NULL);
CREATE TABLE files (
    file INTEGER PRIMARY KEY, rank INTEGER NOT NULL, whole INTEGER NOT NULL, judged INTEGER NOT NULL);
CREATE TABLE lines (file INTEGER PRIMARY KEY, header INTEGER NOT NULL, gaps TEXT NOT NULL);
CREATE TABLE held (pool INTEGER, digest BLOB, file INTEGER, row INTEGER);
CREATE TABLE asked (pool INTEGER, digest BLOB, file INTEGER, row INTEGER, way INTEGER);
CREATE TABLE first (pool INTEGER, digest BLOB, at INTEGER, PRIMARY KEY (pool, digest)) WITHOUT ROWID;
CREATE TABLE findings (
    file INTEGER, row INTEGER, pool INTEGER, way INTEGER, at INTEGER,
    PRIMARY KEY (file, row, pool, way)) WITHOUT ROWID;
"""
# CROSS JOIN keeps the order of the tables: the large one is read from end to end, the small ones are asked.
_FIRST = """
INSERT INTO first SELECT pool, digest, min(rank << 32 | row) FROM held CROSS JOIN files USING (file)
CROSS JOIN pools USING (pool) WHERE whole OR NOT own GROUP BY pool, digest ORDER BY pool, digest
"""
_TWICE = """
INSERT INTO findings SELECT file, row, pool, -1, at FROM held CROSS JOIN pools USING (pool)
CROSS JOIN files USING (file) CROSS JOIN first USING (pool, digest) WHERE own AND judged AND at >> 32 <> rank
"""
_OBJECT = """
INSERT OR IGNORE INTO findings SELECT file, row, pool, way, -1 FROM asked CROSS JOIN files USING (file)
LEFT JOIN first USING (pool, digest) WHERE pool = ? AND judged AND at IS NULL
"""
_DANGLING = """
SELECT DISTINCT rank FROM asked CROSS JOIN files USING (file)
LEFT JOIN first USING (pool, digest) WHERE pool = ? AND judged AND at IS NULL
"""
_NEEDS = """
SELECT DISTINCT rank, at >> 32 FROM asked CROSS JOIN files USING (file) CROSS JOIN first USING (pool, digest)
WHERE judged AND at >> 32 <> rank
"""
_DOUBLES = """
SELECT DISTINCT rank, at >> 32 FROM findings CROSS JOIN files USING (file) WHERE way = -1
"""
_OF_FILE = """
SELECT row, pool, way, at FROM findings WHERE file = ? AND (row, pool, way) > (?, ?, ?) ORDER BY row, pool, way LIMIT ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a file is to the others."""

    rank: int
    """What several files hold belongs to the lowest."""
    whole: bool
    """It goes as it is, as far as is known without the others."""
    judged: bool
    """It is to be told what is wrong with it."""


class Found(NamedTuple):
    """One row that is not right beside others. *way* tells which of its references is meant, -1 none of them."""

    row: int
    pool: int
    way: int
    rank: int
    """Of the file that holds the same, and the row there; -1 where nobody does."""
    other: int


class Registry:
    """Filled by one thread, settled, and then asked by any. Rows are those that are good by themselves, from 1."""

    def __init__(self, place: Path, own: Collection[bool]) -> None:
        """*own*: for each pool whether what is held twice is to be told. Raises StorageError, as all of it does."""
        self._place = place
        self._key = secrets.token_bytes(_BYTES)
        self._lock = threading.Lock()
        self._held: list[tuple[int, bytes, int, int]] = []
        self._asked: list[tuple[int, bytes, int, int, int]] = []
        self.entries = 0
        with self._storing():
            self._db = connect(place, "rwc")
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute("PRAGMA temp_store = FILE")
            self._db.execute(f"PRAGMA cache_size = -{MEMORY >> 10}")
            self._db.executescript(_TABLES)
            self._db.executemany("INSERT INTO pools VALUES (?, ?)", enumerate(own))

    def close(self) -> None:
        self._db.close()
        self._place.unlink(missing_ok=True)

    def hold(self, pool: int, value: str, file: int, row: int) -> None:
        self._held.append((pool, self._digest(value), file, row))
        if len(self._held) == _GROUP:
            self._write()

    def ask(self, pool: int, value: str, file: int, row: int, way: int) -> None:
        self._asked.append((pool, self._digest(value), file, row, way))
        if len(self._asked) == _GROUP:
            self._write()

    def note_lines(self, file: int, *, header: bool, gaps: Sequence[tuple[int, int]]) -> None:
        """Which lines the rows of a file stand on."""
        with self._storing():
            self._db.execute("INSERT INTO lines VALUES (?, ?, ?)", (file, header, json.dumps(gaps)))

    def settle(self, files: Iterable[tuple[int, Standing]]) -> None:
        """Who holds what first, and what is held twice."""
        self._write()
        rows = ((number, s.rank, s.whole, s.judged) for number, s in files)
        with self._storing():
            self._db.executemany("INSERT INTO files VALUES (?, ?, ?, ?)", rows)
            self._db.execute(_FIRST)
            self._db.execute(_TWICE)

    def object_to_dangling(self, pool: int) -> None:
        """From now on it is a finding that nobody holds what is asked for."""
        with self._storing():
            self._db.execute(_OBJECT, (pool,))

    def dangling(self, pool: int) -> list[int]:
        """The ranks of the files with rows that ask for what nobody holds."""
        with self._storing():
            return [rank for (rank,) in self._db.execute(_DANGLING, (pool,))]

    def needs(self) -> Iterator[tuple[int, int]]:
        """The ranks of a file that asks and of another that holds."""
        with self._storing():
            yield from self._db.execute(_NEEDS)

    def doubles(self) -> Iterator[tuple[int, int]]:
        """The ranks of a file with a row that another has, and of that one."""
        with self._storing():
            yield from self._db.execute(_DOUBLES)

    def findings(self, file: int) -> Iterator[Found]:
        """Those about one file, in the order of its rows."""
        last = (-1, -1, -1)
        while True:
            with self._lock, self._storing():
                page = self._db.execute(_OF_FILE, (file, *last, _PAGE)).fetchall()
            for row, pool, way, at in page:
                yield Found(row, pool, way, *((-1, -1) if at < 0 else (at >> 32, at & _ROW)))
            if len(page) < _PAGE:
                return
            last = page[-1][:3]

    def lines(self, file: int) -> SourceLines:
        with self._lock, self._storing():
            header, gaps = self._db.execute("SELECT header, gaps FROM lines WHERE file = ?", (file,)).fetchone()
        return SourceLines(header, json.loads(gaps))

    def _digest(self, value: str) -> bytes:
        return blake2b(value.encode(), digest_size=_BYTES, key=self._key).digest()

    def _write(self) -> None:
        with self._storing():
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO held VALUES (?, ?, ?, ?)", self._held)
            self._db.executemany("INSERT INTO asked VALUES (?, ?, ?, ?, ?)", self._asked)
            self._db.execute("COMMIT")
        self.entries += len(self._held) + len(self._asked)
        self._held.clear()
        self._asked.clear()

    @contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(
                f"{printable(str(self._place.parent))}: the disk does not take the keys by which files are checked "
                f"beside each other ({error}). Make room, or set validation.duplicates and validation.references to "
                "off, then run the same command again: nothing is lost."
            ) from None

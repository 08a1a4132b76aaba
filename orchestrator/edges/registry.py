"""Which file holds which key, and which asks for it: digests in a database, lest memory have to hold them all.

It lives as long as a run. The digests are made with a key that is in memory only, so that a file that a killed run
leaves behind tells nobody whose they were.
"""

from __future__ import annotations

import heapq
import secrets
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from orchestrator.edges import census_tables as sql
from orchestrator.edges.database import connect
from orchestrator.errors import StorageError
from orchestrator.naming import printable
from orchestrator.ranges import Ranges
from orchestrator.validation import SourceLines, Tie

MEMORY = 16 << 20
"""Bytes of pages that are kept, and that a sort may take before it goes to disk; the rest is on disk."""
_GROUP = 8_192
"""Entries that are written at once."""
_PAGE = 1_000
"""Findings that are read at once."""
_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a file is to the others."""

    rank: int
    """What several files hold belongs to the remote's, and then to the lowest."""
    presence: sql.Presence
    whole: bool
    """It goes as it is, as far as is known without the others."""
    done: bool
    """Nothing of it is to come."""
    judged: bool
    """It is to be told what is wrong with it."""


class Place(NamedTuple):
    rank: int
    row: int


class Found(NamedTuple):
    """One row that is not right beside others."""

    row: int
    pool: int
    way: int | None
    """Which of its references nobody meets; None where it holds what another file holds."""
    other: Place | None
    """Who holds that; of a reference, a row that does not get to the remote."""


class Registry:
    """Filled by one thread, settled, and then asked by any. Rows are those that are good by themselves, from 1."""

    def __init__(self, place: Path, own: Collection[bool]) -> None:
        """*own*: for each pool whether what is held twice is to be told. Raises StorageError, as all of it does."""
        self._place = place
        self._key = secrets.token_bytes(_BYTES)
        self._lock = threading.Lock()
        self._held: list[tuple[int, bytes, int, int]] = []
        self._asked: list[tuple[int, bytes, int, int, int, bool]] = []
        self._step = 0
        self.entries = 0
        with self._storing():
            self._db = connect(place, "rwc")
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute("PRAGMA temp_store = FILE")
            self._db.execute(f"PRAGMA cache_size = -{MEMORY >> 10}")
            self._db.executescript(sql.TABLES)
            self._db.executemany("INSERT INTO pools VALUES (?, ?, 0)", enumerate(own))

    def close(self) -> None:
        with self._lock:
            self._db.close()
        self._place.unlink(missing_ok=True)

    def enter(self, tie: Tie, file: int) -> None:
        if tie.way is None:
            self._held.append((tie.pool, self._digest(tie.value), file, tie.row))
        else:
            self._asked.append((tie.pool, self._digest(tie.value), file, tie.row, tie.way, tie.strict))
        if _GROUP in (len(self._held), len(self._asked)):
            self._write()

    def note_lines(self, file: int, *, header: bool, gaps: Ranges) -> None:
        """Which lines the rows of a file stand on."""
        with self._storing():
            self._db.execute("INSERT INTO lines VALUES (?, ?, ?)", (file, header, bytes(gaps)))

    def note_lacking(self, file: int, rows: Iterable[tuple[int, bool]]) -> None:
        """Of a file that the remote has, rows that it does not have, each with whether it may go now."""
        with self._storing():
            self._db.execute("BEGIN")
            for row, may_go in rows:
                self._db.execute(sql.NEW if may_go else sql.ABSENT, (file, row))
            self._db.execute("COMMIT")

    def settle(self, files: Iterable[tuple[int, Standing]], sure: Iterable[int]) -> None:
        """Who holds what first. Of the pools that are *sure* it is known all that is in them."""
        self._write()
        rows = ((number, s.rank, s.whole, s.judged, s.done, s.presence) for number, s in files)
        with self._storing():
            self._db.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany("UPDATE pools SET sure = 1 WHERE pool = ?", ((pool,) for pool in sure))
            self._db.execute(sql.FIRST)

    def give_up_dangling(self) -> Iterator[None]:
        """Rows that ask strictly for what nobody holds do not go, nor do those that ask for what only these hold."""
        yield from self._give_up(sql.DANGLING_AT_FIRST)

    def give_up_refused(self, ended: Collection[int], rows: Iterable[tuple[int, int]], *, in_turn: bool) -> set[int]:
        """The files *ended* are at the remote, but for these *rows*, each with its file. To ask for them is a finding
        now, and such a row does not go either where rows are given up *in_turn*. Returns the files with findings.
        """
        told: set[int] = set()
        with self._lock, self._storing():
            self._db.executescript(sql.INDEXES + sql.ASKED_BY_ANY)
            self._db.execute("BEGIN")
            self._db.executemany("UPDATE files SET judged = 0, ended = 1 WHERE file = ?", ((file,) for file in ended))
            self._step += 1
            step = self._step
            given_up = self._db.executemany("INSERT OR IGNORE INTO absent VALUES (?, ?, ?)", ((*r, step) for r in rows))
            while given_up.rowcount > 0:
                self._db.execute("DELETE FROM lost")
                self._db.execute(sql.LOST, (self._step,))
                self._db.execute(sql.NEXT_FIRST, (False,))
                told.update(file for (file,) in self._db.execute(sql.WHO_ASKS_FOR_LOST))
                self._db.execute(sql.DANGLING_OF_LOST)
                if not in_turn:
                    break
                self._step += 1
                given_up = self._db.execute(sql.DANGLING_IN_TURN, (self._step,))
            self._db.execute("COMMIT")
        return told

    def find_twice(self) -> None:
        """From now on it is a finding that a row holds what is to be there once, and another file has it first."""
        with self._storing():
            self._db.execute(sql.TWICE)

    def give_up_twice(self) -> Iterator[None]:
        """These rows do not go, nor do those that ask strictly for what only they hold."""
        yield from self._give_up(sql.TWICE_GIVEN_UP)

    def object_to_dangling(self) -> None:
        """From now on it is a finding that nobody holds what is asked for, where that is sure."""
        with self._storing():
            self._db.execute(sql.DANGLING)

    def dangling(self, pool: int) -> list[int]:
        """The ranks of the files with rows that ask for what nobody holds."""
        with self._storing():
            return [rank for (rank,) in self._db.execute(sql.WHO_ASKS_IN_VAIN, (pool,))]

    def needs(self) -> Iterator[tuple[int, int]]:
        """The ranks of a file that asks and of another that holds what is still to be sent."""
        with self._storing():
            yield from self._db.execute(sql.NEEDS)

    def doubles(self) -> Iterator[tuple[int, int]]:
        """The ranks of a file with a row that another has which is still to be sent, and of that one."""
        with self._storing():
            yield from self._db.execute(sql.DOUBLES)

    def findings(self, file: int) -> Iterator[Found]:
        """Those about one file, in the order of its rows."""
        pages = self._pages(sql.TWICE_OF_FILE, file), self._pages(sql.DANGLING_OF_FILE, file)
        return heapq.merge(*pages, key=lambda found: found.row)

    def lines(self, file: int) -> SourceLines:
        with self._lock, self._storing():
            header, gaps = self._db.execute("SELECT header, gaps FROM lines WHERE file = ?", (file,)).fetchone()
        return SourceLines(bool(header), Ranges(gaps))

    def _give_up(self, rows: str) -> Iterator[None]:
        """The statement *rows* says which; then, step by step, all that hangs on them."""
        self._step += 1
        with self._storing():
            given_up = self._db.execute(rows, (self._step,)).rowcount
            if not given_up:
                return
            self._db.executescript(sql.INDEXES)
            self._db.execute("BEGIN")  # a chain may have many steps, each of a row
            while given_up:
                yield
                self._db.execute("DELETE FROM lost")
                self._db.execute(sql.LOST, (self._step,))
                self._db.execute(sql.NEXT_FIRST, (True,))
                self._step += 1
                given_up = self._db.execute(sql.DANGLING_IN_TURN, (self._step,)).rowcount
            self._db.execute("COMMIT")

    def _pages(self, statement: str, file: int) -> Iterator[Found]:
        last = (-1, -1)
        while True:
            with self._lock, self._storing():
                page = self._db.execute(statement, (file, *last, _PAGE)).fetchall()
            for row, _, pool, way, at in page:
                yield Found(row, pool, way, None if at is None else Place(*sql.rank_and_row(at)))
            if len(page) < _PAGE:
                return
            last = page[-1][:2]

    def _digest(self, value: str) -> bytes:
        return blake2b(value.encode(), digest_size=_BYTES, key=self._key).digest()

    def _write(self) -> None:
        with self._storing():
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO held VALUES (?, ?, ?, ?)", self._held)
            self._db.executemany("INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?)", self._asked)
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

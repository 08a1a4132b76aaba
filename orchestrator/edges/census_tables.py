"""The tables of the registry of a census, and what it asks of them.

A place, and what is `at` one, is a row of a file as one number: whether it is still to come to the remote << 56 | the
rank of its file << 32 | row. What the remote has comes first, then files by their ranks, then rows within a file.
"""

from __future__ import annotations

from enum import IntEnum


class Presence(IntEnum):
    """What the remote has of a file: all of its rows but for those that are noted as lacking."""

    NONE = 0
    REPLACED = 1
    """The next version has to bring them again."""
    STAYS = 2
    """They are not sent again."""


TABLES = """
CREATE TABLE pools (pool INTEGER PRIMARY KEY, own INTEGER NOT NULL, sure INTEGER NOT NULL);
CREATE TABLE files (
    file INTEGER PRIMARY KEY, rank INTEGER NOT NULL, whole INTEGER NOT NULL, judged INTEGER NOT NULL,
    ended INTEGER NOT NULL, presence INTEGER NOT NULL);
CREATE TABLE lines (file INTEGER PRIMARY KEY, header INTEGER NOT NULL, gaps BLOB NOT NULL);
CREATE TABLE held (pool INTEGER, digest BLOB, file INTEGER, row INTEGER);
CREATE TABLE asked (pool INTEGER, digest BLOB, file INTEGER, row INTEGER, way INTEGER, strict INTEGER);
-- Rows that are still to be sent, of files of which the remote has others.
CREATE TABLE new (file INTEGER, row INTEGER, PRIMARY KEY (file, row)) WITHOUT ROWID;
-- Rows that do not get to the remote, and in which step that was found; 0 for what an earlier run knew.
CREATE TABLE absent (file INTEGER, row INTEGER, step INTEGER, PRIMARY KEY (file, row)) WITHOUT ROWID;
-- Who holds a key: the first row that gets to the remote, or NULL, and the first of all that have it.
CREATE TABLE first (pool INTEGER, digest BLOB, at INTEGER, of_all INTEGER, PRIMARY KEY (pool, digest)) WITHOUT ROWID;
-- Keys whose first row turned out in this step not to get to the remote.
CREATE TABLE lost (pool INTEGER, digest BLOB, PRIMARY KEY (pool, digest)) WITHOUT ROWID;
CREATE TABLE twice (file INTEGER, row INTEGER, pool INTEGER, at INTEGER, PRIMARY KEY (file, row, pool)) WITHOUT ROWID;
CREATE TABLE dangling (
    file INTEGER, row INTEGER, way INTEGER, pool INTEGER, at INTEGER, PRIMARY KEY (file, row, way)) WITHOUT ROWID;

-- CROSS JOIN keeps the order of the tables: the large one is read from end to end, the small ones are asked.
CREATE VIEW holders AS SELECT held.*, own, whole, judged, ended, presence, rank, step,
    CASE WHEN presence = 0 THEN 1 ELSE EXISTS (
        SELECT 1 FROM new WHERE new.file = held.file AND new.row = held.row) END AS to_come
FROM held CROSS JOIN files USING (file) CROSS JOIN pools USING (pool) LEFT JOIN absent USING (file, row);
-- What the remote has counts, whatever else is in its file; what stays there is not judged any more.
CREATE VIEW holding AS SELECT *, (to_come << 56) + (rank << 32) + row AS place FROM holders
WHERE whole OR NOT own OR NOT to_come;
CREATE VIEW asking AS SELECT asked.*, rank, sure FROM asked CROSS JOIN files USING (file) CROSS JOIN pools USING (pool)
WHERE judged AND (presence < 2 OR EXISTS (SELECT 1 FROM new WHERE new.file = asked.file AND new.row = asked.row));
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS held_by_row ON held (file, row);
CREATE INDEX IF NOT EXISTS held_by_key ON held (pool, digest);
CREATE INDEX IF NOT EXISTS asked_by_key ON asked (pool, digest) WHERE strict;
CREATE INDEX IF NOT EXISTS absent_by_step ON absent (step);
"""
"""Made as soon as a row is given up, which in most folders none is."""
NEW = "INSERT OR IGNORE INTO new VALUES (?, ?)"
ABSENT = "INSERT OR IGNORE INTO absent VALUES (?, ?, 0)"

FIRST = """
INSERT INTO first SELECT pool, digest, min(CASE WHEN step IS NULL THEN place END), min(place)
FROM holding GROUP BY pool, digest ORDER BY pool, digest
"""
DANGLING_AT_FIRST = """
INSERT OR IGNORE INTO absent SELECT file, row, ? FROM asking LEFT JOIN first USING (pool, digest)
WHERE strict AND sure AND at IS NULL
"""
LOST = """
INSERT OR IGNORE INTO lost SELECT pool, digest FROM absent AS gone CROSS JOIN holding USING (file, row)
CROSS JOIN first USING (pool, digest) WHERE gone.step = ? AND at = place
"""
NEXT_FIRST = """
INSERT OR REPLACE INTO first SELECT pool, digest, (
    SELECT min(place) FROM holding WHERE pool = lost.pool AND digest = lost.digest AND step IS NULL
    AND (ended OR NOT to_come OR ?)), of_all
FROM lost CROSS JOIN first USING (pool, digest)
"""
"""Whether what is still to come counts, too: who asks for it waits for one file only, and not for the next."""
DANGLING_IN_TURN = """
INSERT OR IGNORE INTO absent SELECT file, row, ? FROM lost CROSS JOIN first USING (pool, digest)
CROSS JOIN asking USING (pool, digest) WHERE strict AND sure AND at IS NULL
"""
ASKED_BY_ANY = """
CREATE INDEX IF NOT EXISTS asked_by_any ON asked (pool, digest);
"""
"""Made as soon as the remote refuses a row in the run itself."""
# A file that does not go may hold it as well, but nobody waits for that one any more.
_ASKS_FOR_LOST = """
FROM lost CROSS JOIN first USING (pool, digest) CROSS JOIN asking USING (pool, digest) WHERE at IS NULL
"""
WHO_ASKS_FOR_LOST = "SELECT DISTINCT file" + _ASKS_FOR_LOST
DANGLING_OF_LOST = "INSERT OR IGNORE INTO dangling SELECT file, row, way, pool, of_all" + _ASKS_FOR_LOST
TWICE = """
INSERT INTO twice SELECT file, row, pool, at FROM holders CROSS JOIN first USING (pool, digest)
WHERE own AND judged AND (presence < 2 OR to_come) AND step IS NULL AND at >> 32 & 0xFFFFFF <> rank
"""
TWICE_GIVEN_UP = """
INSERT OR IGNORE INTO absent SELECT file, row, ? FROM twice
"""
DANGLING = """
INSERT OR IGNORE INTO dangling SELECT file, row, way, pool, of_all FROM asking LEFT JOIN first USING (pool, digest)
WHERE sure AND at IS NULL
"""
WHO_ASKS_IN_VAIN = """
SELECT DISTINCT rank FROM asking LEFT JOIN first USING (pool, digest) WHERE pool = ? AND at IS NULL
"""
NEEDS = """
SELECT DISTINCT rank, at >> 32 & 0xFFFFFF FROM asking CROSS JOIN first USING (pool, digest)
WHERE at >> 56 AND at >> 32 & 0xFFFFFF <> rank
"""
DOUBLES = """
SELECT DISTINCT rank, at >> 32 & 0xFFFFFF FROM twice CROSS JOIN files USING (file) WHERE at >> 56
"""
# The first two columns of these are what they are sorted by.
TWICE_OF_FILE = """
SELECT row, pool, pool, NULL, at FROM twice WHERE file = ? AND (row, pool) > (?, ?) ORDER BY row, pool LIMIT ?
"""
DANGLING_OF_FILE = """
SELECT row, way, pool, way, at FROM dangling WHERE file = ? AND (row, way) > (?, ?) ORDER BY row, way LIMIT ?
"""


def rank_and_row(at: int) -> tuple[int, int]:
    return at >> 32 & 0xFFFFFF, at & 0xFFFFFFFF

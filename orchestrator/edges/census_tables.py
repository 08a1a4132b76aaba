"""The tables of the registry of a census, and what it asks of them.

Where it says `at` there is a row of a file as one number, rank << 32 | row, which sorts as files do by their ranks and
rows within a file.
"""

from __future__ import annotations

TABLES = """
CREATE TABLE pools (pool INTEGER PRIMARY KEY, own INTEGER NOT NULL, sure INTEGER NOT NULL);
CREATE TABLE files (
    file INTEGER PRIMARY KEY,
    rank INTEGER NOT NULL, whole INTEGER NOT NULL, judged INTEGER NOT NULL);
CREATE TABLE lines (file INTEGER PRIMARY KEY, header INTEGER NOT NULL, gaps TEXT NOT NULL);
CREATE TABLE held (pool INTEGER, digest BLOB, file INTEGER, row INTEGER);
CREATE TABLE asked (pool INTEGER, digest BLOB, file INTEGER, row INTEGER, way INTEGER, strict INTEGER);
-- Rows that do not get to the remote, and in which step that was found; 0 for what an earlier run knew.
CREATE TABLE absent (file INTEGER, row INTEGER, step INTEGER, PRIMARY KEY (file, row)) WITHOUT ROWID;
-- Who holds a key: the first row that gets to the remote, or NULL, and the first of all that have it.
CREATE TABLE first (pool INTEGER, digest BLOB, at INTEGER, of_all INTEGER, PRIMARY KEY (pool, digest)) WITHOUT ROWID;
-- Keys whose first row turned out in this step not to get to the remote.
CREATE TABLE lost (pool INTEGER, digest BLOB, PRIMARY KEY (pool, digest)) WITHOUT ROWID;
CREATE TABLE twice (file INTEGER, row INTEGER, pool INTEGER, at INTEGER, PRIMARY KEY (file, row, pool)) WITHOUT ROWID;
CREATE TABLE dangling (
    file INTEGER, row INTEGER, way INTEGER, pool INTEGER, at INTEGER, PRIMARY KEY (file, row, way)) WITHOUT ROWID;
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS held_by_row ON held (file, row);
CREATE INDEX IF NOT EXISTS held_by_key ON held (pool, digest);
CREATE INDEX IF NOT EXISTS asked_by_key ON asked (pool, digest) WHERE strict;
CREATE INDEX IF NOT EXISTS absent_by_step ON absent (step);
"""
"""Made as soon as a row is given up, which in most folders none is."""

# CROSS JOIN keeps the order of the tables: the large one is read from end to end, the small ones are asked.
FIRST = """
INSERT INTO first
SELECT pool, digest, min(CASE WHEN step IS NULL THEN rank << 32 | row END), min(rank << 32 | row)
FROM held CROSS JOIN files USING (file) CROSS JOIN pools USING (pool) LEFT JOIN absent USING (file, row)
WHERE whole OR NOT own GROUP BY pool, digest ORDER BY pool, digest
"""
DANGLING_AT_FIRST = """
INSERT OR IGNORE INTO absent SELECT file, row, ? FROM asked CROSS JOIN files USING (file)
CROSS JOIN pools USING (pool) LEFT JOIN first USING (pool, digest)
WHERE strict AND sure AND judged AND at IS NULL
"""
LOST = """
INSERT OR IGNORE INTO lost SELECT pool, digest FROM absent CROSS JOIN files USING (file)
CROSS JOIN held USING (file, row) CROSS JOIN first USING (pool, digest) WHERE step = ? AND at = rank << 32 | row
"""
NEXT_FIRST = """
INSERT OR REPLACE INTO first SELECT pool, digest, (
    SELECT min(rank << 32 | row) FROM held CROSS JOIN files USING (file) CROSS JOIN pools USING (pool)
    LEFT JOIN absent USING (file, row)
    WHERE pool = lost.pool AND digest = lost.digest AND step IS NULL AND (whole OR NOT own)), of_all
FROM lost CROSS JOIN first USING (pool, digest)
"""
DANGLING_IN_TURN = """
INSERT OR IGNORE INTO absent SELECT file, row, ? FROM lost CROSS JOIN first USING (pool, digest)
CROSS JOIN asked USING (pool, digest) CROSS JOIN files USING (file) CROSS JOIN pools USING (pool)
WHERE strict AND sure AND judged AND at IS NULL
"""
ASKED_BY_ANY = """
CREATE INDEX IF NOT EXISTS asked_by_any ON asked (pool, digest);
"""
"""Made as soon as the remote refuses a row in the run itself."""
_ASKS_FOR_LOST = """
FROM lost CROSS JOIN first USING (pool, digest) CROSS JOIN asked USING (pool, digest) CROSS JOIN files USING (file)
CROSS JOIN pools USING (pool) WHERE sure AND judged AND at IS NULL
"""
WHO_ASKS_FOR_LOST = "SELECT DISTINCT file" + _ASKS_FOR_LOST
DANGLING_OF_LOST = "INSERT OR IGNORE INTO dangling SELECT file, row, way, pool, of_all" + _ASKS_FOR_LOST
TWICE = """
INSERT INTO twice SELECT file, row, pool, at FROM held CROSS JOIN pools USING (pool)
CROSS JOIN files USING (file) CROSS JOIN first USING (pool, digest) LEFT JOIN absent USING (file, row)
WHERE own AND judged AND step IS NULL AND at >> 32 <> rank
"""
TWICE_GIVEN_UP = """
INSERT OR IGNORE INTO absent SELECT file, row, ? FROM twice
"""
DANGLING = """
INSERT OR IGNORE INTO dangling SELECT file, row, way, pool, of_all FROM asked CROSS JOIN files USING (file)
CROSS JOIN pools USING (pool) LEFT JOIN first USING (pool, digest) WHERE sure AND judged AND at IS NULL
"""
WHO_ASKS_IN_VAIN = """
SELECT DISTINCT rank FROM asked CROSS JOIN files USING (file)
LEFT JOIN first USING (pool, digest) WHERE pool = ? AND judged AND at IS NULL
"""
NEEDS = """
SELECT DISTINCT rank, at >> 32 FROM asked CROSS JOIN files USING (file) CROSS JOIN first USING (pool, digest)
WHERE judged AND at >> 32 <> rank
"""
DOUBLES = """
SELECT DISTINCT rank, at >> 32 FROM twice CROSS JOIN files USING (file)
"""
# The first two columns of these are what they are sorted by.
TWICE_OF_FILE = """
SELECT row, pool, pool, NULL, at FROM twice WHERE file = ? AND (row, pool) > (?, ?) ORDER BY row, pool LIMIT ?
"""
DANGLING_OF_FILE = """
SELECT row, way, pool, way, at FROM dangling WHERE file = ? AND (row, way) > (?, ?) ORDER BY row, way LIMIT ?
"""


def rank_and_row(at: int) -> tuple[int, int]:
    return at >> 32, at & ((1 << 32) - 1)

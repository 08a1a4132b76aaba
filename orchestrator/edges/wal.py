"""Damage in the middle of SQLite's write-ahead log, which SQLite itself takes for the end of the log.

After a crash the log is read up to the first frame whose checksum is wrong. That drops a commit that was torn
by the crash, as it should; but when a bit went wrong further up, it silently drops whole commits that were
durable. A commit is synced before the next one begins, so only the very last can be torn: where two or more
commits are left out, something else has damaged the log. (File format: sqlite.org/fileformat2.html, section 4.)
"""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

_HEADER, _FRAME = 32, 24


def commits_in(log: Path) -> list[bool]:
    """For every frame of the log's present generation, whole or not, whether it ends a commit."""
    try:
        content = log.read_bytes()
    except FileNotFoundError:
        return []
    if len(content) < _HEADER:
        return []
    (page_size,), salts = struct.unpack_from(">I", content, 8), content[16:24]
    frames = range(_HEADER, len(content) - _FRAME, _FRAME + max(page_size, 512))
    return [content[at + 4 : at + 8] != b"\0\0\0\0" for at in frames if content[at + 8 : at + 16] == salts]


def drops_commits(db: sqlite3.Connection, commits: list[bool]) -> bool:
    """Whether *db*, just opened, leaves out more of the log that had these *commits* than one torn commit."""
    _, used, _ = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return sum(commits[max(used, 0) :]) > 1

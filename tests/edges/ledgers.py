"""Ledgers on a real disk, and a look at them from outside."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from edges.places import FakeClock
from orchestrator.edges.ledger import SqliteLedger

TARGET = "platform https://api.example.com client-1"


@contextmanager
def a_ledger(path: Path, *, target: str = TARGET, clock: FakeClock | None = None, **how: Any) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(path, target_id=target, run="run-1", clock=clock or FakeClock(), **how)
    try:
        yield ledger
    finally:
        ledger.close()


def rows(path: Path, query: str, *values: Any) -> list[Any]:
    """What somebody else sees at this moment."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(query, values).fetchall()


def commits(path: Path) -> int:
    """Commits in the write-ahead log: frames that name the size of the database after them."""
    if not (log := path.with_name(f"{path.name}-wal").read_bytes()):
        return 0
    page, salts = struct.unpack_from(">I", log, 8)[0], log[16:24]
    frames = range(32, len(log) - page - 23, 24 + page)
    return sum(log[at + 8 : at + 16] == salts and log[at + 4 : at + 8] != b"\0\0\0\0" for at in frames)


def damage(path: Path, *, since: int | None = None, cut: bool = False) -> None:
    """Overwrites pages from *since* on, or some in the middle; or cuts the file in half."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 8192 * 4096
    if cut:
        del content[middle:]
    else:
        start, end = (since, len(content)) if since is not None else (middle, middle + 20 * 4096)
        content[start:end] = b"\xa5" * (end - start)
    path.write_bytes(content)

"""The output folder of a night, with a ledger in it that costs less than one that each run makes and judges anew."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.workplace import ledger_file, state_folder
from tests.simulation.life import Life, VirtualClock
from tests.simulation.process import TARGET


def prepare(out: Path) -> None:
    state_folder(out).mkdir(parents=True)
    for name in ("results", "rejects"):
        (out / name).mkdir()
    ledger_file(out).write_bytes(_empty_ledger())


def shorten_the_log(db: sqlite3.Connection) -> None:
    """Whoever opens the ledger judges every frame of it, which takes longer than a night: that is tested where logs
    are damaged."""
    assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, "nobody else is at it"


@cache
def _empty_ledger() -> bytes:
    """Made once: its tables take longer than most of what comes after."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "ledger.sqlite3")
        SqliteLedger(path, target_id=TARGET, run="", clock=VirtualClock(Life())).close()
        return path.read_bytes()

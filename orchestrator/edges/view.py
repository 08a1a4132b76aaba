"""The ledger for those who only look: beside a run, after it, and without the right to write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.edges.database import UNREADABLE, connect, require_known_schema, require_whole, target_of, trouble
from orchestrator.edges.rows import job_of, moment_of
from orchestrator.edges.tables import JOB_COLUMNS
from orchestrator.errors import OutputError
from orchestrator.model import Job, Key, RelPath, State
from orchestrator.naming import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A job with what people point at it by."""

    id: int
    job: Job
    since: float
    """Unix time of its last change."""


class View:
    def __init__(self, db: sqlite3.Connection, target: str) -> None:
        self._db = db
        self._target = target

    def target(self) -> str:
        return self._target

    def counts(self) -> dict[str, int]:
        """Files by the state of their newest version, and every older version that is still open.

        Of a file that waits for its parts those parts that are open are counted, and not itself.
        """
        counts = dict.fromkeys(State, 0)
        query = (
            "SELECT state, count(*) FROM jobs WHERE (id IN (SELECT max(id) FROM jobs WHERE part IS NULL GROUP BY path) "
            "OR state IN ('found', 'ready', 'sending', 'waiting', 'in_doubt')) "
            "AND NOT (state = 'waiting' AND parts > 0) GROUP BY state"
        )
        for state, number in self._db.execute(query):
            counts[State(state)] = number
        return {state.value: number for state, number in counts.items()}

    def in_parts(self) -> int:
        """Files that wait for their parts, and for nothing else."""
        query = "SELECT count(*) FROM jobs WHERE state = 'waiting' AND parts > 0"
        found: int = self._db.execute(query).fetchone()[0]
        return found

    def in_doubt(self) -> list[Item]:
        return self._items("WHERE state = 'in_doubt' ORDER BY updated_at")

    def oldest_open(self) -> Item | None:
        """What has been waiting the longest, people's part apart."""
        open_ones = "state IN ('found', 'ready', 'sending') OR (state = 'waiting' AND parts = 0)"
        found = self._items(f"WHERE {open_ones} ORDER BY updated_at LIMIT 1")
        return found[0] if found else None

    def rejected_or_failed(self, *, before: float) -> dict[RelPath, int]:
        """Files whose newest version was that *before* then (Unix time), and is; by their paths, the longest first."""
        query = (
            "SELECT path, id FROM jobs WHERE state IN ('rejected', 'failed') AND part IS NULL AND updated_at < ? "
            "AND NOT EXISTS (SELECT 1 FROM jobs newer WHERE newer.path = jobs.path AND newer.part IS NULL "
            "AND newer.id > jobs.id) ORDER BY updated_at, id"
        )
        return dict(self._db.execute(query, (before,)).fetchall())

    def items(self, ids: Sequence[int]) -> list[Item]:
        return [item for number in ids for item in self._items("WHERE id = ?", (number,))]

    def find(self, item: str) -> list[Item]:
        """By number, path or Name; the newest version first."""
        return self._items(
            "WHERE path = ? OR name = ? OR id = ? ORDER BY version DESC",
            (item, item, int(item) if item.isascii() and item.isdigit() and len(item) < 19 else -1),
        )

    def waits_by_hand(self, item: Item) -> bool:
        """Whether it waits because a person gave a token for it, and the remote itself never gave it one."""
        told = self._db.execute("SELECT event, detail FROM events WHERE job = ? ORDER BY id", (item.id,)).fetchall()
        given = [event for event, detail in told if event != "Resolved" and json.loads(detail).get("token")]
        return item.job.state is State.WAITING and not given and told[-1][0] == "Resolved"

    def versions(self, path: RelPath) -> list[Job]:
        """Of the whole file, the oldest first."""
        items = self._items("WHERE path = ? AND part IS NULL ORDER BY version", (path,))
        return [item.job for item in items]

    def newest(self, key: Key) -> Job | None:
        found = self._items("WHERE key = ? ORDER BY version DESC LIMIT 1", (key,))
        return found[0].job if found else None

    def _items(self, where: str, values: tuple[Any, ...] = ()) -> list[Item]:
        query = f"SELECT id, updated_at, {JOB_COLUMNS} FROM jobs {where}"  # noqa: S608 -- constants of this class only
        rows = self._db.execute(query, values).fetchall()
        return [Item(id=row[0], since=moment_of(row[1]), job=job_of(row[2:])) for row in rows]


def require_ledger(path: Path) -> None:
    """Raises OutputError when there is none."""
    if not path.exists():
        where = printable(str(path.parent.parent))
        raise OutputError(f"{where}: there is no ledger here. Name the output folder of a run (-o).")


@contextmanager
def open_view(path: Path) -> Iterator[View]:
    """Raises OutputError when there is no ledger, or none that this program and this user can read."""
    where = printable(str(path.parent.parent))
    db = None
    try:
        require_whole(path)
        require_ledger(path)
        db = _connect(path)
        require_known_schema(db, path)
        db.execute("BEGIN")  # all that is read of it is of one moment
        yield View(db, target_of(db, path))
    except (sqlite3.OperationalError, OSError) as error:
        raise OutputError(f"{where}: the ledger cannot be read ({error}). Check that this user may read it.") from None
    except UNREADABLE as error:
        raise trouble(error, path) from None
    finally:
        if db is not None:
            db.close()


def _connect(path: Path) -> sqlite3.Connection:
    """Reading beside a writer needs its shared-memory file; where none is and none can be made, nobody writes."""
    db = connect(path, "ro")
    try:
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        db.close()
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size > 0:
            raise  # its newest commits stand in there alone, and without them the view would be false
        return connect(path, "ro&immutable=1")
    except BaseException:
        db.close()
        raise
    return db

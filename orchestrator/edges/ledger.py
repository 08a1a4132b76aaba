"""The ledger: what became of every file, in SQLite, durable before anyone acts on it.

One connection writes, one batch at a time, with group commit: callers wait for the durability of their own
transition while everyone who waits shares one transaction. `events` is only ever appended to; `jobs` holds
the current state; small results are durable in the same commit as the state that they belong to.

SQLite before 3.51.3 can lose a commit when two connections commit and checkpoint at the same instant
(the WAL-reset race), so nobody else ever writes: the output folder's lock is held, and readers open the
file read-only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from orchestrator.edges.batcher import Batcher, Hop, in_own_thread
from orchestrator.edges.database import UNREADABLE, open_database, trouble
from orchestrator.edges.reader import LedgerReader
from orchestrator.edges.reserve import Reserve
from orchestrator.edges.rows import event_row, job_row
from orchestrator.edges.tables import (
    DELETE_UNTOLD,
    INSERT_EVENT,
    INSERT_RESULT,
    INSERT_UNTOLD,
    UPSERT_JOB,
)
from orchestrator.errors import OutputError, StorageError
from orchestrator.model import (
    Accepted,
    Checked,
    Completed,
    Doubted,
    Event,
    Failed,
    Job,
    Key,
    SendRepeatable,
    SendStarted,
    SendUndone,
    State,
    TailReleased,
    evolve,
)
from orchestrator.naming import is_pull
from orchestrator.ports import Clock

_GROUP = 256
"""Transitions in one commit at most."""

_Change: TypeAlias = tuple[Job, tuple[Event, ...], float]
_Entry: TypeAlias = tuple[_Change, ...]
"""What becomes durable together or not at all."""


class SqliteLedger(LedgerReader):
    def __init__(
        self, path: Path, *, target_id: str, run: str, clock: Clock, may_begin: bool = True, hop: Hop = in_own_thread
    ) -> None:
        """Raises OutputError when the file is no ledger of this target, StorageError when the disk fails.

        *may_begin* says whether there may be none yet.
        """
        self._clock = clock
        self._run = run
        self._fault: OutputError | StorageError | None = None
        try:
            self._reserve = Reserve(path.with_name("reserve"))
            self._db = open_database(path, target_id, may_begin=may_begin)
            super().__init__(path)
        except (*UNREADABLE, OSError) as error:
            raise trouble(error, path) from None
        self._commits: Batcher[_Entry, None] = Batcher(self._commit, limit=_GROUP, hop=hop)

    def close(self) -> None:
        super().close()
        self._db.close()

    async def record(self, job: Job, *events: Event) -> Job:
        """Raises StorageError when the disk does not take it; then nothing of it is in the ledger."""
        after = evolve(job, *events)
        await self._record(((after, events),))
        return after

    async def divide(self, job: Job, parts: Sequence[tuple[Job, Checked]], *events: Event) -> Job:
        after = evolve(job, *events)
        await self._record((*((evolve(part, checked), (checked,)) for part, checked in parts), (after, events)))
        return after

    async def _record(self, changes: Sequence[tuple[Job, tuple[Event, ...]]]) -> None:
        if self._fault and any(_begins(events) for _, events in changes):
            raise _again(self._fault)
        at = self._clock.now().timestamp()
        await self._commits(tuple((after, events, at) for after, events in changes))

    def told(self, *, but: Mapping[Key, int]) -> None:
        """All that is done has been told, *but* for these versions. Raises StorageError."""
        try:
            with self._transaction() as db:
                db.execute(DELETE_UNTOLD)
                db.executemany(INSERT_UNTOLD, but.items())
        except sqlite3.Error as error:
            raise trouble(error, self._path) from None

    def _commit(self, entries: Sequence[_Entry]) -> list[Exception | None]:
        """All in one transaction; when that fails one by one, so that each gets a verdict of its own."""
        if self._fault:
            return [self._commit_end(entry) for entry in entries]
        try:
            self._transact(entries)
        except sqlite3.Error as error:
            self._fault = trouble(error, self._path)
            return [self._commit_end(entry) for entry in entries]
        return [None] * len(entries)

    def _commit_end(self, entry: _Entry) -> Exception | None:
        """The disk is full or failing: nothing is begun any more, and ends are written, at last to the reserve."""
        if self._fault and any(_begins(events) for _, events, _ in entry):
            return _again(self._fault)
        while True:
            try:
                self._transact([entry])
            except sqlite3.Error as error:
                if not (any(_is_precious(events) for _, events, _ in entry) and self._reserve.give_up()):
                    return trouble(error, self._path)
            else:
                return None

    def _transact(self, entries: Sequence[_Entry]) -> None:
        with self._transaction() as db:
            self._write(db, entries)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def _write(self, db: sqlite3.Connection, entries: Sequence[_Entry]) -> None:
        """A few statements for the whole group: each one gives the interpreter away and has to get it back."""
        run = self._run
        changes = [change for entry in entries for change in entry]
        told = [(job, event, at) for job, events, at in changes for event in events]
        db.executemany(UPSERT_JOB, [(*job_row(job), at) for job, _, at in changes])
        db.executemany(INSERT_EVENT, [(job.key, job.version, at, run, *event_row(event)) for job, event, at in told])
        kept = [
            (job.key, job.version, r.key, r.suffix, r.size, r.sha256, r.body)
            for job, event, _ in told
            if isinstance(event, Completed | Failed)
            for r in event.results
        ]
        if kept:
            db.executemany(INSERT_RESULT, kept)
        done = [job for job, _, _ in changes if job.state is State.DONE]
        if untold := [(job.key, job.version) for job in done if job.part is None and not is_pull(job.key)]:
            db.executemany(INSERT_UNTOLD, untold)


def _again(error: OutputError | StorageError) -> OutputError | StorageError:
    return type(error)(*error.args)


def _begins(events: Sequence[Event]) -> bool:
    return any(isinstance(event, SendStarted | TailReleased) for event in events)


def _is_precious(events: Sequence[Event]) -> bool:
    """Whether it tells the end of an upload, a verdict at once too: what nobody could find out again, and small."""
    ends, verdicts = Accepted | SendUndone | SendRepeatable | Doubted, Completed | Failed
    return any(isinstance(event, ends) or (isinstance(event, verdicts) and not event.results) for event in events)

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
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from orchestrator.edges.batcher import Batcher, Hop, in_own_thread
from orchestrator.edges.database import UNREADABLE, connect, open_database, trouble
from orchestrator.edges.reserve import Reserve
from orchestrator.edges.rows import duration_of, event_row, job_of, job_row, result_of
from orchestrator.edges.tables import (
    INSERT_EVENT,
    INSERT_RESULT,
    SELECT_BODY,
    SELECT_DURATIONS,
    SELECT_EARLIER,
    SELECT_FILES,
    SELECT_HOLDER,
    SELECT_NEWEST,
    SELECT_OPEN,
    SELECT_RESULTS,
    SELECT_SHARED,
    SELECT_VERSIONS,
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
    RelPath,
    Result,
    SendRepeatable,
    SendStarted,
    SendUndone,
    TailReleased,
    Token,
    evolve,
)
from orchestrator.ports import Clock

_GROUP = 256
"""Transitions in one commit at most."""

_Change: TypeAlias = tuple[Job, tuple[Event, ...], float]
_Entry: TypeAlias = tuple[_Change, ...]
"""What becomes durable together or not at all."""


class SqliteLedger:
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
            self._reader = connect(path, "ro")
        except (*UNREADABLE, OSError) as error:
            raise trouble(error, path) from None
        self._path = path
        self._one_reads = threading.Lock()
        self._commits: Batcher[_Entry, None] = Batcher(self._commit, limit=_GROUP, hop=hop)

    def close(self) -> None:
        self._reader.close()
        self._db.close()

    def find(self, key: Key) -> Job | None:
        """Any thread may ask. Raises OutputError when the ledger is damaged."""
        return self._job(SELECT_NEWEST, key)

    def versions(self, key: Key) -> list[Job]:
        """All under *key*, the oldest first. Any thread may ask."""
        return self._jobs(SELECT_VERSIONS, key)

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

    def owner(self, key: Key) -> RelPath | None:
        """The path that a Name belongs to; one that was never sent belongs to nobody."""
        known = self.find(key)
        return known.path if known is not None and known.keeps_its_name else None

    def holder(self, token: Token) -> Job | None:
        """The job that the remote gave *token* to."""
        return self._job(SELECT_HOLDER, token)

    def shared_tokens(self) -> set[Token]:
        """What the remote gave to more than one job that was not given up since."""
        return {Token(token) for (token,) in self._rows(SELECT_SHARED)}

    def unfinished(self) -> list[Job]:
        """Everything that is not settled, in the order in which it came in."""
        return self._jobs(SELECT_OPEN)

    def durations(self) -> list[tuple[int, float]]:
        """Size in bytes and seconds at the remote of the newest jobs that one run took from acceptance to done."""
        with self._reading():
            return [duration_of(row) for row in self._rows(SELECT_DURATIONS)]

    def results(self) -> Iterator[tuple[Job, Result]]:
        """Every result of every version without its body, the newest version of a key first."""
        with self._reading(), closing(connect(self._path, "ro")) as db:
            for row in db.execute(SELECT_RESULTS):
                yield job_of(row[:-4]), result_of(row[-4:])

    def body(self, job: Job, key: str) -> bytes | None:
        """A small result's bytes; None for one that lies in the output folder only."""
        with self._reading():
            body = next((row[0] for row in self._rows(SELECT_BODY, job.key, job.version, key)), None)
            if not isinstance(body, bytes | None):
                raise ValueError("a body is bytes")
            return body

    def earlier_with_results(self, job: Job) -> int | None:
        """The newest version before *job* that has results."""
        found: int | None = self._rows(SELECT_EARLIER, job.key, job.version)[0][0]
        return found

    def result_files(self, job: Job, version: int) -> list[str]:
        """The names of the result files of another version under the same Name."""
        return [row[0] for row in self._rows(SELECT_FILES, job.key, version)]

    def _job(self, statement: str, *values: object) -> Job | None:
        return next(iter(self._jobs(statement, *values)), None)

    def _jobs(self, statement: str, *values: object) -> list[Job]:
        with self._reading():
            return [job_of(row) for row in self._rows(statement, *values)]

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Read to its end at once: as long as one statement of a connection is under way, all others of it see what
        was there when that one began, and not what was committed since."""
        with self._reading(), self._one_reads:
            return self._reader.execute(statement, values).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Raises OutputError when the ledger is damaged, StorageError when the disk is."""
        try:
            yield
        except UNREADABLE as error:
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
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            self._write(entries)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def _write(self, entries: Sequence[_Entry]) -> None:
        """Three statements for the whole group: each one gives the interpreter away and has to get it back."""
        db, run = self._db, self._run
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


def _again(error: OutputError | StorageError) -> OutputError | StorageError:
    return type(error)(*error.args)


def _begins(events: Sequence[Event]) -> bool:
    return any(isinstance(event, SendStarted | TailReleased) for event in events)


def _is_precious(events: Sequence[Event]) -> bool:
    """Whether it tells the end of an upload, a verdict at once too: what nobody could find out again, and small."""
    ends, verdicts = Accepted | SendUndone | SendRepeatable | Doubted, Completed | Failed
    return any(isinstance(event, ends) or (isinstance(event, verdicts) and not event.results) for event in events)

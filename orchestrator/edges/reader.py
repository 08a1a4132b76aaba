"""What stands in the ledger, for the run that writes it: jobs, their results, and how long they took."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from orchestrator.edges.database import UNREADABLE, connect, trouble
from orchestrator.edges.rows import duration_of, job_of, result_of
from orchestrator.edges.tables import (
    SELECT_BODY,
    SELECT_DURATIONS,
    SELECT_EARLIER,
    SELECT_FILES,
    SELECT_HOLDER,
    SELECT_NEWEST,
    SELECT_OPEN,
    SELECT_RESULTS,
    SELECT_SHARED,
    SELECT_UNTOLD,
    SELECT_VERSIONS,
)
from orchestrator.model import Job, Key, RelPath, Result, Token


class LedgerReader:
    """Any thread may ask, and finds what was committed. Raises OutputError when the ledger is damaged, StorageError
    when the disk is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = connect(path, "ro")
        self._one_reads = threading.Lock()

    def close(self) -> None:
        self._reader.close()

    def find(self, key: Key) -> Job | None:
        """The newest version."""
        return self._job(SELECT_NEWEST, key)

    def versions(self, key: Key) -> list[Job]:
        """All under *key*, the oldest first."""
        return self._jobs(SELECT_VERSIONS, key)

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

    def untold(self) -> dict[Key, int]:
        """The versions that were done while no run has told of them: those that did it were killed before."""
        with self._reading():
            return {Key(key): version for key, version in self._rows(SELECT_UNTOLD)}

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
        try:
            yield
        except UNREADABLE as error:
            raise trouble(error, self._path) from None

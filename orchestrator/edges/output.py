"""`results/`: what the remote answered, as files.

Small results are durable in the ledger; their files are a projection of it, written without fsync and made
again at the next start when they are missing or short. Large results are put in place whole before the
ledger says that the job is done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Protocol

import anyio.to_thread

from orchestrator.edges.answer import SPILL_FROM
from orchestrator.edges.atomic import move, put, storing
from orchestrator.edges.batcher import Batcher, Hop, in_thread
from orchestrator.errors import OutputError, StorageError
from orchestrator.model import Digest, Job, Result
from orchestrator.naming import slug_of
from orchestrator.ports import Fetched

_BATCH = 64

_SUFFIXES = {
    "application/json": ".json",
    "application/jsonl": ".jsonl",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "text/html": ".html",
    "application/xml": ".xml",
    "text/xml": ".xml",
}


class Records(Protocol):
    """What the output asks of the ledger."""

    def results(self) -> Iterator[tuple[Job, Result]]: ...

    def body(self, job: Job, key: str) -> bytes | None: ...

    def earlier_with_results(self, job: Job) -> int | None: ...

    def result_files(self, job: Job, version: int) -> list[str]: ...


class ResultsFolder:
    def __init__(self, folder: Path, records: Records, *, hop: Hop = in_thread) -> None:
        self._folder = folder
        self._records = records
        self._projections = Batcher(self._project_all, limit=_BATCH, hop=hop)

    def place(self, job: Job) -> Path:
        """Where the newest version's results lie."""
        return self._folder / slug_of(job.name)

    async def keep(self, job: Job, fetched: Fetched) -> Result:
        result = Result(
            key=fetched.key,
            suffix=_SUFFIXES.get(fetched.content_type.partition(";")[0].strip().lower(), ".bin"),
            size=fetched.size,
            sha256=Digest(fetched.sha256),
            body=fetched.body,
            head=fetched.head,
        )
        if fetched.spilled is not None:
            await anyio.to_thread.run_sync(self._put_spilled, job, result, Path(fetched.spilled))
        elif fetched.body is not None and fetched.size > SPILL_FROM:
            await anyio.to_thread.run_sync(self._put_large, job, result, fetched.body)
            result = replace(result, body=None)
        return result

    async def project(self, job: Job, results: Sequence[Result]) -> None:
        if results:
            await self._projections((job, results))

    def restore(self) -> list[str]:
        """Make every missing file again from the ledger. Returns a line for each that cannot be made."""
        lost = []
        for _, group in groupby(self._records.results(), key=lambda pair: pair[0].key):
            kept = sorted(group, key=lambda pair: pair[0].version)  # one may still lie where the next belongs
            newest = kept[-1][0].version
            current = {_file_name(result): result.sha256 for job, result in kept if job.version == newest}
            for job, result in kept:
                path = self._path(job, result, newest=job.version == newest)
                if _size(path) == result.size:
                    continue
                if current.get(path.name) != result.sha256 and self._move_late(job, result, path):
                    continue
                body = self._records.body(job, result.key)
                if body is None:
                    lost.append(f"{path}: a large result is gone or cut short; it is not asked for again")
                else:
                    put(path, body, durable=False)
        return lost

    def _move_late(self, job: Job, result: Result, aside: Path) -> bool:
        """A death between the newest version's end and the making of its way left this older one in place."""
        standing = self.place(job) / aside.name
        if standing == aside or _size(standing) != result.size or _digest(standing) != result.sha256:
            return False
        with storing(aside):
            aside.parent.mkdir(exist_ok=True)
            standing.replace(aside)
        return True

    def _path(self, job: Job, result: Result, *, newest: bool) -> Path:
        place = self.place(job)
        return (place if newest else place / f"v{job.version}") / _file_name(result)

    def _put_spilled(self, job: Job, result: Result, spilled: Path) -> None:
        path = self._path(job, result, newest=True)
        self._make_way(job, lambda names: {path.name})
        move(spilled, path)

    def _put_large(self, job: Job, result: Result, body: bytes) -> None:
        path = self._path(job, result, newest=True)
        self._make_way(job, lambda names: {path.name})
        put(path, body)

    def _project_all(self, items: Sequence[tuple[Job, Sequence[Result]]]) -> list[Exception | None]:
        return [self._project(job, results) for job, results in items]

    def _project(self, job: Job, results: Sequence[Result]) -> StorageError | OutputError | None:
        large = {_file_name(result) for result in results if result.body is None}
        place = str(self.place(job))
        try:
            self._make_way(job, lambda names: names - large)
            for result in results:
                if result.body is not None:
                    put(f"{place}/{_file_name(result)}", result.body, durable=False)
        except (StorageError, OutputError) as error:
            return error
        return None

    def _make_way(self, job: Job, chosen: Callable[[set[str]], set[str]]) -> None:
        """Move files of the version before into a folder of their own; what is there already stays as it is."""
        earlier = self._records.earlier_with_results(job) if job.version > 1 else None
        if earlier is None:
            return
        place = self.place(job)
        aside = place / f"v{earlier}"
        with storing(aside):
            for name in chosen(set(self._records.result_files(job, earlier))):
                if not (place / name).is_file():
                    continue
                if (aside / name).exists():
                    (place / name).unlink()
                else:
                    aside.mkdir(exist_ok=True)
                    (place / name).replace(aside / name)


def _file_name(result: Result) -> str:
    return f"{result.key}{result.suffix}"


def _digest(path: Path) -> str:
    with storing(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1

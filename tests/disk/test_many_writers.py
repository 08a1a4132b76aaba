"""Hundreds of jobs live at once through the real ledger, in its thread, while another process reads along."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from disk.fold import require_one_story
from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job, result
from edges.ledgers import a_ledger
from orchestrator.edges.batcher import in_thread
from orchestrator.edges.database import connect
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.rows import job_of
from orchestrator.edges.tables import JOB_COLUMNS
from orchestrator.errors import StorageError
from orchestrator.model import (
    Completed,
    Digest,
    Doubted,
    Event,
    Failed,
    Job,
    Rejected,
    Resolved,
    SendRepeatable,
    SendUndone,
    Source,
    State,
    Superseded,
    Token,
    Verdict,
    next_version,
)

_NEXT: dict[State, tuple[tuple[Event, ...], ...]] = {
    State.FOUND: ((CHECKED,), (CHECKED, STARTED), (CHECKED, STARTED), (Rejected("bad rows"),)),
    State.READY: ((STARTED,), (STARTED,), (STARTED,), (Superseded("replaced"),)),
    State.SENDING: (
        (ACCEPTED,),
        (ACCEPTED,),
        (ACCEPTED,),
        (SendUndone("busy"),),
        (SendRepeatable("lost", 8.0),),
        (Doubted("who knows"),),
        (Completed(),),
        (Failed("no", (result(),), owns=True),),
    ),
    State.WAITING: ((Completed((result(), result("log"))),), (Completed((result(),)),), (Failed("no"),)),
    State.IN_DOUBT: tuple((Resolved(verdict, Token("0c2d"), 1.5),) for verdict in Verdict),
}


@dataclass(kw_only=True)
class Crowd:
    """Every job lives on its own; after each step the file is asked by somebody else."""

    ledger: SqliteLedger
    other: sqlite3.Connection
    tasks: TaskGroup
    rng: random.Random
    name: str
    recorded: int = 0
    cancelled: int = 0
    refused: int = 0
    left: list[Job] = field(default_factory=list)
    """Where those stand whom the disk refused."""

    async def live(self, job: Job) -> None:
        while (events := self._choose(job)) is not None:
            for _ in range(self.rng.randrange(3)):
                await checkpoint()
            try:
                job = await self._step(job, events)
            except StorageError:
                self.refused += 1
                assert self.in_the_file(job) == (None if job.state is State.FOUND else job)
                self.left.append(job)
                return
            if not job.state.is_open and job.state is not State.IN_DOUBT and self.rng.random() < 0.3:
                job = next_version(job, Source(data=Digest(f"{job.version:064}"), size=1))

    def _choose(self, job: Job) -> tuple[Event, ...] | None:
        steps = _NEXT.get(job.state)
        return self.rng.choice(steps) if steps else None

    async def _step(self, job: Job, events: tuple[Event, ...]) -> Job:
        if self.rng.random() < 0.1:
            return await self._step_or_not(job, events)
        after = await self.ledger.record(job, *events)
        assert self.in_the_file(after) == after, "told, and not durable"
        self.recorded += 1
        return after

    async def _step_or_not(self, job: Job, events: tuple[Event, ...]) -> Job:
        """Cancelled in the middle: then it is there whole, or not at all."""
        after = None
        with anyio.CancelScope() as scope:
            self.tasks.start_soon(self._cancel, scope, self.rng.randrange(6))
            after = await self.ledger.record(job, *events)
        if after is not None:
            assert self.in_the_file(after) == after
            return after
        self.cancelled += 1
        with suppress(StorageError):
            await self.ledger.record(
                new_job(f"{self.name}-{self.cancelled}"), Rejected("behind all that was on its way")
            )
        return self.in_the_file(job) or job

    async def _cancel(self, scope: anyio.CancelScope, later: int) -> None:
        for _ in range(later):
            await checkpoint()
        scope.cancel()

    def in_the_file(self, job: Job) -> Job | None:
        query = f"SELECT {JOB_COLUMNS} FROM jobs WHERE key = ? AND version = ?"
        row = self.other.execute(query, (job.key, job.version)).fetchone()
        return job_of(row) if row else None


@dataclass
class Journeys:
    """The hop to the ledger's thread: counts, and runs something there first."""

    made: int = 0
    first: Callable[[], None] = lambda: None

    async def __call__(self, work: Callable[[], None]) -> None:
        self.made += 1

        def both() -> None:
            self.first()
            work()

        await in_thread(both)


@contextmanager
def a_reader(path: Path) -> Iterator[None]:
    """A process that folds the events of every moment it catches; its verdict comes at the end of the block."""
    tests = Path(__file__).parent.parent
    text = "import sys; from pathlib import Path; from disk.fold import watch; watch(Path(sys.argv[1]))"
    command = [sys.executable, "-c", text, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tests) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            told, _ = process.communicate()
        assert process.returncode == 0, "what it read made no sense"
        looks, seen = map(int, told.split())
        assert looks > 1
        assert seen > 0


async def crowd_in(
    ledger: SqliteLedger, other: sqlite3.Connection, seed: int, jobs: list[Job], *, name: str = "crowd"
) -> Crowd:
    async with anyio.create_task_group() as tasks:
        crowd = Crowd(ledger=ledger, other=other, tasks=tasks, rng=random.Random(seed), name=name)
        for job in jobs:
            tasks.start_soon(crowd.live, job)
    return crowd


def crowd_of(size: int) -> list[Job]:
    return [new_job(f"file-{number}") for number in range(size)]


@pytest.mark.parametrize(
    ("seed", "size"), [(1, 300), *(pytest.param(seed, 3000, marks=pytest.mark.chaos) for seed in range(10))]
)
async def test_what_was_told_to_be_recorded_is_in_the_file_at_that_very_moment(
    tmp_path: Path, seed: int, size: int
) -> None:
    path, journeys = tmp_path / "ledger.sqlite3", Journeys()
    with a_ledger(path, hop=journeys) as ledger, closing(connect(path, "ro")) as other:
        with a_reader(path):
            crowd = await crowd_in(ledger, other, seed, crowd_of(size))
        require_one_story(other)

        assert crowd.recorded > 3 * size
        assert crowd.cancelled > 10
        assert crowd.recorded > 10 * journeys.made, "they did not share their commits"


@pytest.mark.parametrize("seed", range(3))
async def test_what_the_disk_did_not_take_is_not_in_the_file_and_all_else_is(tmp_path: Path, seed: int) -> None:
    """From some commit on no page can be added; later there is room again."""
    path, journeys = tmp_path / "ledger.sqlite3", Journeys()
    with a_ledger(path, hop=journeys) as ledger, closing(connect(path, "ro")) as other:

        def run_out_of_pages() -> None:
            if journeys.made > 3:
                (pages,) = other.execute("PRAGMA page_count").fetchone()
                ledger._db.execute(f"PRAGMA max_page_count = {pages}")

        journeys.first = run_out_of_pages
        crowd = await crowd_in(ledger, other, seed, crowd_of(200))
        require_one_story(other)
        assert crowd.refused
        assert crowd.recorded

    with a_ledger(path) as ledger, closing(connect(path, "ro")) as other:
        again = await crowd_in(ledger, other, seed, crowd.left, name="again")
        require_one_story(other)
        assert not again.refused
        assert ledger.unfinished() == []

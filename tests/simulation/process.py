"""One run of the program, put together as `orchestrator/batch.py` does it, but without threads."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from orchestrator.books import Books
from orchestrator.config import Settings
from orchestrator.config.schemas import built_in
from orchestrator.edges.folder import Folder
from orchestrator.edges.inbox import FolderInbox, InboxConfig
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.output import ResultsFolder
from orchestrator.edges.rejects import Rejects
from orchestrator.edges.workplace import ledger_file
from orchestrator.errands import plan
from orchestrator.exits import Exit, exit_of
from orchestrator.flow import JobTimes
from orchestrator.guards import Grace
from orchestrator.intake import will_be_judged, without_clashes
from orchestrator.model import Job, State
from orchestrator.ports import Clock, Reading, Target
from orchestrator.run import Run, Stop
from orchestrator.trip import Trip
from orchestrator.wiring import Parts, make_folder, make_pipeline
from tests.simulation.life import Death, Life, Stage, VirtualClock
from tests.simulation.permits import Hands, PipelineClock

TARGET = "stand-in"


@dataclass(kw_only=True)
class Process:
    settings: Settings
    name: str
    target: Callable[[Clock], Target]
    life: Life
    clock: VirtualClock
    rng: random.Random
    stop_after: float | None = None
    """Seconds until it gets a SIGTERM."""
    books: Books = field(default_factory=Books)
    trips: list[Trip] = field(default_factory=list)
    retries: int = 0
    hands: Hands = field(default_factory=Hands)
    stopped_in: set[Stage] = field(default_factory=set)
    """The stages of the commits that were under way when it was told to stop."""
    mistaken: list[Job] = field(default_factory=list)
    """What it held its jobs for at its end, where the ledger says otherwise."""
    finished: Exit | None = None
    """None: it died."""

    async def carry_out(self) -> None:
        out = self.settings.output.folder
        ledger = SqliteLedger(ledger_file(out), target_id=TARGET, run=self.name, clock=self.clock, hop=self.life.commit)
        try:
            await self._run(ledger, out)
        except* Death:
            assert self.life.is_over
        finally:
            ledger.close()

    async def _run(self, ledger: SqliteLedger, out: Path) -> None:
        results = ResultsFolder(out / "results", ledger, hop=self.life.hop)
        assert results.restore() == []
        folder = make_folder(self.settings)
        files = without_clashes(folder.list(), self.settings.target.name, ledger.owner)
        errands = plan(files, ledger.unfinished(), lambda path: True)
        self.books.adopted = sum(len(errand.jobs) for errand in errands)
        run = self._made(ledger, results, folder)
        async with anyio.create_task_group() as beside:
            beside.start_soon(self._stop, run)
            await run.carry_out(errands)
            beside.cancel_scope.cancel()
        self.mistaken = [trip.job for trip in self.trips if trip.job and not _is_known_so(trip.job, ledger)]
        self.books.found = len(files) - run.merged
        self.finished = exit_of(self.books, run.halts, enough=True)

    def _made(self, ledger: SqliteLedger, results: ResultsFolder, folder: Folder) -> Run:
        def is_new(reading: Reading) -> bool:
            return will_be_judged(reading, ledger.find(reading.key), self.clock.now().timestamp())

        out, name = self.settings.output.folder, self.settings.target.name
        config = InboxConfig(data=(built_in("platform.data"),), events=(built_in("platform.events"),), name=name)
        grace = Grace()
        parts = Parts(
            target=self.target(self.clock),
            ledger=ledger,
            inbox=FolderInbox(folder, Rejects(out / "rejects"), config, is_new=is_new, hop=self.life.hop),
            sink=results,
            clock=PipelineClock(self.clock, self.hands),
            grace=grace,
            retried=self._retried,
            rng=self.rng,
            times=JobTimes(ledger.durations()),
            shared=ledger.shared_tokens(),
        )
        pipeline = make_pipeline(self.settings, parts, retry_failed=False)
        self.hands.watch(pipeline.delivery.lane)
        self.hands.watch(pipeline.tracking.reader.lane)
        return Run(
            pipeline=pipeline,
            clock=self.clock,
            grace=grace,
            grace_seconds=self.settings.limits.grace,
            in_flight=self.settings.limits.in_flight,
            settle=self.settings.input.settle,
            look_again=folder.look_again,
            begun=lambda trip: None,
            report=self._ended,
        )

    def _retried(self) -> None:
        self.retries += 1

    def _ended(self, trip: Trip) -> None:
        self.trips.append(trip)
        self.books.enter(trip)

    async def _stop(self, run: Run) -> None:
        if self.stop_after is not None:
            await anyio.sleep(self.stop_after)
            self.stopped_in = set(+self.life.stages)
            run.halt(Stop.SIGTERM, "told to stop")


def _is_known_so(job: Job, ledger: SqliteLedger) -> bool:
    """What is judged becomes durable with its first intent: until then it is ready, and the ledger does not know."""
    known = ledger.find(job.key)
    if known is not None and known.version > job.version:
        return True
    if known is None or known.version < job.version or known.state is State.REJECTED:
        return job.state is State.READY or known == job
    return known.state is job.state

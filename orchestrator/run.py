"""One run: what earlier runs left open first, then every file, a bounded number at a time, until all or a stop."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import anyio

from orchestrator.books import Ending, Trip
from orchestrator.errors import Denied, Misdirected, OutputError, StorageError, Unreachable
from orchestrator.guards import Grace
from orchestrator.model import Job, RelPath
from orchestrator.naming import is_pull
from orchestrator.pipeline import Pipeline
from orchestrator.ports import Clock, File


class Stop(enum.StrEnum):
    """Why a run ended before its work did."""

    SIGINT = "sigint"
    SIGTERM = "sigterm"
    DENIED = "denied"
    MISDIRECTED = "misdirected"
    UNREACHABLE = "unreachable"
    STORAGE = "storage"
    OUTPUT = "output"
    DEADLINE = "deadline"
    CANARY = "canary"
    """One has not come through yet."""
    CANARY_FAILED = "canary_failed"
    """The remote said no to one: the same command would stop there again."""


@dataclass(frozen=True, slots=True)
class Halt:
    stop: Stop
    message: str


def _stop_for(error: Denied | Misdirected | Unreachable | StorageError | OutputError) -> Stop:
    match error:
        case Denied():
            return Stop.DENIED
        case Misdirected():
            return Stop.MISDIRECTED
        case Unreachable():
            return Stop.UNREACHABLE
        case StorageError():
            return Stop.STORAGE
        case OutputError():
            return Stop.OUTPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What is to be done about one path: its open jobs in their order, then the file that lies there now."""

    path: RelPath
    jobs: Sequence[Job] = ()
    file: File | None = None
    selected: bool = True
    """Not selected: what is open is followed to its end, but nothing is sent."""
    young: bool = False
    """Somebody wrote to the file just before: it is looked at once more before it is taken."""


def plan(files: Iterable[File], unfinished: Iterable[Job], wanted: Callable[[RelPath], bool]) -> list[Errand]:
    """One errand a path: what is open comes first, then the files in their order."""
    by_path: dict[RelPath, list[Job]] = defaultdict(list)
    for job in unfinished:
        if job.part is None and not is_pull(job.key):  # a part goes with the job of its whole file
            by_path[job.path].append(job)
    listed = {file.path: file for file in files}
    left_open = [
        Errand(path=path, jobs=jobs, file=listed.get(path), selected=wanted(path)) for path, jobs in by_path.items()
    ]
    fresh = [Errand(path=f.path, file=f) for f in listed.values() if f.path not in by_path and wanted(f.path)]
    return left_open + fresh


@dataclass(kw_only=True)
class Run:
    pipeline: Pipeline
    clock: Clock
    grace: Grace
    grace_seconds: float
    in_flight: int
    settle: float
    look_again: Callable[[File], File]
    begun: Callable[[Trip], None]
    report: Callable[[Trip], None]
    """Called once for every file and every adopted job, at its end in this run."""
    canary: int = 0
    """So many files go through to done before anything else starts."""
    halts: list[Halt] = field(default_factory=list)
    """Why it ended before its work did; the first reason is the one that it ended for."""
    merged: int = 0
    """Files that turned out to be adopted jobs, and are counted as these."""
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    _halting: anyio.Event = field(default_factory=anyio.Event)
    _begun: set[RelPath] = field(default_factory=set)
    _started: float = 0.0

    def halt(self, stop: Stop, message: str) -> None:
        """Begin nothing more; uploads under way get their grace."""
        self.halts.append(Halt(stop, message))
        self._scope.cancel()
        self._halting.set()

    async def carry_out(self, errands: Sequence[Errand]) -> None:
        self._started = self.clock.monotonic()
        async with anyio.create_task_group() as watch:
            watch.start_soon(self._end_grace)
            with self._scope:
                if await self._canaries(errands):
                    await self._all(errand for errand in errands if errand.path not in self._begun)
            watch.cancel_scope.cancel()
        for errand in errands:
            if errand.path not in self._begun:
                self._report_unbegun(errand)

    async def _end_grace(self) -> None:
        await self._halting.wait()
        await self.clock.sleep(self.grace_seconds)
        self.grace.expire()

    async def _all(self, errands: Iterable[Errand]) -> list[Trip]:
        room = anyio.Semaphore(self.in_flight)
        trips: list[Trip] = []

        async def one(errand: Errand) -> None:
            try:
                trips.extend(await self._carry(errand))
            finally:
                room.release()

        async with anyio.create_task_group() as tasks:
            for errand in errands:
                await room.acquire()
                self._begun.add(errand.path)
                tasks.start_soon(one, errand, name=errand.path)
        return trips

    async def _carry(self, errand: Errand) -> list[Trip]:
        """One path, its versions strictly one after the other. A bug ends the run; all else ends in a report."""
        trips: list[Trip] = []
        try:
            for job in errand.jobs:
                trips.append(self._begin(Trip(path=errand.path, job=job, adopted=True)))
                await self.pipeline.drive(job, trips[-1], errand.file, may_send=errand.selected)
            if errand.file is not None and errand.selected:
                trips.append(self._begin(Trip(path=errand.path)))
                if await self._has_settled(errand.file, trips[-1], young=errand.young):
                    await self.pipeline.take(errand.file, trips[-1])
        except (Denied, Misdirected, Unreachable, StorageError, OutputError) as error:
            trips[-1].cause = trips[-1].cause or str(error)
            self.halt(_stop_for(error), str(error))
        finally:
            reached = sum(trip.adopted for trip in trips)
            trips += [Trip(path=errand.path, job=job, adopted=True) for job in errand.jobs[reached:]]
            trips = _without_twin(trips)
            if errand.jobs and errand.file and errand.selected and all(trip.adopted for trip in trips):
                self.merged += 1
            for trip in trips:
                self.report(trip)
        return trips

    def _begin(self, trip: Trip) -> Trip:
        self.begun(trip)
        return trip

    async def _has_settled(self, file: File, trip: Trip, *, young: bool) -> bool:
        """A file that was written to just before is taken when it has kept still, and deferred when not."""
        if not young:
            return True
        await self.clock.sleep(max(self._started + self.settle - self.clock.monotonic(), 0.0))
        now = self.look_again(file)
        if (now.stamp, now.events, now.events_stamp) == (file.stamp, file.events, file.events_stamp):
            return True
        trip.ending, trip.cause = Ending.DEFERRED, "somebody is still writing to it: the next run looks again"
        return False

    async def _canaries(self, errands: Sequence[Errand]) -> bool:
        """Carry the first new files through to done, as many as asked for. False when one of them does not get there.

        What earlier runs left open goes first, and is no canary: it was begun before.
        """
        missing = self.canary
        if missing:
            await self._all(errand for errand in errands if errand.jobs)
        rest = (errand for errand in errands if not errand.jobs and errand.selected)
        while missing > 0 and (batch := list(islice(rest, missing))):
            ends = [trip.end for trip in await self._all(batch)]
            if stuck := set(ends) - _HARMLESS:
                self.halt(*(_FAILED if stuck == {Ending.FAILED} else _NOT_YET))
                return False
            missing -= ends.count(Ending.DONE)
        return True

    def _report_unbegun(self, errand: Errand) -> None:
        for job in errand.jobs:
            self.report(Trip(path=errand.path, job=job, adopted=True))
        if errand.jobs and errand.file is not None and errand.selected:
            self.merged += 1
        if errand.file is not None and errand.selected and not errand.jobs:
            self.report(Trip(path=errand.path, ending=Ending.UNSENT, cause="the run ended before its turn"))


_HARMLESS = frozenset({Ending.DONE, Ending.SKIPPED, Ending.REJECTED, Ending.DEFERRED})
_NOT_YET = (Stop.CANARY, "a canary did not come through, so nothing else was started; see its cause")
_FAILED = (
    Stop.CANARY_FAILED,
    "a canary failed, so nothing else was started, and nothing will be as long as it stays as it is: "
    "see its cause in files.csv, then mend the file, or send the same bytes again with --retry-failed",
)


def _without_twin(trips: list[Trip]) -> list[Trip]:
    """A file whose bytes are those of an adopted job is that job, not one more file."""
    adopted = {(trip.job.key, trip.job.version) for trip in trips if trip.adopted and trip.job}
    return [
        trip for trip in trips if trip.adopted or trip.job is None or (trip.job.key, trip.job.version) not in adopted
    ]

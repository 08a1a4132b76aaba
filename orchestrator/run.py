"""One run: what earlier runs left open first, then every file, a bounded number at a time, until all or a stop."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import anyio

from orchestrator.errands import Errand
from orchestrator.errors import Denied, Misdirected, OutputError, StorageError, Unreachable
from orchestrator.guards import Grace
from orchestrator.model import RelPath
from orchestrator.naming import printable
from orchestrator.pipeline import Pipeline
from orchestrator.ports import Clock, File
from orchestrator.precedence import Line, Precedence
from orchestrator.trip import Ending, Trip


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
    """One has not come through."""


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


async def no_precedence() -> Precedence:
    return Precedence()


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
    look_across: Callable[[], Awaitable[Precedence]] = no_precedence
    """Called once, before anything is begun: which file waits for which."""
    canary: int = 0
    """So many files go through to done before anything else starts."""
    halts: list[Halt] = field(default_factory=list)
    """Why it ended before its work did; the first reason is the one that it ended for."""
    merged: int = 0
    """Files that turned out to be adopted jobs, and are counted as these."""
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    _halting: anyio.Event = field(default_factory=anyio.Event)
    _begun: set[RelPath] = field(default_factory=set)
    _precedence: Precedence = field(default_factory=Precedence)
    _ends: dict[RelPath, Ending] = field(default_factory=dict)
    """Of the files that were to be sent, as they lie there now."""
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
                if await self._knows_precedence() and await self._canaries(errands):
                    for stage in self._stages([errand for errand in errands if errand.path not in self._begun]):
                        await self._all(stage)
            watch.cancel_scope.cancel()
        for errand in errands:
            if errand.path not in self._begun:
                self._report_unbegun(errand)

    async def _end_grace(self) -> None:
        await self._halting.wait()
        await self.clock.sleep(self.grace_seconds)
        self.grace.expire()

    async def _knows_precedence(self) -> bool:
        try:
            self._precedence = await self.look_across()
        except (StorageError, OutputError) as error:
            self.halt(_stop_for(error), str(error))
        return not self.halts

    def _stages(self, errands: Sequence[Errand]) -> Iterator[Sequence[Errand]]:
        """All that nothing is held against, then suspects one by one, then those that wait for suspects."""
        suspects = [errand for errand in errands if errand.suspect]
        late = self._precedence.behind({errand.path for errand in suspects})
        yield [errand for errand in errands if errand.path not in late]
        for errand in suspects:
            yield [errand]
        yield [errand for errand in errands if errand.path in late and not errand.suspect]

    async def _all(self, errands: Iterable[Errand]) -> list[Trip]:
        """Each as soon as there is room and its parents have ended; who waits for these takes no room."""
        room = anyio.Semaphore(self.in_flight)
        by_path = {errand.path: errand for errand in errands}
        line = Line(by_path, self._precedence)
        trips: list[Trip] = []
        ended = anyio.Event()

        async def one(errand: Errand) -> None:
            try:
                trips.extend(await self._carry(errand))
            finally:
                line.ended(errand.path)
                ended.set()
                room.release()

        async with anyio.create_task_group() as tasks:
            while line:
                await room.acquire()
                while (path := line.next()) is None:
                    ended = anyio.Event()
                    await ended.wait()
                self._begun.add(path)
                tasks.start_soon(one, by_path[path], name=path)
        return trips

    async def _carry(self, errand: Errand) -> list[Trip]:
        """One path, its versions strictly one after the other. A bug ends the run; all else ends in a report."""
        trips: list[Trip] = []
        kept = self._precedence.why_kept(errand.path, self._ends)
        try:
            for job in errand.jobs:
                trips.append(self._begin(Trip(path=errand.path, job=job, adopted=True, kept=kept)))
                await self.pipeline.drive(job, trips[-1], errand.file, may_send=errand.selected and not kept)
            if errand.file is not None and errand.selected:
                trips.append(self._begin(Trip(path=errand.path, kept=kept)))
                if await self._has_settled(errand.file, trips[-1], young=errand.young):
                    await self.pipeline.take(errand.file, trips[-1])
        except (Denied, Misdirected, Unreachable, StorageError, OutputError) as error:
            trips[-1].cause = trips[-1].cause or str(error)
            self.halt(_stop_for(error), str(error))
        finally:
            reached = sum(trip.adopted for trip in trips)
            trips += [Trip(path=errand.path, job=job, adopted=True) for job in errand.jobs[reached:]]
            trips = _without_twin(trips)
            if errand.selected and errand.file:
                self._ends[errand.path] = trips[-1].end
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
        by_path = {errand.path: errand for errand in errands}
        in_turn = [by_path[path] for path in self._precedence.sorted(by_path)] if missing else []
        early: dict[RelPath, Errand] = {}
        for errand in in_turn:
            if errand.jobs and not errand.suspect and self._precedence.parents_in(by_path, errand.path) <= early.keys():
                early[errand.path] = errand
        await self._all(early.values())
        late = self._precedence.behind({errand.path for errand in errands if errand.suspect})
        rest = (e for e in in_turn if e.path not in early and e.path not in late and e.selected)
        while missing > 0 and (batch := list(islice(rest, missing))):
            trips = [trip for trip in await self._all(batch) if not trip.is_kept]
            if stuck := [trip for trip in trips if trip.end not in _HARMLESS]:
                self.halt(Stop.CANARY, _why_stopped(min(stuck, key=lambda trip: trip.path), stuck))
                return False
            missing -= sum(trip.end is Ending.DONE for trip in trips)
        return True

    def _report_unbegun(self, errand: Errand) -> None:
        for job in errand.jobs:
            self.report(Trip(path=errand.path, job=job, adopted=True))
        if errand.jobs and errand.file is not None and errand.selected:
            self.merged += 1
        if errand.file is not None and errand.selected and not errand.jobs:
            self.report(Trip(path=errand.path, ending=Ending.UNSENT, cause="the run ended before its turn"))


_HARMLESS = frozenset({Ending.DONE, Ending.SKIPPED, Ending.REJECTED, Ending.DEFERRED})


def _why_stopped(canary: Trip, stuck: Sequence[Trip]) -> str:
    why = f" ({canary.why})" if canary.why else ""
    if {trip.end for trip in stuck} == {Ending.FAILED}:
        told = (
            f"failed{why}, so nothing else was started, and this command starts nothing as long as it stays as it is: "
            "mend the file and run the same command again, or send the same bytes again with --retry-failed"
        )
    else:
        told = f"did not come through{why}, so nothing else was started"
    return f"the canary {printable(canary.path)} {told}"


def _without_twin(trips: list[Trip]) -> list[Trip]:
    """A file whose bytes are those of an adopted job is that job, not one more file."""
    adopted = {(trip.job.key, trip.job.version) for trip in trips if trip.adopted and trip.job}
    return [
        trip for trip in trips if trip.adopted or trip.job is None or (trip.job.key, trip.job.version) not in adopted
    ]

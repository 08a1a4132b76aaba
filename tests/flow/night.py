"""One whole run against a simulated remote: the pipeline as the program wires it, on virtual time."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field

from fakes import FakeInbox, FakeLedger, FakeSink
from structlog.testing import capture_logs

from flow.remote import Nature, Remote
from flow.virtual import VirtualClock, on_virtual_time
from orchestrator.books import Ending, Trip
from orchestrator.config import Settings
from orchestrator.flow import JobTimes
from orchestrator.guards import Grace
from orchestrator.model import RelPath
from orchestrator.run import Halt, Run, plan
from orchestrator.wiring import Parts, make_pipeline


@dataclass
class Night:
    """What a run did, as the remote and the reports saw it."""

    remote: Remote
    uploads: int
    seconds: float = 0.0
    retries: int = 0
    trips: list[Trip] = field(default_factory=list)
    halts: list[Halt] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    """Of the flow, as the log tells them."""

    @property
    def ends(self) -> Counter[Ending]:
        return Counter(trip.end for trip in self.trips)

    @property
    def widths(self) -> list[int]:
        told = (re.match(r"(\d+) uploads at a time", change) for change in self.changes)
        return [self.uploads, *(int(found[1]) for found in told if found)]

    @property
    def limits(self) -> list[int]:
        """Of the jobs at the remote."""
        told = (re.match(r"(\d+) jobs at the remote", change) for change in self.changes)
        return [int(found[1]) for found in told if found]

    @property
    def pauses(self) -> int:
        return sum("many requests failed" in change or "not well yet" in change for change in self.changes)

    @property
    def extra(self) -> int:
        """Requests that were refused or failed, each of which had to be made again, and the probes."""
        return sum(not r.taken or r.kind == "probe" for r in self.remote.requests)

    def __str__(self) -> str:
        widths, limits = self.widths, self.limits or ["none"]
        return (
            f"{self.seconds:.0f} s, {dict(self.ends)}, {len(self.remote.requests)} requests, {self.extra} extra, "
            f"{self.pauses} pauses, width {min(widths)}-{max(widths)} (last {widths[-1]}), "
            f"job limits {limits[0]}…{limits[-1]}, at most {self.remote.most_uploading} uploads "
            f"and {self.remote.most_jobs} jobs, halts {self.halts}"
        )


def spend(
    nature: Nature, *, files: int, size: int = 100, uploads: int = 16, seed: int = 1, times: JobTimes | None = None
) -> Night:
    """A night with that many new files."""
    return on_virtual_time(_spend(Night(Remote(nature, random.Random(seed)), uploads), files, size, seed, times))


async def _spend(night: Night, files: int, size: int, seed: int, times: JobTimes | None) -> Night:
    settings = Settings.model_validate({"limits": {"uploads": night.uploads}})
    clock, grace = VirtualClock(), Grace()
    inbox = FakeInbox({RelPath(f"{n:04}.csv"): f"{n:04}".ljust(size, "x") for n in range(files)})

    def retried() -> None:
        night.retries += 1

    with capture_logs() as log:
        pipeline = make_pipeline(
            settings,
            Parts(
                target=night.remote,
                ledger=FakeLedger(),
                inbox=inbox,
                sink=FakeSink(),
                clock=clock,
                grace=grace,
                retried=retried,
                rng=random.Random(seed),
                times=times or JobTimes(),
            ),
            retry_failed=False,
        )
        run = Run(
            pipeline=pipeline,
            clock=clock,
            grace=grace,
            grace_seconds=settings.limits.grace,
            in_flight=settings.limits.in_flight,
            settle=0.0,
            look_again=lambda file: file,
            begun=lambda trip: None,
            report=night.trips.append,
        )
        await run.carry_out(plan([inbox.file(path) for path in inbox.files], (), lambda path: True))
    night.seconds, night.halts = clock.monotonic(), run.halts
    night.changes = [entry["change"] for entry in log if entry["event"] == "flow"]
    return night

"""One whole run against a simulated remote: the pipeline as the program wires it, on virtual time."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fakes import FakeInbox, FakeLedger, FakeSink
from structlog.testing import capture_logs

from flow.remote import Nature, Remote
from flow.virtual import VirtualClock, on_virtual_time
from orchestrator.config import Settings
from orchestrator.errands import plan
from orchestrator.flow import JobTimes
from orchestrator.guards import Grace
from orchestrator.model import RelPath
from orchestrator.ports import File
from orchestrator.run import Halt, Run
from orchestrator.trip import Ending, Trip
from orchestrator.wiring import Parts, make_pipeline


class Pinned(random.Random):
    """Chooses at the same place of every range: 0.0 is where it begins, 1.0 where it ends."""

    def __init__(self, place: float) -> None:
        super().__init__(0)
        self.place = place

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self.place


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
    nature: Nature | Remote,
    *,
    files: int,
    size: int = 100,
    listed: int | None = None,
    uploads: int = 16,
    seed: int = 1,
    rng: random.Random | None = None,
    times: JobTimes | None = None,
    **settings: Mapping[str, object],
) -> Night:
    """A night with that many new files. *listed* is their size as the listing tells it, which they need not have."""
    remote = nature if isinstance(nature, Remote) else Remote(nature, random.Random(seed))
    settings["limits"] = {"uploads": uploads, **settings.get("limits", {})}
    checked = Settings.model_validate(settings)
    night = Night(remote, checked.limits.uploads)
    inbox = FakeInbox({RelPath(f"{n:04}.csv"): f"{n:04}".ljust(size, "x") for n in range(files)})
    found = [inbox.file(path) for path in inbox.files]
    if listed is not None:
        found = [replace(file, size=listed) for file in found]
    return on_virtual_time(_spend(night, checked, inbox, found, rng or random.Random(seed), times or JobTimes()))


async def _spend(
    night: Night, settings: Settings, inbox: FakeInbox, files: Sequence[File], rng: random.Random, times: JobTimes
) -> Night:
    clock, grace = VirtualClock(), Grace()

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
                rng=rng,
                times=times,
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
        await run.carry_out(plan(files, (), lambda path: True))
    night.seconds, night.halts = clock.monotonic(), run.halts
    night.changes = [entry["change"] for entry in log if entry["event"] == "flow"]
    return night

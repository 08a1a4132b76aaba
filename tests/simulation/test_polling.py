"""Five thousand jobs at once: the remote is never asked by more than may ask, nor about one job too often."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from orchestrator.config import Settings
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.workplace import ledger_file, state_folder
from orchestrator.intake import new_job
from orchestrator.model import Accepted, Checked, Digest, Key, Name, RelPath, SendStarted, Sheet, Sheets, Source
from tests.remotes.line import Call, Fault, Line
from tests.remotes.remote import Fate, Remote, Repeat, Request
from tests.remotes.targets import Keyless
from tests.simulation.life import Life, VirtualClock, loop_time, on_virtual_time
from tests.simulation.process import TARGET, Process
from tests.simulation.seeds import memory_folder, quietly

JOBS = 5000
POLLS = 16
FIRST, FACTOR, CAP, SPREAD = 2.0, 1.5, 30.0, 0.2
"""The schedule that is configured below, and the share of a delay that is random."""


async def accepted_by_an_earlier_run(ledger: SqliteLedger, remote: Remote) -> None:
    """All of them were sent at the same moment, and then the program died."""
    sheets = Sheets(data=Sheet(rows=1, sent=Digest("0" * 64)))
    for n in range(JOBS):
        key, name, path = Key(f"{n:04}"), Name(f"{n:04}"), RelPath(f"{n:04}.csv")
        request = Request(key=key, version=1, attempt=1, name=name, digest="", overwrite=False)
        job = new_job(key, name, path, Source(data=Digest(f"{n:064}"), size=1))
        accepted = Accepted(remote.take(request), VirtualClock(Life()).now().timestamp())
        await ledger.record(job, Checked(sheets, "rules"), SendStarted(overwrite=False, at=0.0), accepted)


def least_delay(nth: int) -> float:
    """Between the *nth* poll and the one after it."""
    return min(FIRST * FACTOR**nth, CAP) * (1.0 - SPREAD)


def a_night(out: Path, line: Line, remote: Remote) -> Process:
    folder = out.parent / "in"
    folder.mkdir()
    state_folder(out).mkdir(parents=True)
    settings = Settings.model_validate(
        {
            "input": {"folder": folder, "settle": 0.0},
            "output": {"folder": out},
            "limits": {"polls": POLLS, "in_flight": JOBS},
            "polling": {"first": FIRST, "factor": FACTOR, "cap": CAP},
        }
    )
    life = Life()
    return Process(
        settings=settings,
        name="run-2",
        target=lambda clock: Keyless(remote=remote, line=line, clock=clock),
        life=life,
        clock=VirtualClock(life),
        rng=random.Random(1),
    )


def test_five_thousand_jobs_are_polled_by_their_schedules_and_within_the_limit() -> None:
    rng = random.Random(1)
    line = Line(time=loop_time, script=lambda call, about: Fault(before=rng.uniform(0.01, 0.05)))
    remote = Remote(
        time=loop_time, repeat=Repeat.PILE, fate=lambda request: Fate(ends=rng.lognormvariate(3.0, 0.8)), results=()
    )

    async def night(out: Path) -> None:
        process = a_night(out, line, remote)
        clock = VirtualClock(Life())
        ledger = SqliteLedger(ledger_file(out), target_id=TARGET, run="run-1", clock=clock, hop=Life().hop)
        await accepted_by_an_earlier_run(ledger, remote)
        ledger.close()
        await process.carry_out()
        assert len(process.trips) == JOBS
        assert {trip.end.value for trip in process.trips} == {"done"}

    with memory_folder() as folder, quietly():
        on_virtual_time(night(folder / "out"))

    assert line.most[Call.CHECK] == POLLS, "as many as may ask, and never more"
    began: dict[object, list[float]] = defaultdict(list)
    for one in line.exchanges:
        began[one.about].append(one.began)
    assert len(began) == JOBS
    for polls in began.values():
        gaps = [later - earlier for earlier, later in pairwise(polls)]
        assert all(gap >= least_delay(nth) for nth, gap in enumerate(gaps, start=1)), gaps

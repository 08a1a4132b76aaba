"""What the ledger tells the next run about how long jobs take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from edges.jobs import CHECKED, STARTED, new_job, result
from edges.places import FakeClock
from orchestrator.edges.batcher import inline
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.model import (
    Accepted,
    Completed,
    Digest,
    Doubted,
    Failed,
    Job,
    Resolved,
    Source,
    Token,
    Verdict,
)


class Runs:
    """Runs over one ledger, one after the other; each opens it anew, as a process does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.number = 0

    def begin(self) -> SqliteLedger:
        self.number += 1
        return SqliteLedger(self.path, target_id="simulated", run=f"run-{self.number}", clock=self.clock, hop=inline)

    async def accept(self, ledger: SqliteLedger, name: str) -> Job:
        token = Token(f"token-{name}")
        return await ledger.record(new_job(name), CHECKED, STARTED, Accepted(token, self.clock.now().timestamp()))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "ledger.sqlite3")


async def test_a_job_that_one_run_took_from_acceptance_to_done_is_told_with_its_size_and_its_time(runs: Runs) -> None:
    ledger = runs.begin()
    for name, seconds in (("a", 10.0), ("b", 25.0)):
        job = await runs.accept(ledger, name)
        await runs.clock.sleep(seconds)
        await ledger.record(job, Completed((result(),)))
    told = list(ledger.durations())
    ledger.close()

    assert told == [(10, pytest.approx(10.0)), (10, pytest.approx(25.0))]


async def test_a_job_that_sends_nothing_teaches_nothing_about_those_that_do(runs: Runs) -> None:
    ledger = runs.begin()
    pull = replace(new_job("pull"), source=Source(data=Digest("0" * 64), size=0))
    at = runs.clock.now().timestamp()
    job = await ledger.record(pull, CHECKED, STARTED, Accepted(Token("token-pull"), at))
    await ledger.record(job, Completed())
    told = list(ledger.durations())
    ledger.close()

    assert told == []


async def test_a_job_that_outlived_a_killed_run_teaches_nothing(runs: Runs) -> None:
    """It was accepted in the evening and seen done in the morning: nobody knows when it ended."""
    evening = runs.begin()
    quick = await runs.accept(evening, "quick")
    left_behind = await runs.accept(evening, "left behind")
    await runs.clock.sleep(30.0)
    await evening.record(quick, Completed())
    evening.close()  # the kill: `left_behind` is waiting
    await runs.clock.sleep(8 * 3600.0)

    morning = runs.begin()
    assert [job.name for job in morning.unfinished()] == ["left behind"]
    fresh = await runs.accept(morning, "fresh")
    await morning.record(left_behind, Completed())
    await runs.clock.sleep(40.0)
    await morning.record(fresh, Completed())
    told = list(morning.durations())
    morning.close()

    assert told == [(10, pytest.approx(30.0)), (10, pytest.approx(40.0))]


async def test_jobs_that_failed_or_that_a_person_settled_teach_nothing(runs: Runs) -> None:
    ledger = runs.begin()
    failed = await runs.accept(ledger, "failed")
    doubted = await runs.accept(ledger, "doubted")
    sending = await ledger.record(new_job("settled"), CHECKED, STARTED)
    await runs.clock.sleep(5.0)
    await ledger.record(failed, Failed("3 rows"))
    await ledger.record(doubted, Doubted("it never ended"))
    settled = await ledger.record(
        sending, Doubted("nobody knows"), Resolved(Verdict.ACCEPTED, Token("t"), runs.clock.now().timestamp())
    )
    await runs.clock.sleep(5.0)
    await ledger.record(settled, Completed())
    told = list(ledger.durations())
    ledger.close()

    assert told == []


async def test_a_wall_clock_that_went_back_teaches_nothing(runs: Runs) -> None:
    ledger = runs.begin()
    in_an_hour = runs.clock.now().timestamp() + 3600.0
    job = await ledger.record(new_job("a"), CHECKED, STARTED, Accepted(Token("t"), in_an_hour))
    await ledger.record(job, Completed())
    told = list(ledger.durations())
    ledger.close()

    assert told == []


async def test_only_the_newest_thousand_are_told_and_the_newest_of_them_last(runs: Runs) -> None:
    ledger = runs.begin()
    now = runs.clock.now().timestamp()
    async with anyio.create_task_group() as tasks:
        for n in range(1010):
            accepted = Accepted(Token(f"token-{n}"), now - n)
            tasks.start_soon(ledger.record, new_job(f"{n}"), CHECKED, STARTED, accepted, Completed())
    told = [seconds for _, seconds in ledger.durations()]
    ledger.close()

    assert [round(seconds) for seconds in told] == list(range(10, 1010))

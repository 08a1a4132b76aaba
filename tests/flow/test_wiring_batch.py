"""What a run over a real folder and a real ledger hands on to its parts, seen by what the remote gets and when."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from fakes import FakeClock, FakeTarget

from cli.rosters import roster
from orchestrator.batch import Finished, Watcher, run_batch
from orchestrator.config import Credentials, load
from orchestrator.errors import Unclear
from orchestrator.exits import Exit
from orchestrator.model import Accepted, Job, Token
from orchestrator.ports import Body, Ended, Release, Running
from orchestrator.request import Request
from orchestrator.run import Run, Stop
from orchestrator.trip import Trip

SETTLE = 17


@dataclass
class Timed(FakeTarget):
    """Keeps at what times it was asked; its jobs take their time."""

    clock: FakeClock = field(default_factory=FakeClock)
    seconds: float = 0.0
    submits: dict[str, float] = field(default_factory=dict)
    polls_after: list[float] = field(default_factory=list)
    """Seconds from the acceptance to each poll."""
    meanwhile: Callable[[], object] = lambda: None
    """What happens while an upload is under way."""

    async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Accepted:
        self.submits[job.name] = self.clock.time
        self.meanwhile()
        accepted = await super().submit(job, body, overwrite=overwrite, release=release)
        assert isinstance(accepted, Accepted)
        return replace(accepted, at=self.clock.now().timestamp())

    async def check(self, token: Token) -> Running | Ended:
        self.polls_after.append(self.clock.time - max(self.submits.values()))
        self.polls_needed = 1 if self.polls_after[-1] >= self.seconds else 10**9
        return await super().check(token)


@dataclass
class Counting(Watcher):
    """How many files were on their way at the same time; and the run itself."""

    under_way: int = 0
    most: int = 0
    run: Run | None = None

    def began(self, trip: Trip) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)

    def ended(self, trip: Trip) -> None:
        self.under_way -= 1

    def starting(self, run: Run) -> None:
        self.run = run


@dataclass
class House:
    root: Path
    target: Timed = field(default_factory=Timed)

    def put(self, path: str, rows: int = 3, *, age: float = 3600.0, events_age: float | None = None) -> None:
        """A file that was written so many seconds ago, and its companion, if it is to have one."""
        written = roster(path, rows, events=0 if events_age is None else 2)
        written.write(self.root / "inbox")
        now = self.target.clock.now().timestamp()
        for place, seconds in ((path, age), (written.events_path, events_age)):
            if seconds is not None:
                os.utime(self.root / "inbox" / place, (now - seconds,) * 2)

    async def run(self, watcher: Watcher | None = None, **settings: object) -> Finished:
        words = [f"{key.replace('__', '.')}={value}" for key, value in settings.items()]
        inbox, out = self.root / "inbox", self.root / "out"
        chosen = load(None, overrides=words, environ={}, folder=inbox, output=out)
        secrets = Credentials(client_id="us", client_secret="secret", api_key="key")
        return await run_batch(chosen, secrets, Request(), watcher or Watcher())


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(tmp_path)
    monkeypatch.setattr("orchestrator.batch.SystemClock", lambda: house.target.clock)
    monkeypatch.setattr("orchestrator.batch.make_target", lambda *parts: house.target)
    return house


async def first_poll(house: House, path: str, rows: int, seconds: float) -> float:
    """Of a new file, in a run of its own, whose job takes so many seconds."""
    house.put(path, rows)
    house.target.seconds, house.target.polls_after = seconds, []
    assert (await house.run()).exit_code == 0
    return house.target.polls_after[0]


async def test_a_run_asks_later_after_jobs_of_a_size_that_took_long_in_earlier_runs(house: House) -> None:
    large, small = 300, 3
    polls = [
        await first_poll(house, "1.csv", large, seconds=1.0),
        await first_poll(house, "2.csv", small, seconds=60.0),
        await first_poll(house, "3.csv", small, seconds=60.0),
        await first_poll(house, "4.csv", large, seconds=1.0),
    ]

    assert max(polls[0], polls[1], polls[3]) <= 2.0 * 1.2
    assert polls[2] >= 60.0 * 0.8 * 0.8


async def test_no_more_files_are_begun_at_a_time_than_configured(house: House) -> None:
    for number in range(20):
        house.put(f"{number}.csv")
    watcher = Counting()
    await house.run(watcher, limits__uploads=3, limits__in_flight=7)

    assert len(house.target.submits) == 20
    assert watcher.most == 7


async def test_an_upload_that_does_not_end_is_cut_off_when_the_configured_grace_is_over(house: House) -> None:
    house.put("a.csv")
    watcher, cut = Counting(), []

    class Endless(Timed):
        async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Accepted:
            assert watcher.run is not None
            watcher.run.halt(Stop.SIGTERM, "told to stop")
            try:
                for _ in range(10_000):  # nobody could end a test that waits for ever in here
                    await anyio.lowlevel.checkpoint()
            except anyio.get_cancelled_exc_class():
                cut.append(self.clock.time)
                raise
            raise AssertionError("it was not cut off")

    house.target = Endless()
    await house.run(watcher, limits__grace=13)

    assert cut == [13.0]


async def test_a_report_that_cannot_be_written_asks_for_more_attention_than_a_doubt(house: House) -> None:
    house.put("a.csv")
    runs = house.root / "out/runs"

    class Lossy(Timed):
        async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Accepted:
            shutil.rmtree(runs)
            runs.touch()
            raise Unclear("the answer was lost")

    house.target = Lossy()
    finished = await house.run()

    assert finished.summary["files"]["in_doubt"] == 1
    assert finished.exit_code == finished.summary["exit_code"] == Exit.USAGE
    assert "runs" in finished.message


async def test_what_may_still_be_written_to_comes_last_and_is_looked_at_when_it_has_had_time(house: House) -> None:
    """A young companion makes its pair young; a time in the future is as good as now."""
    house.put("a.csv", age=SETTLE - 0.5)
    house.put("b.csv", events_age=SETTLE - 0.5)
    house.put("c.csv", age=-1000.0)
    house.put("d.csv", age=SETTLE, events_age=SETTLE)
    house.put("e.csv")
    await house.run(input__settle=SETTLE, limits__in_flight=1, limits__uploads=1)

    assert [*house.target.submits] == ["d", "e", "a", "b", "c"]
    assert house.target.submits["d"] == 0.0
    assert house.target.submits["e"] < SETTLE
    assert house.target.submits["a"] == SETTLE


@pytest.mark.parametrize("age", [0.0, -1000.0])
async def test_nothing_is_young_where_nobody_is_to_wait(house: House, age: float) -> None:
    house.put("a.csv", age=age)
    house.put("b.csv")
    await house.run(input__settle=0, limits__in_flight=1, limits__uploads=1)

    assert [*house.target.submits] == ["a", "b"]
    assert house.target.submits["a"] == 0.0


@pytest.mark.parametrize("growing", ["a.csv", "a.events.csv", "c.events.csv"], ids=["it", "its companion", "a new one"])
async def test_a_pair_of_which_one_is_still_being_written_is_deferred(house: House, growing: str) -> None:
    """Sent without a companion that has just come it would be an upload too many."""
    house.put("a.csv", age=0.0, events_age=0.0)
    house.put("b.csv")
    house.put("c.csv", age=0.0)

    def write_on() -> None:
        with (house.root / "inbox" / growing).open("ab") as file:
            file.write(b"\r\n")
        house.target.meanwhile = lambda: None

    house.target.meanwhile = write_on
    finished = await house.run(input__settle=SETTLE, limits__in_flight=1, limits__uploads=1)

    assert finished.summary["files"]["deferred"] == 1
    assert {*house.target.submits} == {"a", "b", "c"} - {growing[0]}

"""One seed: several runs in bad weather, stopped and killed, then runs in fair weather until nothing is open."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from orchestrator.config import Settings
from orchestrator.edges.database import connect
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.workplace import ledger_file
from orchestrator.model import Job, Resolved, State, Verdict
from orchestrator.ports import Clock, Target
from tests.remotes.line import Call, Fault, Line
from tests.remotes.remote import Remote
from tests.simulation.inputs import Inputs
from tests.simulation.kinds import KINDS, Kind
from tests.simulation.life import Life, VirtualClock, loop_time
from tests.simulation.place import prepare, shorten_the_log
from tests.simulation.process import TARGET, Process
from tests.simulation.weather import LATEST, Weather

_FILES = (10, 10, 10, 10, 11, 12, 13, 20)
_BAD_RUNS = (1, 1, 1, 1, 2, 3)
"""Many small nights find more than a few large ones."""

_FAIR_RUNS = 8
_IDLE = 4
"""So many nights of a kind have one that ends with an idle run, which costs as much as others and finds little."""

_DAYS = 6 * 86400.0
"""Between two runs in fair weather, so that what never ends is given up."""

Skew = Callable[[float], float]


def true_time(now: float) -> float:
    return 0.0


@dataclass(kw_only=True)
class Night:
    seed: int
    root: Path
    """A folder of its own, not there yet."""
    skew: Skew = true_time
    processes: list[Process] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    """What went over the line before the ledger knew of it."""
    resolved: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.kind: Kind = KINDS[self.seed % len(KINDS)]
        self.weather = Weather(rng=random.Random(self.rng.random()), holds=self.kind.holds)
        self.line = Line(time=loop_time, script=self.fault, renewal=self.weather.renewal, tail=self.tail_leaves)
        self.remote = Remote(time=loop_time, repeat=self.kind.repeat, fate=self.weather.fate)
        self.inputs = Inputs(root=self.root / "in", rng=random.Random(self.rng.random()))
        self.settings = self._settings()
        self.told: list[object] = []
        """What the ledger held at the end, but for the wall clock."""
        self.before_idle: object = None
        self.after_idle: object = None

    @property
    def out(self) -> Path:
        return self.root / "out"

    async def carry_out(self, check: Callable[[], None] = lambda: None) -> None:
        """*check* looks at it while the ledger is still there to be asked."""
        self.root.mkdir()
        self.inputs.fill(self.rng.choice(_FILES))
        prepare(self.out)
        with closing(connect(ledger_file(self.out), "rw")) as self.ledger:
            for _ in range(self.rng.choice(_BAD_RUNS)):
                await self._bad_run()
            await self._fair_runs()
            if await self._resolve_some():
                await self._fair_runs()
            self.remote.settle(all_of_them=True)
            if self.seed // len(KINDS) % _IDLE == 0:
                await self._idle_run()
            self.told = self._told()
            check()

    async def _bad_run(self) -> None:
        rng = self.rng
        self.weather.strength = rng.choice((0.3, 1.0, 1.5))
        self.weather.slow_disk = rng.random() < 0.3
        ends_at, stop_after = None, None
        match rng.choice(("stop", "death", "death", "neither")):
            case "stop":
                stop_after = rng.expovariate(1 / 20.0)
            case "death":
                ends_at = rng.randint(1, 400)
        await self._process(ends_at=ends_at, stop_after=stop_after).carry_out()
        if rng.random() < 0.5:
            self.inputs.replace_some()  # also what may still arrive late

    async def _fair_runs(self) -> None:
        self.weather.strength = 0.0
        for _ in range(_FAIR_RUNS):
            process = self._process()
            await process.carry_out()
            held_back = any("may still arrive late" in trip.why for trip in process.trips)
            if not self._is_anything_open() and not held_back:
                return
            await anyio.sleep(_DAYS)
        raise AssertionError(f"after {_FAIR_RUNS} runs with a healthy remote something is still open")

    async def _idle_run(self) -> None:
        self.before_idle = self.everything()
        await self._process().carry_out()
        self.after_idle = self.everything()

    async def _resolve_some(self) -> bool:
        """A person looks at the remote when nothing is on its way any more, and says what is there."""
        await anyio.sleep(2 * LATEST)
        self.remote.settle()
        shorten_the_log(self.ledger)
        life = Life()
        ledger = SqliteLedger(
            ledger_file(self.out), target_id=TARGET, run="person", clock=self._clock(life), hop=life.hop
        )
        with closing(ledger):
            for job in ledger.unfinished():
                if job.state is State.IN_DOUBT and self.rng.random() < 0.5:
                    await ledger.record(job, self._verdict(job))
                    self.resolved += 1
        return bool(self.resolved)

    def _verdict(self, job: Job) -> Resolved:
        found = self.remote.by_item.get((job.key, job.version))
        if job.token is not None:
            return Resolved(Verdict.ABANDON)
        if found:
            return Resolved(Verdict.ACCEPTED, found[-1].token, self._clock(Life()).now().timestamp())
        return Resolved(Verdict.NOT_ACCEPTED)

    def _process(self, *, ends_at: int | None = None, stop_after: float | None = None) -> Process:
        self.line.begin_process()
        shorten_the_log(self.ledger)
        life = Life(ends_at=ends_at, commit_takes=self.weather.commit_takes)
        process = Process(
            settings=self.settings,
            name=f"run-{len(self.processes) + 1}",
            target=self._target,
            life=life,
            clock=self._clock(life),
            rng=random.Random(self.rng.random()),
            stop_after=stop_after,
        )
        self.processes.append(process)
        return process

    def _clock(self, life: Life) -> VirtualClock:
        return VirtualClock(life, self.skew)

    def _target(self, clock: Clock) -> Target:
        return self.kind.client(remote=self.remote, line=self.line, clock=clock)

    def fault(self, call: Call, about: object) -> Fault:
        """Before anything leaves, somebody else looks into the ledger."""
        if call is Call.SUBMIT:
            query = "SELECT 1 FROM jobs WHERE key = ? AND version = ? AND attempts = ? AND state = 'sending'"
            self._require_durable(query, about, f"{about} was sent before its intent was durable")
        elif call in (Call.CHECK, Call.FETCH):
            query = "SELECT 1 FROM jobs WHERE token = ? AND state = 'waiting'"
            self._require_durable(query, (about,), f"{about} was asked about before it was durable")
        return self.weather.fault(call, about)

    def tail_leaves(self, about: object) -> None:
        query = "SELECT 1 FROM jobs WHERE key = ? AND version = ? AND attempts = ? AND state = 'sending' AND NOT held"
        self._require_durable(query, about, f"the last bytes of {about} left before it was durable that they may")

    def _require_durable(self, query: str, values: object, otherwise: str) -> None:
        if self.ledger.execute(query, values).fetchone() is None:  # type: ignore[arg-type]  # a tuple
            self.unsound.append(otherwise)

    def _is_anything_open(self) -> bool:
        query = "SELECT 1 FROM jobs WHERE state IN ('found', 'ready', 'sending', 'waiting')"
        return self.ledger.execute(query).fetchone() is not None

    def everything(self) -> object:
        """What an idle run must leave as it is."""
        files = [(str(path), path.lstat().st_mtime_ns) for path in sorted((self.out / "results").rglob("*"))]
        events = self.ledger.execute("SELECT count(*), max(id) FROM events").fetchone()
        return files, events, len(self.line.exchanges)

    def _told(self) -> list[object]:
        query = "SELECT path, version, run, event, json_remove(detail, '$.at') FROM events JOIN jobs ON jobs.id = job"
        return self.ledger.execute(f"{query} ORDER BY events.id").fetchall()

    @property
    def trace(self) -> list[str]:
        """All that happened: what went over the line, then what the ledger held."""
        return [repr(one) for one in (*self.line.exchanges, *self.remote.effects, *self.told)]

    def _settings(self) -> Settings:
        rng, folder = self.rng, self.root
        return Settings.model_validate(
            {
                "input": {"folder": folder / "in", "settle": 0.0},
                "output": {"folder": folder / "out"},
                "target": {"overwrite": self.kind.overwrite},
                "limits": {
                    "uploads": rng.randint(1, 4),
                    "polls": rng.randint(1, 4),
                    "in_flight": rng.randint(4, 20),
                    "grace": rng.choice((0.0, 5.0, 25.0)),
                },
                "polling": {"deadline": 300.0},
            }
        )

"""One schedule: a folder, a remote that outlives the program, and the same command until nothing is open."""

from __future__ import annotations

import math
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import anyio

from cli.forks import fork
from cli.program import Outcome, attended, environment
from cli.rosters import Roster
from cli.stage import Stage, as_options
from crash.checker import idle_objections, objections
from crash.deliveries import Delivery
from crash.evidence import Crash, Evidence
from crash.gathering import gather
from crash.leaks import leaked
from crash.promise import Promise, canon
from crash.push import Answer, PushRemote, push_remote
from crash.remotes import a_stage, side_of
from crash.sides import PushSide, Side
from crash.strike import Strike
from crash.tally import Tally
from crash.witness import Witness
from orchestrator.edges.database import connect
from orchestrator.edges.workplace import ledger_file
from orchestrator.sandbox import Profile

HELD = "held"
"""In place of `sending`, while the last bytes are still here: it cannot have arrived."""

RUN = ("run",)

_MOST_STARTS = 8
"""Of the same command, left alone, until nothing is open."""
_PATIENT_STARTS = 5
"""So many wait for a job that does not end; those after them give it up."""


_STATES = f"""
SELECT CASE WHEN instr(name, '#') THEN name ELSE path END,
    CASE WHEN state = 'sending' AND held THEN '{HELD}' ELSE state END
FROM jobs ORDER BY version
"""


@dataclass(frozen=True)
class Moment:
    """That the program came to; around a commit with the path and the state of the job that it is about."""

    what: str
    path: str = ""
    state: str = ""


@dataclass(kw_only=True)
class Scene:
    stage: Stage
    tally: Tally
    delivery: Delivery
    promise: Promise
    witness: Witness
    side: Side
    push: PushRemote | None = None
    speed: float = 1.0
    hold_from: int | None = None
    """Characters of a body from which on its tail is held back; None: as the program has it."""
    crashes: list[Crash] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    said: bytearray = field(default_factory=bytearray)
    """All that the program told, at debug level, also where it was killed."""

    @property
    def trace(self) -> Path:
        return self.stage.root / "trace"

    async def start(
        self,
        fatal: str = "",
        nth: int = 1,
        *,
        signals: Sequence[int] = (signal.SIGKILL,),
        seconds: float = math.inf,
        fine: bool = False,
        command: Sequence[str] = RUN,
        **settings: object,
    ) -> Outcome:
        stage, push = self.stage, self.push
        self.trace.write_bytes(b"")
        options = as_options({**self.delivery.settings, **settings})
        strike = Strike(
            trace=str(self.trace),
            fatal=fatal,
            nth=nth,
            signals=[int(number) for number in signals],
            fine=fine,
            hold_from=self.hold_from,
            speed=self.speed,
            push={"host": push.host, "port": push.port, "keyed": self.delivery.repeats} if push else {},
        )
        self.tally.count("starts")
        process = await fork(
            [*command, "--json", "-v", "-c", str(stage.config), *options],
            cwd=stage.root,
            env=environment(**stage.secrets),
            prepare="crash.moments",
            given=asdict(strike),
        )
        async with attended(process) as program:
            with anyio.move_on_after(seconds):
                await program.wait()
        self.said += program.said
        return program.outcome()

    async def run(self, **settings: object) -> None:
        """Left alone."""
        self.outcomes.append(await self.start(**settings))

    @property
    def passed(self) -> list[str]:
        """The moments that the last start came to."""
        return [moment.what for moment in self.moments]

    @property
    def moments(self) -> list[Moment]:
        """The same, with what there is to know about them."""
        return [Moment(*line.split("\t")) for line in self.trace.read_text().splitlines()]

    async def kill(
        self,
        fatal: str = "",
        nth: int = 1,
        *,
        seconds: float = math.inf,
        fine: bool = False,
        command: Sequence[str] = RUN,
        **settings: object,
    ) -> bool:
        """Start it and kill it there. False when it completed untouched."""
        outcome = await self.start(fatal, nth, seconds=seconds, fine=fine, command=command, **settings)
        if outcome.code != -signal.SIGKILL:
            self.outcomes.append(outcome)
            return False
        if fatal:
            assert self.passed.count(fatal) == nth
            self.tally.hit(fatal)
        self.crashes.append(Crash(moment=f"{fatal or round(seconds, 3)} ({nth})", states=self.states))
        self.tally.count("kills")
        return True

    async def finish(self, **settings: object) -> Evidence:
        """The same command again until nothing is open; then the checker; then once more for nothing."""
        for nth in range(_MOST_STARTS):
            if nth == _PATIENT_STARTS:
                settings |= {"polling__give_up": 0.1}
            await self.run(**settings)
            if self.outcomes[-1].code in (0, 3, 4) and not self._open:
                break
        found = self.evidence()
        self._require_none(objections(found, self.promise))
        self._require_none(leaked(self.stage, bytes(self.said)))
        await self.run(**settings)
        self._require_none(idle_objections(found, self.evidence()))
        self.tally.record(found, self.promise)
        return found

    def evidence(self) -> Evidence:
        stage, crashes, outcomes = self.stage, tuple(self.crashes), tuple(self.outcomes)
        return gather(stage.out, stage.remote, self.side, self.witness, crashes, outcomes)

    def _require_none(self, objected: Iterable[str]) -> None:
        codes = [outcome.code for outcome in self.outcomes]
        story = f"{self.delivery}: killed {[crash.moment for crash in self.crashes]}, then exit codes {codes}"
        assert not (lines := list(objected)), "\n".join([story, *lines])

    @property
    def states(self) -> dict[str, str]:
        """By place: see `evidence.place_of`."""
        if not self.stage.ledger:
            return {}
        with closing(connect(ledger_file(self.stage.out), "ro")) as db:
            return dict(db.execute(_STATES).fetchall())

    @property
    def _open(self) -> bool:
        """A file that waits for a part in doubt is as far as it gets."""
        states = self.states
        doubtful = {name.partition("#")[0] for name, state in states.items() if "#" in name and state == "in_doubt"}
        files = {f"{name}.csv" for name in doubtful}
        return any(
            state in ("ready", "sending", HELD) or (state == "waiting" and place not in files)
            for place, state in states.items()
        )


Promised = Callable[[Delivery, int], Awaitable[Promise]]
"""Of so many plain files."""


async def undisturbed(root: Path, delivery: Delivery, rosters: Sequence[Roster]) -> Promise:
    """Its numbers are none of the crashes'."""
    async with scene(root, Tally(), delivery, rosters) as calm:
        return replace(calm.promise, undisturbed=canon(await calm.finish()))


def make_new(root: Path) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    return root


@asynccontextmanager
async def scene(
    root: Path,
    tally: Tally,
    delivery: Delivery,
    rosters: Iterable[Roster],
    *,
    promise: Promise | None = None,
    profile: Profile | None = None,
    pushes: Mapping[str, Sequence[Answer]] | None = None,
    seed: int = 1,
    speed: float = 1.0,
    hold_from: int | None = None,
    part_rows: int | None = None,
) -> AsyncIterator[Scene]:
    """*pushes* is what the stand-in answers the first ones under a Name with."""
    rosters = tuple(rosters)
    profile = profile or delivery.profile
    promise = promise or Promise(rosters=rosters, repeats=delivery.repeats, adds=delivery.adds)
    async with a_stage(make_new(root), delivery, rosters, profile, seed) as stage:
        witness = Witness(out=stage.out)
        made = Scene(
            stage=stage,
            tally=tally,
            delivery=delivery,
            promise=promise,
            witness=witness,
            side=side_of(delivery, stage, [*rosters, *promise.rosters], part_rows),
            speed=speed,
            hold_from=hold_from,
        )
        stage.on_entry = lambda: witness.entry(stage.remote.record.entries[-1], made.side)
        tally.count("schedules")
        if delivery.api != "push":
            yield made
            return
        async with push_remote(script=pushes or {}) as push:
            push.on_push = lambda: witness.upload(push.log[-1].name)
            made.push, made.side = push, PushSide(push)
            yield made

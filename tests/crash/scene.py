"""One schedule: a folder, a remote that outlives the program, and the same command until nothing is open."""

from __future__ import annotations

import math
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import anyio

from cli.forks import fork
from cli.program import Outcome, attended, environment
from cli.rosters import Roster
from cli.stage import Stage, as_options, staged
from crash.checker import Promise, canon, idle_objections, objections
from crash.deliveries import Delivery
from crash.evidence import Crash, Evidence, gather
from crash.push import PushRemote, push_remote
from crash.strike import Strike
from crash.tally import Tally
from orchestrator.edges.database import connect
from orchestrator.edges.workplace import ledger_file
from orchestrator.sandbox import Profile

HELD = "held"
"""In place of `sending`, while the last bytes are still here: it cannot have arrived."""

_MOST_STARTS = 8
"""Of the same command, left alone, until nothing is open."""
_PATIENT_STARTS = 5
"""So many wait for a job that does not end; those after them give it up."""


@dataclass(kw_only=True)
class Scene:
    stage: Stage
    tally: Tally
    delivery: Delivery
    promise: Promise
    push: PushRemote | None = None
    speed: float = 1.0
    crashes: list[Crash] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

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
        hold_from: int | None = None,
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
            hold_from=hold_from,
            speed=self.speed,
            push={"host": push.host, "port": push.port, "keyed": push.keyed} if push else {},
        )
        self.tally.count("starts")
        process = await fork(
            ["run", "--json", "-c", str(stage.config), *options],
            cwd=stage.root,
            env=environment(**stage.secrets),
            prepare="crash.moments",
            given=asdict(strike),
        )
        async with attended(process) as program:
            with anyio.move_on_after(seconds):
                await program.wait()
        return program.outcome()

    @property
    def passed(self) -> list[str]:
        """The moments that the last start came to."""
        return self.trace.read_text().splitlines()

    async def kill(
        self, fatal: str = "", nth: int = 1, *, seconds: float = math.inf, fine: bool = False, **settings: object
    ) -> bool:
        """Start it and kill it there. False when it completed untouched."""
        outcome = await self.start(fatal, nth, seconds=seconds, fine=fine, **settings)
        if outcome.code != -signal.SIGKILL:
            self.outcomes.append(outcome)
            return False
        if fatal:
            assert self.passed.count(fatal) == nth
            self.tally.hit(fatal)
        moment = f"{fatal} ({nth})" if fatal else f"after {seconds:.3f} s"
        self.crashes.append(Crash(moment=moment, states=self.states))
        self.tally.count("kills")
        return True

    async def finish(self, **settings: object) -> Evidence:
        """The same command again until nothing is open; then the checker; then once more for nothing."""
        for nth in range(_MOST_STARTS):
            if nth == _PATIENT_STARTS:
                settings |= {"polling__give_up": 0.1}
            self.outcomes.append(await self.start(**settings))
            if self.outcomes[-1].code in (0, 3, 4) and not self._open:
                break
        found = self.evidence()
        self._require_none(objections(found, self.promise))
        self.outcomes.append(await self.start(**settings))
        self._require_none(idle_objections(found, self.evidence()))
        self.tally.record(found)
        return found

    def evidence(self) -> Evidence:
        return gather(self.stage.out, self.stage.remote, self.push, tuple(self.crashes), tuple(self.outcomes))

    def _require_none(self, objected: Iterable[str]) -> None:
        codes = [outcome.code for outcome in self.outcomes]
        story = f"{self.delivery}: killed {[crash.moment for crash in self.crashes]}, then exit codes {codes}"
        assert not (lines := list(objected)), "\n".join([story, *lines])

    @property
    def states(self) -> dict[str, str]:
        """By path."""
        return self.stage.states | dict.fromkeys(self._held, HELD)

    @property
    def _held(self) -> list[str]:
        if not self.stage.ledger:
            return []
        with closing(connect(ledger_file(self.stage.out), "ro")) as db:
            return [path for (path,) in db.execute("SELECT path FROM jobs WHERE state = 'sending' AND held")]

    @property
    def _open(self) -> bool:
        return any(state in ("ready", "sending", "waiting", HELD) for state in self.states.values())


Promised = Callable[[Delivery, Sequence[Roster]], Awaitable[Promise]]


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
    seed: int = 1,
    speed: float = 1.0,
) -> AsyncIterator[Scene]:
    rosters = tuple(rosters)
    profile = profile or delivery.profile
    promise = promise or Promise(rosters=rosters, repeats=delivery.repeats)
    async with staged(make_new(root), rosters, profile, seed=seed) as stage:
        made = Scene(stage=stage, tally=tally, delivery=delivery, promise=promise, speed=speed)
        tally.count("schedules")
        if delivery.keyed is None:
            yield made
            return
        async with push_remote(keyed=delivery.keyed) as push:
            made.push = push
            yield made

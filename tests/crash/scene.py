"""One schedule: a folder, a remote that outlives the program, and the same command until nothing is open."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio

from cli.rosters import Roster
from cli.stage import Outcome, Stage, as_options, environment, staged
from crash.checker import Promise, canon, idle_objections, objections
from crash.deliveries import Delivery
from crash.evidence import Crash, Evidence, gather
from crash.order import PATIENCE, Order
from crash.push import PushRemote, push_remote
from crash.tally import Tally
from orchestrator.edges.database import connect
from orchestrator.edges.workplace import ledger_file
from orchestrator.sandbox import Profile

TESTS = Path(__file__).parent.parent
HELD = "held"
"""In place of `sending`, while the last bytes are still here: it cannot have arrived."""

_MOST_STARTS = 8
"""Of the same command, left alone, until nothing is open."""
_PATIENT_STARTS = 5
"""So many wait for a job that does not end; those after them give it up."""


class Warm:
    """Our end of the line to the process that forks the program."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    async def start(self, order: Order) -> int:
        """The exit code, or minus the signal that ended it."""
        self._line.sendall(order.dump())
        answer = b""
        with anyio.fail_after(2 * PATIENCE):
            while not answer.endswith(b"\n"):
                await anyio.wait_readable(self._line)
                answer += self._line.recv(64)
                assert answer, "the process that forks the program has ended"
        return int(json.loads(answer))


@contextmanager
def warmed() -> Iterator[Warm]:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "crash.warm", str(theirs.fileno())]
    with ours, subprocess.Popen(command, cwd=TESTS, env=environment(), pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        yield Warm(ours)
        ours.close()
        process.wait(PATIENCE)


@dataclass(kw_only=True)
class Scene:
    stage: Stage
    warm: Warm
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
        seconds: float = PATIENCE,
        fine: bool = False,
        hold_from: int | None = None,
        **settings: object,
    ) -> Outcome:
        stage, push = self.stage, self.push
        self.trace.write_bytes(b"")
        for place in self._said:
            place.unlink(missing_ok=True)
        options = as_options({**self.delivery.settings, **settings})
        order = Order(
            argv=["run", "--json", "-c", str(stage.config), *options],
            cwd=str(stage.root),
            env=stage.secrets,
            trace=str(self.trace),
            fatal=fatal,
            nth=nth,
            signals=[int(number) for number in signals],
            seconds=seconds,
            fine=fine,
            hold_from=hold_from,
            speed=self.speed,
            push={"host": push.host, "port": push.port, "keyed": push.keyed} if push else {},
        )
        self.tally.count("starts")
        code = await self.warm.start(order)
        out, err = (place.read_bytes() if place.exists() else b"" for place in self._said)
        return Outcome(code=code, out=out, err=err.decode())

    @property
    def passed(self) -> list[str]:
        """The moments that the last start came to."""
        return self.trace.read_text().splitlines()

    async def kill(
        self, fatal: str = "", nth: int = 1, *, seconds: float = PATIENCE, fine: bool = False, **settings: object
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
    def _said(self) -> tuple[Path, Path]:
        return self.stage.root / "stdout", self.stage.root / "stderr"

    @property
    def states(self) -> dict[str, str]:
        """By path. A ledger that was just being made at a kill holds nothing, and only a writer can open it."""
        try:
            return self.stage.states | dict.fromkeys(self._held, HELD)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
                raise
            return {}

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


async def undisturbed(root: Path, warm: Warm, delivery: Delivery, rosters: Sequence[Roster]) -> Promise:
    """Its numbers are none of the crashes'."""
    async with scene(root, warm, Tally(), delivery, rosters) as calm:
        return replace(calm.promise, undisturbed=canon(await calm.finish()))


def make_new(root: Path) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    return root


@asynccontextmanager
async def scene(
    root: Path,
    warm: Warm,
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
        made = Scene(stage=stage, warm=warm, tally=tally, delivery=delivery, promise=promise, speed=speed)
        tally.count("schedules")
        if delivery.keyed is None:
            yield made
            return
        async with push_remote(keyed=delivery.keyed) as push:
            made.push = push
            yield made

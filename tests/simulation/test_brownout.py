"""A remote that fails three calls in ten for ten minutes: the night goes through, and the remote is not hammered."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from orchestrator.config import Settings
from orchestrator.edges.workplace import state_folder
from orchestrator.trip import Ending
from tests.remotes.line import Call, Fault, Line, Trouble
from tests.remotes.line import Ending as Seen
from tests.remotes.remote import Fate, Remote, Repeat
from tests.remotes.targets import Keyed
from tests.simulation.inputs import Inputs
from tests.simulation.life import Life, VirtualClock, loop_time, on_virtual_time
from tests.simulation.process import Process
from tests.simulation.seeds import memory_folder, quietly

FILES = 500
BROWN_OUT = 600.0
SHARE = 0.3

REFUSING = (Trouble.NOT_SENT,)
BREAKING = (Trouble.NOT_SENT, Trouble.UNREACHABLE, Trouble.LOST, Trouble.BROKEN)
FAILED = {Seen.UNTAKEN, Seen.LOST}

nights = pytest.mark.parametrize(
    ("seed", "troubles"),
    [
        pytest.param(seed, troubles, id=f"{seed}-{name}")
        for seed in (1, 2, 3)
        for name, troubles in (("refusing", REFUSING), ("breaking", BREAKING))
    ],
)


class Brown:
    """Three calls in ten get a 503 before they are taken, or break in any way, as long as it lasts."""

    def __init__(self, seed: int, troubles: tuple[Trouble, ...]) -> None:
        self.rng = random.Random(seed)
        self.troubles = troubles

    def fault(self, call: Call, about: object) -> Fault:
        if call is Call.SIGN_IN:
            return Fault()
        fails = loop_time() < BROWN_OUT and self.rng.random() < SHARE
        trouble = self.rng.choice(self.troubles) if fails else Trouble.NONE
        return Fault(before=self.rng.uniform(0.1, 0.5), trouble=trouble)


@cache
def carried_through(seed: int, troubles: tuple[Trouble, ...]) -> tuple[Process, Line]:
    weather = Brown(seed, troubles)
    line = Line(time=loop_time, script=weather.fault)
    remote = Remote(time=loop_time, repeat=Repeat.SAME, fate=lambda request: Fate(ends=weather.rng.uniform(0, 60.0)))

    async def night(folder: Path) -> Process:
        inputs = Inputs(root=folder / "in", rng=random.Random(seed))
        inputs.fill(FILES, share_bad=0.0)
        state_folder(folder / "out").mkdir(parents=True)
        life = Life()
        process = Process(
            settings=Settings.model_validate(
                {"input": {"folder": folder / "in", "settle": 0.0}, "output": {"folder": folder / "out"}}
            ),
            name="run-1",
            target=lambda clock: Keyed(remote=remote, line=line, clock=clock),
            life=life,
            clock=VirtualClock(life),
            rng=random.Random(seed),
        )
        await process.carry_out()
        return process

    with memory_folder() as folder, quietly():
        return on_virtual_time(night(folder)), line


@nights
def test_no_file_fails_in_a_brown_out(seed: int, troubles: tuple[Trouble, ...]) -> None:
    process, line = carried_through(seed, troubles)

    assert sum(one.ending in FAILED for one in line.exchanges) > 50, "it was one"
    ends = Counter(trip.end for trip in process.trips)
    assert ends.keys() <= {Ending.DONE, Ending.UNSENT, Ending.WAITING}, (
        "what did not get through goes on in the next run"
    )
    assert ends[Ending.DONE] > 0.9 * FILES


@nights
def test_a_brown_out_costs_few_requests_more(seed: int, troubles: tuple[Trouble, ...]) -> None:
    _, line = carried_through(seed, troubles)

    calls = [one for one in line.exchanges if one.call is not Call.SIGN_IN]
    assert any(one.call is Call.PROBE for one in calls), "the breaker had its part in it"
    extra = sum(one.ending in FAILED for one in calls)
    planned = len(calls) - extra
    assert extra <= 0.1 * planned + 20

"""SIGKILL after a delay that a seed draws, up to five times a run, and at least once.

KILL_SEED=N in the environment tries other ones.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from crash.deliveries import COMMON
from crash.scene import Promised, Scene, scene
from crash.tally import Tally
from orchestrator.model import State
from orchestrator.sandbox import PROFILES, Chance, Profile

BASE = int(os.environ.get("KILL_SEED", "0")) * 1000
SPEED = 20
"""How many times faster everybody's time goes."""
LONGEST = 0.025
"""Seconds a file until the kill, at most: an undisturbed run then takes about as long."""
DEADLINE = 6
"""Seconds of the program's time, which is 0.3 of ours: a job that never ends must not keep a start for long."""


def sped_up(profile: Profile, **knobs: str) -> Profile:
    return replace(
        profile,
        latency=(profile.latency[0] / SPEED, profile.latency[1] / SPEED),
        job_base=profile.job_base / SPEED,
        job_per_row=profile.job_per_row / SPEED,
        chances=tuple(_sped_up(chance) for chance in profile.chances),
        **knobs,
    )


def _sped_up(chance: Chance) -> Chance:
    """What the remote itself takes long for; a Retry-After is the program's to wait for, on its own fast clock."""
    if chance.fault.kind != "trickle":
        return chance
    return replace(chance, fault=replace(chance.fault, seconds=chance.fault.seconds / SPEED))


@pytest.mark.parametrize("seed", range(BASE, BASE + 10))
async def test_killed_at_random_it_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, promised: Promised, tally: Tally, seed: int
) -> None:
    await kill_at_random(tmp_path, promised, tally, 6, seed)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(BASE + 100, BASE + 400))
async def test_killed_at_random_in_a_run_of_twenty_files(
    tmp_path: Path, promised: Promised, tally: Tally, seed: int
) -> None:
    await kill_at_random(tmp_path, promised, tally, 20, seed)


async def kill_at_random(root: Path, promised: Promised, tally: Tally, count: int, seed: int) -> None:
    print(f"KILL_SEED={BASE // 1000}, seed {seed}")  # pytest shows it when the round fails
    rng = random.Random(seed)
    delivery = COMMON[seed % len(COMMON)]
    weather = rng.choice(["realistic", "stormy"])
    profile = sped_up(PROFILES[weather], on_conflict=rng.choice(["409", "async-fail", "accept-new"]))
    promise = await promised(delivery, count)
    if weather == "stormy":
        promise = replace(promise, undisturbed={})  # no two storms are alike
    uploads, polls = rng.randint(1, 8), rng.randint(1, 8)
    settings = {"limits__uploads": uploads, "limits__polls": polls, "polling__deadline": DEADLINE}
    promise = replace(promise, uploads=uploads, polls=polls)
    longest, struck = LONGEST * count, False
    while not struck:
        async with scene(
            root / "killed", tally, delivery, promise.rosters, promise=promise, profile=profile, seed=seed, speed=SPEED
        ) as killed:
            for _ in range(rng.randint(1, 5)):
                if not await killed.kill(seconds=rng.uniform(0.0, longest), **settings):
                    break
            await killed.finish(**settings)

            tally.count(f"{weather} runs")
            require_few_doubts_more(killed, uploads)
        struck = bool(killed.crashes)
        longest /= 2  # where everything is over sooner than we strike, we strike sooner: no seed passes unharmed


def require_few_doubts_more(killed: Scene, uploads: int) -> None:
    """A kill leaves as many without an answer as were on their way, at most."""
    earlier: set[str] = set()
    for crash in killed.crashes:
        in_flight = {path for path, state in crash.states.items() if state == State.SENDING}
        assert len(in_flight - earlier) <= uploads, "13 bounded doubt"
        earlier = in_flight

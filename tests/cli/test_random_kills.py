"""SIGKILL at moments that a seed chooses. KILL_SEED=N in the environment tries other moments."""

from __future__ import annotations

import os
import random
from pathlib import Path

import anyio
import pytest

from cli.checker import require_all_done, require_sound
from cli.rosters import plain_rosters
from cli.stage import Stage, staged
from orchestrator.sandbox import Profile

BASE = int(os.environ.get("KILL_SEED", "0")) * 1000
MODES = ({"target__sole_writer": True}, {"target__overwrite": True}, {})
ROSTERS = plain_rosters(6)


@pytest.mark.parametrize("round_", range(8))
async def test_killed_at_any_moment_it_loses_nothing_and_sends_nothing_twice(tmp_path: Path, round_: int) -> None:
    seed = BASE + round_
    rng = random.Random(seed)
    mode = MODES[round_ % len(MODES)]
    settings = {"limits__uploads": rng.randint(1, 4), **mode}
    profile = Profile(latency=(0.0, 0.01), job_base=0.03, job_spread=0.5, slots=3, on_conflict=_conflict(rng))
    async with staged(tmp_path, ROSTERS, profile, seed=seed) as stage:
        crashes = [await _crash(stage, rng, **settings) for _ in range(rng.randint(1, 3))]
        story = f"KILL_SEED={BASE // 1000}, round {round_}: {settings}, killed at {crashes}"
        print(story)  # noqa: T201  # pytest shows it when the round fails

        outcome = await stage.run(**settings)

        require_sound(stage, ROSTERS)
        if mode:
            assert outcome.code == 0
            require_all_done(stage, ROSTERS)
        else:
            in_doubt = [job for job in stage.ledger if job.state == "in_doubt"]
            assert len(in_doubt) <= settings["limits__uploads"] * len(crashes)
            assert outcome.code == (4 if in_doubt else 0)


async def _crash(stage: Stage, rng: random.Random, **settings: object) -> str:
    """Kill after some entries of the record: before the answer is on the wire, or a moment later."""
    entries = stage.remote.record.entries
    target = len(entries) + rng.randint(1, 26)
    at_once = rng.random() < 0.5
    async with stage.start("run", **settings) as program, anyio.create_task_group() as race:

        async def kill_then() -> None:
            await stage.until(lambda: len(entries) >= target)
            program.kill()

        if at_once:
            stage.on_entry = lambda: len(entries) >= target and program.kill()
        else:
            race.start_soon(kill_then)
        code = await program.wait()
        stage.on_entry = lambda: None
        race.cancel_scope.cancel()
    return f"{target}{'!' if at_once else ''} ({code})"


def _conflict(rng: random.Random) -> str:
    return rng.choice(["409", "accept-new"])

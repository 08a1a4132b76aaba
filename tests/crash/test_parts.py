"""A file that is sent in parts, killed at every moment of it: each part is there once, and the file ends."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from crash.contents import parts_of
from crash.deliveries import ENDGRATE, ENDGRATE_KEYED, NOTHING_KNOWN, SOLE_WRITER, Delivery
from crash.moments import moments_of
from crash.promise import Promise, canon
from crash.scene import Scene, scene
from crash.tally import Tally
from crash.transitions import Transition
from orchestrator.model import State

DIVIDING: set[Transition] = {(State.READY, "Divided")}
"""What is struck here and not with the files that go whole."""

ROWS = 2
IN_PARTS = {"target__part_rows": ROWS, "limits__uploads": 1}
PARTS = 3
MOMENTS = moments_of(("Checked+Divided", "SendStarted", "Accepted", "Completed"), ("upload", "poll"))
SAMPLE = ["before the commit of Checked+Divided", "after the commit of Checked+Divided", "after the upload"]
DELIVERIES = (SOLE_WRITER, NOTHING_KNOWN, ENDGRATE_KEYED, ENDGRATE)


@pytest.mark.parametrize("delivery", DELIVERIES, ids=str)
@pytest.mark.parametrize("moment", SAMPLE)
async def test_killed_in_the_middle_of_its_parts_each_is_there_once(
    tmp_path: Path, tally: Tally, delivery: Delivery, moment: str
) -> None:
    await kill_at(tmp_path, tally, delivery, moment, 1)


@pytest.mark.chaos
@pytest.mark.parametrize("nth", range(1, PARTS + 1))
@pytest.mark.parametrize("delivery", DELIVERIES, ids=str)
@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_at_any_moment_of_its_parts_each_is_there_once(
    tmp_path: Path, tally: Tally, delivery: Delivery, moment: str, nth: int
) -> None:
    await kill_at(tmp_path, tally, delivery, moment, nth)


async def kill_at(root: Path, tally: Tally, delivery: Delivery, moment: str, nth: int) -> None:
    """Beside it a file that is as small as a part, and goes whole."""
    content = delivery.content
    large, small = content.make("f00.csv", 2 * PARTS - 1, 1), content.make("f01.csv", ROWS, 1)
    parts = parts_of(large, ROWS)
    assert len(parts) == PARTS
    promise = Promise(rosters=(large, small), repeats=delivery.repeats, adds=delivery.adds, parts=parts, uploads=1)
    async with _divided(root / "calm", Tally(), delivery, promise) as calm:
        promise = replace(promise, undisturbed=canon(await calm.finish(**IN_PARTS)))
    async with _divided(root / "killed", tally, delivery, promise) as killed:
        assert await killed.kill(moment, nth, **IN_PARTS) or ("Divided" in moment and nth > 1), "the moment has come"
        found = await killed.finish(**IN_PARTS)

        doubts = [job.name for job in found.jobs.values() if job.state is State.IN_DOUBT]
        assert len(doubts) <= (0 if delivery.repeats else 1), "only one was on its way"


def _divided(root: Path, tally: Tally, delivery: Delivery, promise: Promise) -> AbstractAsyncContextManager[Scene]:
    return scene(root, tally, delivery, promise.rosters, promise=promise, part_rows=ROWS)

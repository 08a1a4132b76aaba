"""SIGKILL at every moment of a run, for every class of delivery; then the same command until nothing is open."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from crash.deliveries import EVERY, NOTHING_KNOWN, OVERWRITE, REAL, Delivery
from crash.promise import Promise
from crash.scene import Promised, scene
from crash.tally import Tally
from orchestrator.model import State

TWO, THREE = 2, 3
RENAMES = ["before the rename", "after the rename"]
EACH_RENAME = range(1, 10)
"""Of a run of two files: the ledger, the mark of one that sends, two results a file, the mark, two of the report."""
IN_FLIGHT = [
    "after the commit of Checked+SendStarted",
    "before the upload",
    "after the upload",
    "before the commit of Accepted",
]
"""Moments at which an upload has begun for the ledger, and its end has not."""
TURNING = ["after the upload", "before the commit of Completed"]
"""Where the real ones differ the most: in what a lost answer leads to, and in what they have to give."""

Case = tuple[Delivery, str]


def cases(deliveries: Sequence[Delivery]) -> list[Case]:
    return [(delivery, moment) for delivery in deliveries for moment in delivery.moments]


@pytest.mark.parametrize("delivery", EVERY, ids=str)
async def test_an_undisturbed_run_passes_every_moment_once_for_each_file(
    tmp_path: Path, tally: Tally, delivery: Delivery
) -> None:
    async with scene(tmp_path / "calm", tally, delivery, delivery.content.plain(TWO)) as calm:
        outcome = await calm.start()

        assert outcome.ends == {"found": 2, "done": 2}
        assert Counter(calm.passed) == dict.fromkeys(delivery.moments, TWO)
        assert calm.witness.unforeseen == []
        assert calm.witness.seen >= TWO


@pytest.mark.parametrize(
    ("delivery", "moment"),
    [*cases((OVERWRITE, NOTHING_KNOWN)), *((one, moment) for one in REAL for moment in TURNING)],
    ids=str,
)
async def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_there_twice(
    tmp_path: Path, promised: Promised, tally: Tally, delivery: Delivery, moment: str
) -> None:
    await kill_at_each(tmp_path, tally, delivery, await promised(delivery, TWO), moment)


@pytest.mark.chaos
@pytest.mark.parametrize(("delivery", "moment"), cases(EVERY), ids=str)
async def test_killed_at_any_moment_of_three_files(
    tmp_path: Path, promised: Promised, tally: Tally, delivery: Delivery, moment: str
) -> None:
    await kill_at_each(tmp_path, tally, delivery, await promised(delivery, THREE), moment)


async def kill_at_each(root: Path, tally: Tally, delivery: Delivery, promise: Promise, moment: str) -> None:
    rosters = promise.rosters
    for nth in range(1, len(rosters) + 1):
        async with scene(root / "killed", tally, delivery, rosters, promise=promise) as killed:
            assert await killed.kill(moment, nth), "the moment has come"
            found = await killed.finish()

            doubtful = sum(job.state is State.IN_DOUBT for job in found.jobs.values())
            if delivery.repeats:
                assert doubtful == 0
            elif moment in IN_FLIGHT:
                assert doubtful > 0


async def test_an_undisturbed_run_puts_as_many_files_in_place_as_are_struck(tmp_path: Path, tally: Tally) -> None:
    async with scene(tmp_path / "calm", tally, NOTHING_KNOWN, NOTHING_KNOWN.content.plain(TWO)) as calm:
        await calm.start(fine=True)

        assert [calm.passed.count(moment) for moment in RENAMES] == [len(EACH_RENAME)] * 2


@pytest.mark.parametrize("moment", RENAMES)
@pytest.mark.parametrize("nth", [2, EACH_RENAME[-1]])
async def test_killed_around_a_rename_the_output_is_whole_and_nothing_unfinished_stays(
    tmp_path: Path, promised: Promised, tally: Tally, moment: str, nth: int
) -> None:
    await kill_around_a_rename(tmp_path, promised, tally, moment, nth)


@pytest.mark.chaos
@pytest.mark.parametrize("moment", RENAMES)
@pytest.mark.parametrize("nth", EACH_RENAME)
async def test_killed_around_any_rename(
    tmp_path: Path, promised: Promised, tally: Tally, moment: str, nth: int
) -> None:
    await kill_around_a_rename(tmp_path, promised, tally, moment, nth)


async def kill_around_a_rename(root: Path, promised: Promised, tally: Tally, moment: str, nth: int) -> None:
    promise = await promised(NOTHING_KNOWN, TWO)
    async with scene(root / "killed", tally, NOTHING_KNOWN, promise.rosters, promise=promise) as killed:
        assert await killed.kill(moment, nth, fine=True), "the moment has come"
        await killed.finish()


@pytest.mark.chaos
@pytest.mark.parametrize("delivery", EVERY, ids=str)
@pytest.mark.parametrize("seed", range(20))
async def test_killed_again_while_it_takes_up_what_a_kill_left(
    tmp_path: Path, promised: Promised, tally: Tally, delivery: Delivery, seed: int
) -> None:
    rng = random.Random(f"{delivery}/{seed}")
    promise = await promised(delivery, THREE)
    async with scene(tmp_path / "killed", tally, delivery, promise.rosters, promise=promise) as killed:
        assert await killed.kill(rng.choice(delivery.moments), rng.randint(1, 3)), "the moment has come"
        for _ in range(rng.randint(1, 3)):
            await killed.kill(rng.choice(delivery.moments), rng.randint(1, 3))
        await killed.finish()

"""A file that was mended: killed at every moment in which its second version takes the place of its first."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.rosters import roster, write_all
from crash.deliveries import NOTHING_KNOWN
from crash.promise import Promise
from crash.scene import Scene, scene
from crash.tally import Tally

FIRST = (roster("a.csv", 4), roster("b.csv", 4, events=2))
SECOND = (roster("a.csv", 4, edition=2), roster("b.csv", 4, events=2, edition=2))
"""As many rows as the first, so that the results are of the same length."""

PROMISE = Promise(rosters=SECOND, repeats=True)
"""The Name is ours since the first version, so the second one replaces it."""


async def mend(killed: Scene) -> None:
    assert (await killed.start()).code == 0
    write_all(killed.stage.folder, SECOND)
    killed.promise = PROMISE


@pytest.mark.parametrize("moment", ["after the upload", "after the commit of Completed", "before the rename"])
async def test_killed_while_a_second_version_takes_its_place_both_keep_their_results(
    tmp_path: Path, tally: Tally, moment: str
) -> None:
    await kill_the_second(tmp_path, tally, moment, 1)


@pytest.mark.chaos
@pytest.mark.parametrize("moment", [*NOTHING_KNOWN.moments, "before the rename", "after the rename"])
@pytest.mark.parametrize("nth", [1, 2])
async def test_killed_at_any_moment_of_a_second_version(tmp_path: Path, tally: Tally, moment: str, nth: int) -> None:
    await kill_the_second(tmp_path, tally, moment, nth)


async def kill_the_second(root: Path, tally: Tally, moment: str, nth: int) -> None:
    async with scene(root / "killed", tally, NOTHING_KNOWN, FIRST) as killed:
        await mend(killed)
        assert await killed.kill(moment, nth, fine="rename" in moment), "the moment has come"
        found = await killed.finish()

        assert {job.version for job in found.newest.values()} == {2}

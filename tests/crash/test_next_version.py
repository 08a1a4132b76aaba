"""A file that was mended: killed at every moment in which its second version takes the place of its first."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.rosters import roster, write_all

from crash.checker import Promise
from crash.deliveries import NOTHING_KNOWN
from crash.scene import Scene, Warm, scene
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


@pytest.mark.parametrize("moment", [*NOTHING_KNOWN.moments, "before the rename", "after the rename"])
async def test_killed_at_any_moment_of_a_second_version_both_versions_keep_their_results(
    tmp_path: Path, warm: Warm, tally: Tally, moment: str
) -> None:
    fine = "rename" in moment
    for nth in range(1, 3):
        async with scene(tmp_path / "killed", warm, tally, NOTHING_KNOWN, FIRST) as killed:
            await mend(killed)
            assert await killed.kill(moment, nth, fine=fine), "the moment has come"
            found = await killed.finish()

            assert {job.version for job in found.newest.values()} == {2}

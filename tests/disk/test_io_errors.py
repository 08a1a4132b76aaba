"""The k-th act on the disk fails, for k = 1, 2, 3 … until a run ends untouched; then the same run without faults."""

from __future__ import annotations

import errno
from itertools import count
from pathlib import Path

import pytest

from cli.rosters import roster
from cli.stage import Stage, staged
from disk.conftest import Count
from disk.faults import FaultyDisk
from disk.here import Ended, run_here
from disk.story import read_all, require_as_undisturbed, require_whole
from orchestrator.edges import answer

ROSTERS = [roster("big.csv", 40), roster("dirty.csv", 3, bad=2, events=2, bad_events=1)]
SETTINGS = {"validation__on_bad_rows": "drop_rows", "limits__in_flight": 1, "limits__uploads": 1}
UNWRITABLE = {errno.EACCES, errno.EROFS}


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the two files has a result that is spilled."""
    monkeypatch.setattr(answer, "SPILL_FROM", 1000)


def make(root: Path) -> Path:
    root.mkdir()
    return root


async def undisturbed(root: Path) -> dict[str, bytes]:
    """What a run without faults puts under `rejects/`."""
    async with staged(root, ROSTERS) as stage:
        assert (await run_here(stage, **SETTINGS)).code == 3
        rejects = read_all(stage.out / "rejects")
        assert rejects.keys() == {"dirty.csv", "dirty.events.csv"}
        require_as_undisturbed(stage, ROSTERS, rejects)
    return rejects


async def disturbed(stage: Stage, disk: FaultyDisk, rejects: dict[str, bytes]) -> Ended:
    with disk.in_place():
        ended = await run_here(stage, **SETTINGS)
    print(f"{disk.nth}: {disk.fired[:1]} {ended.code} {ended.message}")  # pytest shows it on failure
    require_whole(stage, ROSTERS, rejects)
    if disk.fired:
        again = await run_here(stage, **SETTINGS)
        assert again.code in {0, 3}
    require_as_undisturbed(stage, ROSTERS, rejects)
    return ended


@pytest.mark.parametrize(
    ("code", "lasting"),
    [
        (errno.ENOSPC, False),
        (errno.EIO, True),
        pytest.param(errno.EACCES, False, marks=pytest.mark.chaos),
        pytest.param(errno.ENOSPC, True, marks=pytest.mark.chaos),
        pytest.param(errno.EIO, False, marks=pytest.mark.chaos),
        pytest.param(errno.EACCES, True, marks=pytest.mark.chaos),
    ],
    ids=lambda value: errno.errorcode[value] if value in errno.errorcode and value is not True else str(value),
)
async def test_whichever_act_fails_the_run_says_so_and_the_next_one_ends_it(
    tmp_path: Path, code: int, lasting: bool, count_one: Count
) -> None:
    rejects = await undisturbed(make(tmp_path / "undisturbed"))
    kinds: set[str] = set()
    for nth in count(1):
        async with staged(make(tmp_path / str(nth)), ROSTERS) as stage:
            disk = FaultyDisk(folder=stage.out, nth=nth, code=code, lasting=lasting)
            ended = await disturbed(stage, disk, rejects)
        if not disk.fired:
            assert ended.code == 3
            break
        count_one("acts on the disk that failed")
        kinds.add(disk.fired[0].partition(" ")[0])
        assert ended.code == (2 if code in UNWRITABLE else 5)
        assert ("cannot be written" if code in UNWRITABLE else "run the same command again") in ended.message
        assert str(stage.out) in ended.message

    assert kinds == {"create", "write", "fsync", "rename", "mkdir", "unlink", "allocate"}

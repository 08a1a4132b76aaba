"""A disk with room for so many pages more than the reserve: SQLite and Python meet its end at every place."""

from __future__ import annotations

import subprocess
from itertools import count
from pathlib import Path

from cli.rosters import plain_rosters
from cli.stage import staged
from disk.here import run_here
from disk.story import require_as_undisturbed, require_whole
from edges.places import small_disk

ROSTERS = plain_rosters(3)
RESERVE = 1024
PAGE = 4
"""Kilobytes, both."""


async def test_wherever_the_disk_is_full_what_was_accepted_is_known_and_with_more_room_the_run_ends(
    tmp_path: Path,
) -> None:
    ends: set[int] = set()
    helped = 0
    for pages in count():
        with small_disk(RESERVE + PAGE * pages) as disk:
            async with staged(tmp_path, ROSTERS) as stage:
                stage.out = disk / "out"
                ended = await run_here(stage)
                ends.add(ended.code)
                accepted = {entry["name"]: entry["token"] for entry in stage.uploads}
                helped += bool(accepted) and not (stage.out / ".orchestrator" / "reserve").exists()
                more_room(disk)  # nobody can even read a ledger where there is none
                print(f"{pages}: {ended.code} {ended.message} {stage.states}")
                require_whole(stage, ROSTERS, {})
                assert {line.name: line.token for line in stage.ledger if line.token} == accepted
                if ended.code == 0:
                    break
                assert "Make room" in ended.message
                assert (await run_here(stage)).code == 0
                require_as_undisturbed(stage, ROSTERS, {})
    assert ends == {5, 0}
    assert helped, "the reserve was never needed, or this tells nothing"


def more_room(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)

"""An output folder on a disk that fills up. Needs the right to mount a small file system."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.checker import require_all_done
from cli.rosters import plain_rosters
from cli.stage import held, scripted, staged

ROSTERS = plain_rosters(3)


class Disk:
    def __init__(self, place: Path) -> None:
        self.place = place

    def resize(self, size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", self.place], check=True)

    def fill(self) -> None:
        with (self.place / "filler").open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 4096):
                    pass
            except OSError:
                return


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "out"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount the small file system that this needs")
    yield Disk(place)
    subprocess.run(["umount", "--lazy", place], check=True)


async def test_a_full_disk_stops_the_run_before_it_sends_and_with_more_room_it_finishes(
    tmp_path: Path, disk: Disk
) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        full = await stage.run()

        assert full.code == 5
        assert "Make room" in full.json["message"]
        assert not stage.remote.record.entries

        disk.resize("16m")
        outcome = await stage.run()

        assert outcome.code == 0
        require_all_done(stage, ROSTERS)


async def test_what_was_accepted_is_written_down_although_the_disk_is_full_and_is_not_sent_again(
    tmp_path: Path, disk: Disk
) -> None:
    disk.resize("2m")
    async with staged(tmp_path, ROSTERS, scripted(held("upload", times=2))) as stage:
        async with stage.start("run", "--json", limits__uploads=2) as program:
            await stage.remote.until_held(2)
            disk.fill()
            stage.remote.release()
            await program.wait()
        full = program.outcome()

        assert full.code == 5
        assert "Make room" in full.json["message"]

        disk.resize("16m")
        outcome = await stage.run()

        assert outcome.code == 0
        assert len(stage.uploads) == 3
        require_all_done(stage, ROSTERS)

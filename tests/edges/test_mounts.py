"""The file system of an output folder, as the kernel lists it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edges.ledgers import TARGET
from edges.places import FakeClock
from orchestrator.edges import mounts
from orchestrator.edges.mounts import file_system
from orchestrator.edges.workplace import ledger_file, open_workplace
from orchestrator.errors import OutputError

_REAL = Path("/proc/self/mountinfo")

_LISTED = (
    "36 27 0:21 / /proc rw,relatime shared:5 - proc proc rw\n"
    "40 27 8:1 / /srv/with\\040space rw - ext4 /dev/sda1 rw\n"
    "41 27 0:52 /export /mnt/share rw,relatime shared:9 master:1 - nfs4 server:/export rw,vers=4.2\n"
    "damaged\n"
)


def listed_as(folder: Path, place: Path, kind: str) -> Path:
    """A list in which the device of *folder* is of *kind*, as if it were mounted so."""
    device = os.stat(folder).st_dev
    place.write_text(f"{_LISTED}50 27 {os.major(device)}:{os.minor(device)} / /x rw - {kind} source rw\n")
    return place


@pytest.mark.parametrize(
    ("device", "kind"), [((8, 1), "ext4"), ((0, 52), "nfs4"), ((0, 21), "proc"), ((9, 9), "")], ids=str
)
def test_a_device_is_found_in_the_list_by_its_numbers(device: tuple[int, int], kind: str) -> None:
    assert file_system(os.makedev(*device), _LISTED) == kind


def test_the_kernels_own_list_names_the_file_system_of_proc() -> None:
    assert file_system(os.stat("/proc").st_dev, _REAL.read_text()) == "proc"


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "9p", "fuse.sshfs", "fuse.rclone"])
async def test_an_output_folder_at_the_other_end_of_a_network_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(mounts, "_MOUNTS", listed_as(tmp_path, tmp_path / "mounts", kind))
    out = tmp_path / "out"

    with pytest.raises(OutputError, match=rf"out/\.orchestrator: this lies on {kind}, .*\(-o\)") as told:
        async with open_workplace(out, TARGET, FakeClock(), wait=0):
            pytest.fail("it was opened")

    assert "\n" not in str(told.value)
    assert not ledger_file(out).exists()


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuseblk", "fuse.fuse-overlayfs"])
async def test_a_disk_of_this_machine_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(mounts, "_MOUNTS", listed_as(tmp_path, tmp_path / "mounts", kind))
    out = tmp_path / "out"

    async with open_workplace(out, TARGET, FakeClock(), wait=0):
        assert ledger_file(out).exists()


async def test_where_the_kernel_has_no_such_list_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "none")
    out = tmp_path / "out"

    async with open_workplace(out, TARGET, FakeClock(), wait=0):
        assert ledger_file(out).exists()

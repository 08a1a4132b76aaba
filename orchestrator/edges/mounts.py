"""The file system that a folder lies on: not every one can hold a ledger."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.errors import OutputError
from orchestrator.naming import printable

_MOUNTS = Path("/proc/self/mountinfo")

_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph"}
_LOCAL_FUSE = {"fuse.fuse-overlayfs", "fuse.overlayfs"}
"""What containers without root stand on. A disk behind fuse is called `fuseblk`."""


def require_local(folder: Path) -> None:
    """SQLite's log and our lock hold on one machine only: the other end of a network would see neither.

    What cannot be told (no such list, a device that is not in it) passes. Raises OSError, OutputError.
    """
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    kind = file_system(os.stat(folder).st_dev, mounts)
    if kind in _REMOTE or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE):
        raise OutputError(
            f"{printable(str(folder))}: this lies on {kind}, where neither the ledger nor its lock can be trusted. "
            "Name an output folder on a disk of this machine (-o), and copy the results afterwards."
        )


def file_system(device: int, mounts: str) -> str:
    """What kind *device* is of, as /proc/PID/mountinfo (proc(5)) lists it; "" when it does not."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        place, _, what = line.partition(" - ")
        if place.split()[2:3] == [number]:
            return what.split()[0] if what.split() else ""
    return ""

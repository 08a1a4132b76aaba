"""Whether anybody holds the lock of an output folder, for those who only look.

The kernel's list of locks is read. To try the lock, even a shared one, is to have it for that moment, and a run that
begins just then would be told that another is at work. F_GETLK asks without trying, but knows nothing of flock, and
the lock file is private: who only reads may not open it.
"""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.edges.mounts import file_system

_LOCKS = Path("/proc/locks")
_MOUNTS = Path("/proc/self/mountinfo")
_NAMESPACE = Path("/proc/self/ns/pid")

_OF_ALL = 0xEFFFFFFC
"""The number that the kernel gives to the namespace of all processes. In another one, as in a container, locks of
processes outside of it are not listed."""


def is_held(lock: Path) -> bool | None:
    """None where it cannot be known: where it is not listed, although somebody may hold it."""
    try:
        there = os.stat(lock)
        if is_listed(there.st_dev, there.st_ino, _LOCKS.read_text(encoding="ascii", errors="replace")):
            return True
        sees_all = os.stat(_NAMESPACE).st_ino == _OF_ALL
        # Some file systems (btrfs, overlay) tell of other devices than those under which the kernel lists their locks.
        is_known = file_system(there.st_dev, _MOUNTS.read_text(encoding="utf-8", errors="replace")) != ""
    except OSError:
        return None
    return False if sees_all and is_known else None


def is_listed(device: int, inode: int, locks: str) -> bool:
    """*locks*: as proc_locks(5) has them. Who only waits for one stands there with an arrow."""
    wanted = f"{os.major(device):02x}:{os.minor(device):02x}:{inode}"
    listed = (line.split() for line in locks.splitlines())
    return any(words[1:2] == ["FLOCK"] and words[5:6] == [wanted] for words in listed)

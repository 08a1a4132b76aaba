"""Input folders as the lines need them: fresh files of 100 clean rows, no two with the same Name."""

from __future__ import annotations

import os
import time
from pathlib import Path

ROWS = 100
HEADER = "Reference,StartDate,StartTime,EndDate,EndTime"

_HOUR = 3600.0


def content(seed: int = 0, *, bad: bool = False) -> bytes:
    """One file. *bad*: in every row the last time is wrong, so none of it can be proven clean at once."""
    end = "25:00" if bad else "17:30"
    lines = [HEADER]
    for row in range(ROWS):
        day = f"{1 + row % 28:02}/{1 + row % 12:02}/2024"
        lines.append(f"Person {seed:05}-{row:03},{day},09:{row % 60:02},{day},{end}")
    return "\n".join([*lines, ""]).encode()


def fill(folder: Path, files: int) -> Path:
    """A new folder. Its name goes into its files' names, and so into their Names at the remote.

    The files are an hour old, as those of a nightly run are: nobody waits for them to settle.
    """
    folder.mkdir(parents=True)
    then = time.time() - _HOUR
    for number in range(files):
        path = folder / f"{folder.name}-{number:05}.csv"
        path.write_bytes(content(number))
        os.utime(path, (then, then))
    return folder

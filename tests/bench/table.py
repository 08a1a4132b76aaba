"""What was measured, as lines of one table, and the machine that it was measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was measured. Without a floor it is there to compare with, and has no verdict."""

    what: str
    measured: str
    result: str
    floor: str = ""
    aim: str = ""
    reached: bool | None = None
    notes: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    """For `--json`, unrounded; those that end in `_rounds` hold every single round."""

    @property
    def verdict(self) -> str:
        return "" if self.reached is None else "ok" if self.reached else "MISSED"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}


_HEAD = ("line", "measured as", "floor", "aim", "result", "verdict")


def render(lines: Iterable[Line]) -> str:
    """The table, and below it the notes, each with the name of its line."""
    lines = list(lines)
    rows = [_HEAD, *((n.what, n.measured, n.floor, n.aim, n.result, n.verdict) for n in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    table = [_row(row, widths) for row in rows]
    table.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"{line.what.strip()}: {note}" for line in lines for note in line.notes]
    return "\n".join([*table, "", *notes])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def machine(folder: Path) -> dict[str, str]:
    """What the figures depend on; *folder* is where the files lay."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "cpu": _cpu(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        "kernel": platform.release(),
        "disk": _file_system(folder),
        "load": f"{load} (1, 5, 15 minutes)",
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The type of the file system that *folder* is on: on one in memory an fsync costs nothing."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    own = [(place, kind) for place, kind in mounts if folder.resolve().is_relative_to(place)]
    return max(own, key=lambda mount: len(mount[0]), default=("", "unknown"))[1]

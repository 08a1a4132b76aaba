"""Many files in one run: how much memory they take, and whether each costs more than one of a few does.

BENCH_FILES says how many, as in 100000; without it a part of that has to do.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.bench.big import MEMORY_AIM, MEMORY_FLOOR, MIB
from tests.bench.folders import fill
from tests.bench.process import Spent, product, spend
from tests.bench.remote import Remote, remote, require_all_done
from tests.bench.table import Line

FLOOR, AIM = 0.20, 0.05

_FEW = 1_000
_SETTINGS = ("polling.first=0", "input.settle=0")


def many(place: Path, *, quick: bool) -> list[Line]:
    most = int(os.environ.get("BENCH_FILES", "3000" if quick else "10000"))
    with remote("null", place / "null.log") as null:
        start = _least(null, place, 1)
        few = _least(null, place, _FEW)
        all_of_them = _carry(null, place, most)
    growth = growth_of(start.cpu, (_FEW, few.cpu), (most, all_of_them.cpu))
    peak = all_of_them.peak / MIB
    return [
        Line(
            what="memory, many files",
            measured=f"peak RSS of run, {most:,} files of 100 rows",
            floor=f"≤ {MEMORY_FLOOR:.0f} MiB",
            aim=f"≤ {MEMORY_AIM:.0f} MiB",
            result=f"{peak:.0f} MiB (1,000 files: {few.peak / MIB:.0f})",
            reached=peak <= MEMORY_FLOOR,
            figures={"peak_bytes": all_of_them.peak, "few_peak_bytes": few.peak},
        ),
        Line(
            what="growth",
            measured=f"CPU a file at {most:,} files, beside {_FEW:,} (best of 3); the start apart (best of 3)",
            floor=f"≤ +{FLOOR:.0%}",
            aim=f"≤ +{AIM:.0%}",
            result=f"{growth:+.0%}",
            reached=growth <= FLOOR,
            figures={"growth": growth, "few_cpu_s": few.cpu, "many_cpu_s": all_of_them.cpu, "start_cpu_s": start.cpu},
        ),
    ]


def growth_of(start: float, few: tuple[int, float], many: tuple[int, float]) -> float:
    """How much more one file costs among *many* than among *few*: files and CPU seconds, *start* in both."""
    of_few, of_many = ((cpu - start) / files for files, cpu in (few, many))
    return of_many / of_few - 1


def _least(null: Remote, place: Path, files: int) -> Spent:
    """Of three: other work on the machine only ever adds, and the first one also compiles what is new."""
    return min((_carry(null, place, files, nth) for nth in range(3)), key=lambda spent: spent.cpu)


def _carry(null: Remote, place: Path, files: int, nth: int = 0) -> Spent:
    folder = fill(place / f"files-{files}-{nth}", files)
    log, out = folder.with_suffix(".log"), folder.with_suffix(".out")
    spent = spend(product(*null.run(folder, out, *_SETTINGS)), log, null.secrets, patience=240 + files / 50)
    require_all_done(out, files)
    return spent

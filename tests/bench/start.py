"""How long a person waits for `orchestrator --help`, beside a Python that does nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from tests.bench.process import Spent, product, spend
from tests.bench.table import Line

FLOOR, AIM = 0.2, 0.1


def start(place: Path, *, quick: bool) -> list[Line]:
    rounds = 9 if quick else 21
    commands = {"help": product("--help"), "python": [sys.executable, "-c", "pass"]}
    for command in commands.values():
        spend(command, place / "start.log")  # once before it counts, so that all of it is in the page cache
    taken: dict[str, list[Spent]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            taken[name].append(spend(command, place / "start.log"))
    middle = median(one.wall for one in taken["help"])
    return [
        Line(
            what="start",
            measured=f"orchestrator --help, wall time; median of {rounds}",
            floor=f"≤ {FLOOR} s",
            aim=f"≤ {AIM} s",
            result=_both(taken["help"]),
            reached=middle <= FLOOR,
            figures=_figures(taken["help"]),
        ),
        Line(
            what="  python -c pass",
            measured="the same interpreter without any of ours",
            result=_both(taken["python"]),
            figures=_figures(taken["python"]),
        ),
    ]


def _both(taken: list[Spent]) -> str:
    """On a busy machine the wall time is more than the CPU time, and the CPU time is what is ours."""
    wall, cpu = [one.wall for one in taken], [one.cpu for one in taken]
    return f"{median(wall):.3f} s (best {min(wall):.3f}); CPU {median(cpu):.3f} s"


def _figures(taken: list[Spent]) -> dict[str, list[float]]:
    return {"wall_s_rounds": [one.wall for one in taken], "cpu_s_rounds": [one.cpu for one in taken]}

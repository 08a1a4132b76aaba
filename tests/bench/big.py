"""One big roster: how fast it is checked on one core, and how much memory it takes to send it in parts.

BENCH_BIG says how big, as in 2GB; without it a part of that has to do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.config.rules import size
from orchestrator.config.schemas import built_in
from orchestrator.validation import Judge
from tests.bench.process import product, spend
from tests.bench.remote import remote, require_all_done
from tests.bench.rosters import Mix, write_roster
from tests.bench.table import Line
from tests.bench.validation import by_hand

FLOOR, AIM = 80.0, 250.0
MEMORY_FLOOR, MEMORY_AIM = 250.0, 150.0
MIB = 1 << 20

_CHUNK = 1 << 20
_PART = "8MB"
_VARIANTS = {
    "  no quotes": Mix(quoted=0),
    "  1 bad row in 10,000": Mix(bad=10_000),
    "  1 row in 10 beyond ASCII": Mix(accented=10),
}
_ROSTER = built_in("platform.data")
_SETTINGS = ("polling.first=0", "input.settle=0", f"target.part_bytes={_PART}")


def big(place: Path, *, quick: bool) -> list[Line]:
    wanted = int(str(size(os.environ.get("BENCH_BIG", "32MB" if quick else "256MB"))))
    roster, small = place / "in" / "roster.csv", place / "small.csv"
    roster.parent.mkdir()
    rows = write_roster(roster, wanted, Mix())
    lines = [_speed(roster, rows, rounds=1 if quick else 3), *_variants(small), _memory(place, roster, wanted)]
    roster.unlink()
    return lines


def judged(path: Path) -> int:
    """Rows, after the whole of what the product does with the bytes: the text for the remote is made as well."""
    judge = Judge(_ROSTER)
    with path.open("rb", buffering=0) as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            judge.feed(chunk)
    judge.close()
    return judge.verdict.rows


def rate(work: Callable[[], object], count: int) -> float:
    """MB a second of CPU time, for *count* bytes."""
    started = time.process_time()
    work()
    return count / (time.process_time() - started) / 1e6


def _speed(roster: Path, rows: int, rounds: int) -> Line:
    """The two in turns: what else the machine does meets both."""
    with roster.open("rb") as file:
        beginning = file.read(2 * MIB)
    beginning = beginning[: beginning.rindex(b"\n") + 1]
    assert judged(roster) == rows
    ours, usual = [], []
    for _ in range(rounds):
        ours.append(rate(lambda: judged(roster), roster.stat().st_size))
        usual.append(rate(lambda: by_hand(beginning), len(beginning)))
    best = max(ours)
    return Line(
        what="validation, big file",
        measured=f"MB/s of CPU, {roster.stat().st_size / 1e6:,.0f} MB by the pattern, 2 % in quotes; best of {rounds}",
        floor=f"≥ {FLOOR:.0f}",
        aim=f"≥ {AIM:.0f}",
        result=f"{best:.0f} MB/s; csv + strptime {max(usual):.1f} ({best / max(usual):.0f} times)",
        reached=best >= FLOOR,
        figures={"mb_s_rounds": ours, "strptime_mb_s_rounds": usual},
    )


def _variants(path: Path) -> list[Line]:
    lines = []
    for what, mix in _VARIANTS.items():
        write_roster(path, 16 * MIB, mix)
        best = max(rate(lambda: judged(path), path.stat().st_size) for _ in range(3))
        lines.append(
            Line(what=what, measured="the same, 17 MB; best of 3", result=f"{best:.0f} MB/s", figures={"mb_s": best})
        )
    return lines


def _memory(place: Path, roster: Path, wanted: int) -> Line:
    with remote("null", place / "null.log") as null:
        out = place / "big.out"
        arguments = null.run(roster.parent, out, *_SETTINGS)
        # Both processes share the cores, and the remote has more to do.
        spent = spend(product(*arguments), place / "big.log", null.secrets, patience=240 + wanted / 4e6)
        require_all_done(out, 1)
    return Line(
        what="memory, big file",
        measured=f"peak RSS of run, {wanted / 1e6:,.0f} MB in parts of {_PART}",
        floor=f"≤ {MEMORY_FLOOR:.0f} MiB",
        aim=f"≤ {MEMORY_AIM:.0f} MiB",
        result=f"{spent.peak / MIB:.0f} MiB",
        reached=spent.peak / MIB <= MEMORY_FLOOR,
        notes=(
            f"{spent.cpu:.1f} s of CPU in {spent.wall:.0f} s, start and end included: "
            f"{wanted / spent.cpu / 1e6:.0f} MB/s to hash, check, check each part again and send",
        ),
        figures={"peak_bytes": spent.peak, "cpu_s": spent.cpu, "wall_s": spent.wall},
    )

"""One small file through the product's check: bytes in, counts and the canonical text out."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from orchestrator.config.schemas import built_in
from orchestrator.validation import Judge
from tests.bench.folders import HEADER, ROWS, content
from tests.bench.table import Line

FLOOR, AIM = 0.1, 0.03

_ROSTER = built_in("platform.data")
_COLUMNS = HEADER.split(",")


def validation(_: Path, *, quick: bool) -> list[Line]:
    seconds = 0.3 if quick else 1.5
    clean, dirty = content(), content(bad=True)
    assert judged(clean) == (ROWS, 0)
    assert by_hand(clean) == (ROWS, 0)
    assert judged(dirty) == by_hand(dirty) == (ROWS, ROWS)
    works = (lambda: judged(clean), lambda: judged(dirty), lambda: by_hand(clean))
    proven, reference, strptime = (1e3 * best for best in best_of(works, seconds))
    return [
        Line(
            what="validation, small file",
            measured=f"Judge, {ROWS} clean rows by the pattern, with the text for the remote; best of many",
            floor=f"≤ {FLOOR} ms",
            aim=f"≤ {AIM} ms",
            result=f"{proven:.3f} ms",
            reached=proven <= FLOOR,
            figures={"clean_ms": proven},
        ),
        Line(
            what="  a dirty file",
            measured=f"Judge, {ROWS} bad rows, all by the reference path",
            result=f"{reference:.3f} ms",
            figures={"dirty_ms": reference},
        ),
        Line(
            what="  csv + strptime",
            measured="the usual script over the clean file, text for the remote included",
            result=f"{strptime:.3f} ms ({strptime / proven:.0f} times)",
            figures={"strptime_ms": strptime, "ratio": strptime / proven},
        ),
    ]


def judged(content: bytes) -> tuple[int, int]:
    """Rows and bad rows, after the whole of what the product does with the bytes of a file."""
    judge = Judge(_ROSTER, on_bad=_ignore)
    text = judge.feed(content) + judge.close()
    verdict = judge.verdict
    assert verdict.fault is None
    assert bool(text) == (verdict.rows > verdict.bad)
    return verdict.rows, verdict.bad


def _ignore(_: object) -> None:
    pass


def by_hand(content: bytes) -> tuple[int, int]:
    """What people write first: csv for the cells, strptime for dates and times, csv again for the text."""
    reader = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    assert next(reader) == _COLUMNS
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    rows = bad = 0
    for cells in reader:
        rows += 1
        try:
            reference, start_date, start_time, end_date, end_time = cells
            for date, moment in ((start_date, start_time), (end_date, end_time)):
                datetime.strptime(date, "%d/%m/%Y")  # noqa: DTZ007  # the remote's times have no zone
                datetime.strptime(moment, "%H:%M")  # noqa: DTZ007  # nor have these
            if not reference.strip():
                raise ValueError("no reference")
        except ValueError:
            bad += 1
        else:
            writer.writerow(cells)
    text.getvalue()
    return rows, bad


def best_of(works: tuple[Callable[[], object], ...], seconds: float) -> list[float]:
    """The best single time of each, taken in turns for *seconds* each."""
    best = [float("inf")] * len(works)
    end = time.perf_counter() + seconds * len(works)
    while time.perf_counter() < end:
        for number, work in enumerate(works):
            for _ in range(20):
                started = time.perf_counter()
                work()
                best[number] = min(best[number], time.perf_counter() - started)
    return best

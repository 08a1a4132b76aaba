"""How late the end of a job is noticed, beside what asking at one fixed interval gives for as many polls.

Reckoned, not waited for: the product's own schedule asks after jobs whose lengths are drawn, one after the other.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from orchestrator.backoff import Backoff
from orchestrator.flow import JobTimes, Schedule
from tests.bench.table import Line

_MEDIANS = {10_000: 5.0, 100_000: 30.0, 1_000_000: 300.0}
"""Seconds that a job of so many bytes takes in the middle."""
_SPREAD = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    lengths: tuple[float, ...]
    delays: tuple[float, ...]
    """Seconds between the end of each job and the poll that saw it."""
    polls: int

    @property
    def lateness(self) -> float:
        """Delay ÷ job time, on average."""
        return mean(delay / length for delay, length in zip(self.delays, self.lengths, strict=True))


def polling(_: Path, *, quick: bool) -> list[Line]:
    rng, times = random.Random(1), JobTimes()
    jobs = 200 if quick else 2000
    first, later = ([_night(jobs, size, times, rng) for size in _MEDIANS] for _ in range(2))
    return [
        _line("polling", "a later night", later, judged=True),
        _line("  first night", "without history", first, judged=False),
    ]


def _line(what: str, when: str, nights: Sequence[Night], *, judged: bool) -> Line:
    """Every size is held against the interval that is best for it alone, which nobody can know before."""
    intervals = [fixed_interval(night.lengths, night.polls) for night in nights]
    fixed = [at_interval(night.lengths, interval) for night, interval in zip(nights, intervals, strict=True)]
    ours, theirs = (mean(night.lateness for night in each) for each in (nights, fixed))
    told = [
        f"{middle:.0f} s: {night.lateness:.3f} with {night.polls / len(night.lengths):.1f} polls, "
        f"{same.lateness:.3f} each {interval:.1f} s"
        for middle, night, same, interval in zip(_MEDIANS.values(), nights, fixed, intervals, strict=True)
    ]
    lengths = [length for night in nights for length in night.lengths]
    one = fixed_interval(lengths, sum(night.polls for night in nights))
    told.append(f"all each {one:.1f} s: {at_interval(lengths, one).lateness:.3f}")
    return Line(
        what=what,
        measured=f"detection delay ÷ job time, {when}, beside the best fixed interval with as many polls",
        floor="equal" if judged else "",
        aim="half" if judged else "",
        result=f"{ours:.3f} against {theirs:.3f} ({ours / theirs:.2f} times)",
        reached=ours <= theirs if judged else None,
        notes=("; ".join(told),),
        figures={"lateness": ours, "fixed_lateness": theirs, "fixed_interval_s": intervals},
    )


def _night(jobs: int, size: int, times: JobTimes, rng: random.Random) -> Night:
    """With the polling that a configuration has when it says nothing about it."""
    schedule = Schedule(backoff=Backoff(first=2.0, factor=1.5, cap=30.0, jitter=0.2), times=times)
    lengths, delays, polls = [], [], 0
    for _ in range(jobs):
        length = _MEDIANS[size] * rng.lognormvariate(0.0, _SPREAD)
        now = at_work = 0.0
        nth = 0
        while now < length:
            nth, at_work = nth + 1, now
            now += schedule.delay(nth, rng, size=size, age=0.0)
        times.learn(size, (at_work + now) / 2)
        lengths.append(length)
        delays.append(now - length)
        polls += nth
    return Night(lengths=tuple(lengths), delays=tuple(delays), polls=polls)


def at_interval(lengths: Sequence[float], interval: float) -> Night:
    """Every job asked after at each multiple of *interval*."""
    polls = [max(1, math.ceil(length / interval)) for length in lengths]
    delays = tuple(count * interval - length for count, length in zip(polls, lengths, strict=True))
    return Night(lengths=tuple(lengths), delays=delays, polls=sum(polls))


def fixed_interval(lengths: Sequence[float], polls: int) -> float:
    """The shortest that needs no more than so many *polls*, which are one a job at least."""
    short, enough = 0.0, max(lengths)
    for _ in range(60):
        middle = (short + enough) / 2
        if at_interval(lengths, middle).polls <= polls:
            enough = middle
        else:
            short = middle
    return enough

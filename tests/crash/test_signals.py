"""SIGTERM and SIGINT at the moments at which a kill strikes, too: a stop costs nothing, and nobody's doubt."""

from __future__ import annotations

import itertools
import signal
import time
from pathlib import Path

import pytest

from crash.deliveries import EVERY, NOTHING_KNOWN, Delivery
from crash.evidence import Crash
from crash.scene import Promised, scene
from crash.tally import Tally
from orchestrator.model import State

TWO = 2
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}
GRACE = 5
"""Seconds, far more than the upload under way needs."""

SAMPLE = [
    (NOTHING_KNOWN, moment, 1, number)
    for moment, number in zip(NOTHING_KNOWN.moments[::3], itertools.cycle(CODES), strict=False)
]
ALL = [
    (delivery, moment, nth, number)
    for delivery in EVERY
    for moment in delivery.moments
    for nth, number in enumerate(CODES, 1)
]
Case = tuple[Delivery, str, int, signal.Signals]


def told(case: Case) -> str:
    delivery, moment, nth, number = case
    return f"{delivery}-{moment}-{nth}-{number.name}"


@pytest.mark.parametrize("case", SAMPLE, ids=told)
async def test_stopped_at_any_moment_it_leaves_no_doubt_and_can_be_taken_up(
    tmp_path: Path, promised: Promised, tally: Tally, case: Case
) -> None:
    await stop_once(tmp_path, promised, tally, case)


@pytest.mark.chaos
@pytest.mark.parametrize("case", ALL, ids=told)
async def test_stopped_at_every_moment_of_every_delivery(
    tmp_path: Path, promised: Promised, tally: Tally, case: Case
) -> None:
    await stop_once(tmp_path, promised, tally, case)


async def stop_once(root: Path, promised: Promised, tally: Tally, case: Case) -> None:
    delivery, moment, nth, number = case
    promise = await promised(delivery, TWO)
    async with scene(root / "stopped", tally, delivery, promise.rosters, promise=promise) as stopped:
        began = time.monotonic()
        outcome = await stopped.start(moment, nth, signals=[number], limits__grace=GRACE)
        seconds = time.monotonic() - began

        assert stopped.passed.count(moment) >= nth, "the moment has come"
        tally.count("stops")
        assert outcome.code == CODES[number]
        assert seconds < GRACE + 2
        assert "sending" not in stopped.stage.states.values(), "uploads under way reach the ledger"
        if outcome.json.get("files"):
            stopped.outcomes.append(outcome)
        found = await stopped.finish()
        assert all(job.state is State.DONE for job in found.jobs.values())


@pytest.mark.parametrize("moment", ["before the upload", "after the upload", "after the poll"])
async def test_a_second_signal_ends_it_at_once_like_a_kill(
    tmp_path: Path, promised: Promised, tally: Tally, moment: str
) -> None:
    await stop_twice(tmp_path, promised, tally, NOTHING_KNOWN, moment)


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("delivery", "moment"), [(each, moment) for each in EVERY if each.is_polled for moment in each.moments], ids=str
)
async def test_a_second_signal_at_every_moment(
    tmp_path: Path, promised: Promised, tally: Tally, delivery: Delivery, moment: str
) -> None:
    await stop_twice(tmp_path, promised, tally, delivery, moment)


async def stop_twice(root: Path, promised: Promised, tally: Tally, delivery: Delivery, moment: str) -> None:
    promise = await promised(delivery, TWO)
    async with scene(root / "stopped", tally, delivery, promise.rosters, promise=promise) as stopped:
        outcome = await stopped.start(moment, signals=[signal.SIGTERM, signal.SIGINT])
        stopped.crashes.append(Crash(moment=f"{moment}, twice stopped", states=stopped.stage.states))
        tally.count("stops at once")

        assert outcome.code in CODES.values()
        assert "at once" in outcome.json["message"]
        await stopped.finish()

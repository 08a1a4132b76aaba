"""Two thousand nights: whatever goes wrong and whenever it dies, nothing is lost and nothing is there twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.remotes.line import Call, Part, Trouble
from tests.simulation.kinds import KINDS
from tests.simulation.life import Stage
from tests.simulation.night import Night
from tests.simulation.seeds import carry_out
from tests.simulation.weather import PLANNED

SEEDS = range(2_000)
FEW = SEEDS[:60]
BLOCK = 194
BLOCKS = [SEEDS[first : first + BLOCK] for first in SEEDS[len(FEW) :: BLOCK]]
MORE = [range(first, first + 200) for first in range(2_000, 6_000, 200)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
def test_the_ledger_the_remote_and_the_output_tell_one_story(seeds: range) -> None:
    nights = [carry_out(seed) for seed in seeds]

    fired: Counter[tuple[Call | Part, Trouble]] = Counter()
    for night in nights:
        fired.update(night.line.fired)
    assert fired.keys() == PLANNED, "what was planned happened, and nothing else"
    _require_varied(nights)


def test_a_few_nights_tell_one_story() -> None:
    """Enough to answer within seconds for the seeded bugs of order in `tests/mutants/nights.py`."""
    for seed in FEW:
        carry_out(seed)


def _require_varied(nights: list[Night]) -> None:
    """No night is what it is for nothing: each of these must have happened among so many."""
    processes = [process for night in nights for process in night.processes]
    assert {night.kind for night in nights} == set(KINDS)
    assert sum(process.finished is None for process in processes) > len(nights) / 4, "deaths"
    assert sum(process.stop_after is not None for process in processes) > len(nights) / 8, "stops"
    for stage in Stage:
        assert any(process.finished is None and process.life.stages[stage] for process in processes), stage
        assert any(stage in process.stopped_in for process in processes), stage
    assert any(night.resolved for night in nights)
    assert any(night.remote.replayed or night.remote.conflicts for night in nights), "what was there already was met"
    assert any(effect.fate.forgotten for night in nights for effect in night.remote.effects)
    assert any(effect.fate.ends is None for night in nights for effect in night.remote.effects)
    assert any(effect.request.version > 1 for night in nights for effect in night.remote.effects)


@pytest.mark.chaos
@pytest.mark.parametrize("seeds", MORE, ids=str)
def test_so_do_many_more_nights(seeds: range) -> None:
    for seed in seeds:
        carry_out(seed)


@pytest.mark.parametrize("seed", range(7, 7 + len(KINDS)))
def test_a_seed_replays_exactly(seed: int) -> None:
    first = carry_out(seed).trace

    assert len(first) > 50
    assert carry_out(seed).trace == first


def test_a_seed_replays_exactly_in_another_process() -> None:
    command = [sys.executable, "-m", "tests.simulation", "11"]
    told = subprocess.run(
        command, env=os.environ | {"PYTHONHASHSEED": "77"}, capture_output=True, text=True, check=True
    )

    assert told.stdout.splitlines() == carry_out(11).trace

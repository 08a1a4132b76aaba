"""A wall clock that jumps about changes nothing: every duration of a run is measured by one that does not.

Left out is what has to outlive the process, as no other clock does: for how long a lost attempt may arrive late,
and how long jobs took in earlier runs, which moves polls by a moment.
"""

from __future__ import annotations

import pytest

from orchestrator.edges.ledger import SqliteLedger
from tests.simulation.seeds import carry_out

HOUR = 3600.0
SEEDS = 27
ALL_SEEDS = 300


def jumping(now: float) -> float:
    """Every 100 seconds to two hours ahead, or a day behind."""
    return 2 * HOUR if now % 200.0 < 100.0 else -24 * HOUR


@pytest.fixture(autouse=True)
def only_what_one_process_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.intake.may_arrive_late", lambda job, now: False)
    monkeypatch.setattr("orchestrator.predecessors.may_arrive_late", lambda job, now: False)
    monkeypatch.setattr(SqliteLedger, "durations", lambda self: iter(()))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_jumps_of_the_wall_clock_change_nothing(seed: int) -> None:
    assert carry_out(seed, skew=jumping).trace == carry_out(seed).trace


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(SEEDS, ALL_SEEDS))
def test_nor_do_they_in_any_other_night(seed: int) -> None:
    assert carry_out(seed, skew=jumping).trace == carry_out(seed).trace

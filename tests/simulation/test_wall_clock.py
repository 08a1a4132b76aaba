"""A wall clock that jumps about changes nothing: every duration of a run is measured by one that does not."""

from __future__ import annotations

import pytest

from tests.simulation.seeds import carry_out

HOUR = 3600.0
SEEDS = 27
ALL_SEEDS = 2000


def jumping(now: float) -> float:
    """Every 100 seconds to two hours ahead, or a day behind."""
    return 2 * HOUR if now % 200.0 < 100.0 else -24 * HOUR


@pytest.mark.parametrize("seed", range(SEEDS))
def test_jumps_of_the_wall_clock_change_nothing(seed: int) -> None:
    assert carry_out(seed, skew=jumping).trace == carry_out(seed).trace


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(SEEDS, ALL_SEEDS))
def test_nor_do_they_in_any_other_night(seed: int) -> None:
    assert carry_out(seed, skew=jumping).trace == carry_out(seed).trace

"""Full jitter, the cap, both limits, and Retry-After as a lower bound."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.backoff import Backoff

SAMPLES = 10_000
CRITICAL = 1.95 / math.sqrt(SAMPLES)
"""Of the Kolmogorov-Smirnov distance at p = 0.001."""


def distance_from_uniform(samples: list[float], low: float, high: float) -> float:
    """The largest gap between the samples' distribution function and that of U(low, high)."""
    ranks = [(min(max((x - low) / (high - low), 0.0), 1.0), n) for n, x in enumerate(sorted(samples))]
    return max(max(abs(u - n / len(samples)), abs(u - (n + 1) / len(samples))) for u, n in ranks)


@pytest.mark.parametrize("nth", [1, 2, 4, 7, 8, 40, 5000])
def test_full_jitter_is_uniform_from_nothing_to_the_ceiling(nth: int) -> None:
    rng = random.Random(nth)
    backoff = Backoff(first=0.5, factor=2.0, cap=30.0)
    ceiling = 30.0 if nth > 6 else 0.5 * 2 ** (nth - 1)
    samples = [backoff.delay(nth, rng) for _ in range(SAMPLES)]

    assert min(samples) >= 0.0
    assert max(samples) <= ceiling
    assert (found := distance_from_uniform(samples, 0.0, ceiling)) < CRITICAL, f"{found} with seed {nth}"


@pytest.mark.parametrize("nth", [1, 3, 12])
def test_a_share_of_jitter_spreads_the_delay_around_its_ceiling(nth: int) -> None:
    rng = random.Random(nth)
    ceiling = min(2.0 * 1.5 ** (nth - 1), 30.0)
    samples = [Backoff(first=2.0, factor=1.5, cap=30.0, jitter=0.2).delay(nth, rng) for _ in range(SAMPLES)]

    assert (found := distance_from_uniform(samples, 0.8 * ceiling, 1.2 * ceiling)) < CRITICAL, f"{found}, seed {nth}"


def test_the_distance_tells_other_distributions_apart() -> None:
    """The measure itself: equal jitter and a fixed delay are far from full jitter."""
    rng = random.Random(1)

    assert distance_from_uniform([rng.uniform(0.5, 1.0) for _ in range(SAMPLES)], 0.0, 1.0) > 10 * CRITICAL
    assert distance_from_uniform([1.0] * SAMPLES, 0.0, 1.0) > 10 * CRITICAL


@given(
    st.builds(
        Backoff,
        first=st.floats(0.0, 100.0),
        factor=st.floats(1.0, 10.0),
        cap=st.floats(0.001, 1000.0),
        jitter=st.floats(0.0, 2.0),
    ),
    st.integers(1, 10_000),
    st.none() | st.floats(0.0, 900.0),
    st.integers(0, 2**32),
)
def test_a_delay_is_never_below_retry_after_and_otherwise_never_above_its_cap(
    backoff: Backoff, nth: int, retry_after: float | None, seed: int
) -> None:
    delay = backoff.delay(nth, random.Random(seed), retry_after)
    most = backoff.cap * (1.0 + backoff.jitter if backoff.jitter < 1.0 else 1.0)

    assert (retry_after or 0.0) <= delay <= max(most * (1 + 1e-9), retry_after or 0.0)


@pytest.mark.parametrize(
    ("nth", "elapsed", "spent"),
    [(1, 0.0, False), (4, 59.9, False), (5, 0.0, True), (6, 0.0, True), (1, 60.0, True), (4, 1e9, True)],
)
def test_tries_end_by_their_number_or_by_their_time(nth: int, elapsed: float, spent: bool) -> None:
    assert Backoff(tries=5, seconds=60.0).is_spent(nth, elapsed) is spent


def test_without_a_limit_of_time_only_the_number_counts() -> None:
    assert not Backoff(tries=5).is_spent(4, 1e12)

"""When a job is asked after: by what jobs of its size took, later than configured at most, never in step."""

from __future__ import annotations

import random
import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.backoff import Backoff
from orchestrator.flow import JobTimes, Schedule

CONFIGURED = Backoff(first=2.0, factor=1.5, cap=30.0, jitter=0.2)


def test_nothing_is_expected_before_anything_is_known() -> None:
    assert JobTimes().expected(100) is None


def test_times_are_learned_by_power_of_two_of_the_size() -> None:
    times = JobTimes([(100, 10.0), (127, 20.0), (128, 500.0)])

    assert times.expected(64) == times.expected(127) == pytest.approx(10.5)
    assert times.expected(255) == 500.0


def test_an_unknown_size_is_expected_to_take_what_the_nearest_does_and_of_two_the_smaller() -> None:
    times = JobTimes([(2**10, 10.0), (2**20, 1000.0)])

    assert times.expected(0) == times.expected(2**14) == 10.0
    assert times.expected(2**15) == 10.0  # as near to both
    assert times.expected(2**16) == times.expected(2**40) == 1000.0


@given(st.lists(st.tuples(st.integers(0, 2**40), st.floats(0.0, 1e6)), min_size=1), st.integers(0, 2**40))
def test_what_is_expected_lies_between_what_was_seen(seen: list[tuple[int, float]], size: int) -> None:
    seconds = [each for _, each in seen]
    expected = JobTimes(seen).expected(size)
    assert expected is not None
    assert min(seconds) - 1e-6 <= expected <= max(seconds) + 1e-6


def test_a_remote_that_became_faster_is_believed_at_once_and_one_that_became_slower_in_time() -> None:
    times = JobTimes([(100, 100.0)] * 10)
    for _ in range(4):
        times.learn(100, 10.0)
    assert times.expected(100) == pytest.approx(15.6, abs=0.1)
    for _ in range(60):
        times.learn(100, 100.0)
    assert times.expected(100) == pytest.approx(96.1, abs=0.1)


def test_of_jobs_that_differ_widely_the_quick_ones_count() -> None:
    rng = random.Random(4)
    jobs = [60.0 * rng.lognormvariate(0.0, 1.0) for _ in range(2000)]
    expected = JobTimes((100, seconds) for seconds in jobs).expected(100)
    assert expected is not None
    assert 0.05 < statistics.mean(seconds < expected for seconds in jobs) < 0.4


@given(
    st.integers(1, 50),
    st.lists(st.floats(0.0, 1e5), max_size=5),
    st.floats(0.0, 1e5),
    st.none() | st.floats(0.0, 900.0),
    st.integers(0, 2**32),
)
def test_a_poll_is_never_before_the_configured_one_nor_before_the_remote_wants_it(
    nth: int, known: list[float], age: float, hint: float | None, seed: int
) -> None:
    schedule = Schedule(backoff=CONFIGURED, times=JobTimes((100, seconds) for seconds in known))
    delay = schedule.delay(nth, random.Random(seed), size=100, age=age, at_least=hint)
    least = min(2.0 * 1.5 ** max(nth - 2, 0), 30.0)  # after the first poll the configured delays begin

    assert delay >= 0.8 * least
    assert delay >= (hint or 0.0)
    assert delay <= max(1.2 * 30.0, 10 * 30.0, hint or 0.0)


@pytest.mark.parametrize("seconds", [0.0, 0.3, 2.4])
def test_jobs_that_are_over_before_the_configured_poll_leave_the_configured_schedule_as_it_is(seconds: float) -> None:
    plain = Schedule(backoff=CONFIGURED)
    learned = Schedule(backoff=CONFIGURED, times=JobTimes([(100, seconds)]))
    for nth in range(1, 20):
        asked = [s.delay(nth, random.Random(nth), size=100, age=0.0) for s in (plain, learned)]
        assert asked[0] == asked[1]


def first_polls(expected: float, number: int, age: float = 0.0) -> list[float]:
    schedule, rng = Schedule(backoff=CONFIGURED, times=JobTimes([(100, expected)])), random.Random(7)
    return [schedule.delay(1, rng, size=100, age=age) for _ in range(number)]


def test_the_first_poll_comes_near_four_fifths_of_the_expected_time() -> None:
    polls = first_polls(100.0, 2000)
    assert 0.64 * 100 <= min(polls) < max(polls) <= 0.8 * 100
    assert statistics.mean(polls) == pytest.approx(72.0, abs=1.0)


def test_the_age_of_a_job_that_was_adopted_counts() -> None:
    assert max(first_polls(100.0, 500, age=60.0)) <= 20.0
    assert max(first_polls(100.0, 500, age=500.0)) <= 2.4


def test_however_long_jobs_take_the_first_poll_comes_within_ten_caps() -> None:
    assert max(first_polls(86_400.0, 500)) <= 300.0


@pytest.mark.parametrize("expected", [None, 30.0, 3000.0])
def test_jobs_that_were_accepted_together_are_not_asked_after_in_step(expected: float | None) -> None:
    """5,000 first polls: no tenth of their span holds much more than a tenth of them."""
    known = [] if expected is None else [(100, expected)]
    schedule, rng = Schedule(backoff=CONFIGURED, times=JobTimes(known)), random.Random(5)
    polls = sorted(schedule.delay(1, rng, size=100, age=0.0) for _ in range(5000))
    span = polls[-1] - polls[0]
    fullest = max(
        sum(polls[0] + span * n / 10 <= at < polls[0] + span * (n + 1) / 10 for at in polls) for n in range(10)
    )

    assert span >= 0.15 * polls[-1]
    assert fullest <= 650, f"{fullest} of 5000 within {span / 10:.1f} s"


def follow(schedule: Schedule, seconds: float, rng: random.Random, *, learning: bool) -> tuple[int, float]:
    """Polls of a job that takes *seconds*, and how late its end is noticed. Learns as the tracking does."""
    age = at_work = 0.0
    for nth in range(1, 10_000):
        age += schedule.delay(nth, rng, size=100, age=age)
        if age >= seconds:
            if learning:
                schedule.times.learn(100, (at_work + age) / 2)
            return nth, age - seconds
        at_work = age
    raise AssertionError("it is never asked often enough")


@pytest.mark.parametrize(("median", "sigma"), [(5.0, 0.2), (5.0, 1.0), (60.0, 0.2), (60.0, 1.0), (600.0, 0.5)])
def test_learning_notices_the_end_no_later_and_hardly_costs_a_poll_more(median: float, sigma: float) -> None:
    rng = random.Random(11)
    jobs = [median * rng.lognormvariate(0.0, sigma) for _ in range(3000)]
    seen = {}
    for learning in (False, True):
        schedule = Schedule(backoff=CONFIGURED)
        seen[learning] = [follow(schedule, seconds, rng, learning=learning) for seconds in jobs]
    plain, learned = (
        (statistics.mean(late for _, late in seen[how]), statistics.mean(polls for polls, _ in seen[how]))
        for how in (False, True)
    )
    allowed = max(plain[0], 0.05 * statistics.mean(jobs))
    told = (
        f"jobs of {median:.0f} s (sigma {sigma}): {plain[0]:.2f} s late after {plain[1]:.2f} polls as configured, "
        f"{learned[0]:.2f} s late after {learned[1]:.2f} polls with learning"
    )

    assert learned[0] <= allowed, told
    assert learned[1] <= 1.1 * plain[1], told


def test_times_that_are_learned_from_polls_do_not_drift() -> None:
    """Jobs that all take a minute: a night later it is still about a minute that is expected."""
    schedule, rng = Schedule(backoff=CONFIGURED), random.Random(3)
    history = []
    for _ in range(2000):
        follow(schedule, 60.0, rng, learning=True)
        history.append(schedule.times.expected(100) or 0.0)

    assert all(50.0 <= expected <= 70.0 for expected in history[20:]), (min(history), max(history))
    assert max(abs(b - a) for a, b in pairwise(history[20:])) < 15.0


def test_a_night_of_pauses_is_forgotten_within_twenty_jobs() -> None:
    schedule, rng = Schedule(backoff=CONFIGURED, times=JobTimes([(100, 120.0)])), random.Random(3)
    lates = [follow(schedule, 6.0, rng, learning=True)[1] for _ in range(20)]
    assert lates[-1] < 6.0 < lates[0], lates

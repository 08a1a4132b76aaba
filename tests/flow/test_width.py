"""How the width and the limit of jobs change, and what each change is told with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.flow import Slots, Width


def test_a_decrease_takes_three_tenths_and_only_tries_since_the_last_one_count() -> None:
    told: list[str] = []
    width = Width(16, told.append)
    seen = []
    for started, now in [(0.0, 1.0), (0.5, 1.1), (0.9, 2.0), (1.0, 3.0), (3.5, 4.0), (4.5, 5.0), (5.5, 6.0)]:
        width.pressed(started, now)
        seen.append(width.current)

    assert seen == [11, 11, 11, 7, 4, 2, 1]
    width.pressed(7.0, 8.0)
    assert width.current == 1
    assert told == [f"{n} uploads at a time: the remote is busy, or does not answer" for n in (11, 7, 4, 2, 1)]


def test_one_more_is_tried_after_a_calm_round_of_at_least_ten_and_never_more_than_configured() -> None:
    told: list[str] = []
    width = Width(13, told.append)
    width.pressed(0.0, 1.0)
    assert width.current == 9
    rounds = []
    for n in range(1, 100):
        width.succeeded()
        if len(told) > len(rounds) + 1:
            rounds.append(n)

    assert rounds == [10, 20, 31, 43]
    assert width.current == 13
    assert told[1:] == [f"{n} uploads at a time: a round went without pressure" for n in (10, 11, 12, 13)]


def test_pressure_starts_the_calm_round_anew() -> None:
    width = Width(4)
    width.pressed(0.0, 1.0)
    for _ in range(50):
        for _ in range(9):
            width.succeeded()
        width.pressed(0.0, 1.0)  # too old to narrow, and yet no calm
    assert width.current == 2


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 100.0)), max_size=100), st.integers(1, 1000))
def test_the_width_is_always_between_one_and_the_configured(changes: list[tuple[bool, float]], most: int) -> None:
    width, now = Width(most), 0.0
    for well, seconds in changes:
        now += seconds
        if well:
            width.succeeded()
        else:
            width.pressed(now - 1.0, now)
        assert 1 <= width.current <= most


def at_the_limit(limit: int) -> tuple[Slots, list[str]]:
    told: list[str] = []
    slots = Slots(told.append)
    for _ in range(limit):
        slots.began()
    slots.refused(alone=False)
    assert told.pop() == f"{limit} jobs at the remote at a time: it took no more"
    return slots, told


def until_it_grows(slots: Slots) -> int:
    """How many jobs end until one more is tried."""
    before, ended = slots.limit, 0
    while slots.limit == before:
        slots.ended()
        slots.began()
        ended += 1
    return ended


def test_without_a_refusal_there_is_always_room() -> None:
    slots = Slots()
    for _ in range(1000):
        slots.began()
    assert slots.has_room(uploading=1000)
    assert slots.limit is None


def test_uploads_under_way_take_the_room_that_they_will_need() -> None:
    slots, _ = at_the_limit(3)
    assert not slots.has_room(uploading=0)
    slots.ended()
    slots.ended()
    assert slots.has_room(uploading=1)
    assert not slots.has_room(uploading=2)


def test_a_refusal_with_nothing_of_ours_unfinished_sets_no_limit() -> None:
    slots = Slots()
    slots.refused(alone=True)
    assert slots.limit is None


def test_a_limit_that_bears_more_grows_in_doubled_steps() -> None:
    slots, told = at_the_limit(4)
    limits = []
    for _ in range(4):
        until_it_grows(slots)
        limits.append(slots.limit)

    assert limits == [5, 7, 11, 19]
    assert told == [f"{n} jobs at the remote at a time: it may have room for more" for n in limits]


def test_a_limit_that_bears_no_more_is_tried_ever_more_rarely() -> None:
    slots, _ = at_the_limit(4)
    waited = []
    for _ in range(6):
        waited.append(until_it_grows(slots))
        slots.refused(alone=True)
        assert slots.limit == 4
    assert waited == [4, 8, 16, 32, 32, 32]


def test_a_trial_that_went_well_makes_the_next_ones_come_soon_again() -> None:
    slots, _ = at_the_limit(4)
    for _ in range(4):
        until_it_grows(slots)
        slots.refused(alone=True)
    assert until_it_grows(slots) == 8 * 4
    assert until_it_grows(slots) == 8 * 5  # nobody refused the fifth
    assert until_it_grows(slots) == 7


def test_one_upload_too_many_at_a_time_leaves_a_known_limit_as_it_is() -> None:
    slots, told = at_the_limit(5)
    slots.ended()
    slots.refused(alone=False)
    assert (slots.limit, told) == (5, [])
    slots.refused(alone=True)
    assert (slots.limit, told) == (4, ["4 jobs at the remote at a time: it took no more"])


def test_a_refusal_at_the_limit_changes_nothing() -> None:
    slots, told = at_the_limit(3)
    slots.refused(alone=True)
    assert (slots.limit, told) == (3, [])


def test_more_jobs_than_the_limit_prove_that_there_is_room() -> None:
    """Answers that were on their way when the first refusal came, or jobs of an earlier run."""
    slots, told = at_the_limit(3)
    slots.began()
    slots.began()
    assert slots.limit == 5
    assert told == [f"{n} jobs at the remote at a time: it took one more" for n in (4, 5)]

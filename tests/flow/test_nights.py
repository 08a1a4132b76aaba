"""Nights that end before their work does, and the night that has everything."""

from __future__ import annotations

import pytest

from flow.night import spend
from flow.remote import Nature, Spell
from orchestrator.flow.gate import FIRST_TRIES, PATIENCE
from orchestrator.run import Stop
from orchestrator.trip import Ending


@pytest.mark.parametrize("seed", [1, 2])
def test_a_night_of_errors_and_storms_loses_nothing_and_asks_little_in_vain(seed: int) -> None:
    """500 files; for ten minutes 30 % of all requests fail, with storms of 429 in between."""
    storms = [
        Spell(begin=20, end=50, retry_after=30),
        Spell(begin=200, end=260, retry_after=45, dated=True),
        Spell(begin=400, end=430, retry_after=120),
        Spell(begin=520, end=580, retry_after=20, dated=True),
    ]
    nature = Nature(latency=1.0, jitter=0.3, spells=(*storms, Spell(begin=0, end=600, failing=0.3)))
    night = spend(nature, files=500, seed=seed)
    told = f"seed {seed}: {night}"

    assert night.ends == {Ending.DONE: 500}, told
    assert night.halts == [], told
    assert night.remote.disobeyed == [], told
    assert 50 < night.extra <= 0.1 * len(night.remote.requests) + 20, told
    assert night.seconds < 1000, told
    assert any("Retry-After" in change for change in night.changes), told


def test_an_outage_longer_than_patience_ends_the_run_and_loses_nothing() -> None:
    night = spend(Nature(spells=(Spell(begin=5, end=1e9, down=True),)), files=200)

    assert {halt.stop for halt in night.halts} == {Stop.UNREACHABLE}
    assert set(night.ends) <= {Ending.WAITING, Ending.UNSENT, Ending.DONE}
    assert night.ends.total() == 200
    assert PATIENCE < night.seconds < PATIENCE + 150
    assert night.extra < 40, night


@pytest.mark.parametrize("retry_after", [None, 5.0, 300.0])
@pytest.mark.parametrize("begin", [0.0, 20.0])
def test_uploads_that_are_refused_for_ever_end_the_run_although_reads_are_well(
    begin: float, retry_after: float | None
) -> None:
    """The work that is at the remote by then is brought home first."""
    refused = Spell(begin=begin, end=1e9, retry_after=retry_after, of="submit")
    night = spend(Nature(job=60.0, latency=1.0, spells=(refused,)), files=800)
    told = str(night)

    assert {halt.stop for halt in night.halts} == {Stop.UNREACHABLE}, told
    assert "no upload got through for more than 15 minutes" in night.halts[0].message
    assert (begin > 0) == (len(night.remote.accepted) > 0)
    assert night.ends[Ending.DONE] == len(night.remote.accepted)
    assert night.ends.total() == 800
    assert PATIENCE < night.seconds < 2 * PATIENCE + 600, told


def test_a_slow_night_with_an_upload_now_and_then_is_not_given_up() -> None:
    """Every job takes longer than patience; a remote that has two refuses more, and says when to ask again."""
    night = spend(Nature(slots=2, slots_say=300.0, job=1.5 * PATIENCE), files=6)

    assert night.ends == {Ending.DONE: 6}, night
    assert night.halts == []
    assert night.seconds > 4 * PATIENCE
    assert night.remote.disobeyed == []


def test_a_remote_that_wants_to_be_left_alone_for_an_hour_ends_the_run_at_once_and_says_until_when() -> None:
    night = spend(Nature(spells=(Spell(begin=5, end=3600, retry_after=3600),)), files=400)

    assert {halt.stop for halt in night.halts} == {Stop.UNREACHABLE}
    assert "2026-01-01 01:00 UTC" in night.halts[0].message
    assert night.seconds < 30
    assert night.remote.disobeyed == []
    assert night.ends.total() == 400


def test_a_remote_that_was_never_there_ends_the_run_after_the_first_tries() -> None:
    night = spend(Nature(spells=(Spell(begin=0, end=1e9, down=True),)), files=50)

    assert [halt.stop for halt in night.halts] == [Stop.UNREACHABLE]
    assert night.ends == {Ending.UNSENT: 50}
    assert max(trip.tries for trip in night.trips) == FIRST_TRIES
    assert night.seconds < 10
    assert night.pauses == 0


def test_jobs_that_never_end_give_their_slots_back_when_the_patience_of_the_run_is_over() -> None:
    """Otherwise the files behind them would wait for ever."""
    night = spend(Nature(slots=3, job=1e9), files=9)

    assert night.ends[Ending.WAITING] == 3, night
    assert night.ends.total() == 9
    assert night.ends[Ending.UNSENT] == 6, "the remote took no more"
    assert night.remote.most_jobs == 3
    assert 1800 < night.seconds < 3 * 3600


def test_a_run_is_repeatable_to_the_last_request() -> None:
    nature = Nature(jitter=0.5, slots=4, spells=(Spell(begin=10, end=60, failing=0.3),))
    first, second = (spend(nature, files=60, seed=9) for _ in range(2))

    assert first.remote.requests == second.remote.requests
    assert first.changes == second.changes

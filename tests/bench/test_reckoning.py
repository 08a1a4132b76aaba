"""What the bench reckons, and does not measure."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.config.schemas import built_in
from orchestrator.sandbox.profile import PROFILES, Profile
from orchestrator.validation import BadRow, Judge
from tests.bench.makespan import lower_bound
from tests.bench.many import growth_of
from tests.bench.polling import at_interval, fixed_interval
from tests.bench.rosters import Mix, write_roster


def test_slots_that_are_never_idle_are_the_bound_of_a_night() -> None:
    even = Profile(slots=4, job_base=2.0, job_per_row=0.0)

    assert lower_bound(40, even) == pytest.approx(20.0)
    assert lower_bound(1, even) == pytest.approx(2.0), "no night is shorter than its longest job"
    assert lower_bound(40, replace(even, slots=None)) == pytest.approx(2.0)
    assert lower_bound(800, PROFILES["realistic"]) == pytest.approx(103.2, abs=0.1)


def test_a_job_is_noticed_at_the_first_multiple_of_the_interval_that_is_not_before_its_end() -> None:
    night = at_interval([1.0, 2.5, 10.0], 2.0)

    assert (night.polls, night.delays) == (1 + 2 + 5, (1.0, 1.5, 0.0))
    assert night.lateness == pytest.approx((1.0 / 1.0 + 1.5 / 2.5) / 3)


def test_the_best_fixed_interval_is_the_shortest_that_the_polls_suffice_for() -> None:
    assert fixed_interval([10.0, 20.0], 3) == pytest.approx(10.0)
    assert fixed_interval([10.0, 20.0], 2) == pytest.approx(20.0)
    assert fixed_interval([1.0, 1.0], 20) == pytest.approx(0.1)


def test_growth_is_that_of_a_file_without_the_start() -> None:
    assert growth_of(0.5, (1_000, 2.5), (10_000, 24.5)) == pytest.approx(0.2)
    assert growth_of(0.5, (1_000, 2.5), (10_000, 20.5)) == pytest.approx(0.0)


@pytest.mark.parametrize("mix", [Mix(), Mix(quoted=0), Mix(bad=1_000), Mix(accented=10)])
def test_a_big_roster_is_as_large_and_as_mixed_as_it_was_ordered(tmp_path: Path, mix: Mix) -> None:
    place, size = tmp_path / "roster.csv", 600_000
    rows = write_roster(place, size, mix)
    bad: list[BadRow] = []
    judge = Judge(built_in("platform.data"), on_bad=bad.append)
    judge.feed(place.read_bytes())
    judge.close()
    text = place.read_text()

    assert size <= place.stat().st_size < size + (1 << 20)
    assert (judge.verdict.fault, judge.verdict.rows) == (None, rows)
    assert bool(bad) == bool(mix.bad)
    assert ('"' in text, text.isascii()) == (bool(mix.quoted), not mix.accented)
    references = [cells[0] for cells in csv.reader(text.splitlines())]
    assert len(set(references)) == len(references)

"""What is configured as a limit arrives where it is kept: the most at once is exactly that, and no limit another's."""

from __future__ import annotations

from itertools import pairwise

import pytest

from flow.night import Night, Pinned, spend
from flow.remote import Nature, Spell
from orchestrator.config.settings import MEBIBYTE
from orchestrator.ports import HELD_LIMIT
from orchestrator.trip import Ending

QUICK = {"first": 0.5, "factor": 1.0, "cap": 0.7}
SLOW = Nature(latency=10.0, job=0.0)
"""Every request takes as long as the next, and a job no time."""


def test_as_many_uploads_go_at_once_as_configured_and_as_many_reads() -> None:
    """Polls and results are reads alike."""
    night = spend(SLOW, files=60, limits={"uploads": 5, "polls": 3, "in_flight": 53}, polling=QUICK)

    assert night.ends == {Ending.DONE: 60}
    assert (night.remote.most_uploading, night.remote.most_reading) == (5, 3)


@pytest.mark.parametrize("kind", ["check", "fetch"])
def test_reads_that_are_tried_again_are_within_the_limit_too(kind: str) -> None:
    nature = Nature(latency=2.0, job=0.0, spells=(Spell(begin=0.0, end=60.0, of=kind, failing=0.5),))
    night = spend(nature, files=60, rng=Pinned(0.0), limits={"uploads": 13, "polls": 7}, polling=QUICK)

    assert night.ends == {Ending.DONE: 60}
    assert night.retries > 5
    assert night.remote.most_reading == 7


@pytest.mark.parametrize(
    ("size", "memory", "most"),
    [
        (2 * MEBIBYTE, 7 * MEBIBYTE, 3),
        (2 * MEBIBYTE, 8 * MEBIBYTE, 4),
        (2 * MEBIBYTE, 8 * MEBIBYTE - 1, 3),
        (3 * MEBIBYTE, 1 * MEBIBYTE, 1),  # what is larger than all of it goes alone
        (HELD_LIMIT, 2 * HELD_LIMIT + 1, 2),
        (50 * HELD_LIMIT, 2 * HELD_LIMIT + 1, 2),  # of a large file no more is held than this
    ],
)
@pytest.mark.parametrize(
    "spells",
    [
        pytest.param((), id="first tries"),
        pytest.param((Spell(begin=0.0, end=25.0, of="submit", retry_after=1.0),), id="first tries and later ones"),
        pytest.param((Spell(begin=0.0, end=1.0, down=True),), id="later tries"),
    ],
)
def test_as_many_files_are_held_as_the_configured_memory_has_room_for(
    size: int, memory: int, most: int, spells: tuple[Spell, ...]
) -> None:
    """First tries and later ones share it, and nobody holds any between two tries."""
    nature = Nature(latency=1.0, spells=spells)
    night = spend(nature, files=30, listed=size, rng=Pinned(1.0), limits={"uploads": 16, "bytes": memory})

    assert night.ends == {Ending.DONE: 30}
    assert night.remote.most_uploading == most
    assert (night.retries > 0) == bool(spells)
    if not any(spell.retry_after for spell in spells):  # which narrows the width of uploads as well
        assert most_taken_at_once(night) == most


def most_taken_at_once(night: Night) -> int:
    """Of the uploads, each of which takes a second."""
    taken = [r.at for r in night.remote.requests if r.kind == "submit" and r.taken]
    return max(sum(first <= at < first + 1.0 for at in taken) for first in taken)


def between(night: Night) -> list[float]:
    at = sorted(request.at for request in night.remote.requests)
    return [later - earlier for earlier, later in pairwise(at)]


@pytest.mark.parametrize("rate", [0.4, 3.0])
def test_requests_of_every_kind_are_as_far_apart_as_the_configured_rate_wants_them(rate: float) -> None:
    night = spend(Nature(latency=0.1, job=0.0), files=20, limits={"rate": rate}, polling=QUICK)

    assert night.ends == {Ending.DONE: 20}
    assert {request.kind for request in night.remote.requests} == {"submit", "check", "fetch"}
    assert min(between(night)) == pytest.approx(1 / rate)
    assert sum(gap == pytest.approx(1 / rate) for gap in between(night)) > 40


def test_without_a_configured_rate_nobody_waits_for_a_turn() -> None:
    night = spend(Nature(latency=0.1, job=0.0), files=20, polling=QUICK)

    assert sum(gap == 0.0 for gap in between(night)) > 15


@pytest.mark.parametrize(("place", "apart"), [(0.0, 0.0), (1.0, 2 * 10 / 32)])
def test_after_a_hold_requests_come_apart_by_the_random_numbers_of_the_run(place: float, apart: float) -> None:
    nature = Nature(latency=0.5, spells=(Spell(begin=0.0, end=0.1, of="submit", retry_after=100.0),))
    night = spend(nature, files=8, rng=Pinned(place), limits={"uploads": 8})

    again = [at for at in night.remote.times("submit") if at > 1.0]
    assert [later - earlier for earlier, later in pairwise(again)][:3] == pytest.approx([apart] * 3)

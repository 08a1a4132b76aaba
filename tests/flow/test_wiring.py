"""What is configured arrives where it is used, seen by what a run does: waits, their limits, what earlier runs taught.

Every value differs from its default and from every other, so that two that changed places are seen as well. Choices
are pinned to one place of their range, so that each wait is known to the moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from flow.night import Night, Pinned, spend
from flow.remote import Nature, Remote, Spell
from orchestrator.errors import NotSent
from orchestrator.flow import JobTimes
from orchestrator.model import Accepted, Job, Token
from orchestrator.ports import Body, Ended, Release, Running
from orchestrator.trip import Ending

POLLING = {"first": 3.0, "factor": 2.5, "cap": 11.0, "deadline": 97.0}
AT_ONCE = Nature(latency=0.0, job=1e9)
"""Answers at once, so that all time is waiting; its jobs never end."""
FOR_EVER = 1e9


def gaps(night: Night, kind: str) -> list[float]:
    return [later - earlier for earlier, later in pairwise(night.remote.times(kind))]


@pytest.mark.parametrize(
    ("place", "delays"),
    [
        (0.0, [2.4, 6.0, *[8.8] * 10]),  # four fifths of 3, 7.5, 11, 11 … up to 96.4
        (1.0, [3.6, 9.0, *[13.2] * 6]),  # six fifths of them up to 91.8
    ],
)
def test_polls_follow_what_is_configured_up_to_the_deadline_of_the_run(place: float, delays: list[float]) -> None:
    night = spend(AT_ONCE, files=1, rng=Pinned(place), polling=POLLING)

    accepted, polls = night.remote.times("submit")[0], night.remote.times("check")
    assert [later - earlier for earlier, later in pairwise([accepted, *polls])] == pytest.approx(delays)
    assert night.ends == {Ending.WAITING: 1}
    assert night.seconds == polls[-1]


@pytest.mark.parametrize(("first", "apart"), [(0.0, 0.05), (0.04, 0.05), (0.06, 0.06)])
def test_whatever_is_configured_the_polls_of_a_job_are_a_twentieth_of_a_second_apart(
    first: float, apart: float
) -> None:
    slow = replace(AT_ONCE, latency=0.01)
    night = spend(slow, files=1, rng=Pinned(0.5), polling={"first": first, "factor": 1.0, "deadline": 1.0})

    assert night.remote.times("check")[0] == pytest.approx(0.01 + first)
    assert gaps(night, "check")[:10] == pytest.approx([0.01 + apart] * 10)


@pytest.mark.parametrize(("give_up", "last"), [(61.1, 61.2), (61.3, 70.0)])
def test_a_job_is_given_up_at_the_first_poll_after_the_configured_time(give_up: float, last: float) -> None:
    night = spend(AT_ONCE, files=1, rng=Pinned(0.0), polling={**POLLING, "give_up": give_up})

    assert night.ends == {Ending.IN_DOUBT: 1}
    assert night.remote.times("check")[-1] == pytest.approx(last)


@pytest.mark.parametrize(("size", "first", "step"), [(100, 72.0, 10.8), (3000, 28.0, 4.2)])
def test_polls_wait_for_what_earlier_runs_taught_of_jobs_of_that_size(size: int, first: float, step: float) -> None:
    known = JobTimes([(100, 90.0), (3000, 35.0)])
    night = spend(AT_ONCE, files=1, size=size, rng=Pinned(1.0), times=known, polling=POLLING)

    assert night.remote.times("check")[:2] == pytest.approx([first, first + step])


def test_what_a_job_took_teaches_those_after_it_in_the_same_run() -> None:
    limits = {"uploads": 1, "in_flight": 1}
    night = spend(Nature(latency=0.0, job=40.0), files=2, rng=Pinned(1.0), polling=POLLING, limits=limits)

    (_, second), polls = night.remote.times("submit"), night.remote.times("check")
    assert polls[0] == pytest.approx(3.6)
    assert min(at for at in polls if at > second) - second > 0.8 * 30.0


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    ("kind", "tries", "end"),
    [("submit", 15, Ending.UNSENT), ("check", 12, Ending.WAITING), ("fetch", 12, Ending.WAITING)],
)
def test_tries_are_spaced_with_full_jitter_from_half_a_second_to_half_a_minute_and_have_a_limit(
    kind: str, tries: int, end: Ending, share: float
) -> None:
    nature = Nature(latency=0.0, job=0.0, spells=(Spell(begin=0.0, end=FOR_EVER, of=kind),))
    night = spend(nature, files=1, rng=Pinned(share))

    ceilings = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, *[30.0] * 10]
    assert gaps(night, kind) == pytest.approx([share * ceiling for ceiling in ceilings[: tries - 1]])
    assert night.ends == {end: 1}
    assert night.retries == tries - 1


@dataclass
class Partial(Remote):
    """Fails every request of one kind for the first job, and serves all others."""

    fails: str = ""
    first: str = "0000"

    async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Accepted:
        if self.fails == "submit" and job.name == self.first:
            await self._refuse("refused", NotSent("429", retry_after=700.0))
        return await super().submit(job, body, overwrite=overwrite, release=release)

    async def check(self, token: Token) -> Running | Ended:
        if self.fails == "check" and token == "token-0":
            await self._refuse("refused", NotSent("429", retry_after=700.0))
        return await super().check(token)


@pytest.mark.parametrize(("fails", "end"), [("submit", Ending.UNSENT), ("check", Ending.WAITING)])
def test_what_fails_for_an_hour_is_left_to_the_next_run_although_all_else_goes_well(fails: str, end: Ending) -> None:
    """After 3,500 seconds there is one more try, after 4,200 there is none."""
    remote = Partial(Nature(), rng=Pinned(0.0), fails=fails)
    night = spend(remote, files=40, rng=Pinned(0.0), limits={"uploads": 2, "in_flight": 2})

    assert night.ends == {Ending.DONE: 39, end: 1}, night
    assert remote.count("refused") == 7
    assert remote.disobeyed == []


def test_a_poll_that_is_told_when_to_come_again_holds_every_upload_and_every_other_poll() -> None:
    nature = Nature(latency=1.0, spells=(Spell(begin=6.0, end=9.0, of="check", retry_after=200.0),))
    night = spend(nature, files=60, rng=Pinned(1.0), limits={"uploads": 2})

    uploads = night.remote.times("submit")
    assert night.ends == {Ending.DONE: 60}
    assert night.remote.disobeyed == []
    assert max(gaps(night, "submit")) > 190.0
    assert 1 < sum(at < 9.0 for at in uploads) < 59, "there was something to hold"


def test_a_running_job_that_says_when_to_ask_again_is_not_asked_before_and_holds_nobody_else() -> None:
    night = spend(Nature(latency=0.0, job=200.0, job_says=71.0), files=1, rng=Pinned(1.0), polling={"first": 3.0})
    assert night.remote.times("check") == pytest.approx([3.6, 74.6, 145.6, 216.6])

    night = spend(Nature(latency=1.0, job=200.0, job_says=71.0), files=60, rng=Pinned(1.0), limits={"uploads": 2})
    assert max(gaps(night, "submit")) < 2.0


@pytest.mark.parametrize(("place", "seconds"), [(0.0, 4), (1.0, 6)])
def test_the_pauses_of_the_breaker_are_chosen_by_the_random_numbers_of_the_run(place: float, seconds: int) -> None:
    nature = Nature(spells=(Spell(begin=0.0, end=20.0, of="submit"),))
    night = spend(nature, files=30, rng=Pinned(place))

    pauses = [change for change in night.changes if "too many requests failed" in change]
    assert pauses[0].startswith(f"nothing is asked for {seconds} s")

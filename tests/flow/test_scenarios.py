"""Whole nights against remotes of many kinds, in the manner of the scenario files of Vector's adaptive concurrency.

The real pipeline runs as the program wires it, on virtual time; only the remote and the disk are simulated. Every
night ends with every file done, nothing asked inside a Retry-After, and at most a tenth of the requests and twenty
more made in vain. How long it takes is compared with the best that a fixed width, chosen by somebody who knew the
remote, could do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from flow.night import spend
from flow.remote import Nature, Spell
from orchestrator.trip import Ending

UPLOADS = POLLS = 16
STORMS = tuple(Spell(begin=5 + 60 * n, end=8 + 60 * n, retry_after=20) for n in range(5))
DATED = tuple(Spell(begin=5 + 60 * n, end=8 + 60 * n, retry_after=20, dated=True) for n in range(5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    nature: Nature
    files: int = 200
    size: int = 100
    factor: float
    """Of the time of the best fixed width."""
    narrowest: int = 16
    """The width does not fall below it."""
    last: int = 16
    """Nor is it narrower than this at the end."""
    weather: float = 0.0
    """Seconds of bad weather that nobody could do anything about."""

    @property
    def has_trouble(self) -> bool:
        return self.weather > 0 or self.narrowest < UPLOADS

    @property
    def best(self) -> float:
        """Seconds with the fixed width that suits this remote best, each job's end noticed at once."""
        nature = self.nature
        upload = nature.latency * math.exp(nature.jitter**2 / 2)
        job = nature.job * math.exp(nature.job_jitter**2 / 2)
        limits = (UPLOADS, nature.knee, nature.defers_above, nature.drops_above)
        a_second = [min(limit for limit in limits if limit) / upload, POLLS / (2 * upload)]
        if nature.rate:
            a_second.append(nature.rate)
        if nature.slots:
            a_second.append(nature.slots / (upload + job))
        if nature.bandwidth:
            a_second.append(nature.bandwidth / self.size)
        longest = nature.job * math.exp(nature.job_jitter * math.sqrt(2 * math.log(self.files)))
        return self.files / min(a_second) + longest + self.weather


SCENARIOS = {
    # what it is                     how it is                                                what may be expected
    "constant link": Scenario(nature=Nature(), factor=1.3),
    "slow link": Scenario(nature=Nature(latency=3.0), factor=1.3),
    "narrow link": Scenario(nature=Nature(bandwidth=20_000), size=10_000, factor=1.2),
    "jittery link": Scenario(nature=Nature(jitter=1.0), factor=1.3),
    "shallow knee": Scenario(nature=Nature(knee=4), factor=1.3),
    "long jobs": Scenario(nature=Nature(job=600.0), factor=1.2),
    "uneven jobs": Scenario(nature=Nature(job=60.0, job_jitter=1.0), factor=1.0),
    "defers above 8 at a time": Scenario(
        nature=Nature(defers_above=8, latency=1.0), files=400,
        factor=2.1, narrowest=4, last=4,
    ),
    "defers above 4 at a time": Scenario(nature=Nature(defers_above=4, latency=1.0), factor=2.1, narrowest=2, last=2),
    "defers above 1 at a time": Scenario(nature=Nature(defers_above=1), factor=2.0, narrowest=1, last=1),
    "drops above 6 at a time": Scenario(
        nature=Nature(drops_above=6, latency=1.0), files=400,
        factor=2.0, narrowest=3, last=3,
    ),
    "defers above 5 a second": Scenario(nature=Nature(rate=5), factor=1.7, narrowest=1, last=1),
    "defers above 40 a second": Scenario(nature=Nature(rate=40), factor=1.5, narrowest=7, last=7),
    "1 job slot": Scenario(nature=Nature(slots=1), files=60, factor=1.4, narrowest=1, last=1),
    "3 job slots": Scenario(nature=Nature(slots=3), files=150, factor=1.4, narrowest=1, last=1),
    "8 job slots": Scenario(nature=Nature(slots=8), files=300, factor=1.4, narrowest=1, last=1),
    "8 job slots, uneven jobs": Scenario(
        nature=Nature(slots=8, job_jitter=0.5), files=300, factor=1.5, narrowest=1, last=1
    ),
    "8 job slots, long jobs": Scenario(nature=Nature(slots=8, job=60.0), factor=1.3, narrowest=1, last=1),
    "brown-out of ten minutes": Scenario(
        nature=Nature(spells=(Spell(begin=5, end=605, failing=0.3),)), weather=600, factor=1.2, files=400
    ),
    "outage of a minute": Scenario(
        nature=Nature(spells=(Spell(begin=5, end=65, down=True),)), weather=60, factor=1.6
    ),
    "outage of five minutes": Scenario(
        nature=Nature(spells=(Spell(begin=5, end=305, down=True),)), weather=300, factor=1.4
    ),
    "outage of fourteen minutes": Scenario(
        nature=Nature(spells=(Spell(begin=5, end=845, down=True),)), weather=840, factor=1.2
    ),
    "refuses for ten minutes from the start": Scenario(
        nature=Nature(spells=(Spell(begin=0, end=600),)), weather=600, factor=1.3, narrowest=7, last=7
    ),
    "storms of 429 in seconds": Scenario(
        nature=Nature(latency=2.0, spells=STORMS), weather=2 * 23, factor=1.3, files=400, narrowest=7, last=7
    ),
    "storms of 429 with dates": Scenario(
        nature=Nature(latency=2.0, spells=DATED), weather=2 * 23, factor=1.3, files=400, narrowest=7, last=7
    ),
    "recovers after five minutes of refusals": Scenario(
        nature=Nature(latency=5.0, spells=(Spell(begin=5, end=305, retry_after=10),)),
        weather=300, factor=1.7, files=300, narrowest=4, last=15,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_file_is_done_in_good_time_and_with_little_in_vain(name: str) -> None:
    scenario = SCENARIOS[name]
    night = spend(scenario.nature, files=scenario.files, size=scenario.size, uploads=UPLOADS)
    told = f"{name}: {night}; the best fixed width takes {scenario.best:.0f} s"

    assert night.ends == {Ending.DONE: scenario.files}, told
    assert set(night.remote.accepted.values()) == {1}, told
    assert night.remote.disobeyed == [], told
    assert night.extra <= 0.1 * len(night.remote.requests) + 20, told
    assert night.seconds <= scenario.factor * scenario.best, told
    assert scenario.narrowest <= min(night.widths) <= max(night.widths) <= UPLOADS, told
    assert night.widths[-1] >= scenario.last, told
    if scenario.has_trouble:
        assert night.extra > 5, f"the trouble has to happen: {told}"
        assert night.changes, told
    if slots := scenario.nature.slots:
        assert night.remote.most_jobs == slots, told
        assert slots <= night.limits[-1] <= slots + 4, told
    if limit := scenario.nature.defers_above or scenario.nature.drops_above:
        settled = night.widths[len(night.widths) // 2 :]
        assert int(0.7 * limit) - 1 <= min(settled) <= max(settled) <= limit + 2, (settled, told)

"""The gate against a second, smaller account of what it has to do."""

from __future__ import annotations

import random

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.flow import Gate, Work

WORKS = st.sampled_from(Work)


class GateMachine(RuleBasedStateMachine):
    """The model knows when nothing may pass, as an interval that random spread cannot leave."""

    @initialize(seed=st.integers(0, 2**32))
    def start(self, seed: int) -> None:
        self.now = 0.0
        self.told: list[str] = []
        self.expected: list[str] = []
        self.gate = Gate(rng=random.Random(seed), tell=self.told.append)
        self.closed_until = 0.0
        self.eased_until = 0.0
        self.budget = 20.0
        self.pauses = 0
        self.half_open = False
        self.reached = False
        self.failures: dict[Work, list[float]] = {work: [] for work in Work}

    @rule(seconds=st.floats(0.0, 200.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.closed_until > self.now)
    @rule()
    def the_wait_is_over(self) -> None:
        self.now = self.closed_until

    @rule(seconds=st.floats(0.1, 2000.0))
    def the_remote_asks_for_time(self, seconds: float) -> None:
        before = self.gate.closed_for(self.now)
        assume(abs(seconds - before) > 1e-6)
        self.gate.hold(self.now, seconds)
        self.closed_until = max(self.closed_until, self.now + seconds)
        if seconds > before:
            self.expected.append("Retry-After")
            self.eased_until = max(self.eased_until, self.now + seconds + min(0.1 * seconds, 10.0))
        assert self.gate.closed_for(self.now) >= before

    @rule(times=st.integers(1, 150), work=WORKS)
    def requests_succeed(self, times: int, work: Work) -> None:
        for _ in range(times):
            self.gate.succeeded(work)
            self.budget = min(self.budget + 0.1, 20.0)
            if self.budget >= 16.0:
                self.pauses = 0
        self.reached = True
        self.failures[Work.READING].clear()
        if work is Work.SENDING:
            self.failures[Work.SENDING].clear()

    @rule(work=WORKS)
    def what_failed_had_a_reason(self, work: Work) -> None:
        self.gate.relieved(work)
        self.failures[work].clear()

    @rule(times=st.integers(1, 25), work=WORKS, reached=st.booleans())
    def requests_fail(self, times: int, work: Work, reached: bool) -> None:
        for _ in range(times):
            self.gate.failed(self.now, work, reached=reached)
            self.reached |= reached
            if not self.reached:
                continue
            self.failures[work].append(self.now)
            self.budget = max(self.budget - 1.0, 0.0)
            if self.budget < 1.0 and not self.half_open:
                self._pauses("too many requests failed")

    @precondition(lambda self: self.half_open and self.closed_until <= self.now)
    @rule(well=st.booleans())
    def the_one_read_comes_back(self, well: bool) -> None:
        self.gate.probed(self.now, well=well)
        if well:
            self.half_open = False
            self.budget = max(self.budget, 5.0)
            self.expected.append("well again")
        else:
            self.failures[Work.READING].append(self.now)
            self._pauses("not well yet")

    @rule(tries=st.integers(0, 10), work=WORKS)
    def somebody_asks_whether_to_wait(self, tries: int, work: Work) -> None:
        failures = self.failures[work] or [self.now]
        too_long = max(failures) - min(failures) > 900.0
        assert self.gate.is_hopeless(work, tries) is (too_long if self.reached else tries >= 5)
        assert self.gate.is_closed_too_long(self.now) is (self.closed_until - self.now > 900.0)

    @rule()
    def somebody_takes_a_turn(self) -> None:
        """Nobody limits the rate, so only a hold that has just ended makes anybody wait, and each only a little."""
        waits = [self.gate.reserve(self.now) for _ in range(3)]
        assert waits == sorted(waits)
        assert waits[-1] == 0.0 or self.now + waits[-1] < self.eased_until + 1.0, "the last one may overhang by its gap"

    @invariant()
    def nothing_passes_before_its_time(self) -> None:
        assert abs(self.gate.closed_for(self.now) - max(self.closed_until - self.now, 0.0)) < 1e-6
        assert self.gate.is_half_open is self.half_open

    @invariant()
    def every_change_is_told_once_with_its_reason(self) -> None:
        assert len(self.told) == len(self.expected)
        assert all(reason in told for told, reason in zip(self.told, self.expected, strict=True)), self.told

    def _pauses(self, why: str) -> None:
        """Twice as long as the last one, up to two minutes, give or take a fifth; a longer hold stays."""
        seconds = min(5.0 * 2**self.pauses, 120.0)
        closed = self.gate.closed_for(self.now)
        assert closed >= max(0.8 * seconds, self.closed_until - self.now) - 1e-6
        assert closed <= max(1.2 * seconds, self.closed_until - self.now) + 1e-6
        self.closed_until = self.now + closed
        self.pauses += 1
        self.half_open = True
        self.expected.append(why)


TestGate = GateMachine.TestCase
TestGate.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)

"""Lanes with somebody at them, and what they let through."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import anyio

from flow.virtual import VirtualClock
from orchestrator.errors import NotSent, Unclear
from orchestrator.flow import Gate, Work
from orchestrator.lanes import Lane, UploadLane
from orchestrator.way import Way


@dataclass
class Door:
    """A gate, a lane for reads and one for uploads; a remote that is unwell until `well_at`."""

    rate: float = 0.0
    reads: int = 4
    most: int = 4
    well_at: float = 0.0
    says: NotSent | Unclear = field(default_factory=lambda: NotSent("503"))
    seed: int = 1
    told: list[str] = field(default_factory=list)
    probing: int = 0
    most_probing: int = 0
    probes: list[float] = field(default_factory=list)
    passed: list[tuple[float, str]] = field(default_factory=list)
    uploading: int = 0

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.gate = Gate(self.rate, rng=random.Random(self.seed), tell=self.told.append)
        self.way = Way(self.gate, self.probe, self.clock)
        self.lane = Lane(self.reads, self.way)
        self.uploads = UploadLane(self.most, self.way, self.clock, self.told.append)

    async def probe(self) -> None:
        self.probing += 1
        self.most_probing = max(self.most_probing, self.probing)
        self.probes.append(self.clock.monotonic())
        try:
            await anyio.sleep(0.5)
            if self.clock.monotonic() < self.well_at:
                raise self.says
        finally:
            self.probing -= 1

    def break_down(self) -> float:
        """Fail until the breaker opens; the time when its pause ends."""
        self.gate.succeeded(Work.SENDING)
        for _ in range(20):
            self.way.failed(NotSent("503"))
        now = self.clock.monotonic()
        assert self.gate.is_half_open
        assert self.gate.closed_for(now) > 0
        return now + self.gate.closed_for(now)

    async def read(self, seconds: float = 0.1) -> None:
        async with self.lane.permit():
            self.passed.append((self.clock.monotonic(), "read"))
            await anyio.sleep(seconds)

    async def upload(self, seconds: float = 1.0) -> None:
        async with self.uploads.permit():
            self.passed.append((self.clock.monotonic(), "upload"))
            self.uploading += 1
            try:
                await anyio.sleep(seconds)
            finally:
                self.uploading -= 1

    @property
    def is_idle(self) -> bool:
        """Every permit is back, nobody stands in line, and no job of ours is counted."""
        return (
            self.lane._permits.value == self.reads
            and self.uploads._limiter.borrowed_tokens == 0
            and self.uploads._slots.unfinished == 0
            and not self.lane._line.locked()
            and not self.uploads._line.locked()
            and not self.way._probing.locked()
        )

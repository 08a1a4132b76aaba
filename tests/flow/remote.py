"""A remote on virtual time: how fast it is, where its limits lie, and what goes wrong when."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime

import anyio

from flow.virtual import VirtualClock
from orchestrator.edges.retry_after import seconds_of
from orchestrator.errors import Busy, NotSent, Unclear, Unreachable
from orchestrator.model import Accepted, Completed, Failed, Job, Name, Result, Token
from orchestrator.ports import Body, Ended, Fetched, Held, MayGo, Release, Running, Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """Bad weather from `begin` to `end`, in seconds of the night."""

    begin: float
    end: float
    failing: float = 1.0
    """Share of the requests that meet it."""
    down: bool = False
    """There is no connection at all."""
    retry_after: float | None = None
    """With it every failure is a 429 that says when to come again; without it, a bare 429 or a 502."""
    of: str = ""
    """The kind of request that meets it; all of them when empty."""
    dated: bool = False
    """It gives the moment, not the seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """What a remote is like. Without its limits it takes whatever comes."""

    latency: float = 0.2
    jitter: float = 0.0
    """Of the latency: the sigma of a log-normal distribution."""
    bandwidth: float = 0.0
    """Bytes a second, shared by the uploads under way; 0 is no limit."""
    knee: int = 0
    """Uploads at a time beyond which each waits for the others."""
    defers_above: int = 0
    """Uploads at a time; the next gets a bare 429."""
    drops_above: int = 0
    """Uploads at a time; the next is broken off."""
    rate: int = 0
    """Uploads in each second of the clock; the next gets a 429 that says when to come again."""
    slots: int = 0
    """Jobs unfinished at a time; the next gets a bare 429."""
    slots_say: float | None = None
    """With it, a full remote says when to come again."""
    job: float = 5.0
    job_jitter: float = 0.0
    job_says: float | None = None
    """With it, the answer that a job is still at work says when to ask again."""
    spells: Sequence[Spell] = ()


@dataclass(frozen=True, slots=True)
class Request:
    at: float
    kind: str
    taken: bool


@dataclass
class Remote:
    nature: Nature
    rng: random.Random
    id: str = "simulated"
    requests: list[Request] = field(default_factory=list)
    accepted: dict[Name, int] = field(default_factory=dict)
    """How often each Name was taken in."""
    ends: dict[Token, float] = field(default_factory=dict)
    uploading: int = 0
    most_uploading: int = 0
    reading: int = 0
    most_reading: int = 0
    most_jobs: int = 0
    disobeyed: list[Request] = field(default_factory=list)
    """Requests that came before the moment that Retry-After had named."""
    looks_up: bool = False
    _clock: VirtualClock = field(default_factory=VirtualClock)
    _this_second: tuple[int, int] = (0, 0)
    _told_at: float = 0.0
    _told_until: float = 0.0

    def heed(self, may_go: MayGo) -> None:
        """What is let through leaves at once."""

    async def sign_in(self) -> None:
        """The access token of this remote never runs out."""

    async def probe(self) -> None:
        await self._request("probe")

    def finds_again(self, job: Job) -> bool:
        return True

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        return False

    async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Accepted:
        assert isinstance(body.data, Held)
        with self._upload():
            nature, now = self.nature, self._clock.monotonic()
            if nature.defers_above and self.uploading > nature.defers_above:
                await self._refuse("submit", Busy("429 too many at a time"))
            if nature.drops_above and self.uploading > nature.drops_above:
                await self._refuse("submit", NotSent("broken off"))
            if nature.rate and self._is_above_rate(now):
                await self._refuse("submit", Busy("429 too many a second", retry_after=1.0))
            await self._request("submit", self._sending(len(body.data.text)))
            if nature.slots and self._jobs(self._clock.monotonic()) >= nature.slots:
                self.requests.append(Request(now, "submit", taken=False))
                raise Busy("429 no free slot", retry_after=nature.slots_say)
            return self._take(job)

    async def recall(self, job: Job) -> Trace:
        return Trace.REPEATABLE

    async def check(self, token: Token) -> Running | Ended:
        with self._read():
            await self._request("check")
        if self._clock.monotonic() < self.ends[token]:
            return Running(retry_after=self.nature.job_says)
        return Ended(success=True, word="Completed", results=("feedback",))

    def has_forgotten(self, job: Job) -> bool:
        return False

    async def recollect(self, job: Job, body: Body) -> None:
        """Rows are named by their numbers."""

    async def fetch(self, token: Token, key: str) -> Fetched:
        with self._read():
            await self._request("fetch")
        return Fetched(key=key, content_type="text/plain", body=b"fine", size=4, sha256="0" * 64)

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        return Completed(tuple(results))

    def times(self, kind: str) -> list[float]:
        return [request.at for request in self.requests if request.kind == kind]

    def count(self, kind: str, *, taken: bool | None = None) -> int:
        return sum(r.kind == kind and taken in (None, r.taken) for r in self.requests)

    @contextmanager
    def _upload(self) -> Iterator[None]:
        self.uploading += 1
        self.most_uploading = max(self.most_uploading, self.uploading)
        try:
            yield
        finally:
            self.uploading -= 1

    @contextmanager
    def _read(self) -> Iterator[None]:
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        try:
            yield
        finally:
            self.reading -= 1

    def _take(self, job: Job) -> Accepted:
        now = self._clock.monotonic()
        token = Token(f"token-{len(self.ends)}")
        self.ends[token] = now + self.nature.job * self._spread(self.nature.job_jitter)
        self.accepted[job.name] = self.accepted.get(job.name, 0) + 1
        self.most_jobs = max(self.most_jobs, self._jobs(now))
        return Accepted(token, self._clock.now().timestamp())

    async def _request(self, kind: str, seconds: float | None = None) -> None:
        now = self._clock.monotonic()
        spell = next((s for s in self.nature.spells if s.begin <= now < s.end and s.of in ("", kind)), None)
        if spell is not None and self.rng.random() < spell.failing:
            await self._refuse(kind, self._trouble(spell, now), seconds=0.0 if spell.down else None)
        self._note(Request(now, kind, taken=True))
        await anyio.sleep(self._answering() if seconds is None else seconds)

    async def _refuse(self, kind: str, error: NotSent | Unclear, seconds: float | None = None) -> None:
        self._note(Request(self._clock.monotonic(), kind, taken=False))
        await anyio.sleep(self._answering() if seconds is None else seconds)
        if error.retry_after is not None:
            self._told_at = self._clock.monotonic()
            self._told_until = max(self._told_until, self._told_at + error.retry_after)
        raise error

    def _note(self, request: Request) -> None:
        self.requests.append(request)
        if self._told_at < request.at < self._told_until:
            self.disobeyed.append(request)

    def _trouble(self, spell: Spell, now: float) -> NotSent | Unclear:
        if spell.down:
            return Unreachable("connection refused")
        if spell.retry_after is None:
            return Busy("429") if self.rng.random() < 0.5 else Unclear("502")
        if not spell.dated:
            return Busy("429", retry_after=seconds_of(f"{spell.retry_after:.0f}", None))
        moment = self._clock.now()
        date = format_datetime(moment + timedelta(seconds=spell.retry_after), usegmt=True)
        return Busy("429", retry_after=seconds_of(date, format_datetime(moment, usegmt=True)))

    def _sending(self, size: int) -> float:
        nature, others = self.nature, self.uploading
        seconds = self._answering()
        if nature.knee and others > nature.knee:
            seconds *= others / nature.knee
        return seconds + (size * others / nature.bandwidth if nature.bandwidth else 0.0)

    def _answering(self) -> float:
        return self.nature.latency * self._spread(self.nature.jitter)

    def _spread(self, sigma: float) -> float:
        return self.rng.lognormvariate(0.0, sigma) if sigma else 1.0

    def _is_above_rate(self, now: float) -> bool:
        second, count = self._this_second
        self._this_second = (int(now), count + 1 if second == int(now) else 1)
        return self._this_second[1] > self.nature.rate

    def _jobs(self, now: float) -> int:
        return sum(end > now for end in self.ends.values())

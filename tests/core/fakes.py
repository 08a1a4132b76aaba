"""Fakes of the ports. Each works, in memory; each can be told to fail or to die at a given call."""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import anyio.lowlevel

from orchestrator.backoff import Backoff
from orchestrator.delivery import Delivery
from orchestrator.flow import Gate, Schedule
from orchestrator.guards import Grace, Memory, Reader, Sense, Tokens, Unbroken
from orchestrator.intake import Names
from orchestrator.lanes import Lane, UploadLane
from orchestrator.model import (
    Accepted,
    Checked,
    Completed,
    Digest,
    Event,
    Failed,
    Job,
    Key,
    Name,
    Part,
    Rejected,
    RelPath,
    Result,
    Sheet,
    Sheets,
    Source,
    State,
    Token,
    evolve,
)
from orchestrator.naming import key_of, name_of
from orchestrator.partition import Partition
from orchestrator.pipeline import Pipeline
from orchestrator.ports import (
    Body,
    Ended,
    Fetched,
    File,
    Held,
    InParts,
    MayGo,
    Moving,
    Piece,
    Prepared,
    Reading,
    Release,
    Running,
    Trace,
    Unreadable,
    Verdict,
)
from orchestrator.predecessors import Predecessors
from orchestrator.recovery import Recovery
from orchestrator.tracking import Tracking
from orchestrator.way import Way

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Death(BaseException):
    """The process dies here."""


class FakeClock:
    """Time passes when somebody sleeps, and at no other moment."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.time)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        if seconds == math.inf:
            await anyio.sleep_forever()
        self.slept.append(seconds)
        self.time += seconds
        await anyio.lowlevel.checkpoint()


@dataclass
class Script:
    """What happens at the nth call (from 1), before or after its effect."""

    before: dict[int, BaseException] = field(default_factory=dict)
    after: dict[int, BaseException] = field(default_factory=dict)
    calls: int = 0

    def enter(self) -> int:
        self.calls += 1
        if self.calls in self.before:
            raise self.before[self.calls]
        return self.calls

    def leave(self, call: int) -> None:
        if call in self.after:
            raise self.after[call]


@dataclass
class FakeLedger:
    """Survives the process that writes to it; `script` kills that process around a write."""

    script: Script = field(default_factory=Script)
    jobs: dict[tuple[Key, int], Job] = field(default_factory=dict)
    events: list[tuple[RelPath, Event]] = field(default_factory=list)

    def find(self, key: Key) -> Job | None:
        versions = [version for (known, version) in self.jobs if known == key]
        return self.jobs[key, max(versions)] if versions else None

    def versions(self, key: Key) -> list[Job]:
        return [self.jobs[known] for known in sorted(self.jobs) if known[0] == key]

    def holder(self, token: Token) -> Job | None:
        return next((job for job in self.jobs.values() if job.token == token), None)

    def shared_tokens(self) -> set[Token]:
        held = Counter(job.token for job in self.jobs.values() if job.state is not State.FAILED)
        return {token for token, count in held.items() if token and count > 1}

    async def record(self, job: Job, *events: Event) -> Job:
        after = evolve(job, *events)
        call = self.script.enter()
        await anyio.lowlevel.checkpoint()
        self.jobs[job.key, job.version] = after
        self.events += [(job.path, event) for event in events]
        self.script.leave(call)
        return after

    async def divide(self, job: Job, parts: Sequence[tuple[Job, Checked]], *events: Event) -> Job:
        call = self.script.enter()
        after = evolve(job, *events)
        await anyio.lowlevel.checkpoint()
        for part, checked in parts:
            self.jobs[part.key, part.version] = evolve(part, checked)
        self.jobs[job.key, job.version] = after
        self.events += [(job.path, event) for event in events]
        self.script.leave(call)
        return after

    def unfinished(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.state.is_open]


@dataclass
class FakeRemote:
    """What the remote has: it outlives the process that talks to it."""

    copies: dict[Name, list[tuple[str, bool]]] = field(default_factory=dict)
    """By Name: every accepted submit as (text, overwrite)."""
    tokens: dict[Token, Name] = field(default_factory=dict)
    only_token: Token | None = None
    """What it gives to everybody, when it is that broken."""

    def take(self, name: Name, text: str, *, overwrite: bool) -> Token:
        self.copies.setdefault(name, []).append((text, overwrite))
        token = self.only_token or Token(f"token-{len(self.tokens)}")
        self.tokens[token] = name
        return token

    def silent_duplicates(self) -> list[Name]:
        """Names that were sent again without Overwrite, which nobody allowed."""
        return [name for name, sends in self.copies.items() if any(not over for _, over in sends[1:])]


@dataclass
class FakeTarget:
    remote: FakeRemote = field(default_factory=FakeRemote)
    script: Script = field(default_factory=Script)
    trace: Trace = Trace.UNKNOWN
    polls_needed: int = 2
    success: bool = True
    id: str = "fake"
    polls: int = 0
    sign_ins: int = 0
    locked_out: dict[int, BaseException] = field(default_factory=dict)
    holds: bool = False
    finds: bool = True
    looks_up: bool = True
    probes: int = 0
    unwell: dict[int, BaseException] = field(default_factory=dict)
    inside: int = 0
    most_inside: int = 0

    def heed(self, may_go: MayGo) -> None:
        """It leaves at once."""

    async def sign_in(self) -> None:
        self.sign_ins += 1
        if self.sign_ins in self.locked_out:
            raise self.locked_out[self.sign_ins]

    async def probe(self) -> None:
        self.probes += 1
        if self.probes in self.unwell:
            raise self.unwell[self.probes]

    def finds_again(self, job: Job) -> bool:
        return self.finds

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        return self.holds

    async def submit(
        self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None
    ) -> Accepted | Completed:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            call = self.script.enter()
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
            assert isinstance(body.data, Held)
            if release is not None:
                await release()
            token = self.remote.take(job.name, body.data.text, overwrite=overwrite)
            self.script.leave(call)
            return Accepted(token, EPOCH.timestamp())
        finally:
            self.inside -= 1

    async def recall(self, job: Job) -> Accepted | Completed | Trace:
        return Trace.REPEATABLE if job.replaces or job.overwrote else self.trace

    async def check(self, token: Token) -> Running | Ended:
        call = self.script.enter()
        await anyio.lowlevel.checkpoint()
        self.polls += 1
        self.script.leave(call)
        if self.polls % self.polls_needed:
            return Running()
        return Ended(success=self.success, word="over", results=("feedback",))

    def has_forgotten(self, job: Job) -> bool:
        return False

    async def recollect(self, job: Job, body: Body) -> None:
        """Rows are named by their numbers."""

    async def fetch(self, token: Token, key: str) -> Fetched:
        call = self.script.enter()
        await anyio.lowlevel.checkpoint()
        self.script.leave(call)
        return Fetched(key=key, content_type="text/plain", body=b"fine", size=4, sha256="0" * 64)

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        if ended.success:
            return Completed(tuple(results))
        return Failed("the remote refuses 1 rows", tuple(results), owns=True)


@dataclass
class FakeInbox:
    """Files by path. A text that starts with `bad` is rejected; one that starts with `moving` is moving.

    One with bars is sent in parts, of what stands between them, ten rows each.
    """

    files: dict[RelPath, str] = field(default_factory=dict)
    rules: str = "rules-1"
    pattern: str = "{relative}"
    reads: int = 0
    judged: int = 0
    moves_at: int = 0
    """The judgement at which somebody replaces the file."""
    bar: str = "|"

    def file(self, path: str) -> File:
        return File(path=RelPath(path), size=len(self.files.get(RelPath(path), "")))

    async def read(self, file: File, job: Job | None = None) -> Reading | Unreadable | Moving:
        await anyio.lowlevel.checkpoint()
        self.reads += 1
        text = self.files.get(file.path)
        if text is None:
            return Moving("it went away after it was listed")
        if text.startswith("moving"):
            return Moving("it changed while it was read")
        if job is not None and job.part is not None:
            text = text[job.part.start : job.part.start + job.part.size]
        source = source_of(text)
        name = name_of(self.pattern, file.path, source)
        assert name is not None
        return Reading(file=file, source=source, name=name, key=key_of(name), data=text.encode(), events=None)

    async def judge(self, reading: Reading) -> Verdict:
        await anyio.lowlevel.checkpoint()
        self.judged += 1
        if self.judged == self.moves_at:
            return Moving("it was replaced while it was checked")
        text = (reading.data or b"").decode()
        bad = int(text.startswith("bad"))
        sheets = Sheets(data=Sheet(rows=10, bad=bad, sent=None if bad else reading.source.data))
        if bad:
            return Rejected("1 of 10 rows are bad", self.rules, sheets)
        if self.bar in text:
            pieces = self._pieces(text)
            sheets = Sheets(data=Sheet(rows=10 * len(pieces)))
            return InParts(Checked(sheets, self.rules), pieces)
        return Prepared(Checked(sheets, self.rules), Body(data=Held(text)))

    async def is_settled(self, job: Job, file: File) -> bool:
        return job.rules == self.rules

    def _pieces(self, text: str) -> list[Piece]:
        texts = text.split(self.bar)
        starts = [sum(len(before) + 1 for before in texts[:at]) for at in range(len(texts))]
        sheets = Sheets(data=Sheet(rows=10))
        return [
            Piece(
                part=Part(number=number, of=len(texts), head=0, start=start, size=len(piece), line=number),
                source=source_of(piece),
                checked=Checked(sheets, self.rules),
            )
            for number, (start, piece) in enumerate(zip(starts, texts, strict=True), 1)
        ]


def source_of(text: str) -> Source:
    return Source(data=Digest(hashlib.sha256(text.encode()).hexdigest()), size=len(text))


@dataclass
class FakeSink:
    written: dict[tuple[Name, int], tuple[str, ...]] = field(default_factory=dict)

    async def keep(self, job: Job, fetched: Fetched) -> Result:
        return Result(
            key=fetched.key,
            suffix=".txt",
            size=fetched.size,
            sha256=Digest(fetched.sha256),
            body=fetched.body,
        )

    async def project(self, job: Job, results: Sequence[Result]) -> None:
        self.written[job.name, job.version] = tuple(result.key for result in results)


@dataclass
class World:
    """Everything a pipeline needs. `pipeline()` is a fresh process over the same ledger, remote and files."""

    inbox: FakeInbox = field(default_factory=FakeInbox)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    target: FakeTarget = field(default_factory=FakeTarget)
    sink: FakeSink = field(default_factory=FakeSink)
    clock: FakeClock = field(default_factory=FakeClock)
    gate: Gate = field(default_factory=Gate)
    grace: Grace = field(default_factory=Grace)
    retries: int = 0
    uploads: int = 2
    patience: float = 1000.0
    give_up: float = 10_000.0
    overwrite: bool = False
    adds: bool = False
    retry_failed: bool = False
    increments: bool = False
    sending: Backoff = field(default_factory=Backoff)
    reading: Backoff = field(default_factory=lambda: Backoff(tries=8))
    sense: Sense = field(default_factory=Sense)

    def retried(self) -> None:
        self.retries += 1

    def pipeline(self) -> Pipeline:
        rng = random.Random(0)
        ledger = Unbroken(self.ledger)
        memory, tokens = Memory(1000), Tokens(shared=self.ledger.shared_tokens())
        way = Way(self.gate, self.target.probe, self.clock)
        uploads = UploadLane(self.uploads, way, self.clock)
        reader = Reader(
            target=self.target,
            lane=Lane(16, way),
            backoff=self.reading,
            clock=self.clock,
            rng=rng,
            retried=self.retried,
        )
        recovery = Recovery(target=self.target, ledger=ledger, clock=self.clock, lane=uploads, tokens=tokens)
        names = Names()
        predecessors = Predecessors(
            ledger=ledger, clock=self.clock, adds=self.adds, increments=self.adds and self.increments
        )
        return Pipeline(
            ledger=ledger,
            inbox=self.inbox,
            clock=self.clock,
            names=names,
            predecessors=predecessors,
            partition=Partition(ledger=ledger, names=names, clock=self.clock, predecessors=predecessors),
            finds_again=self.target.finds_again,
            memory=memory,
            recovery=recovery,
            delivery=Delivery(
                target=self.target,
                ledger=ledger,
                inbox=self.inbox,
                clock=self.clock,
                rng=rng,
                lane=uploads,
                memory=memory,
                grace=self.grace,
                backoff=self.sending,
                overwrite=self.overwrite,
                retried=self.retried,
                sense=self.sense,
                recovery=recovery,
            ),
            tracking=Tracking(
                target=self.target,
                ledger=ledger,
                sink=self.sink,
                clock=self.clock,
                rng=rng,
                reader=reader,
                tokens=tokens,
                slots=uploads.job,
                schedule=Schedule(backoff=Backoff(first=2.0, factor=1.5, jitter=0.2)),
                patience=self.patience,
                give_up=self.give_up,
            ),
            retry_failed=self.retry_failed,
        )

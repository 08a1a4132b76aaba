"""Jobs to try things out on, and every job and every life that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from orchestrator.errors import IllegalTransition
from orchestrator.model import (
    Accepted,
    Checked,
    Completed,
    Digest,
    Divided,
    Doubted,
    Event,
    Failed,
    Job,
    Key,
    Name,
    Part,
    Rejected,
    RelPath,
    Reopened,
    Resolved,
    Restored,
    Result,
    SendRepeatable,
    SendStarted,
    SendUndone,
    Sheet,
    Sheets,
    Source,
    State,
    Superseded,
    TailReleased,
    Token,
    Verdict,
    evolve,
)
from orchestrator.naming import key_of
from orchestrator.ranges import ranges_of

SHEETS = Sheets(data=Sheet(rows=3, sent=Digest("d" * 64)))
CHECKED = Checked(SHEETS, "rules")
STARTED = SendStarted(overwrite=False, at=0.0)
ACCEPTED = Accepted(Token("0a1b"), 1720000000.5)


def new_job(name: str = "roster", *, version: int = 1, path: str = "") -> Job:
    return Job(
        key=key_of(Name(name)),
        version=version,
        name=Name(name),
        path=RelPath(path or f"{name}.csv"),
        source=Source(data=Digest("a" * 64), size=10),
    )


def sending(name: str = "roster", **how: Any) -> Job:
    return evolve(new_job(name, **how), CHECKED, STARTED)


def result(key: str = "feedback", body: bytes | None = b"all is well", *, suffix: str = ".txt") -> Result:
    size = len(body) if body is not None else 1 << 20
    return Result(key=key, suffix=suffix, size=size, sha256=Digest("e" * 64), body=body)


texts = st.text(max_size=20)
some_text = st.text(min_size=1, max_size=20)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map(Digest)
moments = st.floats(0, 4e9)
counts = st.integers(0, 2**40)
sheets_of_one = st.builds(
    Sheet,
    rows=counts,
    bad=counts,
    header=st.booleans(),
    gaps=st.lists(counts.map(lambda line: line + 1), max_size=4).map(ranges_of),
    refused=st.lists(counts.map(lambda line: line + 1), max_size=4).map(ranges_of),
    sent=st.none() | digests,
    schema=texts,
    warned=counts,
    left_out=counts,
)
small = st.integers(1, 9)
parts_of_files = st.builds(Part, number=small, of=small, head=counts, start=counts, size=counts, line=counts).filter(
    lambda part: part.number <= part.of
)
sheets = st.builds(Sheets, data=sheets_of_one, events=st.none() | sheets_of_one)
jobs = st.builds(
    Job,
    key=st.builds(Key, texts),
    version=st.integers(1, 2**31),
    name=st.builds(Name, texts),
    path=st.builds(RelPath, texts),
    state=st.sampled_from(State),
    cause=texts,
    source=st.none() | st.builds(Source, data=digests, events=st.none() | digests, size=st.integers(0, 2**62)),
    checked=st.none() | sheets,
    rules=texts,
    attempts=st.integers(0, 2**31),
    token=st.none() | st.builds(Token, some_text),
    accepted_at=st.none() | moments,
    owns=st.booleans(),
    overwrote=st.booleans(),
    repeats=st.booleans(),
    parts=counts,
    part=st.none() | parts_of_files,
    refused=counts,
    unknown=counts,
).filter(lambda job: job.token is not None or job.parts or job.state is not State.WAITING)
results = st.lists(
    st.builds(
        Result,
        key=st.sampled_from(["feedback", "tableofresultids", "log"]),
        suffix=st.sampled_from([".txt", ".json"]),
        size=counts,
        sha256=digests,
        body=st.none() | st.binary(max_size=50),
    ),
    max_size=3,
    unique_by=lambda result: result.key,
).map(tuple)

EVENTS: dict[type, st.SearchStrategy[Event]] = {
    Checked: st.builds(Checked, sheets, texts),
    Rejected: st.builds(Rejected, texts, texts, st.none() | sheets),
    Reopened: st.just(Reopened()),
    SendStarted: st.builds(SendStarted, st.booleans(), moments, st.booleans()),
    TailReleased: st.just(TailReleased()),
    SendUndone: st.builds(SendUndone, texts),
    SendRepeatable: st.builds(SendRepeatable, texts, moments),
    Accepted: st.builds(Accepted, st.builds(Token, some_text), moments),
    Restored: st.builds(Restored, small, st.none() | sheets, texts, texts, counts, counts, small),
    Divided: st.builds(Divided, small, moments),
    Completed: st.builds(Completed, results, texts, counts, unknown=counts),
    Failed: st.builds(Failed, texts, results, st.booleans()),
    Doubted: st.builds(Doubted, texts, st.none() | moments, st.none() | st.builds(Token, some_text)),
    Superseded: st.builds(Superseded, texts),
    Resolved: st.builds(Resolved, st.sampled_from(Verdict), st.builds(Token, some_text), moments),
}


@st.composite
def lives(draw: Callable, longest: int = 12) -> list[Event]:
    """Events that can happen to a new job one after the other."""
    job, life = new_job(), []
    for _ in range(draw(st.integers(1, longest))):
        possible = [kind for kind in EVENTS if can_happen(job, kind)]
        if not possible:
            break
        event = draw(EVENTS[draw(st.sampled_from(possible))])
        job = evolve(job, event)
        life.append(event)
    return life


_SAMPLES: dict[type, Event] = {
    Checked: CHECKED,
    Rejected: Rejected(""),
    Reopened: Reopened(),
    Restored: Restored(1, None, "", "", 0, 0, 0),
    Divided: Divided(2, 1.0),
    SendStarted: STARTED,
    TailReleased: TailReleased(),
    SendUndone: SendUndone(""),
    SendRepeatable: SendRepeatable("", 8.0),
    Accepted: ACCEPTED,
    Completed: Completed(),
    Failed: Failed(""),
    Doubted: Doubted(""),
    Superseded: Superseded(""),
    Resolved: Resolved(Verdict.ABANDON),
}


def can_happen(job: Job, kind: type) -> bool:
    try:
        evolve(job, _SAMPLES[kind])
    except IllegalTransition:
        return False
    return True

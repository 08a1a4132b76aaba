"""One file, one world of fakes, and a run through it."""

from __future__ import annotations

from fakes import World

from orchestrator.model import (
    Job,
    Key,
    RelPath,
)
from orchestrator.trip import Trip

A = RelPath("a.csv")


def world(text: str = "good", **settings: object) -> World:
    made = World(**settings)  # type: ignore[arg-type]  # the names are those of the fields
    made.inbox.files[A] = text
    return made


async def run(w: World, path: str = "a.csv") -> Trip:
    """One run of a fresh process over one path: what is open first, then the file."""
    pipeline = w.pipeline()
    trip = Trip(path=RelPath(path))
    for job in w.ledger.unfinished():
        await pipeline.drive(job, Trip(path=job.path, adopted=True), w.inbox.file(job.path))
    await pipeline.take(w.inbox.file(path), trip)
    return trip


def job_of(w: World, version: int = 1, key: str = "a") -> Job:
    return w.ledger.jobs[Key(key), version]

"""Uploads without their outcome: the remote is asked about them as gently as it is sent to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from fakes import FakeTarget, World

from orchestrator.errors import Denied, Missing, NotSent, Refused, Unclear
from orchestrator.model import Accepted, Completed, Job, RelPath, SendStarted, State, Token
from orchestrator.ports import Body, Trace
from orchestrator.trip import Ending, Trip


@dataclass
class Askable(FakeTarget):
    """A remote that can be asked, and that notes how many ask at once and when."""

    asking: int = 0
    most_asking: int = 0
    asked_at: list[float] = field(default_factory=list)
    world: World | None = None
    busy: list[BaseException] = field(default_factory=list)

    async def recall(self, job: Job) -> Accepted | Completed | Trace:
        assert self.world is not None
        self.asked_at.append(self.world.clock.time)
        self.asking += 1
        self.most_asking = max(self.most_asking, self.asking)
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        self.asking -= 1
        if self.busy:
            raise self.busy.pop()
        return Trace.ABSENT


def world_of(number: int, **settings: Any) -> tuple[World, Askable]:
    target = Askable()
    world = target.world = World(target=target, **settings)
    for n in range(number):
        world.inbox.files[RelPath(f"{n}.csv")] = f"text {n}"
    return world, target


async def left_sending(world: World) -> list[Job]:
    """The jobs of a run that died with all of its uploads under way."""
    jobs = []
    for path in world.inbox.files:
        reading: Any = await world.inbox.read(world.inbox.file(path))
        job = Job(key=reading.key, version=1, name=reading.name, path=path, source=reading.source)
        prepared: Any = await world.inbox.judge(reading)
        jobs.append(await world.ledger.record(job, prepared.checked, SendStarted(overwrite=False, at=0.0)))
    return jobs


async def test_no_more_ask_at_once_than_may_send() -> None:
    world, target = world_of(10, uploads=2)
    jobs, pipeline = await left_sending(world), world.pipeline()

    async def one(job: Job) -> None:
        await pipeline.drive(job, Trip(path=job.path), world.inbox.file(job.path))

    async with anyio.create_task_group() as tasks:
        for job in jobs:
            tasks.start_soon(one, job)
    assert len(target.asked_at) == 10
    assert target.most_asking == 2
    assert {job.state for job in world.ledger.jobs.values()} == {State.DONE}


async def test_a_remote_that_wants_to_be_left_alone_is_not_asked_either() -> None:
    world, target = world_of(1)
    original = target.submit

    async def held_meanwhile(job: Job, body: Body, *, overwrite: bool, release: object) -> Accepted | Completed:
        if not target.asked_at:
            world.gate.hold(world.clock.time, 60.0)
            raise Unclear("the connection broke, while another call was told to stay away")
        return await original(job, body, overwrite=overwrite)

    target.submit = held_meanwhile  # type: ignore[method-assign]  # of this one only
    trip = Trip(path=RelPath("0.csv"))
    await world.pipeline().take(world.inbox.file("0.csv"), trip)

    assert target.asked_at == [60.0]
    assert trip.end is Ending.DONE
    undone = [event for _, event in world.ledger.events if type(event).__name__ == "SendUndone"]
    assert "the connection broke" in undone[0].cause  # type: ignore[union-attr]  # the evidence is not lost


async def test_a_remote_that_is_too_busy_to_be_asked_is_left_alone_by_all() -> None:
    world, target = world_of(1)
    target.busy = [NotSent("429", retry_after=90.0)]
    [job] = await left_sending(world)
    await world.pipeline().drive(job, Trip(path=job.path), world.inbox.file(job.path))

    assert world.gate.closed_for(world.clock.time) == 90.0


async def test_whose_credentials_are_refused_learns_nothing_and_nothing_is_sent_again() -> None:
    world, target = world_of(1)
    target.busy = [Denied("401")]
    [job] = await left_sending(world)
    with pytest.raises(Denied):  # which is everybody's trouble, and ends the run
        await world.pipeline().drive(job, Trip(path=job.path), world.inbox.file(job.path))

    assert world.ledger.find(job.key) == job
    assert target.remote.copies == {}

    await world.pipeline().drive(job, Trip(path=job.path), world.inbox.file(job.path))
    assert {job.state for job in world.ledger.jobs.values()} == {State.DONE}


async def test_a_token_that_two_uploads_are_found_under_ends_neither() -> None:
    world, target = world_of(2)
    jobs, pipeline = await left_sending(world), world.pipeline()

    async def found(job: Job) -> Accepted:
        return Accepted(Token("token-1"), 0.0)

    target.recall = found  # type: ignore[method-assign]  # of this one only
    for job in jobs:
        await pipeline.drive(job, Trip(path=job.path), world.inbox.file(job.path))

    assert {job.state for job in world.ledger.jobs.values()} == {State.IN_DOUBT}


@pytest.mark.parametrize("says", [Missing("404"), Refused("400")], ids=type)
async def test_a_remote_that_will_not_say_leaves_the_question_open_for_the_next_run(says: BaseException) -> None:
    world, target = world_of(1)
    target.busy = [says]
    [job] = await left_sending(world)
    trip = Trip(path=job.path)
    await world.pipeline().drive(job, trip, world.inbox.file(job.path))

    assert world.ledger.jobs[job.key, 1].state is State.SENDING
    assert world.target.remote.copies == {}

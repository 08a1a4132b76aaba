"""Rows that the remote refuses one by one: all of them stay known, or it is told that they are not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fakes import FakeTarget, World
from journey import A, job_of, run, world

from orchestrator.books import Books
from orchestrator.exits import Exit, exit_of
from orchestrator.model import Digest, Job, Source, State, Token
from orchestrator.ports import Ended, Fetched, Objection, Running
from orchestrator.ranges import NO_RANGES, Ranges, ranges_of
from orchestrator.trip import Ending, Trip


@dataclass
class Judging(FakeTarget):
    """Refuses rows; of ten that are sent it names those in *rows*, and speaks of the *first* alone."""

    refused: int = 0
    rows: Ranges = NO_RANGES
    first: int = 0

    async def fetch(self, token: Token, key: str) -> Fetched:
        fetched = await super().fetch(token, key)
        said = tuple(Objection(rows=(row,), says="no") for row in range(1, self.first + 1))
        return replace(fetched, refused=self.refused, rows=self.rows, objections=said)


@dataclass
class Silent(FakeTarget):
    """Takes files, and never tells of their rows."""

    async def check(self, token: Token) -> Running | Ended:
        status = await super().check(token)
        return replace(status, by_row=False) if isinstance(status, Ended) else status


async def test_rows_of_which_nothing_is_said_but_that_they_are_refused_are_kept_as_such() -> None:
    w = world(target=Judging(refused=7, rows=Ranges.of([(1, 6), (9, 9)]), first=2))
    trip = await run(w)

    job = job_of(w)
    assert (trip.end, job.refused) == (Ending.DONE, 7)
    assert job.checked is not None
    assert job.checked.data.refused == Ranges.of([(2, 7), (10, 10)]), "below the header"
    assert "under results/, which holds 2 of them" in job.cause


async def test_where_no_row_is_ever_told_of_none_counts_as_accepted_and_none_asks_for_a_person() -> None:
    w = world(target=Silent())
    trip = await run(w)
    books = Books(found=1)
    books.enter(trip)

    assert trip.end is Ending.DONE
    assert (books.data.accepted, books.data.unknown) == (0, 10)
    assert books.balance
    assert books.remark
    assert exit_of(books, [], enough=True) is Exit.OK


async def test_a_job_that_failed_where_no_row_is_told_of_has_had_all_of_them_refused() -> None:
    w = world(target=Silent(success=False))
    books = Books(found=1)
    books.enter(await run(w))

    assert (books.data.refused, books.data.unknown, books.remark) == (10, 0, "")


async def test_where_all_are_spoken_of_the_list_is_whole() -> None:
    w = world(target=Judging(refused=2, rows=ranges_of([1, 2]), first=2))
    await run(w)

    assert "which holds" not in job_of(w).cause


async def mend(w: World) -> tuple[Job, Trip]:
    """The version of the mended rows, brought home."""
    before = job_of(w)
    assert before.source is not None
    mended = Source(data=before.source.data, mends=Digest("0" * 64), size=before.source.size)
    job = replace(before, version=2, source=mended, state=State.WAITING, token=Token("second"), refused=0, cause="")
    w.ledger.jobs[job.key, 2] = job
    w.target.remote.tokens[Token("second")] = job.name
    trip = Trip(path=A, job=job)
    await w.pipeline().drive(job, trip, None)
    return job_of(w, 2), trip


async def test_rows_that_nobody_can_name_are_told_again_when_the_others_are_mended() -> None:
    target = Judging(refused=3, rows=ranges_of([2]))
    w = world(target=target)
    await run(w)
    target.refused, target.rows, target.first = 0, NO_RANGES, 0
    job, trip = await mend(w)
    books = Books(found=1)
    books.enter(trip)

    assert (trip.end, trip.unnamed) == (Ending.DONE, 2)
    assert job.cause == "of 2 rows that it refused before it does not say which they are"
    assert exit_of(books, [], enough=True) is Exit.REJECTS


async def test_rows_that_were_all_named_leave_nothing_to_tell() -> None:
    target = Judging(refused=1, rows=ranges_of([2]), first=1)
    w = world(target=target)
    await run(w)
    target.refused, target.rows, target.first = 0, NO_RANGES, 0
    job, trip = await mend(w)

    assert (trip.unnamed, job.cause) == (0, "")

"""Records brought in: one transfer, a job like any other, and its records in files under `pulls/`.

The job is durable before the transfer is begun, its id before the first poll, and it is done when its files are in
place. Whoever is killed in between goes on with the one that is open, from its first page.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread

from orchestrator.batch import Finished, Watcher
from orchestrator.books import Books
from orchestrator.config import Credentials, Settings, target_id
from orchestrator.edges.atomic import put
from orchestrator.edges.clock import SystemClock
from orchestrator.edges.http import open_http
from orchestrator.edges.log import log_trip
from orchestrator.edges.output import ResultsFolder
from orchestrator.edges.pulled import PulledRecords, put_book
from orchestrator.edges.workplace import Workplace, open_workplace, spill_folder
from orchestrator.errands import Errand
from orchestrator.errors import Missing, Unclear
from orchestrator.exits import Exit, exit_of
from orchestrator.guards import Grace
from orchestrator.model import (
    Checked,
    Completed,
    Digest,
    Doubted,
    Failed,
    Job,
    Name,
    RelPath,
    Sheet,
    Sheets,
    Source,
    State,
    Token,
)
from orchestrator.naming import key_of_pull, slug_of
from orchestrator.ports import OBJECTIONS_LIMIT, Body, Ended, File, Held, Prepared, Reading
from orchestrator.remote import make_puller, require_endgrate
from orchestrator.run import Run
from orchestrator.targets.endgrate import EndgratePull
from orchestrator.targets.endgrate.lines import as_line
from orchestrator.targets.endgrate.pages import Page, require_other
from orchestrator.targets.endgrate.refusals import Refusals
from orchestrator.targets.endgrate.tally import Tally
from orchestrator.tracking import NOT_UNDERSTOOD, Recollect, Tracking
from orchestrator.trip import Trip
from orchestrator.wiring import Parts, make_pipeline


@dataclass(frozen=True, slots=True)
class _Nothing:
    """What is sent with a pull: no file, and so it is always the same."""

    job: Job
    checked: Checked

    async def read(self, file: File, job: Job | None = None) -> Reading:
        assert self.job.source is not None
        return Reading(file=file, source=self.job.source, name=self.job.name, key=self.job.key, data=b"", events=None)

    async def judge(self, reading: Reading) -> Prepared:
        return Prepared(self.checked, Body(data=Held("")))

    async def is_settled(self, job: Job, file: File) -> bool:
        return True


@dataclass(frozen=True, kw_only=True)
class _Collecting(Tracking):
    """Brings in records where a push brings in results, page by page: each may be asked for again by itself."""

    puller: EndgratePull
    folder: Path
    book: dict[str, Any]
    """What was brought in, for whoever asked for it."""

    async def _collect(self, job: Job, ended: Ended, trip: Trip, recollect: Recollect) -> Job:
        assert job.token is not None
        started = self.clock.monotonic()
        try:
            event = await self._bring_in(job, job.token, trip)
        except Missing as error:
            if self._age(job, trip) > self.give_up:
                return await self.ledger.record(job, Doubted(f"{error}, although the job has ended"))
            trip.cause = f"{error}: the next run asks again"
            return job
        except Unclear as error:
            if self._age(job, trip) <= self.give_up:
                raise
            return await self.ledger.record(job, Doubted(f"the transfer has ended, and {NOT_UNDERSTOOD}: {error}"))
        job = trip.job = await self.ledger.record(job, event)
        trip.spend("collect", self.clock.monotonic() - started)
        return job

    async def _bring_in(self, job: Job, token: Token, trip: Trip) -> Completed | Failed:
        folder = self.folder / str(job.version)
        tally = Tally(await self.reader.patiently(lambda: self.puller.counts(token)))
        refusals, errors, said = Refusals({}), list[bytes](), 0
        async for page in self._pages(partial(self.puller.errors, token)):
            refusals.add(page.items)
            said += len(page.items)
            errors += map(as_line, page.items[: OBJECTIONS_LIMIT - len(errors)])
        is_marked = refusals.count > 0 or refusals.has_others
        try:
            async with PulledRecords(folder) as records:
                async for page in self._pages(partial(self.puller.records, token)):
                    await records.add(page.items, b"".join(map(as_line, page.items)))
                    tally.add(page.items)
                    is_marked |= page.has_errors
                    if page.is_cut:
                        raise _BreaksOff
        except _BreaksOff:
            return Failed(f"the remote's pages break off after {records.count} records, so none is kept: pull again")
        self.book.update(
            transfer_id=token,
            records=records.count,
            missing=tally.missing,
            surplus=tally.surplus,
            repeated=tally.repeated,
            without_data=tally.without_data,
            columns=records.columns,
            left_out=dict(records.left_out),
        )
        if errors:
            await anyio.to_thread.run_sync(put, folder / "errors.jsonl", b"".join(errors))
        await anyio.to_thread.run_sync(put_book, folder, {"version": job.version, **self.book})
        cut = f"errors.jsonl holds the first {len(errors):,} of {said:,} errors" if said > len(errors) else ""
        remarks = [_left_out(records), cut, _REPEATED if job.repeats else "", refusals.remark]
        return tally.verdict(is_marked=is_marked, remarks=list(filter(None, remarks)))

    async def _pages(self, page_at: Callable[[int], Awaitable[Page]]) -> AsyncIterator[Page]:
        offset: int | None = 0
        before: Page | None = None
        while offset is not None:
            page = await self.reader.patiently(partial(page_at, offset))
            require_other(page, before)
            yield page
            offset, before = page.next, page


class _BreaksOff(Exception):
    """There are more pages, and nobody can say where."""


_REPEATED = "the answer to an earlier transfer was lost: if it was begun, it gave the same, and nobody fetches it"


def _left_out(records: PulledRecords) -> str:
    fields = len(records.left_out)
    return f"{fields} fields have no column in records.csv, and stand in records.jsonl only" if fields else ""


async def run_pull(settings: Settings, secrets: Credentials, watcher: Watcher, *, wait: float) -> Finished:
    """Goes on with the pull that is open, or begins one. Raises our errors only for what keeps it from beginning."""
    clock, target = SystemClock(), require_endgrate(settings, "pulls")
    out = settings.output.folder
    async with (
        open_http(spill_folder(out), ca_file=target.ca_file) as http,
        open_workplace(out, target_id(settings), clock, wait=wait) as place,
    ):
        puller = make_puller(settings, secrets, http, clock)
        checked = Checked(Sheets(data=Sheet(schema=puller.gives)), rules=puller.gives)
        job = await _job(place, target.endgrate_type, checked)
        folder = place.out / "pulls" / slug_of(Name(target.endgrate_type))
        book: dict[str, Any] = {"endgrate_type": target.endgrate_type}
        books, last = Books(adopted=1), Trip(path=job.path, job=job)

        def ended(trip: Trip) -> None:
            nonlocal last
            last = trip
            books.enter(trip)
            log_trip(trip)
            watcher.ended(trip)

        grace = Grace()
        parts = Parts(
            target=puller,
            ledger=place.ledger,
            inbox=_Nothing(job, checked),
            sink=ResultsFolder(place.out / "results", place.ledger),
            clock=clock,
            grace=grace,
            retried=lambda: None,
            rng=random.Random(),
        )
        pipeline = make_pipeline(settings, parts, retry_failed=False)
        given = {each.name: getattr(pipeline.tracking, each.name) for each in fields(Tracking)}
        collecting = _Collecting(**given, puller=puller, folder=folder, book=book)
        run = Run(
            pipeline=replace(pipeline, tracking=collecting),
            clock=clock,
            grace=grace,
            grace_seconds=settings.limits.grace,
            in_flight=1,
            settle=0.0,
            look_again=lambda file: file,
            begun=watcher.began,
            report=ended,
        )
        watcher.planned(1)
        watcher.starting(run)
        await run.carry_out([Errand(path=job.path, jobs=[job], file=File(path=job.path))])
        books.found = 1 - run.merged
        job = place.ledger.find(job.key) or job
        code = exit_of(books, run.halts, enough=True)
        if code is Exit.OK and job.state is not State.DONE:
            code = Exit.UNFINISHED
        message = run.halts[0].message if run.halts else last.why
        summary = {"run": place.run, "command": "pull", "exit_code": int(code), "state": job.state.value}
        summary |= {"version": job.version, **book} | ({"message": message} if message else {})
        return Finished(exit_code=code, summary=summary, folder=folder / str(job.version), message=message)


async def _job(place: Workplace, endgrate_type: str, checked: Checked) -> Job:
    """The one that is open, or that a person has to decide about; else a new version."""
    key = key_of_pull(endgrate_type)
    known = place.ledger.find(key)
    if known is not None and (known.state.is_open or known.state is State.IN_DOUBT):
        return known
    job = Job(
        key=key,
        version=known.version + 1 if known else 1,
        name=Name(f"pull {endgrate_type}"),
        path=RelPath(f"pulls/{endgrate_type}"),
        source=Source(data=Digest(hashlib.sha256(place.run.encode()).hexdigest()), size=0),
    )
    return await place.ledger.record(job, checked)

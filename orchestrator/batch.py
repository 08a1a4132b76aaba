"""One whole run over a folder: list, restore, plan, carry out, report. What `run` and `backfill` are."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack, closing, nullcontext
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import structlog

from orchestrator.across import had_of, look_across, tell_other_rules, tell_undated, was_sent_otherwise
from orchestrator.config import Credentials, Settings, target_id
from orchestrator.edges.census import Census
from orchestrator.edges.clock import SystemClock
from orchestrator.edges.folder import Folder
from orchestrator.edges.http import Http, open_http
from orchestrator.edges.inbox import FolderInbox
from orchestrator.edges.log import log_trip
from orchestrator.edges.mended import MendedRows
from orchestrator.edges.objected import objected
from orchestrator.edges.output import ResultsFolder
from orchestrator.edges.rejects import Rejects
from orchestrator.edges.report import Report
from orchestrator.edges.suspects import NOBODY, Nobody, Suspects
from orchestrator.edges.witness import Witnessed, renew_mark
from orchestrator.edges.workplace import Workplace, ledger_file, open_workplace, spill_folder, state_folder
from orchestrator.errands import Errand, plan, young_last
from orchestrator.errors import OutputError, StorageError
from orchestrator.exits import Exit, exit_for, exit_of, most_urgent
from orchestrator.flow import JobTimes
from orchestrator.guards import Grace
from orchestrator.intake import will_be_judged, without_clashes
from orchestrator.model import Digest, RelPath
from orchestrator.naming import date_in
from orchestrator.ports import Clock, File, Reading, Target
from orchestrator.remote import make_target
from orchestrator.request import Request
from orchestrator.resubmission import Taken, take_in
from orchestrator.run import Run, Stop
from orchestrator.trial import Trial
from orchestrator.trip import Ending, Trip
from orchestrator.unlisted import has_unlisted, list_anew
from orchestrator.wiring import Parts, make_census, make_folder, make_inbox, make_pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    exit_code: Exit
    summary: dict[str, Any]
    folder: Path
    message: str = ""
    resubmitted: tuple[RelPath, ...] = ()
    """Files whose mended rows were to be sent."""


class Watcher:
    """Who looks on while a run is under way: a display, or nobody."""

    def planned(self, items: int) -> None:
        """So many files and adopted jobs will end."""

    def began(self, trip: Trip) -> None:
        """One of them is on its way."""

    def ended(self, trip: Trip) -> None:
        """One of them has ended."""

    def starting(self, run: Run) -> None:
        """This is the run; who looks on may halt it."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    settings: Settings
    request: Request
    clock: Clock
    folder: Folder
    place: Workplace
    http: Http
    target: Target
    watcher: Watcher
    suspects: Suspects | Nobody = NOBODY
    retries: Counter[str] = field(default_factory=Counter)
    with_refused: set[RelPath] = field(default_factory=set)
    """Files whose lists have to be made anew, as `has_unlisted` says."""

    async def carry_out(self) -> Finished:
        began = self.clock.monotonic()
        asked, now = self.request, self.clock.now()
        report = Report(run=self.place.run, command=asked.command, started=now, whole_folder=asked.is_whole)
        report.untold = self.place.ledger.untold()
        results = ResultsFolder(self.place.out / "results", self.place.ledger)
        for line in await anyio.to_thread.run_sync(results.restore):
            structlog.get_logger().warning("result_gone", detail=line)
        adds, increments = bool(self.settings.target.adds), self.settings.target.takes_increments
        rejects = Rejects(self.place.out / "rejects", self._objected, increments=increments)
        mended = MendedRows(self.place.out / "mended", self.place.ledger.versions, adds=adds, increments=increments)
        had = had_of(self.place.ledger, self.settings.target.name, adds=mended.adds)
        spill = self.place.spill
        census = make_census(self.settings, self.folder, spill / "census.sqlite3", had, mended, self.suspects)
        inbox = make_inbox(self.settings, self.folder, rejects, spill, self._is_new, mended, census, self.suspects)
        trial = Trial(self.settings, self.folder, spill, had, mended, self.suspects)
        taken = await take_in(self.request.lists, self.folder, inbox, self.place.ledger, rejects, mended, trial)
        listed, todo = await anyio.to_thread.run_sync(self._plan, taken)
        report.books.adopted = sum(len(errand.jobs) for errand in todo)
        files = sum(errand.file is not None and errand.selected for errand in todo)
        self.watcher.planned(files + report.books.adopted)
        run = self._run(inbox, results, report, census, rejects)
        if census:
            run.look_across = partial(look_across, census, listed, todo)
        self.watcher.starting(run)
        with closing(census) if census else nullcontext():
            async with anyio.create_task_group() as beside:
                beside.start_soon(self._deadline, run)
                await run.carry_out(todo)
                beside.cancel_scope.cancel()
            taken = await list_anew(taken, listed, self.with_refused, inbox, rejects)
        report.books.found = files - run.merged
        tell_other_rules(report.other_rules)
        report.heed(rejects.edits, mended)
        return self._finish(report, run, taken, enough=files >= self.settings.input.minimum, began=began)

    def _objected(self, path: RelPath, content: Digest) -> Mapping[int, str]:
        """A file that is mapped may have a column of the same name that another is made of."""
        return {} if self.settings.validation.mapping else objected(self.place.out, path, content)

    def _plan(self, taken: Taken | None) -> tuple[list[File], list[Errand]]:
        """Lists everything before anything is sent; what may still be written to comes last."""
        selected = self.request.selection(taken.files, taken.missed) if taken else self.request.selection()
        files = without_clashes(self.folder.list(), self.settings.target.name, self.place.ledger.owner)
        errands = plan(files, self.place.ledger.unfinished(), selected)
        if self.request.since is not None:
            tell_undated([file.path for file in files if date_in(file.path) is None and not selected(file.path)])
            errands.sort(key=lambda errand: (not errand.jobs, date_in(errand.path) or date.max, errand.path))
        now, settle = self.clock.now().timestamp(), self.settings.input.settle
        return files, young_last(errands, now, settle, lambda path: bool(self.suspects.deaths(path)))

    def _run(
        self, inbox: FolderInbox, results: ResultsFolder, report: Report, census: Census | None, rejects: Rejects
    ) -> Run:
        grace = Grace()
        parts = Parts(
            target=self.target,
            ledger=Witnessed(self.place.ledger, ledger_file(self.place.out), self.place.report),
            inbox=inbox,
            sink=results,
            clock=self.clock,
            grace=grace,
            retried=lambda: self.retries.update(retries=1),
            rng=random.Random(),
            times=JobTimes(self.place.ledger.durations()),
            shared=self.place.ledger.shared_tokens(),
        )

        pipeline = make_pipeline(self.settings, parts, retry_failed=self.request.retry_failed)

        def ended(trip: Trip) -> None:
            if trip.job is not None and report.is_told_first(trip):
                pipeline.predecessors.look_back(trip.job, trip)
            report.enter(trip)
            rules = inbox.rules_for(trip.path), inbox.rules_but_policy
            report.other_rules += was_sent_otherwise(trip, *rules, beside=census is not None)
            if has_unlisted(trip, self.folder.companion_of(trip.path), rejects):
                self.with_refused.add(trip.path)
            if census and trip.end is Ending.DONE:
                census.end(trip.path, refused=trip.has_refused)
            log_trip(trip)
            self.watcher.ended(trip)

        return Run(
            pipeline=pipeline,
            clock=self.clock,
            grace=grace,
            grace_seconds=self.settings.limits.grace,
            in_flight=self.settings.limits.in_flight,
            settle=self.settings.input.settle,
            canary=self.request.canary,
            look_again=self.folder.look_again,
            begun=self.watcher.began,
            report=ended,
        )

    def _is_new(self, reading: Reading) -> bool:
        known = self.place.ledger.find(reading.key)
        return will_be_judged(reading, known, self.clock.now().timestamp())

    async def _deadline(self, run: Run) -> None:
        if self.request.max_duration is not None:
            await self.clock.sleep(self.request.max_duration)
            run.halt(Stop.DEADLINE, "the run reached its --max-duration: run the same command again")

    def _finish(self, report: Report, run: Run, taken: Taken | None, *, enough: bool, began: float) -> Finished:
        code = exit_of(report.books, run.halts, enough=enough or taken is not None)
        if taken and taken.refusals:
            code = most_urgent((code, Exit.REJECTS))
        report.requests = {**{kind.value: n for kind, n in self.http.counts.items()}, **self.retries}
        message = run.halts[0].message if run.halts else self._remark(report, taken, enough=enough)
        summary = report.summary(exit_code=code, seconds=self.clock.monotonic() - began, message=message)
        try:
            renew_mark(ledger_file(self.place.out), self.place.report)
            report.write(self.place.report, summary)
            self.place.ledger.told(but=report.untold)
        except (StorageError, OutputError) as error:
            code = most_urgent((code, exit_for(error)))
            summary |= {"exit_code": int(code), "message": str(error)}
        files, message = tuple(sorted(taken.files)) if taken else (), summary.get("message", "")
        return Finished(exit_code=code, summary=summary, folder=self.place.out, message=message, resubmitted=files)

    def _remark(self, report: Report, taken: Taken | None, *, enough: bool) -> str:
        if not report.books.balance:
            return "the books do not balance, which is a bug: keep the output folder and report it"
        if taken:
            return taken.remark
        if not enough:
            return self.settings.input.shortage
        return ""


async def run_batch(settings: Settings, secrets: Credentials, request: Request, watcher: Watcher) -> Finished:
    """Raises our errors only for what keeps a run from beginning; all that happens later is in its outcome."""
    clock = SystemClock()
    folder, out, names = make_folder(settings), settings.output.folder, settings.target.name
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(open_http(spill_folder(out), ca_file=settings.target.ca_file))
        target = make_target(settings, secrets, http, clock)  # what is wrong with it is told before anything is made
        place = await stack.enter_async_context(
            open_workplace(out, target_id(settings), clock, wait=request.wait, names=names)
        )
        suspects = Suspects(state_folder(place.out), folder.content_stamp, pardoned=request.retry_failed)
        batch = Batch(
            settings=settings,
            request=request,
            clock=clock,
            folder=folder,
            place=place,
            http=http,
            target=target,
            watcher=watcher,
            suspects=suspects,
        )
        with closing(suspects), place.begun():
            return await batch.carry_out()

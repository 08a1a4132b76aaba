"""Beside a run: signals for everybody, and a display of its progress where a terminal shows it."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from anyio.abc import TaskStatus

from orchestrator.batch import Finished, Watcher
from orchestrator.cli.options import print_json, say
from orchestrator.errors import Interrupted, OrchestratorError
from orchestrator.naming import printable
from orchestrator.run import Run, Stop
from orchestrator.trip import Trip

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

ACTIVE_ROWS = 20
"""Files shown by name at most; drawing more costs more than the uploads."""

_REFRESH = 4
_STOPS = {signal.SIGINT: Stop.SIGINT, signal.SIGTERM: Stop.SIGTERM}


def is_watched() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


class Terminal(Watcher):
    def __init__(self, *, shown: bool, as_json: bool) -> None:
        self._shown = shown
        self._as_json = as_json
        self._progress: Progress | None = None
        self._total: TaskID | None = None
        self._rows: dict[str, TaskID] = {}
        self._ends: Counter[str] = Counter()
        self._run: Run | None = None
        self._received: signal.Signals | None = None

    def __enter__(self) -> Self:
        for number in _STOPS:
            signal.signal(number, self._note)
        if self._shown:
            self._progress = _progress()
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def _note(self, number: int, _: object) -> None:
        """Until the event loop listens: what is raised while it sets itself up is lost, or not told for what it is."""
        self._received = self._received or signal.Signals(number)

    def planned(self, items: int) -> None:
        if self._progress is not None:
            self._total = self._progress.add_task("files", total=items, state="")

    def began(self, trip: Trip) -> None:
        if self._progress is not None and len(self._rows) < ACTIVE_ROWS:
            self._rows[trip.path] = self._progress.add_task(f"  {printable(trip.path)[-50:]}", total=None, state="")

    def ended(self, trip: Trip) -> None:
        if self._progress is None or self._total is None:
            return
        if (row := self._rows.pop(trip.path, None)) is not None:
            self._progress.remove_task(row)
        self._ends[trip.end] += 1
        ends = ", ".join(f"{n:,} {end.replace('_', ' ')}" for end, n in self._ends.items())
        rate = self._progress.tasks[0].speed or 0.0
        self._progress.update(self._total, advance=1, state=f"{rate:,.1f}/s  {ends}")

    def starting(self, run: Run) -> None:
        self._run = run

    async def attend(self, job: Callable[[], Awaitable[Finished]]) -> Finished:
        """Do the job with an ear for signals.

        A first one lets uploads under way reach the ledger, or ends what has not begun yet; a second one ends the
        process at once. Raises Interrupted when nothing had begun.
        """
        outcome: Finished | OrchestratorError | None = None
        async with anyio.create_task_group() as both:
            await both.start(self._listen, both.cancel_scope)
            try:
                outcome = await job()
            except OrchestratorError as error:
                outcome = error  # raised outside, where no group wraps it
            both.cancel_scope.cancel()
        if outcome is None:
            assert self._received is not None
            raise Interrupted("stopped before anything was begun: run the same command again", self._received)
        if isinstance(outcome, OrchestratorError):
            raise outcome
        return outcome

    async def _listen(self, everything: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(*_STOPS) as signals:
            task_status.started()
            if self._received is not None:
                everything.cancel()
                return
            async for received in signals:
                if self._received is not None:
                    self._leave(received)
                self._received = received
                name = signal.Signals(received).name
                if self._run is None:
                    everything.cancel()
                    return
                self._run.halt(
                    _STOPS[received],
                    f"stopped by {name}: nothing new was begun, and uploads under way reached the ledger. "
                    "Run the same command again to go on",
                )
                say(f"orchestrator: {name}: waiting for the uploads under way; once more to leave at once")

    def _leave(self, received: signal.Signals) -> None:
        """The ledger is good at every instant, so there is nothing to tidy up."""
        code = 128 + int(received)
        if self._progress is not None:
            self._progress.stop()
        message = "stopped at once by a second signal: run the same command again to go on"
        say(f"orchestrator: {message}")
        if self._as_json:
            print_json({"exit_code": code, "message": message})
        os._exit(code)


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),  # a file name may look like markup
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        refresh_per_second=_REFRESH,
        transient=True,
    )

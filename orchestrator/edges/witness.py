"""That a run sent something, noted outside the ledger: a ledger that does not know of it is old, or not the one."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import anyio
import anyio.to_thread

from orchestrator.edges.atomic import put, storing, sync_folder
from orchestrator.edges.database import UNREADABLE, connect
from orchestrator.edges.tables import SELECT_OF_RUN
from orchestrator.errors import OutputError, StorageError
from orchestrator.model import Event, Job, SendStarted, SendUndone
from orchestrator.naming import printable
from orchestrator.ports import Ledger

_MARK = "sending"


class Witnessed:
    """A ledger under which no byte leaves before the folder of this run says so, durably.

    The ledger comes first, so that whatever moment a kill picks, it knows of every run that has a mark.
    """

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        """*folder* is `runs/<run>`, which need not be there yet."""
        self.find, self.versions, self.holder, self.divide = ledger.find, ledger.versions, ledger.holder, ledger.divide
        self._ledger = ledger
        self._folder = folder
        self._lock = anyio.Lock()
        self._is_marked = False

    async def record(self, job: Job, *events: Event) -> Job:
        """Raises what the ledger does, and OutputError or StorageError when the mark cannot be put."""
        job = await self._ledger.record(job, *events)
        if any(isinstance(event, SendStarted) for event in events):
            try:
                await self._attest()
            except (OutputError, StorageError) as error:
                await self._ledger.record(job, SendUndone(str(error)))
                raise
        return job

    async def _attest(self) -> None:
        async with self._lock:
            if not self._is_marked:
                await anyio.to_thread.run_sync(_mark, self._folder)
                self._is_marked = True


def last_to_send(runs: Path) -> str:
    """The newest run that has a mark; "" when none has. Raises OSError."""
    newest_first = sorted(os.listdir(runs), reverse=True)
    return next((run for run in newest_first if os.path.lexists(runs / run / _MARK)), "")


def require_newest(ledger: Path, runs: Path) -> None:
    """What a ledger from a backup does not know of would be sent again, and nobody would be told.

    It is only looked into, so that one which has lost its end stays as it is. Raises OSError, OutputError.
    """
    sent = last_to_send(runs)
    if sent and not _remembers(ledger, sent):
        raise OutputError(
            f"{printable(str(ledger))}: the ledger is older than run {sent}, which sent files, as its folder in runs/ "
            "says, or its end is damaged. Restore a newer backup. To send again what that run sent, and those after "
            "it, move their folders away."
        )


def _remembers(ledger: Path, run: str) -> bool:
    """Whether anything happened to a job in *run*. What cannot be read is for whoever opens it to tell."""
    try:
        with closing(connect(ledger, "ro")) as db:
            return db.execute(SELECT_OF_RUN, (run,)).fetchone() is not None
    except UNREADABLE:
        return True


def _mark(folder: Path) -> None:
    """The folders above may be as new as the mark, and are as little on the disk by themselves."""
    put(folder / _MARK, b"")
    with storing(folder):
        for above in (folder.parent, folder.parent.parent):
            sync_folder(above)

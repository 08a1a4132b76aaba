"""That a run sent something, noted outside the ledger: a ledger that does not know of it is old, or not the one.

The note is the number of the newest event that the ledger held, so that one from the middle of a run is known as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

import anyio
import anyio.to_thread

from orchestrator.edges.atomic import put, storing, sync_folder
from orchestrator.edges.database import UNREADABLE, connect
from orchestrator.edges.tables import SELECT_NEWEST_EVENT, SELECT_OF_RUN
from orchestrator.errors import OutputError, StorageError
from orchestrator.model import Event, Job, SendStarted, SendUndone
from orchestrator.naming import printable
from orchestrator.ports import Ledger

EVERY = 16
"""Uploads after which the mark of their run is renewed, while it goes on."""
_LOOKED_AT = 64
"""Runs whose marks are read, the newest first. A run whose clock was ahead counts as newer than it is."""
_MARK = "sending"


class Witnessed:
    """A ledger under which no byte leaves before the folder of this run says so, durably.

    The ledger comes first, so that whatever moment a kill picks, it knows of all that a mark tells.
    """

    def __init__(self, ledger: Ledger, file: Path, folder: Path) -> None:
        """*file* is that of the ledger; *folder* is `runs/<run>`, which need not be there yet."""
        self.find, self.versions, self.holder, self.divide = ledger.find, ledger.versions, ledger.holder, ledger.divide
        self._ledger = ledger
        self._file = file
        self._folder = folder
        self._lock = anyio.Lock()
        self._begun = 0
        self._next = 1
        """At which upload of this run the mark is put anew."""

    async def record(self, job: Job, *events: Event) -> Job:
        """Raises what the ledger does, and OutputError or StorageError when the mark cannot be put."""
        job = await self._ledger.record(job, *events)
        if any(isinstance(event, SendStarted) for event in events):
            self._begun += 1
            try:
                await self._attest(self._begun)
            except (OutputError, StorageError) as error:
                await self._ledger.record(job, SendUndone(str(error)))
                raise
        return job

    async def _attest(self, nth: int) -> None:
        if nth < self._next:
            return
        async with self._lock:
            if nth >= self._next:
                await anyio.to_thread.run_sync(put_mark, self._file, self._folder)
                self._next = nth + EVERY


def put_mark(ledger: Path, folder: Path) -> None:
    """The folders above may be as new as the mark, and are as little on the disk by themselves."""
    try:
        newest = _ask(ledger, SELECT_NEWEST_EVENT)
    except UNREADABLE:
        newest = None  # whoever writes to it next will tell
    put(folder / _MARK, b"%d\n" % (newest or 0))
    with storing(folder):
        for above in (folder.parent, folder.parent.parent):
            sync_folder(above)


def renew_mark(ledger: Path, folder: Path) -> None:
    """At the end of a run, if it sent something. Raises OutputError, StorageError."""
    if os.path.lexists(folder / _MARK):
        put_mark(ledger, folder)


def require_newest(ledger: Path, runs: Path) -> None:
    """What a ledger from a backup does not know of would be sent again, and nobody would be told.

    It is only looked into, so that one which has lost its end stays as it is. Raises OSError, OutputError.
    """
    newest, run = max(islice(_marks(runs), _LOOKED_AT), default=(0, ""))
    if run and not _remembers(ledger, newest, run):
        raise OutputError(
            f"{printable(str(ledger))}: the ledger is older than run {run}, which sent files, as its folder in runs/ "
            "says, or its end is damaged. Restore a newer backup. To send again what that run sent, and those after "
            "it, move their folders away."
        )


def _marks(runs: Path) -> Iterator[tuple[int, str]]:
    """The number of each mark and its run, from the newest run on. Raises OSError."""
    for run in sorted(os.listdir(runs), reverse=True):
        with suppress(FileNotFoundError, NotADirectoryError):
            text = (runs / run / _MARK).read_bytes()[:20].strip()
            yield int(text) if text.isdigit() else 0, run


def _remembers(ledger: Path, newest: int, run: str) -> bool:
    """Whether it holds that event, and anything of *run*. What cannot be read is for whoever opens it to tell."""
    try:
        return (_ask(ledger, SELECT_NEWEST_EVENT) or 0) >= newest and _ask(ledger, SELECT_OF_RUN, run) is not None
    except UNREADABLE:
        return True


def _ask(ledger: Path, statement: str, *given: str) -> int | None:
    with closing(connect(ledger, "ro")) as db:
        row = db.execute(statement, given).fetchone()
    return row[0] if row else None

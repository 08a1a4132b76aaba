"""Lists of rejects that a run makes anew: of rows that the remote refused, of rows whose list was lost, and of files
that are again what was sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import anyio.to_thread

from orchestrator.edges.inbox import FolderInbox
from orchestrator.edges.rejects import Rejects
from orchestrator.lineage import is_unlisted
from orchestrator.model import Digest, Job, RelPath, Sheet
from orchestrator.ports import File
from orchestrator.resubmission import Refusal, Taken, tell
from orchestrator.trip import Ending, Trip


def has_unlisted(trip: Trip, companion: RelPath | None, rejects: Rejects) -> bool:
    """Whether its list has to be made anew for rows that the remote refused, or is that of a version that was never
    sent. *companion*: how its file of events is called, if there are any."""
    if trip.end is Ending.SKIPPED and not trip.restored:
        return trip.job is not None and _lacks_list(trip.job, companion, rejects)
    return trip.restored or trip.has_refused


def _lacks_list(job: Job, companion: RelPath | None, rejects: Rejects) -> bool:
    """Notes are read only where there is a list, or was one: most files that are done have none."""
    if job.checked is None or job.source is None:
        return False
    if _is_of_another(job.path, job.checked.data, job.source.data, rejects):
        return True
    if companion is not None and _is_of_another(companion, job.checked.events, job.source.events, rejects):
        return True
    return bool(job.checked.data.refused) and is_unlisted(job, rejects.written(job.path))


def _is_of_another(path: RelPath, sheet: Sheet | None, source: Digest | None, rejects: Rejects) -> bool:
    """*sheet*: what its rows were found to be; None: it was not there."""
    if sheet is None:
        return rejects.has(path)
    return bool(sheet.bad or sheet.refused or rejects.has(path)) and not rejects.is_of(path, source)


async def list_anew(
    taken: Taken | None, files: Iterable[File], with_refused: Collection[RelPath], inbox: FolderInbox, rejects: Rejects
) -> Taken | None:
    """Make the lists of files *with refused* rows, to be mended like those that were not sent, and those that were not
    there: the run that was to write one may have been killed before. Returns what became of *taken*."""
    asked, told = taken or Taken(files=frozenset(), refusals=()), list[Refusal]()
    for file in files:
        lost = [path for path in (file.path, file.events) if path in asked.unlisted]
        if file.path in with_refused or any(not rejects.has(path) for path in lost):
            await anyio.to_thread.run_sync(inbox.list_refused, file)
        is_judged = file.path in asked.files and file.path not in with_refused
        rows = "bad rows" if is_judged else "rows that are not at the remote"
        cause = f"its {rows} stand in one now, made anew: mend them there, and resubmit"
        told += [Refusal(path=path, cause=cause) for path in lost if rejects.has(path)]
    tell(told)
    return replace(asked, refusals=(*asked.refusals, *told)) if taken else None

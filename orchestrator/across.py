"""Before a run begins: every file of the folder is looked at beside the others, where their schemas ask for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from orchestrator.edges.census import Census
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.errands import Errand
from orchestrator.intake import is_known
from orchestrator.model import Source, State
from orchestrator.naming import key_of, name_of
from orchestrator.ports import File
from orchestrator.precedence import Precedence


def done_in(ledger: SqliteLedger, pattern: str) -> Callable[[File, Source], bool]:
    """Whether the remote took these very bytes, as far as *ledger* knows. *pattern* gives files their Names."""

    def is_done(file: File, source: Source) -> bool:
        name = name_of(pattern, file.path, source)
        job = ledger.find(key_of(name)) if name else None
        return job is not None and job.state is State.DONE and job.path == file.path and is_known(job, source)

    return is_done


async def look_across(census: Census, files: Sequence[File], errands: Sequence[Errand]) -> Precedence:
    """*files* are all of the folder: those that are not to be sent hold rows, too. Raises StorageError."""
    sent = {errand.path: errand.file for errand in errands if errand.file is not None and errand.selected}
    others = [file for file in files if file.path not in sent]
    precedence = await census.look([*sent.values(), *others], sent)
    log = structlog.get_logger()
    log.info("looked_across", files=len(files), keys=census.entries, waiting=len(precedence.parents))
    for child, parent in precedence.circles:
        log.warning("circle", path=child, cause=f"it does not wait for {parent}, which waits for it in turn")
    return precedence

"""Before a run begins: every file of the folder is looked at beside the others, where their schemas ask for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from orchestrator.edges.census import Census
from orchestrator.edges.census_tables import Presence
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.looks import Had
from orchestrator.errands import Errand
from orchestrator.intake import is_known, taken_of
from orchestrator.model import RelPath, Source, State
from orchestrator.naming import key_of, name_of
from orchestrator.ports import File
from orchestrator.precedence import Precedence
from orchestrator.trip import Ending, Trip


def had_of(ledger: SqliteLedger, pattern: str, *, adds: bool) -> Callable[[File, Source], Had | None]:
    """What the remote has of a file, as far as *ledger* knows.

    *pattern* gives files their Names; where the remote *adds*, it keeps earlier versions beside the newest, and gets
    only those rows of the next that it has not.
    """

    def had(file: File, source: Source) -> Had | None:
        name = name_of(pattern, file.path, source)
        job = ledger.find(key_of(name)) if name else None
        if job is None or job.path != file.path:
            return None
        done = job.state is State.DONE and is_known(job, source)
        taken = [job] if done and not adds else taken_of(ledger.versions(job.key), source)
        sheets = [one.checked.data for one in (taken if adds else taken[-1:]) if one.checked is not None]
        if not done and not sheets:
            return Had(presence=Presence.NONE, done=False) if job.keeps_its_name else None
        presence = Presence.STAYS if adds else Presence.REPLACED
        return Had(unsent=[one.gather_unsent() for one in sheets], presence=presence, done=done)

    return had


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


def was_sent_otherwise(trip: Trip, rules: str, but_policy: str, *, beside: bool) -> bool:
    """It was done before the run, by other rules than *rules*, and by these it might be sent otherwise.

    What is to become of bad rows decides nothing about a file without any: *but_policy* are the rules but for that.
    Files that are looked at *beside* each other may have lost rows for the sake of others, which changes their rules.
    """
    job = trip.job
    if trip.end is not Ending.SKIPPED or job is None or job.checked is None or (beside and job.checked.data.bad):
        return False
    return job.rules not in ("", rules, "" if job.checked.bad else but_policy)


def tell_other_rules(files: int) -> None:
    if files:
        cause = (
            "they were done before the schema, the mapping, or how files are read was changed, and are not sent again; "
            "one that is to be sent as it would be read now needs a change: a blank line at its end will do"
        )
        structlog.get_logger().warning("other_rules", files=files, cause=cause)


def tell_undated(paths: Sequence[RelPath]) -> None:
    log = structlog.get_logger()
    for path in paths:
        log.debug("left_out", path=path, cause="no date in its path")
    if paths:
        hint = "a date is written 2024-07-01, 20240701, 2024_07_01, 2024.07.01 or 2024/07/01"
        log.warning("left_out", files=len(paths), cause=f"no date in their paths; {hint}")

"""What the versions of a file say of rows of it that are sent back: which of them the remote has by now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from orchestrator.errors import Unusable
from orchestrator.intake import same_file
from orchestrator.model import ABANDONED, Job, Sheet, State
from orchestrator.ports import Reading
from orchestrator.validation import SourceLines


def newest_for(job: Job | None, reading: Reading, *, adds: bool) -> Job:
    """The newest version, when rows of it may be sent back. Raises Unusable."""
    if job is None or job.path != reading.file.path:
        raise Unusable("its file has not been judged by a run yet: run first")
    if not same_file(job, reading.source):
        raise Unusable(
            "its file as it is now has not been sent: run first. Where a run keeps it back, files.csv says why"
        )
    if job.state is State.IN_DOUBT:
        raise Unusable(f"version {job.version} of its file is in doubt: resolve that first")
    if job.state.is_open:
        raise Unusable(
            f"version {job.version} of its file was still {job.state} when this began: resubmit again when it has ended"
        )
    if job.state is State.SUPERSEDED:
        raise Unusable(f"version {job.version} of its file was replaced before it was sent: run first")
    if adds and job.state is State.FAILED and not job.is_abandoned:
        raise Unusable(failed_first(job))
    if job.checked is None:
        raise Unusable("the whole file was refused, not single rows: mend it in its place, and run")
    return job


def failed_first(job: Job) -> str:
    again = ", which sends again what a person abandoned" if ABANDONED in job.cause else ""
    return f"version {job.version} of its file has failed: run with --retry-failed first{again}"


def sheet_of(job: Job, *, is_events: bool) -> Sheet | None:
    if job.checked is None:
        return None
    return job.checked.events if is_events else job.checked.data


def is_unlisted(job: Job, listed_at: float) -> bool:
    """Whether the remote refused rows of it that cannot be in its list, because this was written before."""
    has_refused = job.state is State.DONE and job.checked is not None and bool(job.checked.data.refused)
    return has_refused and listed_at <= (job.accepted_at or 0.0)


def require_absent(lines: Iterable[int], sheet: Sheet, job: Job) -> None:
    """Raises Unusable for a line on which this version has a row, wherever that lies, or its file none at all."""
    unsent = sheet.gather_unsent()
    line = next((line for line in lines if line not in unsent), None)
    if line is None:
        return
    if not SourceLines(sheet.header, sheet.gaps).rows_on(line, line, sheet.rows - sheet.bad):
        raise Unusable(
            f"the file has no row on line {line:,}: write into _line what stood there; "
            "where that was a fault of the whole file, mend it in the file"
        )
    has = "accepted" if job.state is State.DONE else "found right"
    raise Unusable(f"the row of line {line:,} was {has} in version {job.version}: take it out of the list")


def require_rows(lines: Collection[int], job: Job) -> None:
    """Raises Unusable for a list out of which every row was taken."""
    if lines:
        return
    anew = "delete it and name its file to `resubmit`, which makes it anew"
    if job.state is not State.DONE:
        raise Unusable(f"it has no rows, and its file is {job.state}: {anew} with all of them")
    raise Unusable(
        f"it has no rows. If those that stood in it are given up, delete it, and that is all; if not, {anew}"
    )


def lineage(versions: Iterable[Job]) -> str:
    """How many bad rows each version had, and how many the remote refused; empty where there is nothing to tell."""
    told = [f"{job.version}: {_bad(job)}" for job in versions if job.checked is not None]
    return f"bad rows by version: {', '.join(told)}" if told else ""


def _bad(job: Job) -> str:
    assert job.checked is not None
    bad = job.checked.bad
    return f"{bad:,} and {job.refused:,} refused" if job.refused else f"{bad:,}"

"""The ledger's rows of events as the events that they were, and what they make of a job."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from crash.evidence import Told
from orchestrator import model
from orchestrator.model import Event, Job, Sheet, Sheets, evolve, next_version

_NO_SHEETS = Sheets(data=Sheet())
"""What a check found stands with the job, not with the event."""


def event_of(told: Told) -> Event:
    kind = getattr(model, told.event)
    detail = dict(told.detail)
    match told.event:
        case "Checked" | "Restored":
            detail = {"sheets": _NO_SHEETS, **detail}
        case "Completed" | "Failed":
            del detail["results"]
        case "Resolved":
            detail["verdict"] = model.Verdict(detail["verdict"])
    event: Event = kind(**detail)
    return event


def folded(job: Job, told: Iterable[Told], earlier: Job | None) -> Job:
    """The job as its events alone make it. Raises IllegalTransition where one of them cannot have happened."""
    if earlier is None:
        begun = Job(key=job.key, version=1, name=job.name, path=job.path, source=job.source, part=job.part)
    else:
        assert job.source is not None
        begun = replace(next_version(earlier, job.source), part=job.part)
    return evolve(begun, *(event_of(line) for line in told))

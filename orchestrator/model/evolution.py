"""How a job changes: what happened, and what it is after that."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from orchestrator.errors import IllegalTransition
from orchestrator.model.events import (
    Accepted,
    Checked,
    Completed,
    Divided,
    Doubted,
    Event,
    Failed,
    Rejected,
    Reopened,
    Resolved,
    Restored,
    SendRepeatable,
    SendStarted,
    SendUndone,
    Superseded,
    TailReleased,
    Verdict,
)
from orchestrator.model.job import ABANDONED, Job, Sheets, Source, State
from orchestrator.ranges import Ranges


def evolve(job: Job, *events: Event) -> Job:
    """The only place where a job changes state. Raises IllegalTransition for every pair not named here."""
    for event in events:
        job = _evolved(job, event)
        if job.held and job.state is not State.SENDING:
            job = replace(job, held=False)
    return job


def _evolved(job: Job, event: Event) -> Job:
    match job.state, event:
        case State.FOUND, Checked(sheets, rules):
            return replace(job, state=State.READY, checked=sheets, rules=rules, cause="")
        case State.FOUND, Rejected(cause, rules, sheets):
            return replace(job, state=State.REJECTED, cause=cause, rules=rules, checked=sheets)
        case State.FOUND, Restored():
            return _restored(job, event)
        case State.REJECTED, Reopened():
            return replace(job, state=State.FOUND)
        case State.READY, SendStarted(overwrite, at, held):
            attempts = job.attempts + 1
            return replace(
                job, state=State.SENDING, attempts=attempts, overwrote=overwrite, sent_at=at, held=held, cause=""
            )
        case State.READY, Divided(parts, at) if parts > 0 and job.part is None:
            return replace(job, state=State.WAITING, parts=parts, accepted_at=at, cause="")
        case State.READY, Superseded(cause):
            return replace(job, state=State.SUPERSEDED, cause=cause)
        case State.WAITING, Superseded(cause) if job.parts:
            return replace(job, state=State.SUPERSEDED, cause=cause)
        case State.SENDING, TailReleased():
            return replace(job, held=False)
        case State.SENDING, SendUndone(cause):
            return replace(job, state=State.READY, cause=cause)
        case State.SENDING, SendRepeatable(cause, at):
            return replace(job, state=State.READY, cause=cause, repeats=True, lost_at=at)
        case State.SENDING, Accepted(token, at):
            return replace(job, state=State.WAITING, token=token, accepted_at=at, cause="")
        case ((State.SENDING | State.WAITING), Completed(_, cause, refused, lines, unknown)):
            checked, owns = _with_refused(job.checked, lines), job.owns or not job.parts
            return replace(
                job, state=State.DONE, cause=cause, refused=refused, unknown=unknown, checked=checked, owns=owns
            )
        case ((State.SENDING | State.WAITING), Failed(cause, _, owns)):
            return replace(job, state=State.FAILED, cause=cause, owns=job.owns or owns)
        case State.SENDING, Doubted(cause, at, token):
            lost_at = job.lost_at if at is None else at
            return replace(job, state=State.IN_DOUBT, cause=cause, token=token, lost_at=lost_at)
        case ((State.READY | State.WAITING), Doubted(cause)):
            return replace(job, state=State.IN_DOUBT, cause=cause)
        case State.IN_DOUBT, Resolved():
            return _resolved(job, event)
        case _:
            raise IllegalTransition(f"{type(event).__name__} cannot happen to a job that is {job.state}")


def _restored(job: Job, event: Restored) -> Job:
    return replace(
        job,
        state=State.DONE,
        checked=event.sheets,
        rules=event.rules,
        cause=event.cause,
        refused=event.refused,
        unknown=event.unknown,
        parts=event.parts,
    )


def _with_refused(checked: Sheets | None, lines: Ranges) -> Sheets | None:
    if checked is None or not lines:
        return checked
    return replace(checked, data=replace(checked.data, refused=lines))


def _resolved(job: Job, event: Resolved) -> Job:
    match event.verdict:
        case Verdict.ACCEPTED:
            if event.token is None:
                raise IllegalTransition("a job is accepted with its token, or not at all")
            return replace(job, state=State.WAITING, token=event.token, accepted_at=event.at, cause="")
        case Verdict.NOT_ACCEPTED:
            return replace(
                job, state=State.READY, cause="a person says that it did not arrive", token=None, repeats=False
            )
        case Verdict.RESEND:
            return replace(job, state=State.READY, cause="a person wants it sent again", token=None, repeats=True)
        case Verdict.ABANDON:
            return replace(job, state=State.FAILED, cause=ABANDONED, repeats=False)
        case _:
            assert_never(event.verdict)


def next_version(job: Job, source: Source) -> Job:
    """The job that follows *job* under its Name, for other bytes or for the same ones once more."""
    return Job(
        key=job.key,
        version=job.version + 1,
        name=job.name,
        path=job.path,
        source=source,
        owns=job.owns,
        repeats=job.repeats,
        lost_at=job.lost_at,
    )

"""What the checker asks of items in doubt: there when they have to be, and never without need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crash.evidence import Evidence, Send, Told, place_of
from crash.promise import Promise
from crash.sends import told_of
from orchestrator.model import Job, State

_LOSES_THE_ANSWER = {
    "drop_unread", "drop_before", "drop_after", "reset_before", "reset_after", "error_before", "error_after",
    "html", "html_after", "truncated", "empty", "lost",
}  # fmt: skip


def _doubt(evidence: Evidence, promise: Promise) -> Iterator[str]:
    for key, job in evidence.jobs.items():
        if job.state is State.IN_DOUBT and not _is_fair(job, evidence.of(key), evidence, promise):
            yield f"13 bounded doubt: {job.path} is in doubt without need: {job.cause!r}"


def _is_fair(job: Job, told: list[Told], evidence: Evidence, promise: Promise) -> bool:
    last = {line.event: line for line in told}
    if not {"SendStarted", "Doubted"} <= last.keys():
        return True  # the history objects to that
    started, doubted = last["SendStarted"], last["Doubted"]
    sends = [send for send in evidence.sends if send.name == job.name and send.at >= started.at]
    if "never ended" in job.cause:
        return any(send.fault == "stuck" and send.token == job.token for send in evidence.sends)
    if "source_gone" in job.cause:
        return job.path in promise.gone
    if "its repeat was refused" in job.cause:
        return "SendRepeatable" in last and any(send.refused for send in sends)
    if "may have arrived" not in job.cause or promise.repeats:
        return False
    if started.run != doubted.run:
        killed = any(crash.states.get(place_of(job)) == State.SENDING for crash in evidence.crashes)
        return killed and started.run not in evidence.reported
    return "stopped before" in job.cause or _lost(sends, started, doubted, evidence)


def _lost(sends: Iterable[Send], started: Told, doubted: Told, evidence: Evidence) -> bool:
    """Whether the remote kept an answer back in between; an upload that it broke off unread has no Name there."""
    return any(send.fault in _LOSES_THE_ANSWER and send.at <= doubted.at for send in sends) or any(
        started.at <= at <= doubted.at for at in evidence.broken_off
    )


def _visible(evidence: Evidence, promise: Promise) -> Iterator[str]:
    """What a person has decided since is no doubt any more."""
    if promise.repeats:
        return
    struck = {place for crash in evidence.crashes for place, state in crash.states.items() if state == State.SENDING}
    for place in sorted(struck & evidence.newest.keys()):
        job = evidence.newest[place]
        if job.state is not State.IN_DOUBT and not told_of(evidence, job.name, "Resolved"):
            yield f"7 visible doubt: {place} was in flight at a kill and is {job.state}"


CHECKS = (_doubt, _visible)

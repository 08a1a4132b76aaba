"""What the checker asks of all that reached the remote: noted before, authorised, in order, and there in the end."""

from __future__ import annotations

from collections.abc import Iterator

from crash.evidence import Evidence, Send, Told
from crash.promise import Promise
from orchestrator.model import Job, State, Verdict

_AUTHORISES = ("SendRepeatable", "Resolved")


def by_name(evidence: Evidence) -> dict[str, list[Send]]:
    names: dict[str, list[Send]] = {}
    for send in sorted(evidence.sends, key=lambda send: send.at):
        names.setdefault(send.name, []).append(send)
    return names


def told_of(evidence: Evidence, name: str, *events: str) -> list[Told]:
    keys = {key for key, job in evidence.jobs.items() if job.name == name}
    return [told for told in evidence.told if told.job in keys and told.event in events]


def _unforeseen(evidence: Evidence, _: Promise) -> Iterator[str]:
    yield from evidence.unforeseen
    if evidence.witnessed != (arrived := len(evidence.sends) + len(evidence.looks)):
        yield f"2 write-ahead: the ledger was looked into {evidence.witnessed} times for {arrived} arrivals"


def _write_ahead(evidence: Evidence, _: Promise) -> Iterator[str]:
    for name, sends in by_name(evidence).items():
        intents = sorted(told.at for told in told_of(evidence, name, "SendStarted"))
        for nth, send in enumerate(sends):
            if nth >= len(intents) or intents[nth] > send.at:
                yield f"2 write-ahead: send {nth + 1} of {name} was not noted before"


def _tokens(evidence: Evidence, _: Promise) -> Iterator[str]:
    durable = {
        told.detail["token"]: told.at
        for told in reversed(evidence.told)
        if told.event in ("Accepted", "Resolved") and told.detail["token"]
    }
    for look in evidence.looks:
        if durable.get(look.token, look.at + 1) > look.at:
            yield f"3 durable tokens: {look.token} was asked for and is not in the ledger"


def _duplicates(evidence: Evidence, promise: Promise) -> Iterator[str]:
    for name, sends in by_name(evidence).items():
        taken = [send for send in sends if send.taken]
        first = [send for send in taken if not send.overwrite]
        if len(first) > 1 + asked_for(evidence, name, promise):
            yield f"4 no silent duplicate: {name} was taken {len(first)} times without Overwrite"
        versions = sum(job.name == name for job in evidence.jobs.values())
        authorised = len(told_of(evidence, name, *_AUTHORISES))
        if len(taken) > versions + authorised:
            yield f"4 no silent duplicate: {name} was taken {len(taken)} times, {authorised} repeats were authorised"
        if not promise.repeats and told_of(evidence, name, "SendRepeatable"):
            yield f"4 no silent duplicate: {name} is held repeatable, and is not"
    for name, standing in evidence.standing.items():
        if not 1 <= standing.copies <= 1 + asked_for(evidence, name, promise):
            yield f"4 no silent duplicate: the remote has {standing.copies} copies of {name}"


def asked_for(evidence: Evidence, name: str, promise: Promise) -> int:
    """So often a person wanted it sent again where that adds a copy."""
    resolved = told_of(evidence, name, "Resolved") if promise.adds else []
    return sum(told.detail["verdict"] == Verdict.RESEND for told in resolved)


def _denials(evidence: Evidence, _: Promise) -> Iterator[str]:
    for key, job in evidence.jobs.items():
        started = 0.0
        for line in evidence.of(key):
            if line.event == "SendStarted":
                started = line.at
            elif line.event == "SendUndone" and any(
                send.taken and started <= send.at <= line.at for send in by_name(evidence).get(job.name, [])
            ):
                yield f"5 sound denials: {job.path} is called undone, and was taken"


def _effect(evidence: Evidence, promise: Promise) -> Iterator[str]:
    wanted = {roster.path: roster.digests for roster in promise.rosters}
    wanted |= {name: (table.sha256, None) for name, table in promise.parts.items()}
    tokens = {send.token: send for send in evidence.sends if send.taken}
    for path, job in evidence.newest.items():
        if job.state is not State.DONE or job.parts:
            continue
        standing = evidence.standing.get(job.name)
        if standing is None or standing.digests != wanted.get(path):
            yield f"6 effect: the remote does not hold {path} as it lies there"
        elif standing.token != job.token:
            yield f"6 effect: the token of {path} is not that of what stands there"
        if job.token is not None and job.token not in tokens:
            yield f"7 visible doubt: {path} is done, and its token was never given"


def _order(evidence: Evidence, _: Promise) -> Iterator[str]:
    """Where two versions are of the same bytes, the lower number that is not a step back is meant."""
    for name, sends in by_name(evidence).items():
        versions = sorted((job for job in evidence.jobs.values() if job.name == name), key=lambda job: job.version)
        reached = 0
        for send in (send for send in sends if send.taken):
            same = [job.version for job in versions if _is_of(job, send)]
            onward = [version for version in same if version >= reached]
            if not onward:
                what = f"version {same[-1]} after version {reached}" if same else "bytes of no version"
                yield f"6 effect: the remote took {what} of {name}"
            reached = min(onward, default=reached)


def _is_of(job: Job, send: Send) -> bool:
    if job.checked is None:
        return False
    events = job.checked.events
    return (job.checked.data.sent, events and events.sent) == send.digests


def _bounds(evidence: Evidence, promise: Promise) -> Iterator[str]:
    if evidence.most_uploads > promise.uploads:
        yield f"11 bounds: {evidence.most_uploads} uploads at once, and {promise.uploads} were allowed"
    if evidence.most_polls > promise.polls:
        yield f"11 bounds: {evidence.most_polls} polls and fetches at once, and {promise.polls} were allowed"


CHECKS = (_unforeseen, _write_ahead, _tokens, _duplicates, _denials, _effect, _order, _bounds)

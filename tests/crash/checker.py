"""What must hold after every schedule of crashes, however it went. One function: it returns what it objects to.

The numbers are those of the invariants that the objections belong to:

    1 no loss               every file ends in exactly one visible state
    2 write-ahead           nothing reached the remote whose intent was not in the ledger before
    3 durable tokens        nothing is asked with a token that the ledger does not hold
    4 no silent duplicate   a second complete send only where it replaces, or where it was authorised
    5 sound denials         what the ledger calls undone did not arrive
    6 effect                the remote holds what the ledger calls done, once
    7 visible doubt         done is never made of doubt
    8 results               the files are what the remote serves for the token, and nothing else lies there
    9 equivalence           the end is that of an undisturbed run, items in doubt apart
    10 legal history        the events fold to the jobs
    11 bounds               the remote never has more uploads at once than the program may send
    13 bounded doubt        in doubt is only what was in flight at a kill, or whose answer was lost
    14 exit codes           the last start tells by its code how things stand; all books balance
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from cli.rosters import Roster
from crash.evidence import Evidence, Send, Told, digest
from crash.history import folded
from orchestrator.config.settings import Limits
from orchestrator.errors import IllegalTransition
from orchestrator.model import Job, State
from orchestrator.naming import slug_of

_AUTHORISES = ("SendRepeatable", "Resolved")
_LOSES_THE_ANSWER = {
    "drop_unread", "drop_before", "drop_after", "reset_before", "reset_after", "error_before", "error_after",
    "html", "html_after", "truncated", "empty",
}  # fmt: skip

Canon = Mapping[str, tuple[object, ...]]
"""By path, all of an end that does not depend on tokens, times and the number of tries."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a class of delivery promises about a lost answer, and what the end is to be compared with."""

    rosters: tuple[Roster, ...]
    repeats: bool
    """A lost answer is mended by sending again, which replaces."""
    undisturbed: Canon = field(default_factory=dict)
    uploads: int = Limits().uploads
    """At once, at most."""


def canon(evidence: Evidence) -> Canon:
    return {
        path: (
            job.name,
            job.version,
            job.state,
            job.checked,
            tuple(sorted((kept.file, kept.size) for kept in evidence.kept if evidence.jobs[kept.job] == job)),
        )
        for path, job in evidence.newest.items()
    }


def objections(evidence: Evidence, promise: Promise) -> list[str]:
    found = [line for check in _CHECKS for line in check(evidence, promise)]
    return found + [f"8 results: {path} is not in its place" for path in evidence.temporary]


def idle_objections(before: Evidence, after: Evidence) -> Iterator[str]:
    """12: one more run sends nothing and changes nothing."""
    if after.requests != before.requests:
        yield f"12 idle: {after.requests - before.requests} requests"
    if after.files != before.files:
        yield f"12 idle: files changed: {sorted(dict(after.files.items() ^ before.files.items()))}"
    if (after.jobs, after.told, after.kept) != (before.jobs, before.told, before.kept):
        yield "12 idle: the ledger changed"
    if after.outcomes[-1].code != before.outcomes[-1].code:
        yield f"12 idle: exit code {after.outcomes[-1].code} after {before.outcomes[-1].code}"


def _no_loss(evidence: Evidence, promise: Promise) -> Iterator[str]:
    paths = {roster.path for roster in promise.rosters}
    for path in sorted(paths ^ evidence.newest.keys()):
        yield f"1 no loss: {path} stands in {'the ledger' if path not in paths else 'the folder'} only"
    for path, job in evidence.newest.items():
        if job.state not in (State.DONE, State.FAILED, State.IN_DOUBT) or (job.state is not State.DONE) > bool(
            job.cause
        ):
            yield f"1 no loss: {path} is {job.state}, cause {job.cause!r}"
    for name, count in Counter((job.name, job.version) for job in evidence.jobs.values()).items():
        if count > 1:
            yield f"1 no loss: {name} stands in the ledger {count} times"


def _write_ahead(evidence: Evidence, _: Promise) -> Iterator[str]:
    for name, sends in _by_name(evidence).items():
        intents = sorted(told.at for told in _told_of(evidence, name, "SendStarted"))
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
    for name, sends in _by_name(evidence).items():
        taken = [send for send in sends if send.taken]
        first = [send for send in taken if not send.overwrite]
        if len(first) > 1:
            yield f"4 no silent duplicate: {name} was taken {len(first)} times without Overwrite"
        versions = sum(job.name == name for job in evidence.jobs.values())
        authorised = len(_told_of(evidence, name, *_AUTHORISES))
        if len(taken) > versions + authorised:
            yield f"4 no silent duplicate: {name} was taken {len(taken)} times, {authorised} repeats were authorised"
        if not promise.repeats and _told_of(evidence, name, "SendRepeatable"):
            yield f"4 no silent duplicate: {name} is held repeatable, and is not"
    for name, standing in evidence.standing.items():
        if standing.copies != 1:
            yield f"4 no silent duplicate: the remote has {standing.copies} copies of {name}"


def _denials(evidence: Evidence, _: Promise) -> Iterator[str]:
    for key, job in evidence.jobs.items():
        told = evidence.of(key)
        started = 0.0
        for line in told:
            if line.event == "SendStarted":
                started = line.at
            elif line.event == "SendUndone" and any(
                send.taken and started <= send.at <= line.at for send in _by_name(evidence).get(job.name, [])
            ):
                yield f"5 sound denials: {job.path} is called undone, and was taken"


def _effect(evidence: Evidence, promise: Promise) -> Iterator[str]:
    wanted = {roster.path: roster.digests for roster in promise.rosters}
    tokens = {send.token: send for send in evidence.sends if send.taken}
    for path, job in evidence.newest.items():
        if job.state is not State.DONE:
            continue
        standing = evidence.standing.get(job.name)
        if standing is None or standing.digests != wanted.get(path):
            yield f"6 effect: the remote does not hold {path} as it lies there"
        elif standing.token != job.token:
            yield f"6 effect: the token of {path} is not that of what stands there"
        if job.token is not None and job.token not in tokens:
            yield f"7 visible doubt: {path} is done, and its token was never given"


def _failures(evidence: Evidence, _: Promise) -> Iterator[str]:
    refused = {send.token for send in evidence.sends if send.token and send.fault == "fail"}
    for job in evidence.jobs.values():
        if job.state is State.FAILED and job.token not in refused:
            yield f"6 effect: {job.path} failed, and the remote did not refuse it: {job.cause!r}"


def _results(evidence: Evidence, _: Promise) -> Iterator[str]:
    served = {send.token: send.served for send in evidence.sends if send.token}
    expected: dict[str, bytes] = {}
    newest = {job.name: job.version for job in evidence.newest.values()}
    for key, job in evidence.jobs.items():
        kept = {line.file: (line.size, line.sha256) for line in evidence.kept if line.job == key}
        answers = served.get(job.token, {}) if job.state in (State.DONE, State.FAILED) else {}
        if kept != {name: (len(body), digest(body)) for name, body in answers.items()}:
            yield f"8 results: what the ledger keeps of {job.path}, version {job.version}, is not what was served"
        place = f"results/{slug_of(job.name)}" + ("" if newest[job.name] == job.version else f"/v{job.version}")
        expected |= {f"{place}/{name}": body for name, body in answers.items()}
    for path in sorted(expected.keys() | evidence.files.keys()):
        if expected.get(path) != evidence.files.get(path):
            what = "is missing" if path not in evidence.files else "is not what was served"
            yield f"8 results: {path} {what}"


def _equivalence(evidence: Evidence, promise: Promise) -> Iterator[str]:
    ours = canon(evidence)
    doubtful = {job.path for job in evidence.newest.values() if job.state is State.IN_DOUBT}
    for path, end in promise.undisturbed.items():
        if path not in doubtful and ours.get(path) != end:
            yield f"9 equivalence: {path} ends as {ours.get(path)}, undisturbed as {end}"


def _history(evidence: Evidence, _: Promise) -> Iterator[str]:
    earlier: Job | None = None
    for key, job in sorted(evidence.jobs.items(), key=lambda pair: (pair[1].key, pair[1].version)):
        try:
            earlier = folded(job, evidence.of(key), earlier if earlier and earlier.key == job.key else None)
        except IllegalTransition as error:
            yield f"10 legal history: {job.path}: {error}"
            continue
        if replace(earlier, checked=job.checked) != job:
            yield f"10 legal history: the events of {job.path} lead to {earlier}, the ledger says {job}"


def _bounds(evidence: Evidence, promise: Promise) -> Iterator[str]:
    if evidence.most_uploads > promise.uploads:
        yield f"11 bounds: {evidence.most_uploads} uploads at once, and {promise.uploads} were allowed"


def _doubt(evidence: Evidence, promise: Promise) -> Iterator[str]:
    for key, job in evidence.jobs.items():
        if job.state is not State.IN_DOUBT:
            continue
        told = evidence.of(key)
        last = {line.event: line for line in told}
        if not {"SendStarted", "Doubted"} <= last.keys():
            continue  # the history objects to that
        started, doubted = last["SendStarted"], last["Doubted"]
        sends = [send for send in evidence.sends if send.name == job.name and send.at >= started.at]
        if "never ended" in job.cause:
            fair = any(send.fault == "stuck" and send.token == job.token for send in sends)
        elif "may have arrived" not in job.cause or promise.repeats:
            fair = False
        elif started.run != doubted.run:
            killed = any(crash.states.get(job.path) == State.SENDING for crash in evidence.crashes)
            fair = killed and started.run not in evidence.reported
        else:
            fair = "stopped before" in job.cause or _lost(sends, started, doubted, evidence)
        if not fair:
            yield f"13 bounded doubt: {job.path} is in doubt without need: {job.cause!r}"
    if not promise.repeats:
        struck = {path for crash in evidence.crashes for path, state in crash.states.items() if state == State.SENDING}
        for path in sorted(struck & evidence.newest.keys()):
            if (state := evidence.newest[path].state) is not State.IN_DOUBT:
                yield f"7 visible doubt: {path} was in flight at a kill and is {state}"


def _lost(sends: Iterable[Send], started: Told, doubted: Told, evidence: Evidence) -> bool:
    """Whether the remote kept an answer back in between; an upload that it broke off unread has no Name there."""
    return any(send.fault in _LOSES_THE_ANSWER and send.at <= doubted.at for send in sends) or any(
        started.at <= at <= doubted.at for at in evidence.broken_off
    )


def _exit_codes(evidence: Evidence, _: Promise) -> Iterator[str]:
    for outcome in evidence.outcomes:
        summary = outcome.summary  # raises where the books do not balance
        if summary["run"] not in evidence.reported:
            yield f"14 exit codes: {summary['run']} left no summary"
    states = {job.state for job in evidence.newest.values()}
    code = 4 if State.IN_DOUBT in states else 3 if State.FAILED in states else 0
    if evidence.outcomes[-1].code != code:
        yield f"14 exit codes: {evidence.outcomes[-1].code}, and it should be {code}"


_CHECKS = (
    _no_loss,
    _write_ahead,
    _tokens,
    _duplicates,
    _denials,
    _effect,
    _failures,
    _results,
    _equivalence,
    _history,
    _bounds,
    _doubt,
    _exit_codes,
)


def _by_name(evidence: Evidence) -> dict[str, list[Send]]:
    names: dict[str, list[Send]] = {}
    for send in sorted(evidence.sends, key=lambda send: send.at):
        names.setdefault(send.name, []).append(send)
    return names


def _told_of(evidence: Evidence, name: str, *events: str) -> list[Told]:
    keys = {key for key, job in evidence.jobs.items() if job.name == name}
    return [told for told in evidence.told if told.job in keys and told.event in events]

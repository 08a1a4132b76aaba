"""What the checker asks of the ends: in the ledger, in the output folder, in the reports and in the exit codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from crash.evidence import Evidence, digest, place_of
from crash.history import folded
from crash.promise import Promise, canon
from crash.sends import by_name
from orchestrator.errors import IllegalTransition
from orchestrator.model import Job, State
from orchestrator.naming import slug_of

_ENDS = {State.DONE, State.REJECTED, State.FAILED, State.IN_DOUBT}
_PAST = {State.DONE, State.REJECTED, State.FAILED, State.SUPERSEDED}
"""What an older version may be."""

_STOPPED = {130, 143}


def _no_loss(evidence: Evidence, promise: Promise) -> Iterator[str]:
    paths = {roster.path for roster in promise.rosters}
    for path in sorted((paths | promise.parts.keys()) ^ evidence.newest.keys()):
        yield f"1 no loss: {path} stands in {'the ledger' if path not in paths else 'the folder'} only"
    for job in evidence.jobs.values():
        ends = _ENDS if job == evidence.newest[place_of(job)] else _PAST
        if job.parts and _doubtful_parts(job, evidence):
            ends = {State.WAITING}
        if job.state not in ends or (job.state not in (State.DONE, State.WAITING)) > bool(job.cause):
            yield f"1 no loss: {job.path}, version {job.version}, is {job.state}, cause {job.cause!r}"
    for name, count in Counter((job.name, job.version) for job in evidence.jobs.values()).items():
        if count > 1:
            yield f"1 no loss: {name} stands in the ledger {count} times"


def _doubtful_parts(job: Job, evidence: Evidence) -> list[str]:
    return [
        place
        for place, part in evidence.newest.items()
        if part.part is not None and part.path == job.path and part.state is State.IN_DOUBT
    ]


def _failures(evidence: Evidence, promise: Promise) -> Iterator[str]:
    dirty = {roster.path for roster in promise.rosters if not roster.is_clean}
    for key, job in evidence.jobs.items():
        if job.state is State.FAILED and not _is_refused(job, evidence):
            last = evidence.of(key)[-1:]
            if not any(told.detail.get("verdict") == "abandon" for told in last):
                yield f"6 effect: {job.path} failed, and the remote did not refuse it: {job.cause!r}"
        if job == evidence.newest[place_of(job)] and job.state is State.REJECTED and job.path not in dirty:
            yield f"6 effect: {job.path} is rejected, and is clean: {job.cause!r}"


def _is_refused(job: Job, evidence: Evidence) -> bool:
    sends = by_name(evidence).get(job.name, [])
    return any(send.refused and send.token == job.token for send in sends)


def _results(evidence: Evidence, promise: Promise) -> Iterator[str]:
    served = {send.token: send.served for send in evidence.sends if send.token}
    expected: dict[str, bytes] = {}
    answered = {
        key: served.get(job.token, {}) if job.token and job.state in (State.DONE, State.FAILED) else {}
        for key, job in evidence.jobs.items()
    }
    with_results = sorted((job.version, job.name) for key, job in evidence.jobs.items() if answered[key])
    newest = {name: version for version, name in with_results}
    for key, job in evidence.jobs.items():
        kept = {line.file: (line.size, line.sha256) for line in evidence.kept if line.job == key}
        answers = answered[key]
        if kept != {n: (len(body), digest(body)) for n, body in answers.items()}:
            yield f"8 results: what the ledger keeps of {job.path}, version {job.version}, is not what was served"
        place = f"results/{slug_of(job.name)}" + ("" if newest.get(job.name) == job.version else f"/v{job.version}")
        expected |= {f"{place}/{name}": body for name, body in answers.items()}
    for path in sorted(expected.keys() | {path for path in evidence.files if path.startswith("results/")}):
        if expected.get(path) != evidence.files.get(path):
            what = "is missing" if path not in evidence.files else "is not what was served"
            yield f"8 results: {path} {what}"
    for path in evidence.temporary:
        yield f"8 results: {path} is not in its place"


def _rejects(evidence: Evidence, promise: Promise) -> Iterator[str]:
    dirty = {f"rejects/{roster.path}" for roster in promise.rosters if roster.data.bad}
    listed = {path for path in evidence.files if path.startswith("rejects/")}
    for path in sorted(dirty ^ listed):
        yield f"8 results: {path} {'is missing' if path in dirty else 'lists rows of a file that is clean'}"


def _equivalence(evidence: Evidence, promise: Promise) -> Iterator[str]:
    ours = canon(evidence)
    doubtful = {place for place, job in evidence.newest.items() if job.state in (State.IN_DOUBT, State.WAITING)}
    for path, end in promise.undisturbed.items():
        if path not in doubtful and ours.get(path) != end:
            yield f"9 equivalence: {path} ends as {ours.get(path)}, undisturbed as {end}"


def _report(evidence: Evidence, _: Promise) -> Iterator[str]:
    """The last summary's counts are those of the ledger: what is known already counts as what it is."""
    files = evidence.outcomes[-1].summary["files"]
    counts = Counter(
        "in_doubt" if _doubtful_parts(job, evidence) else job.state.value for job in evidence.whole_files.values()
    )
    told = Counter({state: files[state] for state in ("done", "rejected", "failed", "in_doubt")})
    told["done"] += files["skipped"]
    if +told != counts:
        yield f"9 equivalence: the last summary counts {dict(told)}, the ledger {dict(counts)}"


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


def _exit_codes(evidence: Evidence, promise: Promise) -> Iterator[str]:
    for outcome in evidence.outcomes:
        summary = outcome.summary  # raises where the books do not balance
        if summary["run"] not in evidence.reported:
            yield f"14 exit codes: {summary['run']} left no summary"
        if outcome.code != (code := _code_of(summary)) and outcome.code not in _stops(promise):
            yield f"14 exit codes: {outcome.code}, and by its own summary it should be {code}: {summary['files']}"
    last = evidence.outcomes[-1]
    if last.code != (code := max(settled_code(evidence), _code_of(last.summary))):
        yield f"14 exit codes: {last.code}, and it should be {code}"


def _stops(promise: Promise) -> set[int]:
    """By a signal; in a storm, where no two nights are alike, also by two refusals of a bearer token in a row."""
    return _STOPPED if promise.undisturbed else {*_STOPPED, 77}


def settled_code(evidence: Evidence) -> int:
    """Of a run that has nothing to do."""
    states = {job.state for job in evidence.newest.values()}
    return 4 if State.IN_DOUBT in states else 3 if states & {State.FAILED, State.REJECTED} else 0


def _code_of(summary: dict[str, Any]) -> int:
    files = summary["files"]
    if files["in_doubt"]:
        return 4
    if files["waiting"] or files["unsent"] or files["deferred"]:
        return 5
    invalid = any(book["invalid"] for book in summary["rows"].values())
    owed = "rows that an earlier run read are not at the remote" in summary.get("message", "")
    return 3 if files["rejected"] or files["failed"] or invalid or owed else 0


CHECKS = (
    _no_loss,
    _failures,
    _results,
    _rejects,
    _equivalence,
    _report,
    _history,
    _exit_codes,
)

"""Sound evidence, and one thing in it tampered with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from crash.evidence import Crash, Evidence, Look, Told
from orchestrator.model import Digest, Sheet, Sheets, State


def done(evidence: Evidence) -> int:
    return next(key for key, job in evidence.jobs.items() if job.state is State.DONE)


def doubtful(evidence: Evidence) -> int:
    return next(key for key, job in evidence.jobs.items() if job.state is State.IN_DOUBT)


def with_job(evidence: Evidence, key: int, **changes: Any) -> Evidence:
    return replace(evidence, jobs={**evidence.jobs, key: replace(evidence.jobs[key], **changes)})


def without(evidence: Evidence, key: int, event: str) -> Evidence:
    return replace(evidence, told=tuple(t for t in evidence.told if (t.job, t.event) != (key, event)))


def with_told(evidence: Evidence, key: int, event: str, **detail: object) -> Evidence:
    last = evidence.told[-1]
    return replace(evidence, told=(*evidence.told, Told(job=key, at=last.at, run=last.run, event=event, detail=detail)))


def a_lost_file(evidence: Evidence) -> Evidence:
    kept = done(evidence)
    return replace(evidence, jobs={kept: evidence.jobs[kept]})


def a_file_left_waiting(evidence: Evidence) -> Evidence:
    return with_job(evidence, done(evidence), state=State.WAITING)


def an_upload_without_intent(evidence: Evidence) -> Evidence:
    return without(evidence, done(evidence), "SendStarted")


def an_intent_after_its_upload(evidence: Evidence) -> Evidence:
    late = tuple(replace(told, at=told.at + 60) if told.event == "SendStarted" else told for told in evidence.told)
    return replace(evidence, told=late)


def a_poll_with_an_unknown_token(evidence: Evidence) -> Evidence:
    return replace(evidence, looks=(*evidence.looks, Look(at=evidence.looks[-1].at, token="stranger")))


def a_poll_before_its_token_was_durable(evidence: Evidence) -> Evidence:
    early = tuple(replace(look, at=look.at - 60) for look in evidence.looks)
    return replace(evidence, looks=early)


def a_double_without_overwrite(evidence: Evidence) -> Evidence:
    return replace(evidence, sends=(*evidence.sends, evidence.sends[0]))


def a_double_that_nobody_authorised(evidence: Evidence) -> Evidence:
    return replace(evidence, sends=(*evidence.sends, replace(evidence.sends[0], overwrite=True)))


def two_copies(evidence: Evidence) -> Evidence:
    standing = {name: replace(each, copies=2) for name, each in evidence.standing.items()}
    return replace(evidence, standing=standing)


def a_denial_of_what_arrived(evidence: Evidence) -> Evidence:
    key = doubtful(evidence)
    return with_told(without(evidence, key, "Doubted"), key, "SendUndone", cause="it did not arrive")


def other_bytes_at_the_remote(evidence: Evidence) -> Evidence:
    standing = {name: replace(each, digests=("0" * 64, None)) for name, each in evidence.standing.items()}
    return replace(evidence, standing=standing)


def a_token_of_an_older_upload(evidence: Evidence) -> Evidence:
    standing = {name: replace(each, token="newer") for name, each in evidence.standing.items()}
    return replace(evidence, standing=standing)


def a_failure_that_the_remote_knows_nothing_of(evidence: Evidence) -> Evidence:
    return with_job(evidence, done(evidence), state=State.FAILED, cause="failed")


def a_missing_result(evidence: Evidence) -> Evidence:
    return replace(evidence, files=dict(list(evidence.files.items())[1:]))


def a_result_of_another_token(evidence: Evidence) -> Evidence:
    (table, content) = next(pair for pair in evidence.files.items() if pair[0].endswith(".json"))
    return replace(evidence, files={**evidence.files, table: content[::-1]})


def a_stray_result(evidence: Evidence) -> Evidence:
    return replace(evidence, files={**evidence.files, "results/stray/feedback.txt": b""})


def a_result_that_the_ledger_has_otherwise(evidence: Evidence) -> Evidence:
    return replace(evidence, kept=tuple(replace(kept, sha256="0" * 64) for kept in evidence.kept))


def a_temporary_file(evidence: Evidence) -> Evidence:
    return replace(evidence, temporary=("results/f00/.~0",))


def an_illegal_event(evidence: Evidence) -> Evidence:
    return with_told(evidence, done(evidence), "SendUndone", cause="too late")


def a_state_without_its_event(evidence: Evidence) -> Evidence:
    return without(evidence, done(evidence), "Completed")


def more_uploads_at_once_than_allowed(evidence: Evidence) -> Evidence:
    return replace(evidence, most_uploads=17)


def a_doubt_without_a_kill(evidence: Evidence) -> Evidence:
    return replace(evidence, crashes=())


def a_doubt_of_a_run_that_came_to_its_end(evidence: Evidence) -> Evidence:
    return replace(evidence, reported=evidence.reported | {told.run for told in evidence.told})


def a_doubt_without_evidence(evidence: Evidence) -> Evidence:
    return with_job(evidence, doubtful(evidence), cause="who knows")


def a_doubt_that_was_passed_over(evidence: Evidence) -> Evidence:
    path = evidence.jobs[done(evidence)].path
    return replace(evidence, crashes=(Crash(moment="at night", states={path: State.SENDING}),))


def a_wrong_exit_code(evidence: Evidence) -> Evidence:
    last = evidence.outcomes[-1]
    return replace(
        evidence, outcomes=(replace(last, code=0, out=last.out.replace(b'"exit_code": 4', b'"exit_code": 0')),)
    )


def a_run_without_a_summary(evidence: Evidence) -> Evidence:
    return replace(evidence, reported=frozenset())


def a_remote_that_nobody_watched(evidence: Evidence) -> Evidence:
    return replace(evidence, witnessed=0)


def an_upload_that_the_ledger_did_not_know_of(evidence: Evidence) -> Evidence:
    return replace(evidence, unforeseen=("2 write-ahead: send 1 of f00 came before its intent",))


def a_step_back_to_an_older_version(evidence: Evidence) -> Evidence:
    key = done(evidence)
    job = evidence.jobs[key]
    checked = Sheets(data=Sheet(sent=Digest("0" * 64)))
    (first,) = [send for send in evidence.sends if send.token == job.token]
    newer = replace(first, at=first.at + 1, digests=("0" * 64, None), overwrite=True)
    again = replace(first, at=first.at + 2, overwrite=True)
    jobs = {**evidence.jobs, 99: replace(job, version=2, checked=checked)}
    return replace(evidence, jobs=jobs, sends=(*evidence.sends, newer, again))


def bytes_that_are_of_no_version(evidence: Evidence) -> Evidence:
    return replace(evidence, sends=tuple(replace(send, digests=("0" * 64, None)) for send in evidence.sends))


def an_older_version_left_open(evidence: Evidence) -> Evidence:
    job = evidence.jobs[done(evidence)]
    return replace(evidence, jobs={99: replace(job, version=0, state=State.READY, cause="later"), **evidence.jobs})


def a_clean_file_that_is_rejected(evidence: Evidence) -> Evidence:
    return with_job(evidence, done(evidence), state=State.REJECTED, cause="3 bad rows")


def a_clean_file_with_a_list_of_bad_rows(evidence: Evidence) -> Evidence:
    return replace(evidence, files={**evidence.files, f"rejects/{evidence.jobs[done(evidence)].path}": b""})


def a_report_that_tells_it_otherwise(evidence: Evidence) -> Evidence:
    path = evidence.jobs[done(evidence)].path
    state, *rest = evidence.reported_ends[path]
    assert state == "done"
    return replace(evidence, reported_ends={**evidence.reported_ends, path: ("failed", *rest)})


def a_summary_that_counts_otherwise(evidence: Evidence) -> Evidence:
    *earlier, last = evidence.outcomes
    summary = last.json
    summary["files"]["failed"] += 1
    summary["files"]["found"] += 1
    return replace(evidence, outcomes=(*earlier, replace(last, out=json.dumps(summary).encode())))


def a_wrong_exit_code_of_an_earlier_run(evidence: Evidence) -> Evidence:
    last = evidence.outcomes[-1]
    summary = {**last.json, "exit_code": 5}
    return replace(evidence, outcomes=(replace(last, code=5, out=json.dumps(summary).encode()), *evidence.outcomes))


def more_polls_at_once_than_allowed(evidence: Evidence) -> Evidence:
    return replace(evidence, most_polls=17)


def a_doubt_about_a_file_that_is_there(evidence: Evidence) -> Evidence:
    return with_job(evidence, doubtful(evidence), cause="source_gone: the file went away before it was sent")


def a_doubt_for_a_refusal_that_never_was(evidence: Evidence) -> Evidence:
    return with_job(
        evidence, doubtful(evidence), cause="an earlier attempt may have arrived, and its repeat was refused"
    )

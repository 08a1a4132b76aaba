"""The checker objects when it should: sound evidence, one thing in it tampered with, and the objection to that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cli.rosters import plain_rosters
from crash.checker import idle_objections, objections
from crash.deliveries import NOTHING_KNOWN
from crash.evidence import Crash, Evidence, Look, Told
from crash.promise import Promise, canon
from crash.scene import scene
from crash.tally import Tally
from orchestrator.model import State


@dataclass(frozen=True)
class Case:
    """Two files, one of them in doubt since a kill, and what was promised about them."""

    evidence: Evidence
    promise: Promise

    def objections(self) -> list[str]:
        return objections(self.evidence, self.promise)


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    async with scene(tmp_path / "killed", Tally(), NOTHING_KNOWN, plain_rosters(2)) as killed:
        assert await killed.kill("before the commit of Accepted", 2, limits__uploads=1)
        found = await killed.finish()
        assert sorted(job.state for job in found.jobs.values()) == ["done", "in_doubt"]
        yield Case(found, replace(killed.promise, undisturbed=canon(found)))


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


Tampering = Callable[[Evidence], Evidence]
TAMPERED: list[tuple[Tampering, str]] = [
    (a_lost_file, "1 no loss"),
    (a_file_left_waiting, "1 no loss"),
    (an_upload_without_intent, "2 write-ahead"),
    (an_intent_after_its_upload, "2 write-ahead"),
    (a_poll_with_an_unknown_token, "3 durable tokens"),
    (a_poll_before_its_token_was_durable, "3 durable tokens"),
    (a_double_without_overwrite, "4 no silent duplicate"),
    (a_double_that_nobody_authorised, "4 no silent duplicate"),
    (two_copies, "4 no silent duplicate"),
    (a_denial_of_what_arrived, "5 sound denials"),
    (other_bytes_at_the_remote, "6 effect"),
    (a_token_of_an_older_upload, "6 effect"),
    (a_failure_that_the_remote_knows_nothing_of, "6 effect"),
    (a_missing_result, "8 results"),
    (a_result_of_another_token, "8 results"),
    (a_stray_result, "8 results"),
    (a_result_that_the_ledger_has_otherwise, "8 results"),
    (a_temporary_file, "8 results"),
    (a_failure_that_the_remote_knows_nothing_of, "9 equivalence"),
    (an_illegal_event, "10 legal history"),
    (a_state_without_its_event, "10 legal history"),
    (more_uploads_at_once_than_allowed, "11 bounds"),
    (a_doubt_without_a_kill, "13 bounded doubt"),
    (a_doubt_of_a_run_that_came_to_its_end, "13 bounded doubt"),
    (a_doubt_without_evidence, "13 bounded doubt"),
    (a_doubt_that_was_passed_over, "7 visible doubt"),
    (a_wrong_exit_code, "14 exit codes"),
    (a_run_without_a_summary, "14 exit codes"),
]


async def test_it_objects_to_each_thing_that_is_tampered_with_and_to_nothing_before(case: Case) -> None:
    assert case.objections() == []
    for tamper, invariant in TAMPERED:
        found = replace(case, evidence=tamper(case.evidence)).objections()
        assert any(line.startswith(invariant) for line in found), f"{tamper.__name__}: {found}"


async def test_a_repeat_is_an_objection_where_nothing_says_that_it_replaces(case: Case) -> None:
    key = doubtful(case.evidence)
    repeated = with_told(without(case.evidence, key, "Doubted"), key, "SendRepeatable", cause="why not", at=0.0)

    found = replace(case, evidence=repeated).objections()

    assert any("is held repeatable, and is not" in line for line in found)


async def test_a_run_that_should_be_idle_must_not_ask_nor_change_anything(case: Case) -> None:
    idle = case.evidence
    assert list(idle_objections(idle, idle)) == []
    changed = with_job(idle, done(idle), cause="touched")
    ended = replace(idle, outcomes=(*idle.outcomes, replace(idle.outcomes[-1], code=5)))
    for after in (replace(idle, requests=idle.requests + 1), a_missing_result(idle), changed, ended):
        assert any(line.startswith("12 idle") for line in idle_objections(idle, after))

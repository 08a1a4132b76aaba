"""The checker objects when it should: sound evidence, one thing in it tampered with, and the objection to that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cli.rosters import plain_rosters
from crash import tampering
from crash.checker import idle_objections, objections
from crash.deliveries import NOTHING_KNOWN
from crash.evidence import Evidence
from crash.promise import Promise, canon
from crash.scene import scene
from crash.tally import Tally
from crash.tampering import a_missing_result, done, doubtful, with_job, with_told, without

Tampering = Callable[[Evidence], Evidence]
TAMPERED: list[tuple[Tampering, str]] = [
    (tampering.a_lost_file, "1 no loss"),
    (tampering.a_file_left_waiting, "1 no loss"),
    (tampering.an_upload_without_intent, "2 write-ahead"),
    (tampering.an_intent_after_its_upload, "2 write-ahead"),
    (tampering.a_poll_with_an_unknown_token, "3 durable tokens"),
    (tampering.a_poll_before_its_token_was_durable, "3 durable tokens"),
    (tampering.a_double_without_overwrite, "4 no silent duplicate"),
    (tampering.a_double_that_nobody_authorised, "4 no silent duplicate"),
    (tampering.two_copies, "4 no silent duplicate"),
    (tampering.a_denial_of_what_arrived, "5 sound denials"),
    (tampering.other_bytes_at_the_remote, "6 effect"),
    (tampering.a_token_of_an_older_upload, "6 effect"),
    (tampering.a_failure_that_the_remote_knows_nothing_of, "6 effect"),
    (tampering.a_missing_result, "8 results"),
    (tampering.a_result_of_another_token, "8 results"),
    (tampering.a_stray_result, "8 results"),
    (tampering.a_result_that_the_ledger_has_otherwise, "8 results"),
    (tampering.a_temporary_file, "8 results"),
    (tampering.a_failure_that_the_remote_knows_nothing_of, "9 equivalence"),
    (tampering.an_illegal_event, "10 legal history"),
    (tampering.a_state_without_its_event, "10 legal history"),
    (tampering.more_uploads_at_once_than_allowed, "11 bounds"),
    (tampering.a_doubt_without_a_kill, "13 bounded doubt"),
    (tampering.a_doubt_of_a_run_that_came_to_its_end, "13 bounded doubt"),
    (tampering.a_doubt_without_evidence, "13 bounded doubt"),
    (tampering.a_doubt_that_was_passed_over, "7 visible doubt"),
    (tampering.a_wrong_exit_code, "14 exit codes"),
    (tampering.a_run_without_a_summary, "14 exit codes"),
    (tampering.a_remote_that_nobody_watched, "2 write-ahead: the ledger was looked into 0 times"),
    (tampering.an_upload_that_the_ledger_did_not_know_of, "2 write-ahead: send 1 of f00 came before"),
    (tampering.a_step_back_to_an_older_version, "6 effect: the remote took version 1 after version 2"),
    (tampering.bytes_that_are_of_no_version, "6 effect: the remote took bytes of no version"),
    (tampering.an_older_version_left_open, "1 no loss"),
    (tampering.a_clean_file_that_is_rejected, "6 effect"),
    (tampering.a_clean_file_with_a_list_of_bad_rows, "8 results: rejects/"),
    (tampering.a_report_that_tells_it_otherwise, "9 equivalence"),
    (tampering.a_summary_that_counts_otherwise, "9 equivalence: the last summary"),
    (tampering.a_wrong_exit_code_of_an_earlier_run, "14 exit codes: 5, and by its own summary"),
    (tampering.more_polls_at_once_than_allowed, "11 bounds: 17 polls"),
    (tampering.a_doubt_about_a_file_that_is_there, "13 bounded doubt"),
    (tampering.a_doubt_for_a_refusal_that_never_was, "13 bounded doubt"),
]
"""Each with the beginning of the objection that it has to meet with."""


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


async def test_it_objects_to_each_thing_that_is_tampered_with_and_to_nothing_before(case: Case) -> None:
    assert case.objections() == []
    for tamper, objection in TAMPERED:
        found = replace(case, evidence=tamper(case.evidence)).objections()
        assert any(line.startswith(objection) for line in found), f"{tamper.__name__}: {found}"


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

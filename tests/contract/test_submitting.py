"""An upload is what its answer is said to be: taken and known, not taken, or nobody can tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox.effects import AT_UPLOAD

from contract.remotes import WAIT, RemoteSubject, striking
from contract.subject import Subject
from contract.subjects import REMOTES, SUBJECTS
from orchestrator.errors import Busy, Denied, NotSent, TargetError, Unclear
from orchestrator.model import Accepted, evolve
from orchestrator.ports import Ended, Running
from orchestrator.sandbox import Fault

FAULTS = [pytest.param(each, fault, id=f"{each}-{fault}") for each in SUBJECTS for fault in each.faults]
RENEWING = [each for each in REMOTES if each.renews]


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
async def test_an_upload_that_was_taken_has_a_token_that_is_known_and_can_be_written_down(
    tmp_path: Path, subject: Subject
) -> None:
    async with subject.stand(tmp_path) as stand:
        accepted = await stand.send()
        known = await stand.target.check(accepted.token)

        assert isinstance(known, Running | Ended)
        assert stand.taken() == 1
        assert accepted.token.encode("utf-8", "strict").decode() == accepted.token
        assert accepted.token.isprintable()
        assert accepted.token.strip() == accepted.token
        assert evolve(stand.job, accepted).token == accepted.token


@pytest.mark.parametrize("subject", [each for each in SUBJECTS if not each.one_answer], ids=str)
async def test_two_uploads_of_the_same_have_two_tokens(tmp_path: Path, subject: Subject) -> None:
    async with subject.stand(tmp_path) as stand:
        first = await stand.send()
        stand.repeat()
        second = await stand.send()

        assert first.token != second.token
        assert stand.taken() == 2


@pytest.mark.parametrize(("subject", "fault"), FAULTS)
async def test_what_is_said_of_an_upload_is_no_more_than_what_became_of_it(
    tmp_path: Path, subject: Subject, fault: str
) -> None:
    said, taken = subject.faults[fault]
    async with subject.stand(tmp_path, fault) as stand:
        assert await stand.said() is said

        assert stand.taken() == taken
        assert issubclass(said, (Accepted, Unclear) if taken else TargetError)


@pytest.mark.parametrize("subject", REMOTES, ids=str)
def test_no_fault_of_an_upload_is_left_out(subject: RemoteSubject) -> None:
    assert set(subject.faults) == set(AT_UPLOAD)
    assert all(taken == AT_UPLOAD[kind][1] or AT_UPLOAD[kind][0] == 401 for kind, (_, taken) in subject.faults.items())


@pytest.mark.parametrize("subject", REMOTES, ids=str)
@pytest.mark.parametrize("kind", ["throttle", "throttle_date", "unavailable", "unavailable_date"])
async def test_how_long_the_remote_wants_to_be_left_alone_comes_with_the_error(
    tmp_path: Path, subject: RemoteSubject, kind: str
) -> None:
    async with subject.stand(tmp_path, kind) as stand:
        with pytest.raises(Busy) as caught:
            await stand.send()

    after = caught.value.retry_after
    assert after is not None
    assert after == WAIT or (kind.endswith("_date") and WAIT / 2 < after <= WAIT + 1)


@pytest.mark.parametrize("subject", RENEWING, ids=str)
@pytest.mark.parametrize("kind", ["unauthorized", "revoke"])
async def test_a_token_that_is_spent_is_replaced_once_and_the_upload_goes_out_again(
    tmp_path: Path, subject: RemoteSubject, kind: str
) -> None:
    async with subject.at_sandbox(tmp_path, striking("upload", kind)) as (stand, sandbox):
        await stand.send()

        assert [entry["status"] for entry in sandbox.record.of("upload")] == [401, 200]
        assert len(sandbox.record.of("token")) == 2


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_a_second_refusal_of_a_fresh_token_is_final_and_nothing_was_taken(
    tmp_path: Path, subject: RemoteSubject
) -> None:
    async with subject.at_sandbox(tmp_path, striking("upload", "revoke", times=3)) as (stand, sandbox):
        with pytest.raises(Denied):
            await stand.send()

        assert len(sandbox.record.of("upload")) == 1 + subject.renews
        assert stand.taken() == 0


@pytest.mark.parametrize("subject", RENEWING, ids=str)
@pytest.mark.parametrize("kind", ["drop_before", "throttle", "unavailable_bare", "error_before", "truncated"])
async def test_without_a_token_nothing_is_sent_and_it_may_be_tried_again(
    tmp_path: Path, subject: RemoteSubject, kind: str
) -> None:
    async with subject.at_sandbox(tmp_path, striking("token", kind)) as (stand, sandbox):
        with pytest.raises(NotSent) as caught:
            await stand.target.sign_in()
        assert caught.value.retry_after == (WAIT if kind == "throttle" else None)

        await stand.target.sign_in()
        await stand.send()
        assert len(sandbox.record.of("token")) == 2


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_a_sandbox_counts_what_it_is_asked_by_these_tests(tmp_path: Path, subject: RemoteSubject) -> None:
    """The numbers that the other tests stand on."""
    async with subject.at_sandbox(tmp_path, Fault(endpoint="upload", kind="drop_before")) as (stand, _):
        with pytest.raises(Unclear):
            await stand.send()
        assert (stand.requests(), stand.taken(), stand.copies()) == (1, 0, 0)
        stand.undo()
        await stand.send()
        assert (stand.requests(), stand.taken(), stand.copies()) == (2, 1, 1)

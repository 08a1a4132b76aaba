"""What a job has come to is what the remote says, whole, and nothing where it does not say."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from sandbox.effects import AT_READ, AT_UPLOAD

from contract.remotes import BUSY, WAIT, RemoteSubject, striking
from contract.stand import Stand
from contract.subject import Subject
from contract.subjects import REMOTES, SUBJECTS
from orchestrator.errors import Denied, Missing, NotSent, TargetError, Unclear
from orchestrator.model import Completed, Digest, Failed, Result, Token, evolve
from orchestrator.ports import Ended, Fetched, Running

_SLOW = 60.0
PASSING = [
    pytest.param(subject, kind, id=f"{subject}-{kind}")
    for subject in REMOTES
    for kind in AT_READ
    if subject.renews or AT_UPLOAD[kind][0] != 401
]
SPOILING = [case for case in PASSING if case.values[1] != "empty"]
"""An empty answer in a right frame is an empty result, as far as anybody knows."""


async def accepted(stand: Stand) -> Token:
    accepted = await stand.send()
    stand.job = evolve(stand.job, accepted)
    return accepted.token


def kept(fetched: Fetched) -> Result:
    return Result(
        key=fetched.key,
        suffix=".txt",
        size=fetched.size,
        sha256=Digest(fetched.sha256),
        body=fetched.body,
        head=fetched.head,
    )


def content(fetched: Fetched) -> bytes:
    return fetched.body if fetched.body is not None else Path(fetched.spilled or "").read_bytes()


async def seen(reading: Awaitable[Any]) -> Any:
    """The answer, or the error for which it may be asked again."""
    try:
        return await reading
    except (NotSent, Unclear) as error:
        return error


async def all_of(stand: Stand, token: Token) -> tuple[Ended, list[Fetched]]:
    ended = await stand.target.check(token)
    assert isinstance(ended, Ended)
    return ended, [await stand.target.fetch(token, key) for key in ended.results]


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_a_job_is_running_until_it_has_ended(tmp_path: Path, subject: RemoteSubject) -> None:
    async with subject.at_sandbox(tmp_path, job_base=_SLOW) as (stand, _):
        token = await accepted(stand)
        assert await stand.target.check(token) == Running()
        stand.pass_time(_SLOW / 2)
        assert await stand.target.check(token) == Running()
        stand.pass_time(_SLOW / 2)

        ended = await stand.target.check(token)
        assert isinstance(ended, Ended)
        assert ended.success


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
async def test_a_token_that_nobody_has_is_missing(tmp_path: Path, subject: Subject) -> None:
    async with subject.stand(tmp_path) as stand:
        with pytest.raises(Missing):
            await stand.target.check(subject.stranger)


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_a_word_that_nobody_documents_is_told_and_is_no_end(tmp_path: Path, subject: RemoteSubject) -> None:
    async with subject.at_sandbox(tmp_path, striking("poll", "unknown_status", times=2)) as (stand, sandbox):
        token = await accepted(stand)

        assert [await stand.target.check(token) for _ in range(2)] == [Running(word="reticulating")] * 2
        assert isinstance(await stand.target.check(token), Ended)
        assert len(sandbox.record.of("poll")) == 3


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_a_job_that_never_ends_is_never_said_to_have_ended(tmp_path: Path, subject: RemoteSubject) -> None:
    async with subject.at_sandbox(tmp_path, striking("upload", "stuck"), token_ttl=1e12) as (stand, _):
        token = await accepted(stand)
        stand.pass_time(1e9)

        assert await stand.target.check(token) == Running()


@pytest.mark.parametrize(("subject", "kind"), PASSING)
async def test_trouble_with_a_poll_is_no_end_and_passes(tmp_path: Path, subject: RemoteSubject, kind: Any) -> None:
    async with subject.at_sandbox(tmp_path, striking("poll", kind)) as (stand, sandbox):
        token = await accepted(stand)
        told = await seen(stand.target.check(token))
        if isinstance(told, TargetError):
            assert (told.retry_after or 0.0) > WAIT / 2 or kind not in BUSY
        elif AT_UPLOAD[kind][0] != 200 or kind in ("html", "html_after", "empty"):
            assert isinstance(told, Running) or AT_UPLOAD[kind][0] == 401
        assert sandbox.record.faults == {kind: 1}

        ended = await stand.target.check(token)
        assert isinstance(ended, Ended)
        assert ended.success


@pytest.mark.parametrize("subject", [each for each in REMOTES if not each.renews], ids=str)
async def test_a_credential_that_cannot_be_renewed_ends_the_reading_when_it_is_refused(
    tmp_path: Path, subject: RemoteSubject
) -> None:
    async with subject.at_sandbox(tmp_path, striking("poll", "unauthorized"), striking("result", "revoke")) as (
        stand,
        _,
    ):
        token = await accepted(stand)
        with pytest.raises(Denied):
            await stand.target.check(token)
        ended = await stand.target.check(token)
        with pytest.raises(Denied):
            await stand.target.fetch(token, ended.results[-1])


@pytest.mark.parametrize("subject", REMOTES, ids=str)
@pytest.mark.parametrize("rows", [1, 2000])
async def test_a_result_is_what_the_remote_has_and_a_long_one_lies_in_a_file(
    tmp_path: Path, subject: RemoteSubject, rows: int
) -> None:
    async with subject.at_sandbox(tmp_path, file=subject.many(rows)) as (stand, sandbox):
        token = await accepted(stand)
        ended, fetched = await all_of(stand, token)

        assert {each.key: subject.read(each.key, content(each)) for each in fetched} == subject.results(sandbox, stand)
        for each in fetched:
            body = content(each)
            assert (each.size, each.sha256) == (len(body), hashlib.sha256(body).hexdigest())
            assert (each.refused, each.objections) == (0, ())
            assert body.startswith(each.head)
        assert any(each.spilled for each in fetched) == (rows > 1)
        assert stand.target.conclude(stand.job, ended, [kept(each) for each in fetched]).results


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(("subject", "kind"), SPOILING)
async def test_trouble_with_a_result_gives_none_and_passes(
    tmp_path: Path, subject: RemoteSubject, kind: Any, nth: int
) -> None:
    script = striking("result", kind, nth)
    async with subject.at_sandbox(tmp_path, script, file=subject.many(2000)) as (stand, sandbox):
        token = await accepted(stand)
        ended = await stand.target.check(token)
        truth = subject.results(sandbox, stand)
        for key in ended.results:
            answers = [await seen(stand.target.fetch(token, key)) for _ in range(2)]
            fetched = [answer for answer in answers if isinstance(answer, Fetched)]
            assert fetched
            assert all(subject.read(key, content(each)) == truth[key] for each in fetched)

        assert sandbox.record.faults in ({kind: 1}, {})


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
async def test_a_success_is_done_with_its_results(tmp_path: Path, subject: Subject) -> None:
    async with subject.stand(tmp_path) as stand:
        token = await accepted(stand)
        ended, fetched = await all_of(stand, token)
        outcome = stand.target.conclude(stand.job, ended, [kept(each) for each in fetched])

        assert ended.success
        assert isinstance(outcome, Completed)
        assert [each.key for each in outcome.results] == list(ended.results)
        assert evolve(stand.job, outcome).owns


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_a_job_that_failed_has_failed_and_says_where_to_look(tmp_path: Path, subject: RemoteSubject) -> None:
    async with subject.stand(tmp_path, "fail") as stand:
        token = await accepted(stand)
        ended, fetched = await all_of(stand, token)
        outcome = stand.target.conclude(stand.job, ended, [kept(each) for each in fetched])

        assert not ended.success
        assert isinstance(outcome, Failed)
        assert "results/" in outcome.cause
        assert outcome.results
        stand.target.require_shows_nothing(outcome.cause)


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_a_row_that_the_remote_refuses_is_named_and_not_lost_in_a_success(
    tmp_path: Path, subject: RemoteSubject
) -> None:
    async with subject.at_sandbox(tmp_path, file=subject.refused, **subject.refusing) as (stand, _):
        token = await accepted(stand)
        ended, fetched = await all_of(stand, token)
        outcome = stand.target.conclude(stand.job, ended, [kept(each) for each in fetched])

        objections = [objection for each in fetched for objection in each.objections]
        assert [2 in objection.rows for objection in objections] == [True]
        assert all(objection.says for objection in objections)
        assert isinstance(outcome, Failed) or sum(each.refused for each in fetched) == 1
        stand.target.require_shows_nothing(getattr(outcome, "cause", ""))

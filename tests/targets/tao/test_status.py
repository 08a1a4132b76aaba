"""The status of a file: four words that are documented, anything else no end, and never a success by mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from contract.subjects import TAO
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.edges.answer import Answer
from orchestrator.errors import Denied, Garbled, Misdirected, Missing, NotSent, Nowhere, TargetError, Unclear
from orchestrator.model import Failed
from orchestrator.ports import Ended, Running
from orchestrator.sandbox import TaoKnobs
from orchestrator.targets.tao.answers import status_of
from targets.tao.near_misses import BODIES, SUCCESS, SUCCESSES
from targets.tao.place import REFERENCE, status, tao_at
from targets.wire import answer, as_json

DONE = Ended(success=True, word="processed", results=("status", "result"))
NOT_DONE = Ended(success=False, word="failed", results=("status",))


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("pending", Running()),
        ("processing", Running()),
        ("processed", DONE),
        ("failed", NOT_DONE),
        (" Processed\n", DONE),
        ("FAILED", NOT_DONE),
        ("queued", Running(word="queued")),
        ("completed", Running(word="completed")),
        ("success", Running(word="success")),
        ("done", Running(word="done")),
        ("error", Running(word="error")),
        ("processed with errors", Running(word="unreadable")),
        ("canary-cell-0", Running(word="unreadable")),
        ("x" * 41, Running(word="unreadable")),
        ("", Running(word="unreadable")),
    ],
)
async def test_a_word_means_what_is_documented_and_no_more(tmp_path: Path, word: str, meaning: Running | Ended) -> None:
    async with tao_at(tmp_path, status(word, fileLine="7", messages=["canary"])) as (stand, server):
        assert await stand.target.check(REFERENCE) == meaning

    (request,) = server.requests
    assert (request.method, request.target) == ("GET", f"/api/v1/status/{REFERENCE}")


@pytest.mark.parametrize(
    ("reply", "raised"),
    [
        (status(None), Unclear),
        (status(7), Unclear),
        (as_json({"status": "processed"}), Unclear),
        (as_json({"result": "processed"}), Unclear),
        (as_json(["processed"]), Unclear),
        (answer(200, "processed"), Unclear),
        (answer(200, ""), Unclear),
        (answer(200, "<html>processed</html>", kind="text/html"), Garbled),
        (answer(204), NotSent),
        (answer(400, "Unable to resolve rostering import status."), NotSent),
        (answer(403, "no"), Denied),
        (answer(404, f'Status for referenceId "{REFERENCE}" was not found.'), Missing),
        (answer(404, f'Status for referenceId "{REFERENCE.upper()}" was not found.'), Missing),
        (answer(404), Nowhere),
        (as_json({"error": {"message": "Not found"}}, 404), Nowhere),
        (answer(404, f"No route found for GET /api/v1/status/{REFERENCE}"), Nowhere),
        (answer(404, "<html>not found</html>", kind="text/html"), Garbled),
        (answer(405), Misdirected),
        (answer(500), NotSent),
    ],
)
async def test_what_is_no_status_is_an_error_that_says_what_may_be_done(
    tmp_path: Path, reply: bytes, raised: type[TargetError]
) -> None:
    async with tao_at(tmp_path, reply) as (stand, _):
        with pytest.raises(raised) as caught:
            await stand.target.check(REFERENCE)

    assert type(caught.value) is raised


@pytest.mark.parametrize("wrong", BODIES)
@given(st.data())
def test_nothing_that_comes_for_a_status_is_taken_for_a_success(wrong: str, data: st.DataObject) -> None:
    body = data.draw(BODIES[wrong])
    try:
        told = status_of(Answer(status=200, content_type="application/json", body=body), REFERENCE)
    except Unclear:
        return
    assert isinstance(told, Running) or not told.success


@given(SUCCESSES)
def test_a_success_is_one_whatever_stands_beside_it(said: dict[str, Any]) -> None:
    body = json.dumps(said).encode()

    assert status_of(Answer(status=200, content_type="application/json", body=body), REFERENCE) == DONE


def test_no_status_of_http_but_200_lets_a_success_be_one() -> None:
    body = json.dumps({"result": {"status": SUCCESS}}).encode()
    for number in {*range(100, 600)} - {200}:
        with pytest.raises(TargetError):
            status_of(Answer(status=number, content_type="application/json", body=body), REFERENCE)


async def test_a_reference_that_is_not_known_yet_is_missing_until_it_is(tmp_path: Path) -> None:
    async with TAO.at_sandbox(tmp_path, tao=TaoKnobs(unknown_for=30.0)) as (stand, _):
        token = (await stand.send()).token
        with pytest.raises(Missing):
            await stand.target.check(token)
        stand.pass_time(30.0)

        assert await stand.target.check(token) == DONE


async def test_a_file_that_is_processed_with_refused_rows_is_done_and_one_of_no_kind_has_failed(
    tmp_path: Path,
) -> None:
    async with TAO.at_sandbox(tmp_path, file=TAO.refused) as (stand, sandbox):
        token = (await stand.send()).token
        assert await stand.target.check(token) == DONE
        fetched = await stand.target.fetch(token, "result")
        assert (fetched.refused, len(fetched.objections)) == (1, 1)
        assert len(sandbox.portal.users) == 1

    async with tao_at(tmp_path, status("failed", messages=["The columns belong to canary."])) as (stand, _):
        ended = await stand.target.check(REFERENCE)
        outcome = stand.target.conclude(stand.job, ended, [])
        assert isinstance(outcome, Failed)
        assert outcome.cause == "the remote says: failed; see its messages under results/"
        assert b"canary" in ((await stand.target.fetch(REFERENCE, "status")).body or b"")


@pytest.mark.parametrize("body", ["", " ", "{}", "null", '{"result": {}}', "processed"])
async def test_a_status_that_says_nothing_is_no_result(tmp_path: Path, body: str) -> None:
    async with tao_at(tmp_path, answer(200, body, kind="application/json")) as (stand, _):
        with pytest.raises(Unclear, match=r"status: an answer without a status"):
            await stand.target.fetch(REFERENCE, "status")

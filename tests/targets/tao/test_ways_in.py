"""The token in three forms, and the API below either family of paths: all of it by configuration alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from contract.remotes import CREDENTIALS
from contract.stand import Stand
from contract.subjects import TAO

from orchestrator.errors import Denied
from orchestrator.model import Accepted, Completed, Failed
from orchestrator.ports import Ended
from orchestrator.sandbox import Sandbox, TaoKnobs
from targets.tao.place import TAKEN, configured, status, tao_at
from targets.wire import Request, as_json

DOUBLED = {
    "token_path": "/api/v1/upload/v1/oauth2/tokens",
    "upload_path": "/api/v1/upload/api/v1/upload",
    "status_path": "/api/v1/upload/api/v1/status/{id}",
    "download_path": "/api/v1/upload/api/v1/download/{id}",
}
MIXED = {"token_path": "/v1/oauth2/tokens", "status_path": "/api/v1/upload/api/v1/status/{id}"}


async def whole_way(stand: Stand) -> list[str]:
    """One file from the token to the last result; the results that there were."""
    accepted = await stand.send()
    ended = await stand.target.check(accepted.token)
    assert isinstance(ended, Ended)
    return [(await stand.target.fetch(accepted.token, key)).key for key in ended.results]


@pytest.mark.parametrize("body", ["form", "multipart", "json"])
@pytest.mark.parametrize("paths", [{}, DOUBLED, MIXED], ids=["plain", "doubled", "mixed"])
@pytest.mark.parametrize("scope", ["", "rostering"])
async def test_a_strict_remote_lets_us_in(tmp_path: Path, body: str, paths: dict[str, str], scope: str) -> None:
    subject = configured(token_body=body, scope=scope, **paths)
    async with subject.at_sandbox(tmp_path) as (stand, sandbox):
        assert await whole_way(stand) == ["status", "result"]

        assert [entry["note"] for entry in sandbox.record.of("token")] == [""]


def members(request: Request) -> dict[str, str]:
    kind, text = request.header("Content-Type") or "", request.body.decode()
    if kind == "application/json":
        return dict(request.json)
    if kind == "application/x-www-form-urlencoded":
        return {name: value for name, (value,) in parse_qs(text).items()}
    boundary = kind.partition("multipart/form-data; boundary=")[2]
    parts = [part.partition("\r\n\r\n") for part in text.split(f"--{boundary}")[1:-1]]
    return {head.partition('name="')[2].rstrip('"'): value.removesuffix("\r\n") for head, _, value in parts}


@pytest.mark.parametrize("body", ["form", "multipart", "json"])
@pytest.mark.parametrize("scope", ["", "rostering more"])
async def test_the_credentials_stand_in_the_body_and_nowhere_else(tmp_path: Path, body: str, scope: str) -> None:
    async with tao_at(tmp_path, TAKEN, token_body=body, scope=scope) as (stand, server):
        await stand.target.sign_in()

    (request,) = server.token_requests
    assert members(request) == {
        "grant_type": "client_credentials",
        "client_id": Sandbox.client_id,
        "client_secret": Sandbox.client_secret,
        **({"scope": scope} if scope else {}),
    }
    assert request.method == "POST"
    assert request.all("Authorization") == []
    assert "?" not in request.target


@pytest.mark.parametrize("body", ["form", "multipart", "json"])
async def test_wrong_credentials_and_a_scope_that_is_not_ours_end_the_run(tmp_path: Path, body: str) -> None:
    async with configured(token_body=body, scope="another").at_sandbox(tmp_path) as (stand, sandbox):
        with pytest.raises(Denied, match=r"target\.scope"):
            await stand.target.sign_in()
        assert [entry["note"] for entry in sandbox.record.of("token")] == ["invalid_scope"]
    stranger = replace(configured(token_body=body), secrets=replace(CREDENTIALS, client_secret="another"))
    async with stranger.at_sandbox(tmp_path) as (stand, sandbox):
        with pytest.raises(Denied, match=r"target\.client_id"):
            await stand.target.sign_in()
        assert [entry["note"] for entry in sandbox.record.of("token")] == ["invalid_client"]


async def test_the_file_is_one_part_of_a_form_with_the_name_of_a_csv(tmp_path: Path) -> None:
    async with tao_at(tmp_path, TAKEN) as (stand, server):
        await stand.send()

    (request,) = server.requests
    kind = request.header("Content-Type") or ""
    boundary = kind.partition("multipart/form-data; boundary=")[2]
    head, _, rest = request.body.decode().partition("\r\n\r\n")
    assert boundary
    assert head.split("\r\n") == [
        f"--{boundary}",
        'Content-Disposition: form-data; name="file"; filename="night.csv"',
        "Content-Type: text/csv",
    ]
    assert rest == "\r\n".join(TAO.file) + f"\r\n--{boundary}--\r\n"
    assert request.all("Content-Length") == [str(len(request.body))]
    assert request.all("Transfer-Encoding") == []


async def test_a_remote_without_status_takes_the_file_and_tells_no_more(tmp_path: Path) -> None:
    subject = configured(status_path="", download_path="")
    async with subject.at_sandbox(tmp_path, tao=TaoKnobs(reports=False)) as (stand, sandbox):
        accepted = await stand.send()
        ended = await stand.target.check(accepted.token)
        outcome = stand.target.conclude(stand.job, ended, [])

        assert ended == Ended(success=True, word="", results=(), by_row=False)
        assert outcome.cause == "not tracked: the remote took it, and offers no status"
        assert [entry["kind"] for entry in sandbox.record.entries] == ["token", "upload"]


async def test_a_remote_without_downloads_has_its_status_for_a_result(tmp_path: Path) -> None:
    async with configured(download_path="").at_sandbox(tmp_path) as (stand, sandbox):
        assert await whole_way(stand) == ["status"]

        assert sandbox.record.of("result") == []


async def test_a_success_without_downloads_is_said_not_to_be_one_of_every_row(tmp_path: Path) -> None:
    async with configured(download_path="").at_sandbox(tmp_path) as (stand, _):
        ended = await stand.target.check((await stand.send()).token)
        assert isinstance(ended, Ended)

        assert not ended.by_row
        outcome = stand.target.conclude(stand.job, ended, [])
        assert isinstance(outcome, Completed)
        assert outcome.cause.startswith("not told row by row")


async def test_a_failure_without_downloads_is_a_failure(tmp_path: Path) -> None:
    replies = (TAKEN, status("failed", messages=["no"]))
    async with tao_at(tmp_path, *replies, download_path="") as (stand, _):
        ended = await stand.target.check((await stand.send()).token)
        assert isinstance(ended, Ended)

        assert ended.results == ("status",)
        assert isinstance(stand.target.conclude(stand.job, ended, []), Failed)


async def test_a_lifetime_in_words_and_members_that_nobody_knows_do_no_harm(tmp_path: Path) -> None:
    grant = {"access_token": "a.b-c", "token_type": "bearer", "expires_in": "3600", "message": "hi", "scope": "x"}
    async with tao_at(tmp_path, TAKEN, tokens=(as_json(grant),)) as (stand, server):
        assert await stand.said() is Accepted

    assert server.requests[0].all("Authorization") == ["Bearer a.b-c"]

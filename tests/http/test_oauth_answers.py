"""How the identity server's answers are read (contracts 1.2 and 1.3)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from targets.remote import assert_tells_no_secret, credentials_at
from targets.wire import Reply, Script, answer, as_json, closed_port, grant, scripted

from orchestrator.errors import Denied, Misdirected, NotSent, TargetError, Unreachable

FOR_GOOD = ["invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type"]
PAGE = "<!DOCTYPE html><html><body>Please sign in.</body></html>"


async def refused(tmp_path: Path, *tokens: Script, **changes: str) -> tuple[TargetError, int]:
    """The error that these answers lead to, and how many requests it took."""
    async with (
        scripted(tokens=tokens) as server,
        credentials_at(server, tmp_path, **changes) as (credentials, _, _http),
    ):
        with pytest.raises(TargetError) as caught:
            await credentials.token()
        asked = len(server.token_requests)
    assert_tells_no_secret(caught.value)
    return caught.value, asked


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("error", FOR_GOOD)
async def test_credentials_that_are_refused_for_good_are_denied_whatever_the_status(
    tmp_path: Path, error: str, status: int
) -> None:
    reply = as_json(
        {"error": error, "error_description": "no", "message": "no", "hint": "no"},
        status,
        'WWW-Authenticate: Basic realm="identity"',
    )

    problem, asked = await refused(tmp_path, reply)

    assert isinstance(problem, Denied)
    assert f"refuses the credentials ({error}). Check target.client_id, the client secret" in str(problem)
    assert 'a server that does not decode Basic needs target.basic_encoding = "raw"' in str(problem)
    assert asked == 1


async def test_no_key_is_named_that_the_kind_of_the_target_does_not_have(tmp_path: Path) -> None:
    where = {"style": "form", "key": "target.base_url with target.token_path"}
    denied, _ = await refused(tmp_path, as_json({"error": "invalid_client"}, 401), **where)
    misdirected, _ = await refused(tmp_path, answer(404, "not here"), **where)

    assert "basic_encoding" not in str(denied)
    assert str(misdirected).endswith("Is target.base_url with target.token_path the token endpoint?")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_bare_refusal_says_what_to_check(tmp_path: Path, status: int) -> None:
    problem, asked = await refused(tmp_path, answer(status, "Unauthorized"))

    assert isinstance(problem, Denied)
    assert f"the identity server answered {status}. Check target.client_id and the secret." in str(problem)
    assert asked == 1


async def test_what_is_denied_for_good_is_not_asked_for_again(tmp_path: Path) -> None:
    async with (
        scripted(tokens=(as_json({"error": "invalid_client"}, 400),)) as server,
        credentials_at(server, tmp_path) as (credentials, _, _http),
    ):
        for _ in range(3):
            with pytest.raises(Denied):
                await credentials.token()

        assert len(server.token_requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(answer(200, PAGE, kind="text/html"), id="a page"),
        pytest.param(answer(404, PAGE, kind="text/html"), id="404 as a page"),
        pytest.param(as_json({"message": "Not found"}, 404), id="404"),
        pytest.param(answer(405, "", "Allow: GET"), id="405"),
        pytest.param(answer(302, "", "Location: /elsewhere"), id="a redirect"),
        pytest.param(answer(200, ""), id="nothing"),
        pytest.param(as_json(["access_token"]), id="a list"),
        pytest.param(as_json({}), id="no members"),
        pytest.param(grant(access_token=...), id="no token"),
        pytest.param(grant(access_token=None), id="null"),
        pytest.param(grant(access_token=7), id="a number"),
        pytest.param(grant(""), id="an empty token"),
        pytest.param(grant("two words"), id="a space"),
        pytest.param(grant("bearer\r\nX-Injected: yes"), id="CR LF"),
        pytest.param(grant("bearer\n"), id="LF at its end"),
        pytest.param(grant("bearer\0"), id="NUL"),
        pytest.param(grant("tökén"), id="not ASCII"),
        pytest.param(grant("=bearer"), id="padding in front"),
        pytest.param(grant(token_type="mac"), id="another type"),
        pytest.param(grant(token_type="DPoP"), id="DPoP"),
        pytest.param(grant(token_type=None), id="no type at all"),
        pytest.param(grant(token_type=["Bearer"]), id="a list of types"),
        pytest.param(as_json({"error": {"message": "no such route"}}, 400), id="an error that is an object"),
        pytest.param(as_json({"error": ["invalid_request"]}, 400), id="an error that is a list"),
        pytest.param(as_json({"error": "invalid_request"}, 400), id="invalid_request"),
        pytest.param(answer(200, "[" * 100_000, kind="application/json"), id="endless nesting"),
        pytest.param(answer(200, b"\xff\xfe\x00", kind="application/json"), id="no text"),
    ],
)
async def test_an_answer_that_is_no_token_endpoint_s_is_misdirected(tmp_path: Path, reply: bytes) -> None:
    problem, asked = await refused(tmp_path, reply)

    assert isinstance(problem, Misdirected)
    assert asked == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize(("headers", "wait"), [((), None), (("Retry-After: 7",), 7.0), (("Retry-After: soon",), None)])
async def test_passing_trouble_may_be_tried_again_when_the_server_says(
    tmp_path: Path, status: int, headers: tuple[str, ...], wait: float | None
) -> None:
    problem, asked = await refused(tmp_path, answer(status, PAGE, *headers, kind="text/html"))

    assert isinstance(problem, NotSent)
    assert problem.retry_after == wait
    assert asked == 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(close=True), id="closed without an answer"),
        pytest.param(Reply(reset=True), id="reset"),
        pytest.param(Reply(data=grant()[:-5], close=True), id="cut"),
        pytest.param(Reply(data=b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close=True), id="not HTTP"),
        pytest.param(answer(200, "x", "Content-Encoding: gzip"), id="compressed"),
        pytest.param(answer(200, b" " * (2 << 20)), id="too long"),
    ],
)
async def test_a_token_request_that_goes_wrong_does_no_harm_and_may_be_tried_again(
    tmp_path: Path, reply: Reply
) -> None:
    problem, asked = await refused(tmp_path, reply)

    assert isinstance(problem, NotSent)
    assert asked == 1


async def test_an_identity_server_that_is_down_is_unreachable(tmp_path: Path) -> None:
    async with scripted() as server:
        server.url = f"http://127.0.0.1:{closed_port()}"
        async with credentials_at(server, tmp_path) as (credentials, _, _http):
            with pytest.raises(Unreachable) as caught:
                await credentials.token()

    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
async def test_the_type_of_a_token_may_be_written_in_any_case(tmp_path: Path, kind: str) -> None:
    async with (
        scripted(tokens=(grant("a-b.c_d~e+f/g==", token_type=kind, scope="x", extra=[1]),)) as server,
        credentials_at(server, tmp_path) as (credentials, _, _http),
    ):
        assert await credentials.token() == "a-b.c_d~e+f/g=="


async def test_a_token_answer_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"access_token": "t", "token_type": "Bearer"}).encode()
    async with (
        scripted(tokens=(answer(200, body, kind="application/json"),)) as server,
        credentials_at(server, tmp_path) as (credentials, _, _http),
    ):
        assert await credentials.token() == "t"

"""TAO's token endpoint: three forms of one request, credentials in the body only."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from orchestrator.sandbox import TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET, Profile
from sandbox.tao.visitor import Visitor, visit
from sandbox.visitor import INSTANT, basic

PATHS = ("/api/v1/oauth2/tokens", "/v1/oauth2/tokens", "/api/v1/upload/v1/oauth2/tokens")


def as_multipart(form: dict[str, str]) -> aiohttp.FormData:
    data = aiohttp.FormData(default_to_multipart=True)
    for name, value in form.items():
        data.add_field(name, value)
    return data


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", ["urlencoded", "multipart", "json"])
async def test_a_token_is_given_at_every_address_and_for_every_form(path: str, form: str) -> None:
    async with visit(signed_in=False) as visitor:
        ways: dict[str, dict[str, Any]] = {
            "urlencoded": {"data": visitor.form},
            "multipart": {"data": as_multipart(visitor.form)},
            "json": {"json": visitor.form},
        }
        seen = await visitor.send("POST", path, **ways[form])

        assert seen.status == 200
        assert seen.json.items() >= {"token_type": "Bearer", "expires_in": 3600, "scope": "rostering"}.items()
        visitor.bearer = seen.json["access_token"]
        assert (await visitor.upload()).status == 200


async def refused(visitor: Visitor, **how: Any) -> tuple[int, str]:
    seen = await visitor.send("POST", PATHS[0], **how)
    assert visitor.last("token")["note"] == seen.json["error"]
    return seen.status, seen.json["error"]


async def test_credentials_in_the_header_are_refused_even_beside_those_in_the_body() -> None:
    headers = {"Authorization": basic(TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET)}
    async with visit(signed_in=False) as visitor:
        alone = await refused(visitor, data={"grant_type": "client_credentials"}, headers=headers)
        beside = await refused(visitor, data=visitor.form, headers=headers)

    assert alone == beside == (400, "invalid_client")


async def test_the_status_of_an_invalid_client_is_a_knob() -> None:
    async with visit(Profile(invalid_client_status=401), signed_in=False) as visitor:
        assert await refused(visitor, data=visitor.form | {"client_secret": "x"}) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": f'"{TRIAL_CLIENT_SECRET}"'}, "invalid_client"),
        ({"client_id": ""}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "everything"}, "invalid_scope"),
    ],
)
async def test_what_is_wrong_with_a_form_is_named(changes: dict[str, str], error: str) -> None:
    async with visit(signed_in=False) as visitor:
        assert await refused(visitor, data=visitor.form | changes) == (400, error)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"[]"),
        ("application/json", b'{"grant_type": 1}'),
        ("application/json", b"grant_type=client_credentials"),
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b"grant_type=client_credentials"),
        ("text/plain", b"grant_type=client_credentials"),
        ("application/x-www-form-urlencoded", b"a=1&a=2"),
        ("application/x-www-form-urlencoded", b"\xff"),
    ],
)
async def test_what_is_no_form_is_an_invalid_request(content_type: str, body: bytes) -> None:
    async with visit(signed_in=False) as visitor:
        headers = {"Content-Type": content_type}
        assert await refused(visitor, data=body, headers=headers) == (400, "invalid_request")


async def test_a_file_is_no_member_of_a_token_request() -> None:
    async with visit(signed_in=False) as visitor:
        form = as_multipart(visitor.form)
        form.add_field("scope", b"rostering", filename="scope.txt")
        assert await refused(visitor, data=form) == (400, "invalid_request")


async def test_only_post_gets_a_token() -> None:
    async with visit(signed_in=False) as visitor:
        seen = await visitor.send("GET", PATHS[0])

    assert (seen.status, seen.headers["Allow"]) == (405, "POST")


async def test_a_token_expires_on_the_servers_own_clock() -> None:
    async with visit(Profile(job_base=0.0, token_ttl=30.0)) as visitor:
        visitor.clock.now += 29.9
        assert (await visitor.upload()).status == 200
        visitor.clock.now += 0.1
        assert (await visitor.upload()).status == 401


async def test_no_secret_is_recorded() -> None:
    async with visit(INSTANT) as visitor:
        await visitor.upload()
        text = json.dumps(list(visitor.sandbox.record.entries))

    assert not any(part in text for part in (TRIAL_CLIENT_SECRET, visitor.bearer, "Secret-1", "anna"))

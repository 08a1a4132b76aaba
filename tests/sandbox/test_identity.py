"""The token endpoint over HTTP."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest

from orchestrator.sandbox import TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET, Profile
from sandbox.visitor import INSTANT, basic, visit


async def test_a_token_comes_as_the_standard_says() -> None:
    async with visit(signed_in=False) as visitor:
        seen = await visitor.token()

    assert seen.status == 200
    assert seen.json | {"access_token": "…"} == {
        "access_token": "…",
        "expires_in": 3600,
        "token_type": "Bearer",
        "scope": "platform_upload_api",
    }
    assert seen.headers["Cache-Control"] == "no-store"
    assert seen.headers["Pragma"] == "no-cache"


def test_the_trial_secret_shows_whether_it_was_encoded_once() -> None:
    assert set("+/ %=:&") <= set(TRIAL_CLIENT_SECRET)
    assert quote(TRIAL_CLIENT_SECRET, safe="") != TRIAL_CLIENT_SECRET


@pytest.mark.parametrize(
    "authorization",
    [
        basic(TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET),
        basic(TRIAL_CLIENT_ID, quote(quote(TRIAL_CLIENT_SECRET, safe=""), safe="")),
        basic(TRIAL_CLIENT_ID, "wrong"),
        basic("somebody", quote(TRIAL_CLIENT_SECRET, safe="")),
        basic("i" * 101, quote(TRIAL_CLIENT_SECRET, safe="")),
        basic(TRIAL_CLIENT_ID, "".join(f"%{byte:02X}" for byte in TRIAL_CLIENT_SECRET.encode() * 2)),
        "Basic !!!",
        "Basic " + "bm8gY29sb24=",
        "Basic /w==",
        "Bearer abc",
        None,
    ],
)
async def test_wrong_credentials_are_invalid_client(authorization: str | None) -> None:
    async with visit(signed_in=False) as visitor:
        seen = await visitor.token(authorization)

        assert (seen.status, seen.json) == (400, {"error": "invalid_client"})
        assert visitor.last("token")["note"] == "invalid_client"


async def test_a_plus_in_the_encoded_secret_is_a_space() -> None:
    encoded = quote(TRIAL_CLIENT_SECRET, safe="").replace("%20", "+")
    async with visit(signed_in=False) as visitor:
        assert (await visitor.token(basic(TRIAL_CLIENT_ID, encoded))).status == 200


async def test_both_halves_are_decoded_and_split_at_the_first_colon() -> None:
    client_id = "".join(f"%{byte:02X}" for byte in TRIAL_CLIENT_ID.encode())
    secret = quote(TRIAL_CLIENT_SECRET, safe="").replace("%3A", ":")
    async with visit(signed_in=False) as visitor:
        assert (await visitor.token(basic(client_id, secret))).status == 200


async def test_a_server_that_forgets_to_decode_can_be_had() -> None:
    async with visit(replace(INSTANT, basic_encoding="raw"), signed_in=False) as visitor:
        assert (await visitor.token(basic(TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET))).status == 200
        assert (await visitor.token()).status == 400


async def test_invalid_client_can_be_a_401_with_a_challenge() -> None:
    async with visit(replace(INSTANT, invalid_client_status=401), signed_in=False) as visitor:
        seen = await visitor.token(None)

    assert (seen.status, seen.json) == (401, {"error": "invalid_client"})
    assert seen.headers["WWW-Authenticate"] == 'Basic realm="identity"'


async def test_the_credentials_may_stand_in_the_body_unless_the_profile_forbids_it() -> None:
    form = {"client_id": TRIAL_CLIENT_ID, "client_secret": TRIAL_CLIENT_SECRET}
    async with visit(signed_in=False) as visitor:
        assert (await visitor.token(None, **form)).status == 200
    async with visit(replace(INSTANT, body_credentials=False), signed_in=False) as visitor:
        assert (await visitor.token(None, **form)).json == {"error": "invalid_client"}


async def test_credentials_in_two_places_are_an_invalid_request() -> None:
    async with visit(signed_in=False) as visitor:
        seen = await visitor.token("right", client_id=TRIAL_CLIENT_ID, client_secret=TRIAL_CLIENT_SECRET)

    assert (seen.status, seen.json) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
async def test_only_a_form_is_read(content_type: str) -> None:
    async with visit(signed_in=False) as visitor:
        headers = {"Authorization": visitor.credentials, "Content-Type": content_type}
        body = b"grant_type=client_credentials&scope=platform_upload_api"
        seen = await visitor.send("POST", visitor.sandbox.token_url, data=body, headers=headers)

    assert (seen.status, seen.json) == (400, {"error": "invalid_request"})


async def test_a_charset_and_capitals_in_the_content_type_do_no_harm() -> None:
    async with visit(signed_in=False) as visitor:
        content_type = "Application/X-WWW-Form-URLEncoded; charset=UTF-8"
        headers = {"Authorization": visitor.credentials, "Content-Type": content_type}
        body = b"grant_type=client_credentials&scope=platform_upload_api"
        seen = await visitor.send("POST", visitor.sandbox.token_url, data=body, headers=headers)

    assert seen.status == 200


async def test_only_post_is_answered() -> None:
    async with visit(signed_in=False) as visitor:
        seen = await visitor.send("GET", visitor.sandbox.token_url)

    assert (seen.status, seen.json) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize("body", [b"grant_type=a&grant_type=b&scope=c", b"scope=%FF", b"\xff"])
async def test_a_form_that_repeats_itself_or_is_not_utf_8_is_an_invalid_request(body: bytes) -> None:
    async with visit(signed_in=False) as visitor:
        headers = {
            "Authorization": visitor.credentials,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        seen = await visitor.send("POST", visitor.sandbox.token_url, data=body, headers=headers)

    assert (seen.status, seen.json) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unauthorized_client"),
        ({"grant_type": "authorization_code"}, "unauthorized_client"),
        ({"grant_type": "magic"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": "platform_upload_api everything"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
    ],
)
async def test_a_wrong_grant_or_scope_is_named(changes: dict[str, str | None], error: str) -> None:
    async with visit(signed_in=False) as visitor:
        seen = await visitor.token(**changes)

    assert (seen.status, seen.json) == (400, {"error": error})


async def test_a_bearer_token_expires_on_the_servers_own_clock() -> None:
    async with visit(replace(INSTANT, token_ttl=30.0)) as visitor:
        visitor.clock.now += 29.9
        assert (await visitor.upload()).status == 200
        visitor.clock.now += 0.1
        seen = await visitor.upload(Name="later")

    assert seen.status == 401
    assert seen.headers["WWW-Authenticate"].startswith('Bearer realm="platform", error="invalid_token"')


async def test_what_is_announced_may_differ_from_what_is_so() -> None:
    async with visit(replace(INSTANT, token_ttl=30.0, announced_ttl=3600.0)) as visitor:
        assert (await visitor.token()).json["expires_in"] == 3600
        visitor.clock.now += 30.0
        assert (await visitor.upload()).status == 401


async def test_a_request_without_credentials_is_not_told_an_error_code() -> None:
    async with visit() as visitor:
        seen = await visitor.send("GET", f"{visitor.sandbox.base_url}/api/GetResults")

    assert (seen.status, seen.headers["WWW-Authenticate"]) == (401, 'Bearer realm="platform"')


@pytest.mark.parametrize("authorization", ["Bearer made-up", "Bearer", basic(TRIAL_CLIENT_ID, "x")])
async def test_a_made_up_token_is_invalid(authorization: str) -> None:
    async with visit() as visitor:
        seen = await visitor.upload(headers={"Authorization": authorization})

    assert seen.status == 401
    assert 'error="invalid_token"' in seen.headers["WWW-Authenticate"]


async def test_a_token_for_another_scope_is_forbidden() -> None:
    async with visit(signed_in=False) as visitor:
        await visitor.sign_in("platform_processing_api")
        seen = await visitor.upload()

    assert seen.status == 403
    assert 'error="insufficient_scope", scope="platform_upload_api"' in seen.headers["WWW-Authenticate"]


async def test_all_tokens_can_be_made_void_at_once() -> None:
    async with visit() as visitor:
        visitor.sandbox.expire_tokens()
        assert (await visitor.upload()).status == 401
        await visitor.sign_in()
        assert (await visitor.upload()).status == 200


async def test_tokens_follow_from_the_seed() -> None:
    async def first(seed: int) -> str:
        async with visit(Profile(), seed=seed) as visitor:
            return visitor.bearer

    assert await first(1) == await first(1)
    assert await first(1) != await first(2)

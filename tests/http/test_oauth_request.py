"""What a token request looks like on the wire (contracts 1.1 and A.2)."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import parse_qsl, unquote, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets.remote import CLIENT_ID, CLIENT_SECRET, credentials_at, oauth, sandbox_remote
from targets.wire import scripted

from orchestrator.edges.http import Kind
from orchestrator.edges.oauth import basic_credentials
from orchestrator.errors import Denied
from orchestrator.sandbox import Profile, serve


@pytest.mark.parametrize(
    ("client_id", "secret", "encoded"),
    [
        ("example.com", "s=cr%t", "ZXhhbXBsZS5jb206cyUzRGNyJTI1dA=="),
        (
            "11111111-2222-3333-4444-555555555555",
            "ab+c/d=e f",
            "MTExMTExMTEtMjIyMi0zMzMzLTQ0NDQtNTU1NTU1NTU1NTU1OmFiJTJCYyUyRmQlM0RlJTIwZg==",
        ),
    ],
)
def test_id_and_secret_are_form_encoded_apart_and_then_joined(client_id: str, secret: str, encoded: str) -> None:
    config = oauth("http://127.0.0.1/", client_id=client_id, client_secret=secret)

    assert basic_credentials(config) == encoded


def test_a_server_that_does_not_decode_gets_them_raw() -> None:
    config = oauth("http://127.0.0.1/", client_id="example.com", client_secret="s=cr%t", encode=False)

    assert base64.b64decode(basic_credentials(config)) == b"example.com:s=cr%t"


@given(client_id=st.text(min_size=1), secret=st.text(min_size=1))
def test_a_form_decoder_and_a_percent_decoder_read_the_same_credentials(client_id: str, secret: str) -> None:
    config = oauth("http://127.0.0.1/", client_id=client_id, client_secret=secret)
    left, _, right = base64.b64decode(basic_credentials(config)).decode("ascii").partition(":")

    assert (unquote_plus(left), unquote_plus(right)) == (client_id, secret)
    assert (unquote(left), unquote(right)) == (client_id, secret)


async def test_the_request_is_a_form_that_names_grant_and_scope_and_one_way_to_authenticate(
    tmp_path: Path,
) -> None:
    async with (
        scripted() as server,
        credentials_at(server, tmp_path, scope="one two&three") as (credentials, _, http),
    ):
        assert await credentials.token() == "bearer-of-the-test"
        [request] = server.token_requests

    assert (request.method, request.target) == ("POST", "/connect/token")
    assert request.all("Content-Type") == ["application/x-www-form-urlencoded"]
    assert parse_qsl(request.body.decode("ascii"), strict_parsing=True) == [
        ("grant_type", "client_credentials"),
        ("scope", "one two&three"),
    ]
    [authorization] = request.all("Authorization")
    scheme, _, encoded = authorization.partition(" ")
    left, _, right = base64.b64decode(encoded).decode().partition(":")
    assert (scheme, unquote_plus(left), unquote_plus(right)) == ("Basic", CLIENT_ID, CLIENT_SECRET)
    assert http.counts == {Kind.TOKEN: 1}


async def test_a_strict_server_understands_a_secret_full_of_special_characters(tmp_path: Path) -> None:
    async with serve(Profile()) as sandbox, sandbox_remote(sandbox, tmp_path) as remote:
        await remote.platform.sign_in()

        assert [entry["status"] for entry in sandbox.record.of("token")] == [200]


async def test_encoded_credentials_are_not_tried_raw_when_they_are_refused(tmp_path: Path) -> None:
    async with (
        serve(Profile(basic_encoding="raw")) as sandbox,
        sandbox_remote(sandbox, tmp_path) as remote,
    ):
        with pytest.raises(Denied, match="basic_encoding"):
            await remote.platform.sign_in()

        assert [entry["note"] for entry in sandbox.record.of("token")] == ["invalid_client"]

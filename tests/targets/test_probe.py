"""The one request that goes first after a pause, and in `check`: only what a well endpoint says counts as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.config import Credentials, load
from orchestrator.errors import Denied, Garbled, Misdirected, NotSent, TargetError
from orchestrator.preflight import preflight
from targets.remote import API_KEY, CLIENT_ID, CLIENT_SECRET, assert_tells_no_secret, remote_at
from targets.wire import answer, scripted

PAGE = "<!DOCTYPE html><html><body>Closed for maintenance.</body></html>"


def meaning(status: int) -> type[TargetError]:
    match status:
        case 401 | 403:
            return Denied
        case 404:
            return Misdirected
        case 408 | 425 | 429:
            return NotSent
        case _:
            return NotSent if status >= 500 else Garbled


async def test_every_answer_but_405_to_a_get_is_not_well_and_says_for_how_long(tmp_path: Path) -> None:
    async with scripted() as server, remote_at(server, tmp_path) as remote:
        for status in (*range(200, 405), *range(406, 600)):
            server.replies = [answer(status, "" if status in (204, 304) else PAGE, "Retry-After: 7", kind="text/html")]
            with pytest.raises(TargetError) as caught:
                await remote.platform.probe()

            assert (status, type(caught.value)) == (status, meaning(status))
            if meaning(status) in (NotSent, Garbled):
                assert caught.value.retry_after == 7.0
            assert_tells_no_secret(caught.value)


async def test_405_to_a_get_is_what_an_upload_endpoint_says_when_it_is_well(tmp_path: Path) -> None:
    async with scripted(answer(405, PAGE, "Allow: POST")) as server, remote_at(server, tmp_path) as remote:
        await remote.platform.probe()

        assert [(request.method, request.body) for request in server.requests] == [("GET", b"")]


@pytest.mark.parametrize(("status", "raised"), [(200, Misdirected), (302, Misdirected), (503, NotSent)])
async def test_check_says_that_an_address_that_answers_like_no_upload_endpoint_may_be_another(
    tmp_path: Path, status: int, raised: type[TargetError]
) -> None:
    async with scripted(answer(status, PAGE, kind="text/html")) as server:
        words = (
            f"target.base_url={server.url}",
            f"target.token_url={server.token_url}",
            f"target.client_id={CLIENT_ID}",
        )
        settings = load(None, overrides=words, environ={}, folder=tmp_path, output=tmp_path / "out")
        secrets = Credentials(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, api_key=API_KEY)
        passed: list[str] = []
        with pytest.raises(raised, match=str(status)) as caught:
            await preflight(settings, secrets, passed.append)

    assert passed[-1] == "the identity server gives out a token"
    assert ("target.base_url" in str(caught.value)) == (raised is Misdirected)

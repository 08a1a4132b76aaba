"""The store that a signed address opens: without credentials of ours, for some minutes, and only where it is safe."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract.stand import Stand
from contract.subjects import TAO

from orchestrator.errors import Missing, NotSent, TargetError, Unclear
from orchestrator.sandbox import TaoKnobs
from targets.remote import content_of
from targets.tao.place import REFERENCE, tao_at
from targets.wire import Request, answer, as_json, chunked, closed_port

ROWS = "user_username,status\r\nzoe,processed\r\n"
QUERY = "?X-Sig=a%2Fb%2Bc&expires=1&sig nature=canary".replace(" ", "%20")
FOUND = answer(200, ROWS, kind="text/csv")
EXPIRED = answer(403, "<Error><Code>ExpiredToken</Code></Error>", kind="application/xml")


def at(address: str) -> bytes:
    return as_json({"signedUrl": address})


async def rows_of(stand: Stand) -> bytes | None:
    body: bytes | None = (await stand.target.fetch(REFERENCE, "result")).body
    return body


def to_the_store(request: Request) -> bool:
    return request.target.startswith("/store/")


async def test_the_store_gets_the_address_as_it_is_and_nothing_to_know_us_by(tmp_path: Path) -> None:
    async with tao_at(tmp_path, lambda _: at(f"{server.url}/store/x.csv{QUERY}"), FOUND) as (stand, server):
        assert await rows_of(stand) == ROWS.encode()

    asked, stored = server.requests
    assert asked.target == f"/api/v1/download/{REFERENCE}"
    assert asked.all("Authorization") == ["Bearer bearer-of-the-test"]
    assert stored.target == f"/store/x.csv{QUERY}"
    assert (stored.method, stored.all("Authorization"), stored.all("Cookie")) == ("GET", [], [])


@pytest.mark.parametrize(
    ("address", "says"),
    [("http://127.0.0.1:{closed}/canary", "cannot connect"), ("https://nowhere.invalid/canary", "name is not known")],
)
async def test_a_store_that_cannot_be_reached_says_nothing_of_the_remote(
    tmp_path: Path, address: str, says: str
) -> None:
    """By one address that the remote wrote nobody else is held up."""
    async with tao_at(tmp_path, at(address.format(closed=closed_port()))) as (stand, _):
        with pytest.raises(Unclear, match=says) as caught:
            await rows_of(stand)

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        EXPIRED,
        answer(404, "gone"),
        answer(400, "InvalidArgument"),
        answer(401, "who are you"),
        answer(500),
        answer(302, "", "Location: https://elsewhere.example/canary"),
        answer(204),
        answer(200, "<html>sign in</html>", kind="text/html"),
        answer(200, "<html>sign in</html>", kind="text/csv"),
    ],
    ids=["expired", "gone", "odd", "401", "500", "302", "204", "page", "page called CSV"],
)
async def test_an_address_that_opens_nothing_leads_to_a_new_one(tmp_path: Path, reply: bytes) -> None:
    replies = [at("{}/store/1"), reply, at("{}/store/2"), FOUND]
    async with tao_at(tmp_path, *replies) as (stand, server):
        for nth in (0, 2):
            server.replies[nth] = at(f"{server.url}/store/{nth}")
        with pytest.raises((NotSent, Unclear)):
            await rows_of(stand)
        assert await rows_of(stand) == ROWS.encode()

    assert [to_the_store(request) for request in server.requests] == [False, True, False, True]
    assert [request.target for request in server.requests if to_the_store(request)] == ["/store/0", "/store/2"]
    assert len(server.token_requests) == 1, "a 401 of the store says nothing of our token"


async def test_a_signature_of_the_sandbox_that_has_expired_is_had_anew(tmp_path: Path) -> None:
    async with TAO.at_sandbox(tmp_path, tao=TaoKnobs(url_ttl=0.0)) as (stand, sandbox):
        token = (await stand.send()).token
        for _ in range(2):
            with pytest.raises(NotSent, match="403"):
                await stand.target.fetch(token, "result")

        entries = sandbox.record.of("result")
        assert [(entry.get("data_key"), entry["note"]) for entry in entries] == [
            ("url", ""),
            (None, "ExpiredToken"),
        ] * 2


ELSEWHERE = [
    "http://elsewhere.example/canary",
    "http://127.0.0.1.elsewhere.example/canary",
    "http://localhost@elsewhere.example/canary",
    "HTTP://elsewhere.example/canary",
    "ftp://127.0.0.1/canary",
    "file:///etc/canary",
    "//127.0.0.1/canary",
    "/store/canary",
    "canary",
    "javascript:canary",
    "https:canary",
    "https://",
    "https:///canary",
    "https://[canary",
    "https://canary:port/",
    "https://canary:99999999/",
    "https://canary.example:0/",
    "https://can\nary.example/",
    "https://can ary.example/",
    "https://canary..example/",
    f"https://{'canary' * 60}/",
    "",
]


@pytest.mark.parametrize("address", ELSEWHERE)
async def test_an_address_that_is_not_safe_or_none_at_all_is_not_followed_nor_shown(
    tmp_path: Path, address: str
) -> None:
    async with tao_at(tmp_path, at(address), FOUND) as (stand, server):
        with pytest.raises(TargetError) as caught:
            await rows_of(stand)

    assert isinstance(caught.value, NotSent | Unclear)
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", ["{}", '{"signedUrl": null}', '{"signedUrl": ["x"]}', "[]", "no", ""])
async def test_an_answer_without_an_address_is_asked_for_again(tmp_path: Path, body: str) -> None:
    async with tao_at(tmp_path, answer(200, body, kind="application/json")) as (stand, _):
        with pytest.raises(Unclear):
            await rows_of(stand)


async def test_a_result_that_is_not_there_yet_is_missing(tmp_path: Path) -> None:
    body = {"error": {"message": f'Download URL for referenceId "{REFERENCE}" is not available.'}}
    async with tao_at(tmp_path, as_json(body, 404)) as (stand, _):
        with pytest.raises(Missing):
            await rows_of(stand)


async def test_a_long_result_comes_in_pieces_and_is_put_into_a_file(tmp_path: Path) -> None:
    line = b'zoe,processed,"of two\r\nlines"\r\n'
    pieces = [b"user_username,status,note\r\n", *[line * 1000] * 4]
    async with tao_at(tmp_path, lambda _: at(f"{server.url}/store/1"), chunked(*pieces, kind="text/csv")) as (
        stand,
        server,
    ):
        fetched = await stand.target.fetch(REFERENCE, "result")

        assert content_of(fetched.spilled) == b"".join(pieces)
        assert (fetched.body, fetched.refused, fetched.objections, fetched.remark) == (None, 0, (), "")


@pytest.mark.parametrize("text", ["", "\r\n", "\ufeff", " \n "])
async def test_a_result_of_nothing_is_none_for_it_begins_with_the_columns_of_the_file(
    tmp_path: Path, text: str
) -> None:
    found = answer(200, text, kind="text/csv")
    async with tao_at(tmp_path, lambda _: at(f"{server.url}/store/x.csv"), found) as (stand, server):
        with pytest.raises(Unclear, match="result: GET of the signed address: it is empty"):
            await rows_of(stand)

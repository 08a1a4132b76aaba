"""What an upload's answer allows us to do next, for every status there is (contracts A.3, A.4; design 8)."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.edges.answer import Answer
from orchestrator.edges.retry_after import LONGEST
from orchestrator.errors import Busy, Denied, Garbled, NotSent, TargetError, Unclear
from orchestrator.model import Accepted
from orchestrator.outcome import Phase
from orchestrator.targets.platform.answers import token_of
from targets.meanings import meaning
from targets.remote import NOW, UUID, assert_tells_no_secret, remote_at
from targets.wire import Reply, answer, as_json, chunked, grant, head, scripted, unframed

PAGE = "<!DOCTYPE html><html><body>Please sign in.</body></html>"
SPENT = answer(401, "", 'WWW-Authenticate: Bearer error="invalid_token"')
LOGIN = answer(401, PAGE, kind="text/html")


@pytest.mark.parametrize("retry_after", [False, True])
async def test_every_status_means_what_the_contract_says(tmp_path: Path, retry_after: bool) -> None:
    headers = ("Retry-After: 7",) if retry_after else ()
    async with scripted() as server, remote_at(server, tmp_path) as remote:
        for status in range(200, 600):
            server.replies = [answer(status, "", *headers)]
            before = len(server.requests)
            with pytest.raises(TargetError) as caught:
                await remote.upload()

            assert (status, type(caught.value)) == (status, meaning(status, retry_after=retry_after))
            assert len(server.requests) - before == (2 if status == 401 else 1)
            if status not in (401, 403):  # which whoever sends the bearer token answers
                assert caught.value.retry_after == (7.0 if retry_after else None), status
            assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("status", [100, 101, 102, 103])
async def test_an_answer_that_is_not_final_says_nothing(tmp_path: Path, status: int) -> None:
    async with (
        scripted(Reply(data=head(status), close=True)) as server,
        remote_at(server, tmp_path) as remote,
    ):
        with pytest.raises(Unclear):
            await remote.upload()

        assert len(server.requests) == 1


async def test_what_comes_before_the_final_answer_is_passed_over(tmp_path: Path) -> None:
    async with (
        scripted(head(100) + head(102) + head(103, "Link: </a>") + answer(200, UUID)) as server,
        remote_at(server, tmp_path) as remote,
    ):
        assert (await remote.upload()).token == UUID


@pytest.mark.parametrize("retry_after", [None, 0.0, 7.0])
@pytest.mark.parametrize("body", [b"", UUID.encode(), b'{"message": "no"}'])
def test_without_success_no_body_of_this_api_makes_a_difference(retry_after: float | None, body: bytes) -> None:
    for status in (*range(100, 200), *range(300, 600)):
        with pytest.raises(TargetError) as caught:
            token_of(Answer(status=status, content_type="text/plain", body=body, retry_after=retry_after))

        assert type(caught.value) is meaning(status, retry_after=retry_after is not None), status


PAGES = {
    "a page": ("text/html; charset=utf-8", PAGE),
    "a page in capitals": ("TEXT/HTML", PAGE),
    "nothing, as a page": ("text/html", ""),
    "a page called text": ("text/plain", f"\ufeff\r\n {PAGE}"),
    "XML": ("application/xml", "<?xml version='1.0'?><Error/>"),
}


@pytest.mark.parametrize(("kind", "body"), PAGES.values(), ids=PAGES)
async def test_a_page_refuses_nothing_that_was_sent_whole(tmp_path: Path, kind: str, body: str) -> None:
    """The gateway that made it may stand before a remote that took the upload."""
    async with scripted() as server, remote_at(server, tmp_path) as remote:
        for status in (*range(300, 304), *range(305, 600)):  # 304 has no body
            server.replies = [answer(status, body, "Retry-After: 7", kind=kind)]
            with pytest.raises(TargetError) as caught:
                await remote.upload()

            is_passing = status >= 500 or status in (425, 429)
            assert (status, type(caught.value)) == (status, Unclear if is_passing else Garbled)


@pytest.mark.parametrize("status", [401, 413])
async def test_a_refusal_that_may_be_cut_off_refuses_nothing_that_was_sent_whole(tmp_path: Path, status: int) -> None:
    for reply in (answer(status, b"x", "Content-Encoding: gzip"), unframed(b"no", status=status)):
        async with scripted(reply) as server, remote_at(server, tmp_path) as remote:
            with pytest.raises(TargetError) as caught:
                await remote.upload()

            assert type(caught.value) is Unclear
            assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
@pytest.mark.parametrize("status", [400, 403, 404, 413, 429])
async def test_before_the_last_byte_a_refusal_counts_in_any_form(tmp_path: Path, status: int, kind: str) -> None:
    early = Reply(data=answer(status, PAGE, "Content-Encoding: br", "Connection: close", kind=kind), early=True)
    async with scripted(early) as server, remote_at(server, tmp_path) as remote:
        with pytest.raises(meaning(status, retry_after=False)):
            await remote.upload("x" * (6 << 20))


@pytest.mark.parametrize(
    "after",
    [
        ("0", 0.0),
        ("120", 120.0),
        ("3600", 3600.0),
        ("99999999999", LONGEST),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_remote_says_when_to_come_back(tmp_path: Path, status: int, after: tuple[str, float]) -> None:
    async with (
        scripted(answer(status, "later", f"Retry-After: {after[0]}")) as server,
        remote_at(server, tmp_path) as remote,
    ):
        with pytest.raises(NotSent) as caught:
            await remote.upload()

    assert caught.value.retry_after == after[1]


@pytest.mark.parametrize("after", ["soon", "-1", "1.5", ""])
async def test_a_retry_after_that_says_nothing_is_as_good_as_none(tmp_path: Path, after: str) -> None:
    async with scripted() as server, remote_at(server, tmp_path) as remote:
        server.replies = [answer(503, "", f"Retry-After: {after}")]
        with pytest.raises(Unclear):
            await remote.upload()
        server.replies = [answer(429, "", f"Retry-After: {after}")]
        with pytest.raises(NotSent) as caught:
            await remote.upload()

    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    "body",
    [
        UUID,
        f'"{UUID}"',
        f"\ufeff{UUID}",
        f'\ufeff"{UUID}"',
        f"  {UUID}\r\n",
        f'\r\n "{UUID}" \n',
        f'" {UUID} "',
        UUID.upper(),
    ],
)
@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=utf-8", ""])
async def test_the_processing_token_comes_bare_or_quoted(tmp_path: Path, body: str, kind: str) -> None:
    async with scripted(answer(200, body, kind=kind)) as server, remote_at(server, tmp_path) as remote:
        accepted = await remote.upload()

    assert isinstance(accepted, Accepted)
    assert accepted.token.lower() == UUID
    assert accepted.at == NOW.timestamp()


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206, 299])
async def test_a_token_is_a_token_under_any_success(tmp_path: Path, status: int) -> None:
    async with (
        scripted(answer(status, UUID), Reply(data=answer(status, UUID))) as server,
        remote_at(server, tmp_path) as remote,
    ):
        assert (await remote.upload()).token == UUID


async def test_a_token_may_come_in_chunks(tmp_path: Path) -> None:
    async with (
        scripted(chunked(b'"0f8fad5b-d9cb', b'-469f-a165-70867728950e"')) as server,
        remote_at(server, tmp_path) as remote,
    ):
        assert (await remote.upload()).token == UUID


NO_TOKENS = {
    "nothing": answer(200, ""),
    "202 and nothing": answer(202, ""),
    "204": head(204),
    "a page": answer(200, PAGE, kind="text/html"),
    "a page that is said to be text": answer(200, PAGE),
    "a page with the token in it": answer(200, f"<p>{UUID}</p>", kind="text/html"),
    "an error in JSON": as_json({"success": False, "message": "no"}),
    "the token in an object": as_json({"token": UUID}),
    "the token in a list": as_json([UUID]),
    "null": as_json(None),
    "a number": as_json(36),
    "a word": answer(200, "accepted"),
    "half a token": answer(200, UUID[:18]),
    "a token and more": answer(200, UUID + "0"),
    "two tokens": answer(200, f"{UUID}\n{UUID}"),
    "one quote": answer(200, f'"{UUID}'),
    "no hexadecimal digits": answer(200, "g" + UUID[1:]),
    "no hyphens": answer(200, UUID.replace("-", "")),
    "a URN": answer(200, "urn:" + UUID.replace("-", "")),
    "hyphens elsewhere": answer(200, "----" + UUID.replace("-", "")),
    "underscores": answer(200, "0_8fad5b-d9cb-469f-a165-70867728950e"),
    "digits of another script": answer(200, "٠f8fad5b-d9cb-469f-a165-70867728950e"),
    "not UTF-8": answer(200, b"\xff\xfe" + UUID.encode("utf-16-le")),
}


@pytest.mark.parametrize("reply", NO_TOKENS.values(), ids=NO_TOKENS.keys())
async def test_success_without_a_token_may_have_been_anything(tmp_path: Path, reply: bytes) -> None:
    async with scripted(reply) as server, remote_at(server, tmp_path) as remote:
        with pytest.raises(Unclear) as caught:
            await remote.upload()

        assert len(server.requests) == 1
    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("status", [200, 201, 202, 206])
async def test_a_token_that_may_be_cut_off_is_none(tmp_path: Path, status: int) -> None:
    async with scripted(unframed(UUID.encode(), status=status)) as server, remote_at(server, tmp_path) as remote:
        with pytest.raises(Unclear):
            await remote.upload()


@given(st.uuids())
def test_every_uuid_is_a_token(value: uuid.UUID) -> None:
    assert token_of(Answer(status=200, content_type="", body=str(value).encode())) == str(value)


@given(st.binary() | st.text().map(str.encode))
def test_nothing_else_breaks_the_reading_of_a_token(body: bytes) -> None:
    try:
        token = token_of(Answer(status=200, content_type="", body=body))
    except Unclear:
        return
    assert uuid.UUID(token)


async def test_a_spent_token_is_replaced_and_the_upload_sent_once_more(tmp_path: Path) -> None:
    async with (
        scripted(SPENT, answer(200, UUID)) as server,
        remote_at(server, tmp_path) as remote,
    ):
        assert (await remote.upload()).token == UUID

        first, second = server.requests
        assert (first.body, first.whole) == (second.body, True)
        assert len(server.token_requests) == 2


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        ((LOGIN,), Garbled),
        ((answer(401, PAGE),), Garbled),
        ((head(401) + b"no",), Unclear),
        ((head(401, "Content-Length: 9") + b"no",), Unclear),
        ((SPENT, LOGIN), Garbled),
        ((SPENT, SPENT), Denied),
    ],
    ids=["a page", "a page called text", "unframed", "cut off", "a page in answer to the repeat", "its own word twice"],
)
async def test_an_upload_is_repeated_with_a_new_token_only_where_the_remote_itself_says_that_the_old_one_is_spent(
    tmp_path: Path, replies: tuple[bytes, ...], outcome: type[TargetError]
) -> None:
    """Anything else that says 401 may stand before a remote that took the whole upload."""
    ends = [Reply(data=reply, close=True) for reply in replies]
    async with scripted(*ends) as server, remote_at(server, tmp_path) as remote:
        with pytest.raises(TargetError) as caught:
            await remote.upload()

        assert type(caught.value) is outcome
        assert [request.whole for request in server.requests] == [True] * len(replies)


async def test_after_a_401_that_proves_nothing_the_next_upload_has_a_new_token(tmp_path: Path) -> None:
    async with (
        scripted(LOGIN, answer(200, UUID), tokens=(grant("t1"), grant("t2"))) as server,
        remote_at(server, tmp_path) as remote,
    ):
        with pytest.raises(Garbled):
            await remote.upload()
        await remote.upload()

        assert [request.header("Authorization") for request in server.requests] == ["Bearer t1", "Bearer t2"]


@pytest.mark.parametrize("status", [401, 413, 429])
async def test_an_answer_before_the_end_of_the_body_counts(tmp_path: Path, status: int) -> None:
    early = Reply(data=answer(status, "", "Connection: close", "Retry-After: 2"), early=True)
    async with scripted(early) as server, remote_at(server, tmp_path) as remote:
        with pytest.raises(meaning(status, retry_after=True)):
            await remote.upload("x" * (3 << 20))


@pytest.mark.parametrize(("status", "raised"), [(500, NotSent), (302, NotSent), (200, Garbled), (429, Busy)])
def test_before_the_last_byte_was_sent_no_answer_says_more_than_that_it_did_not_arrive(
    status: int, raised: type[TargetError]
) -> None:
    said = Answer(status=status, content_type="text/plain", body=UUID.encode(), phase=Phase.SENDING)
    with pytest.raises(raised) as caught:
        token_of(said)

    assert ("before it had the whole submission" in str(caught.value)) == (raised is not Busy)

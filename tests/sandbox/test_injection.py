"""What a client meets on the wire for every kind of fault, and whether its upload was taken."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import anyio
import pytest

from orchestrator.sandbox import Fault, Profile
from sandbox.visitor import INSTANT, Visitor, visit


def at_upload(kind: Any, **how: Any) -> Fault:
    return Fault(endpoint="upload", kind=kind, **how)


def taken(visitor: Visitor) -> bool:
    """Whether there is a dataset; the record must say the same."""
    entry = visitor.last()
    assert entry["applied"] is ("night" in visitor.sandbox.datasets)
    assert entry["applied"] is (entry["outcome"] in {"accepted", "dropped_after"})
    return bool(entry["applied"])


@pytest.mark.parametrize("kind", ["drop_unread", "drop_before", "reset_before"])
async def test_a_connection_lost_before_acceptance_takes_nothing(kind: str) -> None:
    async with visit(INSTANT, at_upload(kind)) as visitor:
        with pytest.raises(aiohttp.ClientConnectionError):
            await visitor.upload()

        assert not taken(visitor)
        assert (visitor.last()["outcome"], visitor.last()["status"]) == ("dropped_before", None)
        assert visitor.sandbox.record.faults == {kind: 1}
        assert (await visitor.upload()).status == 200


@pytest.mark.parametrize("kind", ["drop_after", "reset_after"])
async def test_a_connection_lost_after_acceptance_loses_only_the_answer(kind: str) -> None:
    async with visit(INSTANT, at_upload(kind)) as visitor:
        with pytest.raises(aiohttp.ClientConnectionError):
            await visitor.upload()

        assert taken(visitor)
        assert (visitor.last()["outcome"], visitor.last()["status"]) == ("dropped_after", None)
        assert visitor.last()["token"] == visitor.sandbox.datasets["night"].token
        assert (await visitor.upload()).status == 409


async def test_a_reset_is_a_reset() -> None:
    async with visit(INSTANT, at_upload("reset_before")) as visitor:
        with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
            await visitor.upload()


@pytest.mark.parametrize(
    ("kind", "status"),
    [("throttle", 429), ("unavailable", 503), ("throttle_date", 429), ("unavailable_date", 503)],
)
async def test_retry_after_comes_in_both_forms(kind: str, status: int) -> None:
    async with visit(INSTANT, at_upload(kind, seconds=90)) as visitor:
        seen = await visitor.upload()
        after = seen.headers["Retry-After"]

        assert (seen.status, taken(visitor)) == (status, False)
        if kind.endswith("date"):
            assert 85 < parsedate_to_datetime(after).timestamp() - time.time() <= 91
        else:
            assert after == "90"


async def test_a_503_may_say_nothing_about_when() -> None:
    async with visit(INSTANT, at_upload("unavailable_bare")) as visitor:
        seen = await visitor.upload()

    assert (seen.status, "Retry-After" in seen.headers) == (503, False)


@pytest.mark.parametrize(
    ("kind", "status", "applied"),
    [
        ("error_before", 500, False),
        ("error_after", 500, True),
        ("html", 200, False),
        ("html_after", 200, True),
    ],
)
async def test_an_error_or_a_page_may_hide_an_upload_that_was_taken(kind: str, status: int, applied: bool) -> None:
    async with visit(INSTANT, at_upload(kind)) as visitor:
        seen = await visitor.upload()

        assert (seen.status, taken(visitor)) == (status, applied)
        assert visitor.last()["status"] == status
        assert seen.headers["Content-Type"].startswith("text/html") is kind.startswith("html")


async def test_a_single_401_leaves_the_token_good() -> None:
    async with visit(INSTANT, Fault(endpoint="poll", kind="unauthorized")) as visitor:
        token = (await visitor.upload()).text

        seen = await visitor.ask(token)
        assert seen.status == 401
        assert 'error="invalid_token"' in seen.headers["WWW-Authenticate"]
        assert (await visitor.ask(token)).status == 200


async def test_a_revoked_token_is_void_for_every_request_until_a_new_one_is_had() -> None:
    async with visit(INSTANT, Fault(endpoint="poll", kind="revoke")) as visitor:
        token = (await visitor.upload()).text

        assert [(await visitor.ask(token)).status for _ in range(3)] == [401] * 3
        await visitor.sign_in()
        assert (await visitor.ask(token)).status == 200


async def test_a_truncated_answer_promises_more_than_comes() -> None:
    async with visit(INSTANT, at_upload("truncated")) as visitor:
        with pytest.raises(aiohttp.ClientPayloadError):
            await visitor.upload()

        assert taken(visitor)


async def test_even_an_empty_answer_can_be_truncated() -> None:
    async with visit(INSTANT, Fault(endpoint="result", kind="truncated")) as visitor:
        token = (await visitor.upload()).text
        with pytest.raises(aiohttp.ClientPayloadError):
            await visitor.ask(token, "feedback")


async def test_an_answer_can_be_empty() -> None:
    async with visit(INSTANT, at_upload("empty")) as visitor:
        seen = await visitor.upload()

        assert (seen.status, seen.text, taken(visitor)) == (200, "", True)


async def test_a_trickle_is_the_right_answer_over_its_time() -> None:
    async with visit(INSTANT, at_upload("trickle", seconds=9.0)) as visitor:
        seen = await visitor.upload()

        assert seen.text == visitor.sandbox.datasets["night"].token
        assert len(visitor.clock.slept) == 36
        assert sum(visitor.clock.slept) == pytest.approx(9.0)


async def test_a_stuck_job_never_ends() -> None:
    async with visit(INSTANT, at_upload("stuck")) as visitor:
        token = (await visitor.upload()).text
        visitor.clock.now += 1e9

        await visitor.sign_in()
        assert (await visitor.ask(token)).text == "processing"
        assert (await visitor.ask(token, "feedback")).status == 409


async def test_a_job_can_be_made_to_fail() -> None:
    async with visit(INSTANT, at_upload("fail")) as visitor:
        token = (await visitor.upload()).text

        assert (await visitor.ask(token)).text == "failed"
        assert (await visitor.ask(token, "feedback")).text == "0|night|Processing failed"


async def test_a_status_can_be_a_word_that_nobody_knows() -> None:
    async with visit(INSTANT, Fault(endpoint="poll", kind="unknown_status")) as visitor:
        token = (await visitor.upload()).text

        assert (await visitor.ask(token)).text == "reticulating"
        assert (await visitor.ask(token)).text == "completedsuccessfully"


@pytest.mark.parametrize("kind", ["throttle", "error_before", "html", "unavailable_bare"])
async def test_the_token_endpoint_has_its_bad_moments_too(kind: Any) -> None:
    async with visit(INSTANT, Fault(endpoint="token", kind=kind), signed_in=False) as visitor:
        seen = await visitor.token()

        assert seen.status != 200 or seen.headers["Content-Type"].startswith("text/html")
        assert visitor.last("token").items() >= {"status": seen.status, "fault": kind}.items()
        assert (await visitor.token()).json["token_type"] == "Bearer"


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "reset_before", "truncated"])
async def test_a_result_can_be_lost_and_asked_for_again(kind: Any) -> None:
    # Twice, because aiohttp repeats a GET by itself, once, if a connection that it used before is lost.
    times = 1 if kind == "truncated" else 2
    async with visit(INSTANT, Fault(endpoint="result", kind=kind, times=times)) as visitor:
        token = (await visitor.upload()).text
        with pytest.raises(aiohttp.ClientError):
            await visitor.ask(token, "tableofresultids")

        assert len((await visitor.ask(token, "tableofresultids")).json) == 1


async def send_part(visitor: Visitor, head: str, body: bytes) -> None:
    """Send the beginning of an upload by hand, and go away."""
    stream = await anyio.connect_tcp("127.0.0.1", visitor.sandbox.port)
    lines = [
        "POST /api/UploadData HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {visitor.bearer}",
        "Content-Type: application/json",
        head,
    ]
    async with stream:
        await stream.send("\r\n".join([*lines, "", ""]).encode() + body)


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_request_that_never_arrived_whole_is_not_taken(chunked: bool) -> None:
    async with visit() as visitor:
        whole = json.dumps(visitor.body()).encode()
        if chunked:
            # All of the JSON is there, but not the chunk that says that it is all.
            await send_part(visitor, "Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(whole), whole))
        else:
            await send_part(visitor, f"Content-Length: {len(whole) + 1}", whole)
        with anyio.fail_after(5):
            while not visitor.sandbox.record.of("upload"):
                await anyio.lowlevel.checkpoint()

        assert not taken(visitor)
        assert visitor.last().items() >= {"outcome": "incomplete", "status": None, "token": None}.items()


async def test_the_latency_lies_where_the_profile_says() -> None:
    async with visit(Profile(latency=(0.02, 0.06))) as visitor:
        for _ in range(20):
            await visitor.ask("x")

        assert len(visitor.clock.slept) == 21
        assert all(0.02 <= seconds <= 0.06 for seconds in visitor.clock.slept)

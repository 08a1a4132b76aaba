"""Polls and results: what is asked, and how every answer is read (contracts A.4)."""

from __future__ import annotations

import hashlib
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.edges.answer import SPILL_FROM, Answer
from orchestrator.edges.http import Kind
from orchestrator.errors import Denied, Misdirected, Missing, NotSent, Refused, TargetError, Unclear
from orchestrator.model import Token
from orchestrator.ports import Ended, Running
from orchestrator.sandbox import Fault, Profile, serve
from orchestrator.targets.platform.answers import status_of
from targets.remote import (
    API_KEY,
    TOKEN,
    UUID,
    assert_tells_no_secret,
    content_of,
    files_in,
    remote_at,
    sandbox_remote,
)
from targets.wire import Reply, answer, chunked, head, scripted, unframed

RESULTS = ("feedback", "tableofresultids")
RUNNING = [
    "queued",
    "pending",
    "submitted",
    "received",
    "accepted",
    "validating",
    "running",
    "inprogress",
    "processing",
]
FAILED = [
    "failed",
    "error",
    "faulted",
    "validationfailed",
    "completedwitherrors",
    "completedunsuccessfully",
    "cancelled",
    "canceled",
    "rejected",
    "expired",
]
PAGE = "<!DOCTYPE html><html><body>Please sign in.</body></html>"


def read(text: str, *, retry_after: float | None = None, kind: str = "text/plain") -> Running | Ended:
    body = text.encode()
    return status_of(Answer(status=200, content_type=kind, body=body, retry_after=retry_after), ("feedback", "more"))


def spellings(word: str) -> list[str]:
    half = len(word) // 2
    return [
        word,
        word.upper(),
        word.title(),
        f'"{word}"',
        f'"{word.upper()}"\r\n',
        f"  {word}\n",
        f"\ufeff{word}",
        f'\ufeff"{word}"',
        f"{word[:half]} {word[half:]}",
        f"{word[:half]}_{word[half:]}",
        f"{word[:half]}-{word[half:]}".upper(),
        f'" {word[:half]}  {word[half:]} "',
    ]


@pytest.mark.parametrize("text", [*spellings("completedsuccessfully"), "Completed Successfully"])
def test_one_word_alone_is_success(text: str) -> None:
    ended = read(text)

    assert isinstance(ended, Ended)
    assert ended.success
    assert ended.results == ("feedback", "more")


@pytest.mark.parametrize("word", RUNNING)
def test_a_word_for_work_means_that_it_goes_on(word: str) -> None:
    for text in spellings(word):
        assert read(text) == Running(word="")
        assert read(text, retry_after=9.0) == Running(word="", retry_after=9.0)


def test_quotes_around_what_is_no_json_string_come_off_all_the_same() -> None:
    assert read('"in\\progress"') == Running(word="unreadable")
    assert isinstance(read('"completed\tsuccessfully"'), Ended)


@pytest.mark.parametrize("word", FAILED)
def test_a_word_for_failure_is_the_end_and_asks_for_the_feedback_alone(word: str) -> None:
    for text in spellings(word):
        assert read(text) == Ended(success=False, word=word, results=("feedback",))


@pytest.mark.parametrize(
    "text",
    ["completed", "Completed", "completed successfully with warnings", "completed_partially", "completed?"],
)
def test_completed_in_any_other_way_is_no_success(text: str) -> None:
    ended = read(text)

    assert isinstance(ended, Ended)
    assert not ended.success
    assert ended.results == ("feedback",)


@pytest.mark.parametrize(
    "text", ["reticulating", "done", "success", "ok", "not completedsuccessfully", "{}", "null", "", "42"]
)
def test_a_word_that_nobody_documents_is_told_and_never_taken_for_an_end(text: str) -> None:
    status = read(text, retry_after=4.0)

    assert isinstance(status, Running)
    assert status.word
    assert status.retry_after == 4.0


def test_a_plain_word_that_nobody_documents_is_told_literally() -> None:
    status = read('"Reticulating"')

    assert isinstance(status, Running)
    assert status.word.casefold() == "reticulating"


@given(st.text())
def test_no_other_text_is_ever_success(text: str) -> None:
    status = read(text)

    plain = "".join(ch for ch in text.casefold() if ch.isalpha())
    assert isinstance(status, Running) or not status.success or plain == "completedsuccessfully"


@given(st.binary())
def test_no_bytes_break_the_reading_of_a_status(body: bytes) -> None:
    status_of(Answer(status=200, content_type="text/plain", body=body), RESULTS)


@pytest.mark.parametrize("key", ["status", "feedback", "tableofresultids", "more & more"])
async def test_one_question_holds_the_token_the_key_and_one_data_key(tmp_path: Path, key: str) -> None:
    token = Token("a token/&=+é")
    async with scripted(answer(200, "queued")) as server, remote_at(server, tmp_path) as remote:
        await (remote.platform.check(token) if key == "status" else remote.platform.fetch(token, key))
        [request] = server.requests

    path, _, query = request.target.partition("?")
    assert (request.method, path, request.body) == ("GET", "/api/GetResults", b"")
    assert sorted(parse_qsl(query, strict_parsing=True)) == sorted(
        [("token", token), ("key", API_KEY), ("dataKey", key)]
    )
    assert "+" not in query  # a server that decodes percent signs alone must read it, too
    assert request.all("Authorization") == ["Bearer bearer-of-the-test"]
    assert remote.http.counts == {Kind.TOKEN: 1, (Kind.POLL if key == "status" else Kind.RESULT): 1}


def meaning(status: int) -> tuple[type[TargetError], ...]:
    """Of an answer to a question that may always be asked again."""
    match status:
        case 401 | 403:
            return (Denied,)
        case 404:
            return (Missing,)
        case 405 | 415:
            return (Misdirected,)
        case _:
            return (NotSent, Unclear)


@pytest.mark.parametrize("key", ["status", "feedback"])
async def test_no_status_but_200_is_an_answer(tmp_path: Path, key: str) -> None:
    async with scripted() as server, remote_at(server, tmp_path) as remote:
        for status in range(201, 600):
            server.replies = [answer(status, "" if status in (204, 304) else "completedsuccessfully")]
            with pytest.raises(TargetError) as caught:
                await (remote.platform.check(TOKEN) if key == "status" else remote.platform.fetch(TOKEN, key))

            expected = (Refused,) if (status, key) == (400, "feedback") else meaning(status)
            assert (status, type(caught.value)) in [(status, kind) for kind in expected]
            assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("key", ["status", "feedback"])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_remote_says_when_to_ask_again(tmp_path: Path, status: int, key: str) -> None:
    async with (
        scripted(answer(status, "", "Retry-After: 11")) as server,
        remote_at(server, tmp_path) as remote,
    ):
        with pytest.raises(NotSent) as caught:
            await (remote.platform.check(TOKEN) if key == "status" else remote.platform.fetch(TOKEN, key))

    assert caught.value.retry_after == 11.0


async def test_a_running_job_may_say_when_to_ask_again(tmp_path: Path) -> None:
    async with (
        scripted(answer(200, "processing", "Retry-After: 3")) as server,
        remote_at(server, tmp_path) as remote,
    ):
        assert await remote.platform.check(TOKEN) == Running(retry_after=3.0)


LONG_PAGE = f"<html>{'x' * SPILL_FROM}</html>"
PAGES = [
    *product(
        ["text/html", "text/html; charset=utf-8", "TEXT/HTML", "application/xhtml+xml"],
        [PAGE, "completedsuccessfully"],
    ),
    *product(
        ["text/plain", "application/json", ""],
        [PAGE, "\ufeff\r\n<HTML lang='en'>", "<?xml version='1.0'?>\n<!doctype HTML>", LONG_PAGE],
    ),
]


@pytest.mark.parametrize(("kind", "text"), PAGES)
async def test_a_page_is_no_answer(tmp_path: Path, kind: str, text: str) -> None:
    for reply in (answer(200, text, kind=kind), chunked(text[:9].encode(), text[9:].encode(), kind=kind)):
        async with scripted(reply) as server, remote_at(server, tmp_path) as remote:
            with pytest.raises(Unclear):
                await remote.platform.check(TOKEN)
            with pytest.raises(Unclear):
                await remote.platform.fetch(TOKEN, "feedback")

            assert files_in(tmp_path) == []


@pytest.mark.parametrize("text", ["<", "<htmlx>", "<feedback/>", "1|<html>|is no page", '["<!doctype html>"]'])
async def test_a_result_that_holds_a_mark_or_two_is_a_result(tmp_path: Path, text: str) -> None:
    async with scripted(answer(200, text)) as server, remote_at(server, tmp_path) as remote:
        assert (await remote.platform.fetch(TOKEN, "feedback")).body == text.encode()


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (answer(400, "unknown dataKey"), Refused),
        (answer(400, '{"message": "unknown dataKey"}', kind="application/json"), Refused),
        (answer(400), Refused),
        (answer(400, PAGE, kind="text/html"), NotSent),
        (answer(400, PAGE), NotSent),
        (answer(400, "<Error/>", kind="application/xml"), NotSent),
        (answer(400, b"\x1f\x8b", "Content-Encoding: gzip"), NotSent),
        (unframed(b"unknown", status=400), NotSent),
        (Reply(data=head(400, "Content-Length: 9") + b"unknown", close=True), Unclear),
    ],
    ids=["text", "JSON", "nothing", "a page", "a page called text", "XML", "zipped", "unframed", "cut off"],
)
async def test_a_result_is_refused_by_the_remote_s_own_word_alone(
    tmp_path: Path, reply: bytes | Reply, outcome: type[TargetError]
) -> None:
    """Whatever else says 400 may be some gateway's, and a result that is not asked for again is missing for ever."""
    async with scripted(reply) as server, remote_at(server, tmp_path) as remote:
        with pytest.raises(TargetError) as caught:
            await remote.platform.fetch(TOKEN, "feedback")

    assert type(caught.value) is outcome


async def test_a_token_that_is_spent_between_polls_is_replaced(tmp_path: Path) -> None:
    async with (
        scripted(answer(200, "queued"), answer(401), answer(200, "completedsuccessfully")) as server,
        remote_at(server, tmp_path) as remote,
    ):
        assert await remote.platform.check(TOKEN) == Running()
        ended = await remote.platform.check(TOKEN)

        assert isinstance(ended, Ended)
        assert len(server.token_requests) == 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'["0f8fad5b-d9cb-469f-a165-70867728950e"]', "application/json; charset=utf-8"),
        (b"\xef\xbb\xbf1|x|y\r\n", "text/plain"),
        (b'"quoted"', "application/json"),
        (b"\x00\xff\x1f\x8b", "application/octet-stream"),
        (b"", "text/csv"),
        (b"a,b\r\n", ""),
    ],
)
@pytest.mark.parametrize("key", [*RESULTS, "something else"])
async def test_a_result_is_kept_as_it_came(tmp_path: Path, key: str, body: bytes, kind: str) -> None:
    async with scripted(answer(200, body, kind=kind)) as server, remote_at(server, tmp_path) as remote:
        fetched = await remote.platform.fetch(TOKEN, key)

    assert (fetched.key, fetched.content_type, fetched.body) == (key, kind, body)
    assert (fetched.size, fetched.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert fetched.spilled is None


@pytest.mark.parametrize("frame", [lambda body: answer(200, body), chunked])
async def test_a_large_result_lies_in_a_file(tmp_path: Path, frame: Any) -> None:
    body = b"0123456789abcdef" * (SPILL_FROM // 4)
    async with scripted(frame(body)) as server, remote_at(server, tmp_path) as remote:
        fetched = await remote.platform.fetch(TOKEN, "tableofresultids")

    assert fetched.body is None
    assert fetched.spilled is not None
    assert content_of(fetched.spilled) == body
    assert (fetched.size, fetched.sha256) == (len(body), hashlib.sha256(body).hexdigest())


async def test_a_data_key_that_the_remote_does_not_know_is_refused(tmp_path: Path) -> None:
    async with (
        serve(Profile(job_base=0.0)) as sandbox,
        sandbox_remote(sandbox, tmp_path) as remote,
    ):
        accepted = await remote.upload()
        with pytest.raises(Refused, match=r"target\.results"):
            await remote.platform.fetch(accepted.token, "unheard of")


async def test_a_token_that_the_remote_does_not_know_is_missing(tmp_path: Path) -> None:
    async with serve() as sandbox, sandbox_remote(sandbox, tmp_path) as remote:
        with pytest.raises(Missing):
            await remote.platform.check(Token(UUID))
        with pytest.raises(Missing):
            await remote.platform.fetch(Token(UUID), "feedback")


async def test_a_wrong_key_is_denied(tmp_path: Path) -> None:
    async with serve() as sandbox, sandbox_remote(sandbox, tmp_path, api_key=API_KEY) as remote:
        for call in (remote.upload(), remote.platform.check(TOKEN), remote.platform.fetch(TOKEN, "feedback")):
            with pytest.raises(Denied) as caught:
                await call
            assert_tells_no_secret(caught.value)


FAULTS: list[tuple[Any, type[TargetError]]] = [
    ("drop_before", Unclear),
    ("reset_before", Unclear),
    ("drop_after", Unclear),
    ("reset_after", Unclear),
    ("truncated", Unclear),
    ("html", Unclear),
    ("throttle", NotSent),
    ("unavailable", NotSent),
    ("unavailable_bare", NotSent),
    ("error_before", NotSent),
]


@pytest.mark.parametrize("endpoint", ["poll", "result"])
@pytest.mark.parametrize(("kind", "problem"), FAULTS)
async def test_a_question_that_met_a_fault_may_be_asked_again(
    tmp_path: Path, kind: Any, problem: type[TargetError], endpoint: Any
) -> None:
    script = (Fault(endpoint=endpoint, kind=kind),)
    async with (
        serve(Profile(job_base=0.0, script=script)) as sandbox,
        sandbox_remote(sandbox, tmp_path) as remote,
    ):
        token = (await remote.upload()).token
        ask = remote.platform.check if endpoint == "poll" else lambda of: remote.platform.fetch(of, RESULTS[1])
        with pytest.raises(TargetError) as caught:
            await ask(token)

        assert type(caught.value) is problem
        assert_tells_no_secret(caught.value)
        assert await ask(token)
        assert len(sandbox.record.of(endpoint)) == 2


async def test_a_whole_way_from_the_upload_to_the_results(tmp_path: Path) -> None:
    async with (
        serve(Profile(job_base=0.0, quoted=True)) as sandbox,
        sandbox_remote(sandbox, tmp_path) as remote,
    ):
        token = (await remote.upload()).token
        ended = await remote.platform.check(token)
        assert ended == Ended(success=True, word="completedsuccessfully", results=RESULTS)
        for key in RESULTS:
            assert (await remote.platform.fetch(token, key)).size >= 0

        assert remote.http.counts == {Kind.TOKEN: 1, Kind.UPLOAD: 1, Kind.POLL: 1, Kind.RESULT: 2}

"""What goes wrong between us and the server, and which of our errors it becomes (reliability 40 to 52)."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from targets.remote import UUID, assert_tells_no_secret, files_in, hurried, poll, post
from targets.wire import Reply, Script, Server, answer, chunked, closed_port, head, scripted, unframed

from orchestrator.edges.answer import ANSWER_LIMIT
from orchestrator.edges.body import MeasuredBody
from orchestrator.edges.http import Http, Kind, open_http
from orchestrator.errors import Garbled, Misdirected, NotSent, SourceChanged, TargetError, Unclear, Unreachable

Call = Callable[[Http, Server], Awaitable[Any]]
HANGS = 0.05
"""Seconds after which these tests call it a day."""


async def read(http: Http, server: Server) -> object:
    return await poll(http, server)


async def fetch(http: Http, server: Server) -> object:
    return await poll(http, server, Kind.RESULT)


async def send(http: Http, server: Server) -> object:
    return await post(http, server.url)


def calls(*functions: Call) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("call", functions, ids=[f.__name__ for f in functions])


every_call = calls(read, fetch, send)


async def problem_of(call: Awaitable[object], kind: type[TargetError]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await call
    assert type(caught.value) is kind
    assert_tells_no_secret(caught.value)
    return caught.value


@every_call
async def test_a_refused_connection_is_unreachable(tmp_path: Path, call: Call) -> None:
    async with open_http(tmp_path) as http:
        server = Server(url=f"http://127.0.0.1:{closed_port()}")
        problem = await problem_of(call(http, server), Unreachable)

    assert "connection refused" in str(problem)
    assert server.url in str(problem)


@every_call
async def test_a_host_name_that_nobody_knows_is_unreachable(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    async with open_http(tmp_path) as http:
        problem = await problem_of(call(http, Server(url="https://platform.invalid")), Unreachable)

    assert "host name is not known" in str(problem)


@every_call
async def test_a_host_name_that_cannot_exist_is_unreachable(tmp_path: Path, call: Call) -> None:
    async with open_http(tmp_path) as http:
        await problem_of(call(http, Server(url=f"http://{'a' * 64}.invalid")), Unreachable)


async def test_a_text_that_cannot_be_sent_is_not_taken_for_a_host_name_that_cannot_exist(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        yield "\ud800".encode()

    async with scripted(answer(200, UUID)) as server, open_http(tmp_path) as http:
        body = MeasuredBody(pieces, 1003)
        problem = await problem_of(post(http, server.url, body), NotSent)

    assert "last bytes had not left" in str(problem)


@every_call
async def test_a_name_server_that_hangs_leaves_nothing_unclear(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hang)
    async with hurried(tmp_path, total=4 * HANGS, connect=HANGS) as (http, _):
        await problem_of(call(http, Server(url="http://platform.invalid")), Unreachable)


@every_call
async def test_a_connection_that_does_not_come_about_in_time_is_unreachable(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", hang)
    async with hurried(tmp_path, connect=HANGS, sock_connect=HANGS) as (http, session):
        await problem_of(call(http, Server(url="http://127.0.0.1:9")), Unreachable)

    assert [timeout.sock_connect or timeout.connect for timeout in session.asked] == [10.0]


@every_call
async def test_no_call_may_last_for_ever_nor_as_the_library_pleases(tmp_path: Path, call: Call) -> None:
    async with scripted(answer(200, UUID)) as server, hurried(tmp_path) as (http, session):
        await call(http, server)

    [timeout] = session.asked
    assert timeout.total is not None
    assert timeout.total != 300
    assert timeout.sock_connect or timeout.connect


async def broken_off() -> AsyncIterator[bytes]:
    yield b"{"
    raise SourceChanged("it changed")


async def test_a_large_upload_is_given_time_for_its_size(tmp_path: Path) -> None:
    async with scripted() as server, hurried(tmp_path) as (http, session):
        for size in (1, 640 << 20):
            with suppress(TargetError):
                await http.call(Kind.UPLOAD, "POST", server.url, headers={}, data=MeasuredBody(broken_off, size))

    small, large = (timeout.total or 0 for timeout in session.asked)
    assert large - small > (600 << 20) / (64 << 10)


@every_call
async def test_a_server_that_never_answers_leaves_it_unclear(tmp_path: Path, call: Call) -> None:
    async with scripted(Reply(silent=True)) as server, hurried(tmp_path, total=HANGS) as (http, _):
        await problem_of(call(http, server), Unclear)

    assert len(server.requests) == 1


@every_call
async def test_an_answer_that_stops_half_way_leaves_it_unclear(tmp_path: Path, call: Call) -> None:
    async with (
        scripted(Reply(data=answer(200, "x" * 100_000)[:-10], silent=True)) as server,
        hurried(tmp_path, total=HANGS) as (http, _),
    ):
        await problem_of(call(http, server), Unclear)

    assert files_in(tmp_path) == []


TROUBLE: dict[str, Script] = {
    "closed without an answer": Reply(close=True),
    "reset": Reply(reset=True),
    "cut in its head": Reply(data=b"HTTP/1.1 200 OK\r\nContent-Le", close=True),
    "cut before its body": Reply(data=answer(200, UUID)[: -len(UUID)], close=True),
    "cut in its body": Reply(data=answer(200, UUID)[:-1], close=True),
    "reset in its body": Reply(data=answer(200, UUID)[:-1], reset=True),
    "cut in a chunk": Reply(data=chunked(UUID.encode())[:-9], close=True),
    "cut between chunks": Reply(data=chunked(b"0f8fad5b", b"rest").partition(b"4\r\nrest")[0], close=True),
    "cut before the last chunk": Reply(data=chunked(UUID.encode()).removesuffix(b"0\r\n\r\n"), close=True),
    "a chunk of no size": Reply(
        data=head(200, "Transfer-Encoding: chunked") + b"zz\r\n" + UUID.encode() + b"\r\n0\r\n\r\n",
        close=True,
    ),
    "not HTTP": Reply(data=b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n", close=True),
    "binary": Reply(data=bytes(range(256)) * 4, close=True),
    "a length that is no number": Reply(data=head(200, "Content-Length: many") + b"x", close=True),
    "a length below zero": Reply(data=head(200, "Content-Length: -1") + b"x", close=True),
    "two lengths": Reply(data=head(200, "Content-Length: 36", "Content-Length: 3") + UUID.encode(), close=True),
    "a status that is no number": Reply(data=b"HTTP/1.1 abc OK\r\n\r\n", close=True),
    "a header without a name": Reply(data=head(200, "Content-Length: 36", ": x") + UUID.encode(), close=True),
    "an endless header": Reply(data=head(200, "X-Long: " + "x" * (1 << 20)), close=True),
    "countless headers": Reply(data=head(200, *(f"X-{n}: x" for n in range(20_000))), close=True),
}
MISFRAMED: dict[str, Script] = {
    "unframed": unframed(UUID.encode(), "Content-Type: text/plain"),
    "compressed": answer(200, b"\x1f\x8b\x08\x00", "Content-Encoding: gzip"),
    "compressed, in capitals": answer(200, b"x", "Content-Encoding: DEFLATE"),
    "brotli": answer(200, b"x", "Content-Encoding: br"),
}


@every_call
@pytest.mark.parametrize("reply", TROUBLE.values(), ids=TROUBLE.keys())
async def test_an_answer_that_is_not_whole_and_well_framed_leaves_it_unclear(
    tmp_path: Path, reply: Script, call: Call
) -> None:
    async with scripted(reply) as server, open_http(tmp_path) as http:
        await problem_of(call(http, server), Unclear)

    assert files_in(tmp_path) == []


@every_call
@pytest.mark.parametrize("reply", MISFRAMED.values(), ids=MISFRAMED.keys())
async def test_an_answer_in_a_form_that_nobody_asked_for_is_none_that_this_api_would_give(
    tmp_path: Path, reply: Script, call: Call
) -> None:
    async with scripted(reply) as server, open_http(tmp_path) as http:
        await problem_of(call(http, server), Garbled)

    assert files_in(tmp_path) == []


@calls(read, fetch)
@pytest.mark.parametrize(
    "header", ["Content-Type: text/plain", "Transfer-Encoding: identity", "Transfer-Encoding: gzip"]
)
async def test_an_answer_that_does_not_say_where_it_ends_is_not_taken_for_whole(
    tmp_path: Path, header: str, call: Call
) -> None:
    async with scripted(unframed(b"completed", header)) as server, open_http(tmp_path) as http:
        await problem_of(call(http, server), Garbled)


@pytest.mark.parametrize(
    "whole", [answer(200, UUID), chunked(UUID[:9].encode(), UUID[9:].encode())], ids=["length", "chunked"]
)
async def test_no_beginning_of_an_answer_passes_for_the_answer(tmp_path: Path, whole: bytes) -> None:
    async with scripted(whole) as server, open_http(tmp_path) as http:
        for end in range(len(whole)):
            server.replies = [Reply(data=whole[:end], close=True)]
            await problem_of(post(http, server.url), Unclear)
        server.replies = [whole]

        assert (await post(http, server.url)).text == UUID


async def test_damaged_answers_lead_to_our_errors_only(tmp_path: Path) -> None:
    whole, dice = answer(200, UUID, "Retry-After: 5"), random.Random(7)
    async with scripted() as server, hurried(tmp_path, total=2.0) as (http, _):
        for _ in range(300):
            damaged = bytearray(whole)
            for _ in range(dice.randint(1, 6)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            server.replies = [Reply(data=bytes(damaged), close=True)]
            try:
                await post(http, server.url)
            except TargetError as error:
                assert_tells_no_secret(error)


@calls(read, send)
@pytest.mark.parametrize("framed", [answer, lambda status, body: chunked(body)], ids=["length", "chunked"])
async def test_an_answer_longer_than_any_of_this_api_leaves_it_unclear(
    tmp_path: Path, framed: Callable[[int, bytes], bytes], call: Call
) -> None:
    async with scripted(framed(200, b"x" * (ANSWER_LIMIT + 1))) as server, open_http(tmp_path) as http:
        problem = await problem_of(call(http, server), Unclear)

    assert "longer" in str(problem)


@calls(read, send)
async def test_an_answer_as_long_as_they_get_is_read(tmp_path: Path, call: Call) -> None:
    async with scripted(chunked(b"x" * ANSWER_LIMIT)) as server, open_http(tmp_path) as http:
        assert len((await call(http, server)).body) == ANSWER_LIMIT


async def test_an_endless_answer_is_not_read_to_its_end(tmp_path: Path) -> None:
    endless = Reply(data=head(200, "Content-Length: 99999999999") + b"x" * (2 * ANSWER_LIMIT), silent=True)
    async with scripted(endless) as server, open_http(tmp_path) as http:
        await problem_of(poll(http, server), Unclear)


@every_call
async def test_a_plain_server_at_an_https_address_is_misdirected(tmp_path: Path, call: Call) -> None:
    async with scripted() as server, open_http(tmp_path) as http:
        server.url = server.url.replace("http:", "https:")
        server.greeting = answer(400, "The plain HTTP request was expected here")
        await problem_of(call(http, server), Misdirected)

    assert server.requests == []


async def test_a_server_that_is_silent_about_tls_is_unreachable(tmp_path: Path) -> None:
    async with scripted() as server, hurried(tmp_path, connect=HANGS, sock_connect=HANGS) as (http, _):
        server.url = server.url.replace("http:", "https:")
        await problem_of(post(http, server.url), Unreachable)

    assert server.requests == []


@every_call
@pytest.mark.parametrize("reply", [Reply(close=True), Reply(reset=True), Reply(data=b"junk\r\n\r\n", close=True)])
async def test_what_went_wrong_is_not_sent_again_behind_our_back(tmp_path: Path, reply: Reply, call: Call) -> None:
    async with scripted(reply, answer(200, UUID)) as server, open_http(tmp_path) as http:
        await problem_of(call(http, server), Unclear)

        assert len(server.requests) == 1
        assert http.counts.total() == 1


async def test_nothing_is_sent_again_on_a_connection_that_served_before(tmp_path: Path) -> None:
    async with scripted(answer(200, UUID), Reply(close=True)) as server, open_http(tmp_path) as http:
        await poll(http, server)
        await problem_of(poll(http, server), Unclear)

        assert len(server.requests) == 2
        assert http.counts == {Kind.POLL: 2}


async def test_an_answer_that_comes_before_the_body_was_read_counts(tmp_path: Path) -> None:
    early = Reply(data=answer(413, "too much", "Connection: close"), early=True)
    async with scripted(early) as server, open_http(tmp_path) as http:
        assert (await post(http, server.url, data=b"x" * (1 << 20))).status == 413


async def test_every_status_comes_through_with_what_belongs_to_it(tmp_path: Path) -> None:
    async with scripted() as server, open_http(tmp_path) as http:
        for status in range(200, 600):
            server.replies = [answer(status, "", "Retry-After: 3", kind="text/x-test")]
            got = await post(http, server.url)
            assert (got.status, got.retry_after, got.content_type) == (status, 3.0, "text/x-test")
            assert got.is_success is (status < 300)


@pytest.mark.parametrize("kind", Kind)
async def test_our_requests_ask_for_plain_bytes_and_nothing_more(tmp_path: Path, kind: Kind) -> None:
    async with scripted() as server, open_http(tmp_path) as http:
        await http.call(kind, "POST", f"{server.url}/a%2Fb?c=%2B+", headers={"X-Own": "1"}, data=b"{}")
        [request] = server.requests

    assert request.target == "/a%2Fb?c=%2B+"
    assert request.all("Accept-Encoding") == ["identity"]
    assert request.all("X-Own") == ["1"]
    assert request.all("Content-Length") == ["2"]
    for unwanted in ("Transfer-Encoding", "Cookie", "Expect", "Authorization"):
        assert request.all(unwanted) == []


def test_what_is_shown_of_the_client_holds_nothing_of_its_session(tmp_path: Path) -> None:
    hidden: Any = object()  # a stand-in, to be looked for
    http = Http(session=hidden, fresh=hidden, pinned=hidden, pins=hidden, spill=tmp_path)
    shown = repr(http)
    assert "object" not in shown

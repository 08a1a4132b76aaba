"""The last bytes of an upload leave only when it is durable that they may (reliability 2.9)."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from orchestrator.edges.body import HOLD_FROM, TAIL
from orchestrator.errors import Busy, Garbled, NotSent, Refused, StorageError, TargetError, Unclear
from orchestrator.model import Job, Token
from orchestrator.ports import Body, Held, Text
from targets.listener import Listener, Releases, listening
from targets.remote import UUID, Remote, a_job, remote_at, streamed
from targets.wire import Server, answer, head

TEXT = "Reference,StartDate\r\n" + "Ünity,01/07/2024\r\n" * 60_000
LARGE = Body(data=Held(TEXT))


@asynccontextmanager
async def upload_to(listener: Listener, tmp_path: Path) -> AsyncIterator[Remote]:
    async with listening(listener) as url, remote_at(Server(url=url), tmp_path) as remote:
        yield remote


async def send(remote: Remote, releases: Releases, body: Body = LARGE) -> Token:
    accepted = await remote.platform.submit(a_job(), body, overwrite=False, release=releases)
    return accepted.token


PARTS: dict[str, Text] = {
    "held": Held(TEXT),
    "streamed": streamed(*(TEXT[at : at + 50_000] for at in range(0, len(TEXT), 50_000))),
    "streamed in crumbs": streamed(*(TEXT[at : at + 7] for at in range(0, 700, 7)), TEXT[700:]),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
async def test_all_but_the_tail_has_arrived_when_the_release_is_asked_for(tmp_path: Path, part: Text) -> None:
    listener = Listener()
    releases = Releases(listener)
    async with upload_to(listener, tmp_path) as remote:
        assert await send(remote, releases, Body(data=part)) == UUID

    assert releases.arrived == [TAIL]
    assert listener.whole
    assert TEXT.encode().split(b"\r\n")[1] in listener.got


async def test_more_is_kept_back_than_what_closes_the_message_so_nobody_has_every_row(tmp_path: Path) -> None:
    """Not even a remote that makes do with a message that is not closed."""
    listener, last = Listener(), b"the last,02/07/2024"
    body = Body(data=Held(TEXT + last.decode()))
    async with upload_to(listener, tmp_path) as remote:

        async def release() -> None:
            await listener.until_all_but(TAIL)
            assert last not in listener.got

        await remote.platform.submit(a_job(), body, overwrite=False, release=release)

    assert last in listener.got


async def test_without_a_release_the_tail_never_leaves(tmp_path: Path) -> None:
    listener = Listener()
    releases = Releases(listener, error=StorageError("the disk is full"))
    async with upload_to(listener, tmp_path) as remote:
        with pytest.raises(StorageError):
            await send(remote, releases)

    assert len(listener.got) == listener.size - TAIL


async def test_a_stop_before_the_release_leaves_the_tail_here(tmp_path: Path) -> None:
    listener = Listener()
    async with upload_to(listener, tmp_path) as remote:
        with anyio.CancelScope() as scope:

            async def stop() -> None:
                await listener.until_all_but(TAIL)  # a line that closes drops what nobody has read yet
                scope.cancel()
                await anyio.sleep_forever()

            await remote.platform.submit(a_job(), LARGE, overwrite=False, release=stop)

    assert scope.cancelled_caught
    assert len(listener.got) == listener.size - TAIL


@pytest.mark.parametrize("at", [1, 100_000, 900_000])
async def test_a_connection_that_breaks_before_the_release_proves_that_nothing_was_taken(
    tmp_path: Path, at: int
) -> None:
    listener = Listener(aborts_at=at)
    releases = Releases(listener)
    async with upload_to(listener, tmp_path) as remote:
        with pytest.raises(NotSent, match="last bytes had not left"):
            await send(remote, releases)

    assert releases.arrived == []
    assert not listener.whole


async def test_a_connection_that_breaks_after_the_release_proves_nothing(tmp_path: Path) -> None:
    listener = Listener(answers=b"")
    releases = Releases(listener)

    async def release() -> None:
        await releases()
        listener.aborts_at = 0

    async with upload_to(listener, tmp_path) as remote:
        with pytest.raises(Unclear):
            await remote.platform.submit(a_job(), LARGE, overwrite=False, release=release)


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        (answer(413, "too large"), Refused),
        (answer(429, "", "Retry-After: 7"), Busy),
        (answer(500, "oops"), NotSent),
        (answer(302, "", "Location: https://elsewhere.example"), NotSent),
        (answer(200, UUID), Garbled),
    ],
    ids=["413", "429", "500", "302", "a token"],
)
async def test_an_answer_before_the_tail_says_what_it_can(
    tmp_path: Path, reply: bytes, meaning: type[TargetError]
) -> None:
    listener = Listener(answers=reply, early=True, reads=200_000)
    releases = Releases(listener)
    async with upload_to(listener, tmp_path) as remote:
        with pytest.raises(TargetError) as caught:
            await send(remote, releases)

    assert type(caught.value) is meaning
    assert releases.arrived == []


SUCCESSES = {
    "whole": answer(200, UUID),
    "empty": head(204),
    "zipped": answer(200, gzip.compress(UUID.encode()), "Content-Encoding: gzip"),
    "unframed": head(200, "Content-Type: text/plain") + UUID.encode(),
    "cut": head(200, "Content-Length: 99") + UUID.encode(),
    "cut in a chunk": head(201, "Transfer-Encoding: chunked") + b"24\r\n" + UUID.encode()[:9],
    "endless": head(200, "Transfer-Encoding: chunked") + b"200000\r\n" + b" " * (2 << 20),
}


@pytest.mark.parametrize("reply", SUCCESSES.values(), ids=SUCCESSES)
async def test_a_success_before_the_tail_is_no_proof_in_any_form(tmp_path: Path, reply: bytes) -> None:
    """Whoever says that takes a part for the whole, so what is still here does not show that nothing was taken."""
    listener = Listener(answers=reply, early=True, aborts_at=200_000)
    releases = Releases(listener)
    async with upload_to(listener, tmp_path) as remote:
        with pytest.raises(Garbled):
            await send(remote, releases)

    assert releases.arrived == []


async def test_a_second_exchange_with_a_new_bearer_needs_no_second_release(tmp_path: Path) -> None:
    listener = Listener(answers=answer(401))
    releases = Releases(listener)

    async def release() -> None:
        await releases()
        listener.answers = answer(401) if listener.uploads < 1 else answer(200, UUID)

    async with upload_to(listener, tmp_path) as remote:
        listener.answers = answer(401)
        original = listener._upload

        async def upload(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int) -> None:
            await original(reader, writer, size)
            listener.answers = answer(200, UUID)

        listener._upload = upload  # type: ignore[method-assign]  # the second upload gets another answer
        accepted = await remote.platform.submit(a_job(), LARGE, overwrite=False, release=releases)

    assert accepted.token == UUID
    assert listener.uploads == 2
    assert releases.arrived == [TAIL]


LOGIN = answer(401, "<html>sign in</html>", "Connection: close", kind="text/html")


async def test_a_page_that_says_401_after_the_tail_brings_no_second_body(tmp_path: Path) -> None:
    listener = Listener(answers=LOGIN)
    releases = Releases(listener)
    async with upload_to(listener, tmp_path) as remote:
        with pytest.raises(Garbled):
            await send(remote, releases)

    assert listener.whole
    assert (listener.uploads, releases.arrived) == (1, [TAIL])


async def test_a_401_before_the_tail_brings_a_second_body_whose_tail_waits_for_the_release_that_is_under_way(
    tmp_path: Path,
) -> None:
    listener, asked, missing, more = Listener(), anyio.Event(), list[int](), list[bytes]()
    original = listener._upload

    async def upload(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int) -> None:
        if listener.uploads:
            await original(reader, writer, size)
            return
        listener.size, listener.uploads = size, 1
        listener.got += await reader.readexactly(size - TAIL)
        await asked.wait()
        writer.write(LOGIN)
        more.append(await reader.read())

    async def release() -> None:
        asked.set()
        while listener.uploads < 2:
            await anyio.lowlevel.checkpoint()
        await Releases(listener)()
        missing.append(listener.size - len(listener.got))

    listener._upload = upload  # type: ignore[method-assign]  # the first upload is answered before its tail
    async with upload_to(listener, tmp_path) as remote:
        accepted = await remote.platform.submit(a_job(), LARGE, overwrite=False, release=release)

    assert accepted.token == UUID
    assert (missing, more) == ([TAIL], [b""]), "one release, and until then neither tail"


@pytest.mark.parametrize(
    ("job", "overwrite", "text", "holds"),
    [
        (a_job(), False, "x" * (HOLD_FROM + 1), True),
        (a_job(), False, "x" * HOLD_FROM, False),
        (a_job(), False, "я" * (HOLD_FROM // 2 + 1), True),
        (a_job(), False, "я" * (HOLD_FROM // 2), False),
        (a_job(), False, "\r\n" * (HOLD_FROM // 4 + 1), True),
        (a_job(), True, "x" * (HOLD_FROM + 1), False),
        (a_job(owns=True), False, "x" * (HOLD_FROM + 1), False),
        (a_job(repeats=True), False, "x" * (HOLD_FROM + 1), False),
    ],
    ids=["large", "small", "large in bytes", "small in bytes", "large in JSON", "overwrites", "owned", "repeated"],
)
async def test_only_large_bodies_that_may_not_be_sent_twice_are_held_back(
    tmp_path: Path, job: Job, overwrite: bool, text: str, holds: bool
) -> None:
    async with remote_at(Server(url="http://127.0.0.1:1"), tmp_path) as remote:
        assert remote.platform.holds_back(job, Body(data=Held(text)), overwrite=overwrite) is holds
    async with remote_at(Server(url="http://127.0.0.1:1"), tmp_path, repeat_replaces=True) as remote:
        assert not remote.platform.holds_back(job, Body(data=Held(text)), overwrite=overwrite)

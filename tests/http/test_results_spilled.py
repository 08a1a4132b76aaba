"""Small results stay in memory; large ones go to a file of their own, whole or not at all."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import aiohttp
import anyio
import pytest
from aiofiles.threadpool.binary import AsyncBufferedIOBase
from aiohttp.streams import AsyncStreamIterator
from targets.remote import (
    TOKEN,
    assert_tells_no_secret,
    content_of,
    files_in,
    hurried,
    poll,
    remote_at,
)
from targets.wire import Reply, answer, chunked, head, scripted

from orchestrator.edges.answer import SPILL_FROM
from orchestrator.edges.http import Kind, open_http
from orchestrator.errors import OrchestratorError, OutputError, Unclear

LARGE = random.Random(1).randbytes(5 * SPILL_FROM + 7)


def sized(body: bytes) -> bytes:
    return answer(200, body)


framed = pytest.mark.parametrize("frame", [sized, chunked])
Frame = Callable[[bytes], bytes]


@framed
@pytest.mark.parametrize("size", [0, 1, SPILL_FROM - 1, SPILL_FROM])
async def test_a_small_result_is_held(tmp_path: Path, frame: Frame, size: int) -> None:
    async with scripted(frame(LARGE[:size])) as server, open_http(tmp_path) as http:
        got = await poll(http, server, Kind.RESULT)

    assert (got.body, got.spilled) == (LARGE[:size], None)
    assert files_in(tmp_path) == []


@framed
@pytest.mark.parametrize("size", [SPILL_FROM + 1, len(LARGE)])
async def test_a_large_result_is_spilled_with_its_size_and_digest(tmp_path: Path, frame: Frame, size: int) -> None:
    content = LARGE[:size]
    async with scripted(frame(content)) as server, open_http(tmp_path) as http:
        got = await poll(http, server, Kind.RESULT)

    assert got.body == b""
    assert got.spilled is not None
    assert got.spilled.size == size
    assert got.spilled.sha256 == hashlib.sha256(content).hexdigest()
    assert content_of(got.spilled.path) == content
    assert files_in(tmp_path) == [got.spilled.path]


@framed
async def test_a_large_result_is_written_in_chunks_of_a_mebibyte_at_most_and_a_small_one_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frame: Frame
) -> None:
    asked, written = list[int](), list[int]()
    cut, write = aiohttp.StreamReader.iter_chunked, AsyncBufferedIOBase.write

    def asking(stream: aiohttp.StreamReader, size: int) -> AsyncStreamIterator[bytes]:
        asked.append(size)
        return cut(stream, size)

    async def writing(file: AsyncBufferedIOBase, chunk: bytes) -> int:
        written.append(len(chunk))
        return await write(file, chunk)

    monkeypatch.setattr(aiohttp.StreamReader, "iter_chunked", asking)
    monkeypatch.setattr(AsyncBufferedIOBase, "write", writing)
    content = LARGE * 16
    async with scripted(frame(LARGE[:SPILL_FROM]), frame(content)) as server, open_http(tmp_path) as http:
        await poll(http, server, Kind.RESULT)
        assert not written
        got = await poll(http, server, Kind.RESULT)

    assert got.spilled is not None
    assert sum(written) == got.spilled.size == len(content) > 5 << 20
    assert max(written) <= 1 << 20
    assert {*asked} == {1 << 20}


async def test_every_spilled_result_has_a_file_of_its_own(tmp_path: Path) -> None:
    async with scripted(sized(LARGE)) as server, open_http(tmp_path) as http:
        spilled = {(await poll(http, server, Kind.RESULT)).spilled for _ in range(5)}

    assert len(files_in(tmp_path)) == len(spilled) == 5


@framed
@pytest.mark.parametrize("keep", [SPILL_FROM // 2, SPILL_FROM + 1000, len(LARGE) - 1])
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_result_that_is_cut_leaves_no_file(tmp_path: Path, frame: Frame, keep: int, how: str) -> None:
    whole = frame(LARGE)
    begin = whole[: whole.index(b"\r\n\r\n") + 4 + keep]
    async with (
        scripted(Reply(data=begin, close=how == "close", reset=how == "reset")) as server,
        open_http(tmp_path) as http,
    ):
        with pytest.raises(Unclear) as caught:
            await poll(http, server, Kind.RESULT)

    assert_tells_no_secret(caught.value)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("limit", ["total", "sock_read"])
async def test_a_result_that_takes_too_long_is_unclear_and_leaves_no_file(tmp_path: Path, limit: str) -> None:
    begin = sized(LARGE)[:-1000]
    async with (
        scripted(Reply(data=begin, silent=True)) as server,
        hurried(tmp_path, **{limit: 0.2}) as (http, _),
    ):
        with pytest.raises(OrchestratorError) as caught:
            await poll(http, server, Kind.RESULT)

    assert type(caught.value) is Unclear
    assert_tells_no_secret(caught.value)
    assert files_in(tmp_path) == []


async def test_a_fetch_that_is_cancelled_leaves_no_file(tmp_path: Path) -> None:
    begin = sized(LARGE)[:-1000]
    async with scripted(Reply(data=begin, silent=True)) as server, open_http(tmp_path) as http:
        async with anyio.create_task_group() as group:
            group.start_soon(poll, http, server, Kind.RESULT)
            with anyio.fail_after(5):
                while sum(len(content_of(path)) for path in files_in(tmp_path)) <= SPILL_FROM:
                    await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()

        assert files_in(tmp_path) == []


async def test_a_spill_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    async with scripted(sized(LARGE)) as server, open_http(tmp_path / "missing") as http:
        with pytest.raises(OutputError, match="missing") as caught:
            await poll(http, server, Kind.RESULT)

    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("status", [201, 206, 400, 404, 409, 500])
async def test_only_a_result_is_spilled(tmp_path: Path, status: int) -> None:
    async with scripted(answer(status, LARGE)) as server, open_http(tmp_path) as http:
        got = await poll(http, server, Kind.RESULT)

    assert (got.body, got.spilled) == (LARGE, None)
    assert files_in(tmp_path) == []


async def test_a_result_without_a_length_may_be_cut_and_is_not_taken(tmp_path: Path) -> None:
    async with (
        scripted(Reply(data=head(200, "Content-Type: text/plain") + LARGE, close=True)) as server,
        open_http(tmp_path) as http,
    ):
        with pytest.raises(Unclear):
            await poll(http, server, Kind.RESULT)

    assert files_in(tmp_path) == []


async def test_a_page_in_place_of_a_large_result_leaves_no_file(tmp_path: Path) -> None:
    async with (
        scripted(answer(200, LARGE, kind="text/html; charset=utf-8")) as server,
        remote_at(server, tmp_path) as remote,
    ):
        with pytest.raises(Unclear):
            await remote.platform.fetch(TOKEN, "feedback")

    assert files_in(tmp_path) == []

"""What comes in costs time and memory in proportion to its size at most, and no more than its limit (S-8, S-17)."""

from __future__ import annotations

import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from targets.remote import TOKEN, UUID, remote_at
from targets.wire import Reply, answer, grant, head, scripted

from orchestrator.edges.answer import Answer
from orchestrator.edges.log import _cleaned
from orchestrator.edges.retry_after import seconds_of
from orchestrator.errors import TargetError
from orchestrator.model import Name, RelPath
from orchestrator.naming import date_in, printable, slug_of
from orchestrator.targets.platform.answers import read_feedback, status_of
from orchestrator.validation import CANONICAL, Dialect, Judge, Schema, read_mapping, read_schema
from validation.kinds import KINDS
from validation.samples import PLATFORM_DATA, PLATFORM_EVENTS

SMALL, LARGE = 1 << 15, 1 << 20
GROWTH = LARGE // SMALL
ATTEMPTS = 3


def feedback(unit: str) -> Callable[[int], object]:
    return lambda size: read_feedback((unit * (size // len(unit))).encode(), Name("night"))


def status_word(unit: str) -> Callable[[int], object]:
    def read(size: int) -> object:
        body = (unit * (size // len(unit))).encode()
        return status_of(Answer(status=200, content_type="text/plain", body=body), ())

    return read


def file(
    schema: Schema, unit: str, *, headed: bool = True, end: str = "", dialect: Dialect = CANONICAL
) -> Callable[[int], object]:
    """Lines are dear enough that there are fewer of them."""

    def read(size: int) -> object:
        size = size // 32 if "\n" in unit else size
        text = f"{','.join(schema.names)}\n" * headed + unit * (size // len(unit)) + end
        judge = Judge(schema, dialect=dialect)
        data = text.encode()
        for at in range(0, len(data), 1 << 16):
            judge.feed(data[at : at + (1 << 16)])
        return judge.close()

    return read


def mapped(unit: str) -> Callable[[int], object]:
    moments = [{"name": "m", "from": {"x": "%Y-%m-%d %H:%M"}, "short": True}]
    columns = [{"to": "a", "moment": "m", "format": "%d/%m/%Y"}, {"to": "b", "from": "y", "split": "/", "part": -1}]
    mapping = read_mapping({"moments": moments, "columns": columns}, "mine")
    schema = read_schema({"fields": [{"name": "a"}, {"name": "b"}], "primaryKey": "b"}, "ab")

    def read(size: int) -> object:
        judge = Judge(schema, mapping=mapping)
        judge.feed(b"x,y\n" + unit.encode() * (size // 32 // len(unit)))
        return judge.close()

    return read


READERS: dict[str, Callable[[int], object]] = {
    "feedback of digits": feedback("1"),
    "feedback of spaces": feedback(" "),
    "feedback of a row and spaces": lambda size: read_feedback(b"1" + b" " * size + b"x", Name("n")),
    "feedback of bars": feedback("|"),
    "feedback of a row and bars": lambda size: read_feedback(b"1|" + b"|" * size, Name("n")),
    "feedback of a row without its second bar": lambda size: read_feedback(b"1|" + b"x" * size, Name("n")),
    "feedback of line ends": feedback("\r\n"),
    "feedback of returns": feedback("\r"),
    "feedback of quotes": feedback('"'),
    "feedback of quotes and backslashes": feedback('"\\'),
    "feedback of brackets": feedback("["),
    "a status of spaces": status_word(" _-"),
    "a status of letters": status_word("a"),
    "a status of quotes": status_word('"'),
    "an hour of digits": lambda size: seconds_of("1" * size, None),
    "an hour of spaces": lambda size: seconds_of("Mon," + " " * size, "Mon," + " " * size),
    "a name of dots": lambda size: slug_of(Name("." * size)),
    "a name of slashes": lambda size: slug_of(Name("/-" * (size // 2))),
    "a path of digits": lambda size: date_in(RelPath("2" * size)),
    "a path of dates": lambda size: date_in(RelPath("2024-02-30/" * (size // 11))),
    "a text to show": lambda size: printable("\u202e" * (size // 8)),
    "a log of bearers": lambda size: _cleaned("bearer  " * (size // 8) + "bearer" + " " * size, ()),
    "quotes": file(PLATFORM_EVENTS, '"'),
    "quotes in pairs": file(PLATFORM_EVENTS, '""', end='"'),
    "commas": file(PLATFORM_DATA, ","),
    "returns": file(PLATFORM_DATA, "\r"),
    "line feeds": file(PLATFORM_DATA, "\n"),
    "empty quoted cells": file(PLATFORM_EVENTS, '"",'),
    "quoted lines": file(PLATFORM_EVENTS, '"\n'),
    "an open quote and lines": file(PLATFORM_EVENTS, "x\n", end='"'),
    "cells that are nearly dates": file(PLATFORM_DATA, "31/02/2024,"),
    "rows that are nearly clean": file(PLATFORM_DATA, "N1,01/07/2024,09:00,01/07/2024,17:0\n"),
    "a long cell in front of what is wrong": file(PLATFORM_DATA, "N" * 9999 + ",01/07/2024,09:00,01/07/2024,1700\n"),
    "spaces": file(PLATFORM_DATA, " "),
    "no header and letters": file(PLATFORM_DATA, "x", headed=False),
    "NULs": file(PLATFORM_DATA, "\0"),
    "keys that come again": file(KINDS["tao.users"], "zoe,,,,,,,{}\n"),
    "lists and objects": file(KINDS["tao.users"], "zoe,,,,,A|A|A|A|A|,,x\n"),
    "other signs and escapes": file(PLATFORM_DATA, "'\\\\''", dialect=Dialect(quote="'", escape="\\")),
    "moments": mapped("2024-07-01 9:05,a/b\n"),
    "what is no moment": mapped("2024-07-01 9:05:" + "9" * 99 + ",/////////\n"),
    "wide characters": file(PLATFORM_DATA, "\u2003\u2028"),
}


@pytest.mark.parametrize("what", READERS)
def test_reading_costs_no_more_than_its_share_of_the_size(what: str) -> None:
    assert _in_proportion(READERS[what])


def _in_proportion(read: Callable[[int], object], scale: int = 1) -> bool:
    """32 times the size may cost 32 times the work, and 8 times that for a busy machine; its square is 1,024.

    What costs the square does so at every attempt; a machine that was busy otherwise is quiet at one of them.
    """
    return any(
        _cost(read, LARGE // scale) < max(_cost(read, SMALL // scale), 0.001 / scale) * GROWTH * 8
        for _ in range(ATTEMPTS)
    )


def _cost(read: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    read(size)
    return time.process_time() - began


def test_what_costs_the_square_of_its_size_would_be_found() -> None:
    """A reader as they get written: it joins again what it has so far."""

    def careless(size: int) -> None:
        held = b""
        for _ in range(size // 64):
            held = bytes(reversed(held)) + b"x" * 64

    assert not _in_proportion(careless, scale=16)


def gzip_bomb(size: int) -> bytes:
    made = zlib.compressobj(9, wbits=31)
    return b"".join(made.compress(b"\0" * (1 << 20)) for _ in range(size >> 20)) + made.flush()


@pytest.fixture(scope="module")
def packed() -> bytes:
    """64 KiB that would be 64 MiB."""
    bomb = gzip_bomb(64 << 20)
    assert len(zlib.decompress(bomb, wbits=31)) > 800 * len(bomb)
    return bomb


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-unknown", "GZIP"])
@pytest.mark.parametrize("status", [200, 500])
async def test_a_compressed_answer_is_never_unpacked(tmp_path: Path, packed: bytes, coding: str, status: int) -> None:
    bomb = answer(status, packed, f"Content-Encoding: {coding}")
    async with scripted(bomb, tokens=(grant(), bomb)) as server, remote_at(server, tmp_path) as remote:
        await remote.platform.sign_in()
        tracemalloc.start()
        for attempt in (
            remote.upload,
            lambda: remote.platform.check(TOKEN),
            lambda: remote.platform.fetch(TOKEN, "log"),
        ):
            with pytest.raises(TargetError):
                await attempt()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert len(server.requests) == 3
    assert peak < 8 << 20


async def test_an_answer_of_endless_little_chunks_ends_at_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.edges.answer.ANSWER_LIMIT", 10_000)
    pieces = b"1\r\nx\r\n" * 10_001
    endless = Reply(data=head(200, "Content-Type: text/plain", "Transfer-Encoding: chunked") + pieces, silent=True)
    async with scripted(endless) as server, remote_at(server, tmp_path) as remote:
        with pytest.raises(TargetError, match="longer than any answer"):
            await remote.platform.check(TOKEN)


@pytest.mark.parametrize(
    "flood",
    [
        b"".join(b"X-%d: y\r\n" % n for n in range(20_000)),
        b"X-Long: " + b"y" * (1 << 20) + b"\r\n",
        b"X: y\r\n y" * 20_000,
    ],
    ids=["many headers", "one long header", "folded headers"],
)
async def test_a_flood_of_headers_leaves_it_unclear(tmp_path: Path, flood: bytes) -> None:
    reply = Reply(data=b"HTTP/1.1 200 OK\r\nContent-Length: 36\r\n" + flood + b"\r\n" + UUID.encode(), close=True)
    async with scripted(reply) as server, remote_at(server, tmp_path) as remote:
        with pytest.raises(TargetError):
            await remote.upload()

        assert len(server.requests) == 1

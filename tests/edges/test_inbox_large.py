"""A large file is never held, and yet comes out as a small one does; nobody can change it unseen."""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import anyio
import anyio.from_thread
import pytest
from aiofiles.threadpool.binary import AsyncFileIO
from hypothesis import given, settings
from hypothesis import strategies as st

from edges.samples import (
    BAD,
    BAD_EVENT,
    EVENT,
    EVENTS_HEADER,
    HEADER,
    OTHER,
    ROW,
    Desk,
    csv,
    judge,
    read,
    text_of,
)
from orchestrator.edges import contents, inbox, sheets
from orchestrator.edges.escaped import json_length
from orchestrator.errors import SourceChanged
from orchestrator.model import Rejected
from orchestrator.ports import HELD_LIMIT, Body, Held, Moving, Prepared, Streamed

CHUNK = 256
LINES = [f"R{number:04}{ROW}" for number in range(200)]


@contextmanager
def large_from(limit: int, chunk: int = CHUNK) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (inbox, contents):
            patch.setattr(module, "HELD_LIMIT", limit)
        for module in (contents, sheets):
            patch.setattr(module, "CHUNK", chunk)
        yield


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Whose large files are those of more than 1,000 bytes."""
    with large_from(1000):
        yield Desk(tmp_path)


async def streamed(desk: Desk, content: bytes) -> Streamed:
    prepared = await judge(desk.inbox(drop_rows=True), desk.put("a.csv", content))
    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.body.data, Streamed)
    return prepared.body.data


def everything(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


async def body_texts(body: Body) -> tuple[str, str | None]:
    return await text_of(body.data), await text_of(body.events) if body.events else None


rows = st.lists(
    st.sampled_from([ROW, OTHER, BAD, "", "x,y", '"N ""ü""\n\u2028",01/07/2024,09:00,01/07/2024,17:00']), max_size=30
)
event_rows = st.lists(st.sampled_from([EVENT, BAD_EVENT, "", EVENT.replace("late", '"a, ""b""\r\nc"')]), max_size=9)


@given(
    data=rows,
    events=st.none() | event_rows,
    headed=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    chunk=st.integers(30, 300),
    drop_rows=st.booleans(),
)
@settings(max_examples=40)
async def test_large_and_small_files_come_out_the_same(
    data: list[str], events: list[str] | None, headed: bool, end: str, chunk: int, drop_rows: bool
) -> None:
    seen = []
    for limit in (HELD_LIMIT, -1):
        with tempfile.TemporaryDirectory() as base, large_from(limit, chunk):
            desk = Desk(Path(base))
            file = desk.put("a.csv", csv(*([HEADER] if headed else []), *data, end=end))
            if events is not None:
                file = desk.put("a.events.csv", csv(EVENTS_HEADER, *events, end=end))
            inbox = desk.inbox(drop_rows=drop_rows)
            reading = await read(inbox, file)
            assert (reading.data is None) == (limit < 0)
            verdict = await inbox.judge(reading)
            if isinstance(verdict, Rejected):
                seen.append((reading.source, verdict, None, everything(desk.rejects)))
                continue
            assert isinstance(verdict, Prepared)
            texts = await body_texts(verdict.body)
            for part, text, sheet in (
                (verdict.body.data, texts[0], verdict.checked.sheets.data),
                (verdict.body.events, texts[1], verdict.checked.sheets.events),
            ):
                if part is not None:
                    assert isinstance(part, Held if limit > 0 else Streamed)
                    assert sheet is not None
                    assert sheet.sent == hashlib.sha256((text or "").encode()).hexdigest()
                if isinstance(part, Streamed):
                    assert part.json_size == len(json.dumps(text, ensure_ascii=False).encode()) - 2
            seen.append((reading.source, verdict.checked, texts, everything(desk.rejects)))

    assert seen[0] == seen[1]


@given(text=st.text() | st.text('"\\/\x00\x1f\x7f\u2028é😀\r\n\t', max_size=50))
def test_the_length_in_json_is_that_of_the_text_between_the_quotes(text: str) -> None:
    assert json_length(text) == len(json.dumps(text, ensure_ascii=False)[1:-1].encode())


async def test_a_file_beyond_the_real_limit_is_streamed_in_pieces(tmp_path: Path) -> None:
    count = HELD_LIMIT // len(LINES[0]) + 1
    lines = [f"R{number:07}{ROW}" for number in range(count)]
    content = csv(HEADER, *lines)
    desk = Desk(tmp_path)

    part = await streamed(desk, content)

    pieces = [piece async for piece in part.pieces()]
    assert "".join(pieces) == "\r\n".join([HEADER, *lines])
    assert part.json_size == sum(json_length(piece) for piece in pieces)
    assert len(pieces) >= len(content) // sheets.CHUNK
    assert max(map(len, pieces)) <= 2 * sheets.CHUNK


async def test_a_large_body_is_read_in_chunks_of_a_mebibyte_and_a_small_one_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, read_on = list[int](), AsyncFileIO.read

    async def noted(file: AsyncFileIO, size: int = -1) -> bytes:
        asked.append(size)
        return await read_on(file, size)

    monkeypatch.setattr(AsyncFileIO, "read", noted)
    desk = Desk(tmp_path)
    small = await judge(desk.inbox(), desk.put("small.csv", csv(HEADER, ROW)))
    assert isinstance(small, Prepared)
    assert await text_of(small.body.data) == f"{HEADER}\r\n{ROW}"
    assert not asked

    content = csv(HEADER, *LINES * (HELD_LIMIT // len(csv(*LINES)) + 1))
    part = await streamed(desk, content)
    assert len(await text_of(part)) == len(content) - len("\r\n")

    assert asked == [1 << 20] * (-(-len(content) >> 20) + 1), "the last one finds the end"


@pytest.mark.parametrize(
    ("mark", "codec"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
async def test_a_byte_order_mark_wins_over_the_configuration_in_what_is_streamed(
    desk: Desk, mark: bytes, codec: str
) -> None:
    text = csv(HEADER, *(f"Zoë{line}" for line in LINES)).decode()
    file = desk.put("a.csv", mark + text.encode(codec))

    prepared = await judge(desk.inbox(encoding="cp1252"), file)

    assert isinstance(prepared, Prepared), prepared
    assert isinstance(prepared.body.data, Streamed)
    assert await text_of(prepared.body.data) == text.removesuffix("\r\n")


async def test_a_stream_can_be_opened_again_for_every_try(desk: Desk) -> None:
    part = await streamed(desk, csv(HEADER, *LINES))

    assert await text_of(part) == await text_of(part) == "\r\n".join([HEADER, *LINES])


async def test_of_a_pair_both_are_streamed_when_one_is_large(desk: Desk) -> None:
    desk.put("a.csv", csv(HEADER, ROW))
    many = [EVENT] * 100

    prepared = await judge(desk.inbox(), desk.put("a.events.csv", csv(EVENTS_HEADER, *many)))

    assert isinstance(prepared, Prepared)
    assert await body_texts(prepared.body) == (f"{HEADER}\r\n{ROW}", "\r\n".join([EVENTS_HEADER, *many]))


@pytest.mark.parametrize("lines", [LINES, LINES[:2]], ids=["large", "small"])
async def test_a_file_that_is_written_to_while_it_is_read_is_moving(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    """It still has the size that it was listed with."""
    file = desk.put("a.csv", csv(HEADER, *lines))
    real = hashlib.sha256

    def sha256(*content: bytes) -> Any:
        place = desk.root / "a.csv"
        written = place.read_bytes()
        place.write_bytes(written.replace(b"R0001", b"R9999"))
        os.utime(place, ns=(1, 1))
        return real(*content)

    monkeypatch.setattr(contents, "hashlib", SimpleNamespace(sha256=sha256))

    assert isinstance(await desk.inbox().read(file), Moving)


async def test_a_large_file_that_was_written_to_after_the_listing_is_moving(desk: Desk) -> None:
    file = desk.put("a.csv", csv(HEADER, *LINES))
    (desk.root / "a.csv").write_bytes(csv(HEADER, *LINES, ROW))

    assert isinstance(await desk.inbox().read(file), Moving)


def edit(place: Path) -> None:
    """Other bytes, as many as before."""
    content = place.read_bytes()
    place.write_bytes(content.replace(b"R0190", b"R9999"))


def edit_the_end(place: Path) -> None:
    content = place.read_bytes()
    place.write_bytes(content[:-4] + b"8" + content[-3:])


def shorten(place: Path) -> None:
    content = place.read_bytes()
    place.write_bytes(content[: len(content) // 2])


def cut_one_row(place: Path) -> None:
    place.write_bytes(csv(HEADER, *LINES[:-1]))


def empty(place: Path) -> None:
    place.write_bytes(b"")


def grow_by_a_row(place: Path) -> None:
    with place.open("ab") as more:
        more.write(csv(ROW))


def grow_by_many_rows(place: Path) -> None:
    with place.open("ab") as more:
        more.write(csv(*LINES))


def spoil(place: Path) -> None:
    content = place.read_bytes()
    place.write_bytes(content[:-1000] + b"\0" + content[-999:])


def replace(place: Path) -> None:
    other = place.with_name("other")
    other.write_bytes(csv(HEADER, *reversed(LINES)))
    other.replace(place)


def remove(place: Path) -> None:
    place.unlink()


def link(place: Path) -> None:
    place.rename(place.with_name("moved"))
    place.symlink_to(place.with_name("moved"))


def pipe(place: Path) -> None:
    place.unlink()
    os.mkfifo(place)


def folder(place: Path) -> None:
    place.unlink()
    place.mkdir()


IN_PLACE = [edit, edit_the_end, shorten, cut_one_row, empty, grow_by_a_row, grow_by_many_rows, spoil]
AWAY = [replace, remove, link, pipe, folder]


@pytest.mark.parametrize("change", [*IN_PLACE, *AWAY])
async def test_a_large_file_that_changes_between_reading_and_judging_is_moving(
    desk: Desk, change: Callable[[Path], None]
) -> None:
    inbox = desk.inbox(drop_rows=True)
    reading = await read(inbox, desk.put("a.csv", csv(HEADER, *LINES)))
    change(desk.root / "a.csv")

    verdict = await inbox.judge(reading)

    assert isinstance(verdict, Moving)
    assert everything(desk.rejects) == {}


class Upload:
    """What arrives of a stream, which may change after its first piece."""

    def __init__(self, part: Streamed) -> None:
        self._pieces = part.pieces()
        self.arrived = ""

    async def carry(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        async for piece in self._pieces:
            if not self.arrived:
                meanwhile()
            self.arrived += piece


@pytest.mark.parametrize("change", [*IN_PLACE, *AWAY])
async def test_a_file_that_changed_before_it_is_sent_is_never_sent_whole(
    desk: Desk, change: Callable[[Path], None]
) -> None:
    part = await streamed(desk, csv(HEADER, *LINES))
    change(desk.root / "a.csv")
    upload = Upload(part)

    with pytest.raises(SourceChanged):
        await upload.carry()

    assert json_length(upload.arrived) < part.json_size


@pytest.mark.parametrize("change", IN_PLACE)
async def test_a_file_that_changes_while_it_is_sent_is_never_sent_whole(
    desk: Desk, change: Callable[[Path], None]
) -> None:
    part = await streamed(desk, csv(HEADER, *LINES))
    upload = Upload(part)

    with pytest.raises(SourceChanged):
        await upload.carry(lambda: change(desk.root / "a.csv"))

    assert upload.arrived
    assert json_length(upload.arrived) < part.json_size


@pytest.mark.parametrize("change", AWAY)
async def test_a_file_that_is_put_away_while_it_is_sent_is_sent_as_it_was(
    desk: Desk, change: Callable[[Path], None]
) -> None:
    """What was opened are the bytes that were validated."""
    upload = Upload(await streamed(desk, csv(HEADER, *LINES)))

    await upload.carry(lambda: change(desk.root / "a.csv"))

    assert upload.arrived == "\r\n".join([HEADER, *LINES])


async def test_a_stream_that_is_broken_off_leaves_no_file_open(desk: Desk) -> None:
    part = await streamed(desk, csv(HEADER, *LINES))
    before = set(os.listdir("/proc/self/fd"))

    pieces = part.pieces()
    await anext(pieces)
    await pieces.aclose()

    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("place", [contents, sheets], ids=["while it is recognised", "while it is checked"])
async def test_who_is_told_to_stop_reads_a_large_file_no_further(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, place: ModuleType
) -> None:
    """And leaves no list of rejects behind that is not whole."""
    file, inbox = desk.put("a.csv", csv(HEADER, BAD, *LINES)), desk.inbox(drop_rows=True)
    scope, real, chunks = anyio.CancelScope(), place.heed_a_stop, [0]

    def stopped() -> None:
        chunks[0] += 1
        anyio.from_thread.run_sync(scope.cancel)
        real()

    monkeypatch.setattr(place, "heed_a_stop", stopped)
    with scope:
        await judge(inbox, file)

    assert scope.cancelled_caught
    assert chunks == [1]
    assert list(desk.rejects.rglob("*.csv")) == []

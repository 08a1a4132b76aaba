"""Mended rows are kept by the bytes of their file, and go with it whether it is held or streamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from edges.samples import BAD, HEADER, OTHER, ROW, Desk, csv, judge, read, sent, text_of
from edges.test_inbox_large import large_from
from orchestrator.edges.inbox import FolderInbox, InboxConfig
from orchestrator.edges.rejects import Rejects
from orchestrator.model import Digest, Rejected, RelPath
from orchestrator.ports import Held, Moving, Prepared, Streamed
from orchestrator.validation import MendedList
from orchestrator.validation.mended import Mended
from validation.samples import PLATFORM_DATA, PLATFORM_EVENTS

NIGHT = RelPath("night.csv")
FIXED = "N3,03/07/2024,09:00,03/07/2024,17:00"


def a_desk(base: Path) -> Desk:
    """In whose output folder rows were mended before."""
    (base / "mended").mkdir()
    return Desk(base)


def keep(desk: Desk, content: Digest, *rows: tuple[int, str]) -> None:
    found = {line: Mended(line=line, cells=tuple(row.split(","))) for line, row in rows}
    desk.mended().keep(NIGHT, content, MendedList(names=tuple(HEADER.split(",")), rows=found))


@pytest.mark.parametrize("limit", [1 << 20, 20], ids=["held", "streamed"])
async def test_a_mended_row_is_sent_in_its_place(tmp_path: Path, limit: int) -> None:
    desk = a_desk(tmp_path)
    with large_from(limit, chunk=64):
        file = desk.put(NIGHT, csv(HEADER, *[ROW] * 20, BAD, *[OTHER] * 20))
        inbox = desk.inbox()
        before = await read(inbox, file)
        keep(desk, before.source.data, (22, FIXED))
        after = await read(inbox, file)

        assert after.source.data == before.source.data
        assert before.source.mends is None
        assert after.source.mends is not None
        assert after.key == before.key
        verdict = await inbox.judge(after)
        assert isinstance(verdict, Prepared)
        assert isinstance(verdict.body.data, Held if limit > 20 else Streamed)
        text = sent(HEADER, *[ROW] * 20, FIXED, *[OTHER] * 20)
        assert await text_of(verdict.body.data) == text
        assert await text_of(verdict.body.data) == text, "every try gets the same"
        assert not verdict.checked.sheets.data.gaps


async def test_rows_of_other_bytes_are_nobodys(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    inbox = desk.inbox()
    keep(desk, Digest("0" * 64), (2, FIXED))

    assert (await read(inbox, desk.put(NIGHT, csv(HEADER, BAD)))).source.mends is None


async def test_rows_that_change_while_the_file_is_on_its_way_hold_it_back(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    inbox = desk.inbox()
    reading = await read(inbox, desk.put(NIGHT, csv(HEADER, BAD)))
    keep(desk, reading.source.data, (2, FIXED))

    assert await inbox.judge(reading) == Moving("its mended rows changed while it was checked")


async def test_rows_that_cannot_be_read_refuse_their_file_and_name_the_place(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    inbox = desk.inbox()
    file = desk.put(NIGHT, csv(HEADER, BAD))
    keep(desk, (await read(inbox, file)).source.data, (2, FIXED))
    (kept,) = (tmp_path / "mended").iterdir()
    kept.write_bytes(b"\xff")

    verdict = await judge(inbox, file)

    assert isinstance(verdict, Rejected)
    assert verdict.cause == f"{kept}: it is not UTF-8: save it as such. Or take it away, and resubmit its rows."


async def test_what_was_mended_earlier_counts_until_it_is_mended_again() -> None:
    names = ("a",)
    earlier = MendedList(names=names, rows={2: Mended(line=2, cells=("x",)), 3: Mended(line=3, cells=("y",))})
    now = MendedList(names=names, rows={3: Mended(line=3, cells=("z",))})

    assert list(now.over(earlier).lines()) == [
        ["a", "_line", "_raw", "_after"],
        ["x", "2", "", "0"],
        ["z", "3", "", "0"],
    ]


async def test_rows_that_are_tried_count_until_the_trial_is_over_and_leave_no_trace(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    file = desk.put(NIGHT, csv(HEADER, BAD))
    mended = desk.mended()
    config = InboxConfig(data=(PLATFORM_DATA,), events=(PLATFORM_EVENTS,), name="{relative}")
    inbox = FolderInbox(desk.folder(), Rejects(desk.rejects), config, mended=mended)
    before = (await read(inbox, file)).source
    rows = MendedList(names=tuple(HEADER.split(",")), rows={2: Mended(line=2, cells=tuple(FIXED.split(",")))})

    with mended.trying() as trying:
        trying(NIGHT, before.data, rows)
        tried = await read(inbox, file)
        assert tried.source.mends is not None
        assert isinstance(await inbox.judge(tried), Prepared)
        assert [*mended.left([file])] == [file]
        trying(NIGHT, before.data, None)
        assert (await read(inbox, file)).source == before
        trying(NIGHT, before.data, rows)

    assert (await read(inbox, file)).source == before
    assert not (tmp_path / "mended").exists()

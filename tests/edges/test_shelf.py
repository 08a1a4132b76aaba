"""More keys than memory holds: what is found stays the same, and nothing of them is on the disk for anybody to see."""

from __future__ import annotations

import csv as tables
import gc
import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edges.samples import Desk, csv
from orchestrator.config import Settings, load
from orchestrator.edges import shelf
from orchestrator.edges.rejects import Rejects
from orchestrator.edges.shelf import KeyShelf
from orchestrator.errors import StorageError
from orchestrator.survey import Found, survey
from orchestrator.validation import Rule, Rules, read_schema
from orchestrator.wiring import make_inbox
from validation.samples import Judged, judge_with, lines

TWO = read_schema(
    {
        "primaryKey": ["a", "b"],
        "fields": [{"name": "a", "type": "integer"}, {"name": "b"}, {"name": "c", "constraints": {"unique": True}}],
    },
    "two",
)
TAO = {"kind": "tao", "base_url": "https://tao.example.com"}


@contextmanager
def holding(keys: int, group: int = 3) -> Iterator[None]:
    """Memory has room for so many, and so many wait to be written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestrator.validation.keys.KEYS_HELD", keys)
        patch.setattr("orchestrator.validation.keys.KEY_LIMIT", keys)
        patch.setattr(shelf, "_GROUP", group)
        yield


def judged(folder: Path, *rows: str, keys: int) -> Judged:
    with holding(keys):
        return judge_with(Rules((TWO,), shelves=partial(KeyShelf, folder)), [lines("a,b,c", *rows).encode()])


def test_a_row_that_came_before_is_told_with_the_line_of_the_first_wherever_that_is_kept(tmp_path: Path) -> None:
    rows = [f"{number},x,{number}" for number in range(20)]

    found = judged(tmp_path, *rows, "2,x,y", "15,x,z", "19,x,18", "07,x,q", keys=10)

    assert found.found == [
        (Rule.UNIQUE, line, column) for line, column in ((22, 1), (23, 1), (24, 3), (24, 1), (25, 1))
    ]
    words = [problem.message.partition(":")[0] for row in found.bad for problem in row.problems]
    assert words == [f"the same as in line {line}" for line in (4, 17, 20, 21, 9)]


def test_what_is_the_same_in_another_column_is_no_twin(tmp_path: Path) -> None:
    unique = [{"name": name, "constraints": {"unique": True}} for name in "ab"]
    rules = Rules((read_schema({"fields": unique}, "apart"),), shelves=partial(KeyShelf, tmp_path))
    with holding(0):
        found = judge_with(rules, [lines("a,b", "1,2", "2,1", "3,4", "4,3", "5,6", "6,4").encode()]).found

    assert found == [(Rule.UNIQUE, 7, 2)]


CELLS = st.tuples(*[st.sampled_from(["", "1", "01", "2", "3", "x", '"1"', "4,5"])] * 3)


@given(st.lists(CELLS, min_size=1, max_size=30), st.integers(0, 12))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_less_memory_there_is_the_same_is_found(tmp_path: Path, rows: list[tuple[str, ...]], keys: int) -> None:
    text = [",".join(row) for row in rows]

    assert judged(tmp_path, *text, keys=keys) == judged(tmp_path, *text, keys=1_000)


def test_a_shelf_has_no_name_on_the_disk_and_two_have_nothing_in_common(tmp_path: Path) -> None:
    """Whoever has a list of names must not be able to look them up in what a disk still holds."""
    with holding(0, group=1):
        shelves = [KeyShelf(tmp_path) for _ in range(2)]
        for each in shelves:
            each.keep(0, b"canary", 2)

        assert os.listdir(tmp_path) == []
        assert [each.line_of(0, b"canary") for each in shelves] == [2, 2]
        kept = [each._db.execute("SELECT digest FROM seen").fetchall() for each in shelves]
    assert kept[0]
    assert not {*kept[0]} & {*kept[1]}
    assert b"canary" not in b"".join(digest for rows in kept for (digest,) in rows)


def test_it_is_closed_with_the_judgement_that_it_was_for(tmp_path: Path) -> None:
    one = KeyShelf(tmp_path)
    db = one._db
    del one

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute("SELECT 1")


def fill(shelf: KeyShelf) -> None:
    for number in range(1_000):
        shelf.keep(0, b"%d" % number, number)


def test_a_disk_that_takes_no_more_is_told_with_its_remedy(tmp_path: Path) -> None:
    with holding(0, group=1_000):
        full = KeyShelf(tmp_path)
        full._db.execute("PRAGMA max_page_count = 2")
        with pytest.raises(StorageError, match=r"takes? the keys of a large file \(.*full\)\. Make room, then run"):
            fill(full)


def test_a_place_that_is_gone_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="Make room, then run the same command again: nothing is lost"):
        KeyShelf(tmp_path / "gone")


USERS = csv("user_username,user_name", *(f"user{number},Somebody" for number in range(9)), "user7,Another")


async def test_validate_has_a_place_for_them(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "u.csv").write_bytes(USERS)
    words = [f"target.{key}={value}" for key, value in TAO.items()]
    found: list[Found] = []
    with holding(5):
        await survey(load(None, overrides=words, environ={}, folder=folder, output=tmp_path / "out"), found.append)

    (finding,) = found
    assert finding.text.startswith("u.csv:11:1: unique (user_username): the same as in line 9: ")


async def test_the_inbox_of_a_run_has_a_place_for_them(tmp_path: Path) -> None:
    desk, spill = Desk(tmp_path), tmp_path / "spill"
    spill.mkdir()
    file = desk.put("u.csv", USERS)
    inbox = make_inbox(Settings.model_validate({"target": TAO}), desk.folder(), Rejects(desk.rejects), spill)
    with holding(5):
        reading = await inbox.read(file)
        verdict = await inbox.judge(reading)  # type: ignore[arg-type]  # it can be read

    assert "1 of 10 rows are bad" in verdict.cause  # type: ignore[union-attr]  # it is rejected
    with (desk.rejects / "u.csv").open(newline="") as listed:
        assert [row["_line"] for row in tables.DictReader(listed)] == ["11"]


async def test_a_file_leaves_nothing_of_its_keys_behind_in_memory(tmp_path: Path) -> None:
    """Beside the parts that are made of it then they would be too much."""
    closed: list[bool] = []

    class Watched(KeyShelf):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder)
            weakref.finalize(self, closed.append, True)

    desk = Desk(tmp_path)
    inbox = desk.inbox(data=(TWO,), shelves=partial(Watched, tmp_path))
    reading = await inbox.read(desk.put("a.csv", csv("a,b,c", *(f"{number},x,{number}" for number in range(9)))))
    gc.disable()
    try:
        with holding(5):
            await inbox.judge(reading)  # type: ignore[arg-type]  # it can be read
        assert closed == [True]
    finally:
        gc.enable()

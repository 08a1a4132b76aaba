"""No name leads out of the output folder, and no link that is planted there is followed (S-10)."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job, result
from edges.ledgers import a_ledger
from edges.places import START
from edges.samples import BAD, HEADER, ROW, Desk, judge
from edges.samples import csv as lines
from orchestrator.edges.batcher import inline
from orchestrator.edges.output import ResultsFolder
from orchestrator.edges.report import Report
from orchestrator.model import Completed, Name, Rejected
from orchestrator.naming import slug_of

PIECES = [
    "..",
    ".",
    "~",
    " ",
    "-",
    "con",
    "nul.txt",
    "v1",
    "a",
    "a.",
    "é",
    "e\u0301",
    "\u202e",
    "\x1b[2J",
    "\n",
    "\\",
    "x" * 200,
]
NAMES = st.lists(st.sampled_from(PIECES) | st.text(min_size=1, max_size=9), min_size=1, max_size=5).map("/".join)
FILE_NAMES = st.binary(min_size=1, max_size=60) | st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map(
    lambda pieces: "".join(pieces).encode()
)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@given(names=st.lists(NAMES, min_size=1, max_size=60))
@settings(max_examples=60)
def test_the_folder_of_a_name_is_one_safe_step_below_the_results(names: list[str]) -> None:
    for name in names:
        slug = slug_of(Name(name))
        assert slug == Path(slug).name
        assert slug not in (".", "..")
        assert slug.isascii()
        assert slug.isprintable()
        assert len(slug) <= 100
        assert not set(slug) & set('/\\:*?"<>| ')


@given(names=st.sets(FILE_NAMES.filter(lambda name: not set(name) & {0, 47}), min_size=1, max_size=8))
@settings(max_examples=50)
async def test_whatever_a_file_is_called_its_rejects_lie_below_their_folder(names: set[bytes]) -> None:
    with tempfile.TemporaryDirectory() as base:
        desk = Desk(Path(base))
        desk.root.mkdir()
        written = {name for name in names if _write(desk.root, name + b".csv")}
        outside = set(_outside(Path(base)))

        for file in desk.folder().list():
            if not file.fault:
                assert isinstance(await judge(desk.inbox(), file), Rejected)

        assert set(_outside(Path(base))) == outside
        assert len(list(desk.folder().list())) <= len(written)


def _outside(base: Path) -> Iterable[str]:
    """Of the lists and of the notes about them, which are called by digests."""
    ours = re.compile(r"rejects(/.*)?|\.orchestrator(/lists(/[0-9a-f]{32})?)?", re.DOTALL)
    return (path for path in _walk(base) if not ours.fullmatch(path))


def _write(root: Path, name: bytes) -> bool:
    try:
        (root / os.fsdecode(name)).write_bytes(lines(HEADER, ROW, BAD))
    except OSError:  # too long, or what this file system does not take
        return False
    return True


def _walk(folder: Path) -> Iterable[str]:
    return (str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_bytes(b"precious")
    return path


def is_whole(victim: Path) -> bool:
    return victim.read_bytes() == b"precious"


@pytest.mark.parametrize("hard", [False, True], ids=["symbolic", "hard"])
async def test_a_link_in_the_place_of_a_result_is_replaced_and_not_followed(
    tmp_path: Path, victim: Path, hard: bool
) -> None:
    spilled = tmp_path / "spilled"
    spilled.write_bytes(b"large")
    with a_ledger(tmp_path / "ledger.sqlite3", hop=inline) as ledger:
        folder = ResultsFolder(tmp_path / "results", ledger, hop=inline)
        job = await ledger.record(new_job("roster"), CHECKED, STARTED, ACCEPTED)
        place = folder.place(job)
        place.mkdir(parents=True)
        for name in ("feedback.txt", "table.txt"):
            (place / name).hardlink_to(victim) if hard else (place / name).symlink_to(victim)

        small = result("feedback", body=b"fine")
        await ledger.record(job, Completed((small,)))
        await folder.project(job, (small,))
        folder._put_spilled(job, result("table", body=None), spilled)

        assert everything(place) == {"feedback.txt": b"fine", "table.txt": b"large"}
        assert not any(path.is_symlink() for path in place.iterdir())
    assert is_whole(victim)


@pytest.mark.parametrize("hard", [False, True], ids=["symbolic", "hard"])
async def test_a_link_in_the_place_of_a_list_of_rejects_is_replaced_and_not_followed(
    tmp_path: Path, victim: Path, hard: bool
) -> None:
    desk = Desk(tmp_path)
    desk.rejects.mkdir()
    place = desk.rejects / "a.csv"
    place.hardlink_to(victim) if hard else place.symlink_to(victim)

    await judge(desk.inbox(), desk.put("a.csv", lines(HEADER, BAD)))

    assert is_whole(victim)
    assert b"2024-07-03" in everything(desk.rejects)["a.csv"]
    assert not [path for path in desk.rejects.iterdir() if path.is_symlink()]


def test_a_link_in_the_place_of_a_report_is_replaced_and_not_followed(tmp_path: Path, victim: Path) -> None:
    run = tmp_path / "runs" / "1"
    run.mkdir(parents=True)
    for name in ("files.csv", "summary.json"):
        (run / name).symlink_to(victim)

    Report(run="1", command="run", started=START).write(run, {})

    assert is_whole(victim)
    assert not any(path.is_symlink() for path in run.iterdir())

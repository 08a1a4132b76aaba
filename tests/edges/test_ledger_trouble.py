"""What SQLite says no to: undone whole, told apart, and not taken for something else."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from unittest.mock import ANY

import pytest

from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job, result
from edges.ledgers import TARGET, a_ledger, rows
from edges.places import FakeClock
from orchestrator.edges.database import connect, require_known_schema
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.tables import SCHEMA
from orchestrator.edges.view import open_view
from orchestrator.errors import OutputError
from orchestrator.model import Accepted, Completed, Token, evolve


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "state"
    place.mkdir()
    return place / "ledger.sqlite3"


async def test_a_transition_that_a_table_refuses_in_the_middle_leaves_nothing_behind(path: Path) -> None:
    """Unlike a full disk this leaves the transaction open, and whoever came next would have been in it."""
    with a_ledger(path) as ledger:
        under_way = await ledger.record(new_job(), CHECKED, STARTED)
        alter(path, "CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END")

        with pytest.raises(OutputError, match="damaged"):
            await ledger.record(under_way, ACCEPTED)

        assert ledger.find(under_way.key) == under_way
        assert rows(path, "SELECT count(*) FROM events") == [(2,)]
        alter(path, "DROP TRIGGER no")
        assert await ledger.record(under_way, ACCEPTED) == evolve(under_way, ACCEPTED)


def test_a_folder_in_the_place_of_the_ledger_is_told(path: Path) -> None:
    path.mkdir()

    with pytest.raises(OutputError, match="the ledger cannot be opened"), a_ledger(path):
        pass


def test_a_ledger_that_cannot_be_read_just_now_is_not_taken_for_something_else(path: Path) -> None:
    with a_ledger(path), closing(connect(path, "ro")) as db:
        db.set_progress_handler(lambda: 1, 1)

        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            require_known_schema(db, path)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("state", "'gone'"),
        ("state", "'waiting'"),
        ("checked", "'['"),
        ("checked", "'[1]'"),
        ("checked", "'[]'"),
        ("checked", "'{}'"),
        ("checked", "'{\"abcde\": 1}'"),
        ("checked", "'[[1, 0, true, [[1, null]], null]]'"),
        ("checked", "'[[\"1\", 0, true, [], null]]'"),
        ("checked", "'[[1, 0, 7, [], null]]'"),
        ("checked", "'[[1, 0, true, [], 7]]'"),
        ("checked", "replace(hex(zeroblob(100000)), '0', '[')"),
        ("cause", "CAST(x'ff' AS TEXT)"),
        ("cause", "x'ff'"),
        ("path", "x'ff'"),
        ("name", "x'ff'"),
        ("token", "x'ff'"),
        ("version", "'two'"),
        ("version", "0"),
        ("attempts", "'x'"),
        ("attempts", "-1"),
        ("owns", "'x'"),
        ("size", "NULL"),
        ("size", "-1"),
        ("sent_at", "'x'"),
        ("lost_at", "1e300"),
        ("accepted_at", "-1.0"),
        ("checked", """'[[1,0,true,[[2,1]],null]]'"""),
        ("checked", """'[[1,0,true,[[1,1e3]],null]]'"""),
        ("checked", """'[[1,0,true,[[1,9999999999999999999]],null]]'"""),
        ("checked", """'[[1,0,true,"AQ==",null]]'"""),
        ("checked", """'[[1,0,true,"AQ=",null]]'"""),
    ],
)
async def test_a_row_that_nobody_can_have_written_means_that_the_ledger_is_damaged(
    path: Path, column: str, value: str
) -> None:
    with a_ledger(path) as ledger:
        job = await ledger.record(new_job(), CHECKED, STARTED)
        alter(path, f"UPDATE jobs SET {column} = {value}")

        with pytest.raises(OutputError, match="damaged"):
            ledger.find(job.key)


@pytest.mark.parametrize(
    ("statement", "asked"),
    [
        ("UPDATE jobs SET size = 'x'", lambda ledger: list(ledger.durations())),
        ("UPDATE events SET at = 9e999", lambda ledger: list(ledger.durations())),
        ("UPDATE results SET size = 'x'", lambda ledger: list(ledger.results())),
        ("UPDATE results SET suffix = x'ff'", lambda ledger: list(ledger.results())),
        ("UPDATE results SET key = key || char(0)", lambda ledger: list(ledger.results())),
        ("UPDATE results SET key = '../' || key", lambda ledger: list(ledger.results())),
        ("UPDATE results SET body = 'x'", lambda ledger: ledger.body(new_job(), "feedback")),
    ],
)
async def test_what_else_nobody_can_have_written_is_told_wherever_it_is_read(
    path: Path, statement: str, asked: Callable[[SqliteLedger], object]
) -> None:
    with a_ledger(path) as ledger:
        await ledger.record(new_job(), CHECKED, STARTED, Accepted(Token("0a1b"), 0.0), Completed((result(),)))
        assert asked(ledger) in ([(ANY, ANY)], b"all is well")
        alter(path, statement)

        with pytest.raises(OutputError, match="damaged"):
            asked(ledger)


def alter(path: Path, statement: str) -> None:
    """What no program of ours does: write to the ledger beside the one who holds it."""
    with closing(connect(path, "rw")) as db:
        db.execute(statement)


async def left_by_a_kill(path: Path, where: Path) -> Path:
    """A copy of a ledger with six commits in its log, as a killed process leaves it."""
    with a_ledger(path) as ledger:
        for number in range(6):
            await ledger.record(new_job(f"job-{number}"), CHECKED, STARTED)
        shutil.copytree(path.parent, where)
    return where / path.name


def take_away(path: Path, harm: str) -> None:
    path.unlink()
    if harm != "deleted":
        path.touch()
    if harm == "without tables":
        alter(path, "PRAGMA user_version = 1")


def files_beside(path: Path) -> dict[str, bytes]:
    """All but the reserve, which holds nothing."""
    return {place.name: place.read_bytes() for place in path.parent.iterdir() if place.name != "reserve"}


def frames_of(log: Path) -> int:
    return (log.stat().st_size - 32) // (24 + 4096)


async def test_a_log_that_a_crash_left_whole_is_taken_up(path: Path, tmp_path: Path) -> None:
    copy = await left_by_a_kill(path, tmp_path / "copy")
    with a_ledger(copy) as ledger:
        assert len(ledger.unfinished()) == 6


def require_refused_as_often_as_it_is_opened(copy: Path) -> None:
    """And left as it is, so that nothing of it is lost by asking."""
    before = files_beside(copy)
    for _ in range(2):
        with pytest.raises(OutputError, match=r"damaged.*Restore the ledger"), a_ledger(copy):
            pass
        with pytest.raises(OutputError, match=r"damaged.*Restore the ledger"), open_view(copy):
            pass
        assert files_beside(copy) == before


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5])
async def test_a_log_that_is_damaged_in_its_middle_is_refused(path: Path, tmp_path: Path, share: float) -> None:
    copy = await left_by_a_kill(path, tmp_path / "copy")
    log = copy.with_name(f"{copy.name}-wal")
    content = bytearray(log.read_bytes())
    content[32 + int(frames_of(log) * share) * (24 + 4096) + 24 + 7] ^= 1
    log.write_bytes(content)

    require_refused_as_often_as_it_is_opened(copy)


@pytest.mark.parametrize("harm", ["deleted", "emptied"])
async def test_a_log_whose_ledger_is_gone_is_kept_and_told(path: Path, tmp_path: Path, harm: str) -> None:
    copy = await left_by_a_kill(path, tmp_path / "copy")
    if harm == "deleted":
        copy.unlink()
    else:
        copy.write_bytes(b"")

    require_refused_as_often_as_it_is_opened(copy)


async def test_a_log_that_somebody_writes_to_while_it_is_read_is_not_taken_for_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer may overtake the reader: then what was read is no state that the log was ever in."""
    with a_ledger(path) as ledger:
        for number in range(6):
            await ledger.record(new_job(f"job-{number}"), CHECKED, STARTED)
        now = path.with_name(f"{path.name}-wal").read_bytes()
        middle = len(now) // 2
        readings = [now[:middle] + b"\0" * 5000 + now[middle + 5000 :], now]
        monkeypatch.setattr("orchestrator.edges.database._content", lambda log: readings.pop(0))

        with open_view(path) as view:
            assert view.counts()["sending"] == 6
    assert readings == [], "it was read again"


@pytest.mark.parametrize("place", ["ledger.sqlite3", "ledger.sqlite3-wal"])
def test_a_pipe_in_the_place_of_the_ledger_is_told_and_not_waited_for(path: Path, place: str) -> None:
    os.mkfifo(path.with_name(place))

    with pytest.raises(OutputError, match="no regular file"), a_ledger(path):
        pass
    with pytest.raises(OutputError, match="no regular file"), open_view(path):
        pass


@pytest.mark.parametrize("harm", ["deleted", "emptied", "without tables"])
async def test_a_ledger_that_must_have_been_there_is_not_begun_anew(path: Path, harm: str) -> None:
    with a_ledger(path) as ledger:
        await ledger.record(new_job(), CHECKED, STARTED)
    take_away(path, harm)
    before = files_beside(path)

    for _ in range(2):
        with pytest.raises(OutputError, match=r"gone or empty.*Restore it"):
            SqliteLedger(path, target_id=TARGET, run="run-1", clock=FakeClock(), may_begin=False)
        assert files_beside(path) == before


@pytest.mark.parametrize("cut", [1, 2000, 4096])
async def test_a_log_whose_last_commit_is_torn_is_taken_up_without_it(path: Path, tmp_path: Path, cut: int) -> None:
    copy = await left_by_a_kill(path, tmp_path / "copy")
    log = copy.with_name(f"{copy.name}-wal")
    log.write_bytes(log.read_bytes()[:-cut])

    with a_ledger(copy) as ledger:
        assert len(ledger.unfinished()) == 5


@pytest.mark.parametrize("statement", range(1, SCHEMA.count(";") + 1))
def test_a_ledger_whose_making_was_broken_off_is_not_there_and_the_next_one_is_made(
    path: Path, monkeypatch: pytest.MonkeyPatch, statement: int
) -> None:
    begun = ";".join([*SCHEMA.split(";")[:statement], "SELECT 1 FROM nowhere"])
    with monkeypatch.context() as broken:
        broken.setattr("orchestrator.edges.database.SCHEMA", begun)
        with pytest.raises(OutputError):
            SqliteLedger(path, target_id=TARGET, run="run-1", clock=FakeClock())
    assert not path.exists()

    with a_ledger(path):
        assert rows(path, "SELECT count(*) FROM jobs") == [(0,)]
    assert [place.name for place in path.parent.iterdir() if place.name.startswith(".~")] == []

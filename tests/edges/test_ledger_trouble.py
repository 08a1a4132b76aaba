"""What SQLite says no to: undone whole, told apart, and not taken for something else."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job
from edges.ledgers import TARGET, a_ledger, rows
from edges.places import FakeClock
from orchestrator.edges.database import connect, require_known_schema
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.rows import SCHEMA
from orchestrator.errors import OutputError
from orchestrator.model import evolve


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
    [("state", "'gone'"), ("checked", "'['"), ("checked", "'[1]'"), ("cause", "CAST(x'ff' AS TEXT)")],
)
async def test_a_row_that_nobody_can_have_written_means_that_the_ledger_is_damaged(
    path: Path, column: str, value: str
) -> None:
    with a_ledger(path) as ledger:
        job = await ledger.record(new_job(), CHECKED, STARTED)
        alter(path, f"UPDATE jobs SET {column} = {value}")

        with pytest.raises(OutputError, match="damaged"):
            ledger.find(job.key)


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


def frames_of(log: Path) -> int:
    return (log.stat().st_size - 32) // (24 + 4096)


async def test_a_log_that_a_crash_left_whole_is_taken_up(path: Path, tmp_path: Path) -> None:
    copy = await left_by_a_kill(path, tmp_path / "copy")
    with a_ledger(copy) as ledger:
        assert len(ledger.unfinished()) == 6


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5])
async def test_a_log_that_is_damaged_in_its_middle_is_refused(path: Path, tmp_path: Path, share: float) -> None:
    copy = await left_by_a_kill(path, tmp_path / "copy")
    log = copy.with_name(f"{copy.name}-wal")
    content = bytearray(log.read_bytes())
    content[32 + int(frames_of(log) * share) * (24 + 4096) + 24 + 7] ^= 1
    log.write_bytes(content)

    with pytest.raises(OutputError, match="damaged"), a_ledger(copy):
        pass


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

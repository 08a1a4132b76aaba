"""A look at the ledger: beside a run, after it, and without the right to write."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job, sending
from edges.ledgers import TARGET, a_ledger
from edges.places import FakeClock, as_an_ordinary_user, open_folder, program, read_only, small_disk
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.view import open_view
from orchestrator.errors import OutputError
from orchestrator.model import Completed, Doubted, Failed, Part, Rejected, State, evolve


def ledger_in(out: Path) -> Path:
    folder = out / ".orchestrator"
    folder.mkdir(parents=True)
    return folder / "ledger.sqlite3"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return ledger_in(tmp_path / "out")


def nothing_but(**counts: int) -> dict[str, int]:
    return {state.value: 0 for state in State} | counts


async def fill_a_little(ledger: SqliteLedger) -> None:
    await ledger.record(sending("a"), Completed())
    await ledger.record(new_job("b"), Rejected("bad rows"))
    await ledger.record(new_job("c"), CHECKED, STARTED)


LITTLE = nothing_but(done=1, rejected=1, sending=1)


async def test_every_state_is_counted_also_those_without_files(path: Path) -> None:
    with a_ledger(path) as ledger:
        with open_view(path) as view:
            assert view.counts() == nothing_but()
        await fill_a_little(ledger)

        with open_view(path) as view:
            assert view.counts() == LITTLE
            assert view.target() == TARGET


async def test_a_file_counts_by_its_newest_version_and_by_every_older_one_that_is_open(path: Path) -> None:
    with a_ledger(path) as ledger:
        await ledger.record(sending("mended", version=1), Failed("bad rows"))
        await ledger.record(sending("mended", version=2), Completed())
        await ledger.record(new_job("overtaken", version=1), CHECKED, STARTED, ACCEPTED)
        await ledger.record(new_job("overtaken", version=2), Rejected("bad rows"))

    with open_view(path) as view:
        assert view.counts() == nothing_but(done=1, waiting=1, rejected=1)


async def test_what_is_in_doubt_comes_oldest_first(path: Path) -> None:
    clock = FakeClock()
    with a_ledger(path, clock=clock) as ledger:
        for name in ("first", "second", "third"):
            await ledger.record(new_job(name), CHECKED, STARTED)
        for name in ("second", "third", "first"):
            await clock.sleep(60)
            await ledger.record(sending(name), Doubted("who knows"))
        await ledger.record(sending("fourth"), Completed())

    with open_view(path) as view:
        items = view.in_doubt()

    assert [item.job.name for item in items] == ["second", "third", "first"]
    assert items[0].job == evolve(sending("second"), Doubted("who knows"))
    assert [item.since - items[0].since for item in items] == [0, 60, 120]


async def test_who_is_rejected_or_failed_is_told_by_the_newest_version_and_what_is_so_for_longest_comes_first(
    path: Path,
) -> None:
    clock = FakeClock()
    with a_ledger(path, clock=clock) as ledger:
        await ledger.record(new_job("b"), Rejected("bad rows"))
        await clock.sleep(60)
        await ledger.record(sending("a"), Failed("no"))
        await ledger.record(sending("mended", version=1), Failed("no"))
        await ledger.record(sending("mended", version=2), Completed())
        await ledger.record(sending("worse", version=1), Completed())
        await ledger.record(new_job("worse", version=2), Rejected("bad rows"))
        part = Part(number=1, of=1, head=0, start=0, size=10, line=1)
        await ledger.record(replace(new_job("whole#1", path="whole.csv"), part=part), Rejected("its whole is told"))

    with open_view(path) as view:
        found = view.rejected_or_failed(before=inf)
        items = view.items(list(found.values()))

    assert list(found) == ["b.csv", "a.csv", "worse.csv"]
    assert [(item.job.path, item.job.state, item.job.cause) for item in items][::2] == [
        ("b.csv", State.REJECTED, "bad rows"),
        ("worse.csv", State.REJECTED, "bad rows"),
    ]


async def test_the_oldest_open_item_is_the_one_that_has_not_moved_for_the_longest_time(path: Path) -> None:
    clock = FakeClock()
    with a_ledger(path, clock=clock) as ledger:
        with open_view(path) as view:
            assert view.oldest_open() is None
        for name in ("doubted", "a", "b"):
            await ledger.record(new_job(name), CHECKED, STARTED)
            await clock.sleep(60)
        await ledger.record(sending("doubted"), Doubted("people's part"))
        await ledger.record(sending("a"), ACCEPTED)

        with open_view(path) as view:
            oldest = view.oldest_open()

        assert oldest is not None
        assert (oldest.job.name, oldest.since) == ("b", FakeClock().now().timestamp() + 120)


async def test_an_item_is_found_by_number_path_or_name_with_the_newest_version_first(path: Path) -> None:
    with a_ledger(path) as ledger:
        for version in (1, 2):
            await ledger.record(new_job("roster", version=version, path="2024/r.csv"), CHECKED)
        await ledger.record(new_job("other"), CHECKED)

    with open_view(path) as view:
        newest, older = view.find("2024/r.csv")
        assert (newest.job.version, older.job.version) == (2, 1)
        assert view.find("roster") == [newest, older]
        assert view.find(str(older.id)) == [older]
        assert [item.job.name for item in view.find("other.csv")] == ["other"]
        assert view.find("r.csv") == view.find("9" * 30) == view.find("²") == view.find("") == []


async def test_a_run_may_go_on_while_somebody_looks(path: Path) -> None:
    with a_ledger(path) as ledger:
        job = await ledger.record(new_job(), CHECKED, STARTED)
        with open_view(path) as view:
            assert view.counts()["sending"] == 1

            await ledger.record(job, ACCEPTED)

        with open_view(path) as view:
            assert (view.counts()["sending"], view.counts()["waiting"]) == (0, 1)


async def test_a_view_cannot_write(path: Path) -> None:
    with a_ledger(path) as ledger:
        await fill_a_little(ledger)

    with open_view(path) as view:
        with pytest.raises(sqlite3.OperationalError):
            view._db.execute("DELETE FROM jobs")
        assert view.counts() == LITTLE


async def test_after_a_clean_end_it_can_be_read(path: Path) -> None:
    with a_ledger(path) as ledger:
        await fill_a_little(ledger)
    assert not path.with_name(f"{path.name}-wal").exists()

    with open_view(path) as view:
        assert view.counts() == LITTLE


def test_after_a_kill_it_can_be_read(path: Path) -> None:
    recorder = """
import sys, anyio
from pathlib import Path
from edges.ledgers import a_ledger
from edges.test_view import fill_a_little

async def main():
    with a_ledger(Path(sys.argv[1])) as ledger:
        await fill_a_little(ledger)
        print("ready", flush=True)
        sys.stdin.read()

anyio.run(main)
"""
    with program(recorder, path):
        pass

    with open_view(path) as view:
        assert view.counts() == LITTLE


@pytest.fixture
def shared() -> Iterator[Path]:
    """An output folder that every user may read and only its owner may write."""
    with open_folder() as folder:
        yield ledger_in(folder / "out")


def give_to_read(path: Path) -> None:
    for file in path.parent.iterdir():
        file.chmod(0o444)
    path.parent.chmod(0o555)


async def test_a_user_who_may_only_read_sees_what_a_run_left(shared: Path) -> None:
    with a_ledger(shared) as ledger:
        await fill_a_little(ledger)
    give_to_read(shared)

    with as_an_ordinary_user():
        assert not os.access(shared.parent, os.W_OK, effective_ids=True)
        with open_view(shared) as view:
            assert view.counts() == LITTLE


async def test_a_user_who_may_only_read_sees_a_run_at_work(shared: Path) -> None:
    with a_ledger(shared) as ledger:
        await fill_a_little(ledger)
        give_to_read(shared)
        with as_an_ordinary_user():
            assert not os.access(shared.parent, os.W_OK, effective_ids=True)
            with open_view(shared) as view:
                assert view.counts() == LITTLE
        shared.parent.chmod(0o755)


async def test_a_user_who_may_not_look_is_told_so(shared: Path) -> None:
    with a_ledger(shared) as ledger:
        await fill_a_little(ledger)
    shared.parent.chmod(0o000)

    with as_an_ordinary_user(), pytest.raises(OutputError, match="may read"), open_view(shared):
        pass

    shared.parent.chmod(0o755)


async def test_a_ledger_on_a_read_only_disk_can_be_read() -> None:
    with small_disk(4096) as disk:
        path = ledger_in(disk / "out")
        with a_ledger(path) as ledger:
            await fill_a_little(ledger)
        read_only(disk)
        with pytest.raises(OSError, match="Read-only"):
            path.touch()

        with open_view(path) as view:
            assert view.counts() == LITTLE


@pytest.mark.parametrize("left_out", [(), ("-shm",)])
async def test_a_copy_of_a_running_ledger_on_a_read_only_disk_never_shows_less_than_it_holds(
    tmp_path: Path, left_out: tuple[str, ...]
) -> None:
    """What was committed may still stand in the write-ahead log alone; not to be shown is to be told."""
    running = ledger_in(tmp_path / "out")
    with a_ledger(running) as ledger:
        await ledger.record(new_job("c"), CHECKED)
    with small_disk(4096) as disk, a_ledger(running) as ledger:
        await fill_a_little(ledger)  # not one of its commits is in the main file yet
        copy = ledger_in(disk / "copy")
        for ending in {"", "-wal", "-shm"} - set(left_out):
            shutil.copy(f"{running}{ending}", f"{copy}{ending}")
        read_only(disk)

        try:
            with open_view(copy) as view:
                counts = view.counts()
        except OutputError:
            assert left_out
        else:
            assert counts == LITTLE


def test_no_ledger_is_told_with_the_folder_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no ledger here") as told, open_view(tmp_path / "out" / "x" / "l"):
        pass

    assert str(tmp_path / "out") in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_ledger_is_told_as_such(path: Path) -> None:
    path.write_bytes(b"path,state\n" * 1000)

    with pytest.raises(OutputError), open_view(path) as view:
        view.counts()


@pytest.mark.parametrize("value", ["1e300", "-1", "'x'"])
async def test_a_moment_that_no_calendar_has_means_that_the_ledger_is_damaged(path: Path, value: str) -> None:
    with a_ledger(path) as ledger:
        await fill_a_little(ledger)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE jobs SET updated_at = {value}")

    with pytest.raises(OutputError, match="damaged"), open_view(path) as view:
        view.oldest_open()


async def test_a_ledger_of_another_version_of_the_program_is_refused(path: Path) -> None:
    with a_ledger(path) as ledger:
        await fill_a_little(ledger)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")

    with pytest.raises(OutputError), open_view(path) as view:
        view.counts()


async def test_all_that_is_read_at_once_is_of_one_moment(path: Path) -> None:
    with a_ledger(path) as ledger:
        job = await ledger.record(new_job(), CHECKED, STARTED)
        with open_view(path) as view:
            before = view.counts()
            await ledger.record(job, Doubted("lost"))

            assert (view.counts(), view.in_doubt()) == (before, [])
        with open_view(path) as view:
            assert len(view.in_doubt()) == 1

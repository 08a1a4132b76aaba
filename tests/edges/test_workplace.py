"""The output folder while a run has it: complete, locked, and told apart from one that cannot be used."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

import pytest

from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job
from edges.ledgers import TARGET
from edges.places import FakeClock, as_an_ordinary_user, fill, open_folder, read_only, small_disk
from orchestrator.edges.atomic import TEMPORARY, storage_trouble
from orchestrator.edges.clock import SystemClock
from orchestrator.edges.witness import Witnessed
from orchestrator.edges.workplace import ledger_file, open_workplace, state_folder
from orchestrator.errors import Locked, OutputError, StorageError


async def test_a_run_finds_its_folders_made(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    async with open_workplace(out, TARGET, FakeClock(), wait=0) as place:
        assert sorted(child.name for child in out.iterdir()) == [".orchestrator", "rejects", "results", "runs"]
        assert list(place.spill.iterdir()) == []
        assert place.report == out / "runs" / place.run
        assert re.fullmatch(r"20240701T020000Z-[0-9a-f]{6}", place.run)
        assert (await place.ledger.record(new_job(), CHECKED)).name == "roster"
        assert ledger_file(out).is_file()
        assert place.spill.is_relative_to(state_folder(out))
        assert state_folder(out).stat().st_mode & 0o777 == 0o750


async def test_two_runs_of_one_second_have_names_of_their_own(tmp_path: Path) -> None:
    names = set()
    for _ in range(5):
        async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
            names.add(place.run)

    assert len(names) == 5


async def test_what_a_killed_run_spilled_is_cleared_away(tmp_path: Path) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        (place.spill / "half").write_bytes(b"half a result")

    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        assert list(place.spill.iterdir()) == []


async def send_one(out: Path, name: str, clock: FakeClock) -> str:
    """A run that died as soon as it had sent something: it left no report."""
    await clock.sleep(60)
    async with open_workplace(out, TARGET, clock, wait=0) as place:
        job = await place.ledger.record(new_job(name), CHECKED)
        await Witnessed(place.ledger, ledger_file(out), place.report).record(job, STARTED)
        return place.run


async def do_nothing(out: Path, clock: FakeClock) -> None:
    await clock.sleep(60)
    async with open_workplace(out, TARGET, clock, wait=0) as place:
        place.report.mkdir()
        (place.report / "summary.json").touch()


async def test_a_ledger_that_is_older_than_a_run_that_sent_files_is_refused(tmp_path: Path) -> None:
    out, backup, clock = tmp_path / "out", tmp_path / "backup", FakeClock()
    await send_one(out, "first", clock)
    shutil.copytree(state_folder(out), backup)
    second = await send_one(out, "second", clock)
    await do_nothing(out, clock)
    shutil.rmtree(state_folder(out))
    shutil.copytree(backup, state_folder(out))

    with pytest.raises(OutputError, match=rf"the ledger is older than run {second}, .* Restore a newer backup"):
        async with open_workplace(out, TARGET, FakeClock(), wait=0):
            pass
    for report in (out / "runs").iterdir():
        if report.name >= second:
            shutil.rmtree(report)
    async with open_workplace(out, TARGET, FakeClock(), wait=0) as place:
        assert place.ledger.find(new_job("first").key) is not None


async def test_a_ledger_that_is_older_than_runs_that_sent_nothing_is_taken(tmp_path: Path) -> None:
    out, backup, clock = tmp_path / "out", tmp_path / "backup", FakeClock()
    await send_one(out, "first", clock)
    shutil.copytree(state_folder(out), backup)
    await do_nothing(out, clock)
    shutil.rmtree(state_folder(out))
    shutil.copytree(backup, state_folder(out))

    async with open_workplace(out, TARGET, FakeClock(), wait=0) as place:
        assert place.ledger.find(new_job("first").key) is not None


async def test_half_a_report_of_a_killed_run_is_cleared_away_wherever_its_name_is_sorted(tmp_path: Path) -> None:
    """Names of one second are in no order, and a clock may go back."""
    runs = tmp_path / "runs"
    finished, died = runs / "20240701T020000Z-ffffff", runs / "20240701T020000Z-000000"
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
        for folder, last in ((finished, "summary.json"), (died, f"{TEMPORARY}0123456789abcdef")):
            folder.mkdir()
            for name in ("files.csv", last):
                (folder / name).touch()

    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
        assert sorted(child.name for child in died.iterdir()) == ["files.csv"]
        assert sorted(child.name for child in finished.iterdir()) == ["files.csv", "summary.json"]


@pytest.mark.parametrize("lists", ["rejects", "mended", "edited", ".orchestrator/lists"])
async def test_half_a_list_of_rejects_of_a_killed_run_is_cleared_away_and_nothing_else(
    tmp_path: Path, lists: str
) -> None:
    """Its file may be mended or gone, so that nobody would ever write that list again."""
    half = f"{TEMPORARY}0123456789abcdef"
    kept = {"a.csv", "2024/b.csv", "2024/.~lock.b.csv#", "2024/.~0123456789ABCDEF", f"2024/{half}.csv"}
    rejects = tmp_path / lists
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
        (rejects / "2024").mkdir(parents=True)
        for name in {half, f"2024/{half}"} | kept:
            (rejects / name).touch()

    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
        assert {str(place.relative_to(rejects)) for place in rejects.rglob("*") if place.is_file()} == kept


async def test_a_second_run_is_locked_out_and_disturbs_nothing(tmp_path: Path) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        (place.spill / "busy").write_bytes(b"a result on its way")
        with pytest.raises(Locked):
            async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
                pytest.fail("two at a time")

        assert (place.spill / "busy").exists()
        assert (await place.ledger.record(new_job(), CHECKED)).name == "roster"


async def test_the_folder_of_another_target_is_refused_and_set_free(tmp_path: Path) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        await place.ledger.record(new_job(), CHECKED, STARTED, ACCEPTED)
    with pytest.raises(OutputError, match="elsewhere"):
        async with open_workplace(tmp_path, "elsewhere", FakeClock(), wait=0):
            pytest.fail("mixed")

    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
        pass


async def test_a_file_where_the_folder_belongs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"precious")

    with pytest.raises(OutputError, match="out: a folder must be there"):
        async with open_workplace(tmp_path / "out", TARGET, FakeClock(), wait=0):
            pytest.fail("no folder")

    assert (tmp_path / "out").read_bytes() == b"precious"


async def test_a_folder_without_the_right_to_write_is_refused() -> None:
    with open_folder() as folder:
        folder.chmod(0o555)
        with as_an_ordinary_user(), pytest.raises(OutputError, match="may write"):
            async with open_workplace(folder, TARGET, FakeClock(), wait=0):
                pytest.fail("no right")


async def test_a_read_only_disk_is_refused() -> None:
    with small_disk(3072) as disk:
        async with open_workplace(disk / "out", TARGET, FakeClock(), wait=0):
            pass
        read_only(disk)
        with pytest.raises(OutputError, match="Read-only"):
            async with open_workplace(disk / "out", TARGET, FakeClock(), wait=0):
                pytest.fail("read-only")


async def test_a_full_disk_is_not_a_wrong_folder() -> None:
    """It passes: the run ends as one to be run again."""
    with small_disk(3072) as disk:
        async with open_workplace(disk / "out", TARGET, FakeClock(), wait=0):
            pass
        (disk / "out/.orchestrator/reserve").unlink()
        filler = fill(disk)

        with pytest.raises(StorageError, match="run the same command again"):
            async with open_workplace(disk / "out", TARGET, FakeClock(), wait=0):
                pytest.fail("no room")

        filler.unlink()
        async with open_workplace(disk / "out", TARGET, FakeClock(), wait=0):
            pass


async def test_a_first_run_that_found_no_room_for_its_ledger_does_not_lock_out_the_next() -> None:
    with small_disk(3072) as disk:
        filler = fill(disk)
        filler.write_bytes(filler.read_bytes()[:-200_000])  # room for the folders, and not for a ledger
        with pytest.raises(StorageError):
            async with open_workplace(disk / "out", TARGET, FakeClock(), wait=0):
                pytest.fail("no room")
        assert not ledger_file(disk / "out").exists()

        filler.unlink()
        async with open_workplace(disk / "out", TARGET, FakeClock(), wait=0):
            pass


@pytest.mark.parametrize("left", ["results/roster/feedback.txt", "runs/20240701T020000Z-abcdef/summary.json"])
async def test_a_folder_that_was_used_has_its_ledger_or_is_refused(tmp_path: Path, left: str) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
        pass
    (tmp_path / left).parent.mkdir()
    (tmp_path / left).write_bytes(b"{}")
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
        pass
    ledger_file(tmp_path).unlink()

    for _ in range(2):
        with pytest.raises(OutputError, match=r"gone or empty.*-o.*move results/ and runs/ away"):
            async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
                pytest.fail("begun anew")
    (tmp_path / left).unlink()
    (tmp_path / left).parent.rmdir()
    (tmp_path / left).parent.with_name(".hidden").touch()
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
        pass


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        (errno.ENOSPC, StorageError),
        (errno.EDQUOT, StorageError),
        (errno.EIO, StorageError),
        (errno.EACCES, OutputError),
        (errno.EROFS, OutputError),
        (errno.ENOTDIR, OutputError),
    ],
)
def test_a_disk_that_passes_and_a_folder_that_is_wrong_are_told_apart(number: int, meaning: type[Exception]) -> None:
    error = storage_trouble(Path("out\x1b[2J"), OSError(number, os.strerror(number)))

    assert type(error) is meaning
    assert os.strerror(number) in str(error)
    assert str(error).isprintable()


async def test_the_clock_of_this_machine_goes_on() -> None:
    clock = SystemClock()
    before = clock.monotonic()

    await clock.sleep(0)

    assert clock.monotonic() >= before
    assert clock.now().tzinfo is not None

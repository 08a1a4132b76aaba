"""The ledger on a disk that is full: nothing new is begun, and no end of what was begun is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job, result, sending
from edges.ledgers import a_ledger, rows
from edges.places import files_no_larger_than, fill, is_full, read_only, read_only_beside_open_files, small_disk
from orchestrator.edges.view import open_view
from orchestrator.errors import OutputError, StorageError
from orchestrator.model import (
    Accepted,
    Completed,
    Doubted,
    Event,
    Failed,
    Job,
    SendRepeatable,
    SendUndone,
    State,
    Token,
    evolve,
)


@pytest.fixture
def path() -> Iterator[Path]:
    """A ledger's place on a disk of 2 MiB."""
    with small_disk(2048) as disk:
        folder = disk / "out" / ".orchestrator"
        folder.mkdir(parents=True)
        yield folder / "ledger.sqlite3"


def disk_of(path: Path) -> Path:
    return path.parent.parent.parent


async def test_the_reserve_is_really_kept_back(path: Path) -> None:
    with a_ledger(path):
        reserve = path.with_name("reserve").stat()

        assert reserve.st_size == reserve.st_blocks * 512 == 1 << 20


async def test_a_full_disk_begins_nothing_new(path: Path) -> None:
    with a_ledger(path) as ledger:
        ready = await ledger.record(new_job(), CHECKED)
        fill(disk_of(path))

        for _ in range(2):
            with pytest.raises(StorageError, match="run the same command again"):
                await ledger.record(ready, STARTED)

        assert is_full(disk_of(path))
        assert ledger.find(ready.key) == ready
        assert rows(path, "SELECT event FROM events") == [("Checked",)]


async def test_what_was_accepted_is_written_from_the_reserve_and_read_again(path: Path) -> None:
    with a_ledger(path) as ledger:
        under_way = await ledger.record(new_job(), CHECKED, STARTED)
        ready = await ledger.record(new_job("next"), CHECKED)
        filler = fill(disk_of(path))
        with pytest.raises(StorageError):
            await ledger.record(ready, STARTED)

        waiting = await ledger.record(under_way, ACCEPTED)

        assert not path.with_name("reserve").exists()
        assert rows(path, "SELECT token FROM jobs WHERE state = 'waiting'") == [("0a1b",)]
        with pytest.raises(StorageError):
            await ledger.record(ready, STARTED)

    with open_view(path) as view:
        assert view.counts()["waiting"] == 1
    filler.unlink()
    with a_ledger(path) as ledger:
        assert ledger.unfinished() == [waiting, ready]
        assert path.with_name("reserve").stat().st_size == 1 << 20
        assert (await ledger.record(ready, STARTED)).state is State.SENDING


async def test_all_ends_that_come_at_once_are_written_from_the_reserve(path: Path) -> None:
    begun = [new_job(f"file-{number}") for number in range(16)]
    ends = [ACCEPTED, Completed((result(),)), Doubted("nobody can tell"), SendUndone("busy")]
    with a_ledger(path) as ledger:
        async with anyio.create_task_group() as tasks:
            for job in begun:
                tasks.start_soon(ledger.record, job, CHECKED, STARTED)
        fill(disk_of(path))

        async with anyio.create_task_group() as tasks:
            for number, job in enumerate(begun):
                tasks.start_soon(ledger.record, sending(job.name), ends[number % 4])

        assert not path.with_name("reserve").exists(), "the disk was full, or this tells nothing"
        assert rows(path, "SELECT state, count(*) FROM jobs GROUP BY state ORDER BY state") == [
            ("done", 4),
            ("in_doubt", 4),
            ("ready", 4),
            ("waiting", 4),
        ]


@pytest.mark.parametrize(
    "end",
    [
        ACCEPTED,
        SendUndone("busy"),
        SendRepeatable("lost", 0.0),
        Doubted("nobody can tell"),
        Completed(),
        Failed("refused"),
    ],
    ids=type,
)
async def test_each_end_of_an_upload_that_nobody_could_find_out_again_may_take_the_reserve(
    path: Path, end: Event
) -> None:
    with a_ledger(path) as ledger:
        under_way = await ledger.record(new_job(), CHECKED, STARTED)
        fill(disk_of(path))

        assert await ledger.record(under_way, end) == ledger.find(under_way.key) == evolve(under_way, end)
        assert not path.with_name("reserve").exists(), "the disk was full, or this tells nothing"


@pytest.mark.parametrize("told", [Completed((result(),)), Failed("3 rows", (result(),))], ids=type)
async def test_what_the_remote_says_again_when_it_is_asked_leaves_the_reserve_to_what_it_does_not(
    path: Path, told: Event
) -> None:
    with a_ledger(path) as ledger:
        under_way = await ledger.record(new_job("under way"), CHECKED, STARTED)
        waiting = await ledger.record(new_job("waiting"), CHECKED, STARTED, ACCEPTED)
        fill(disk_of(path))

        with pytest.raises(StorageError):
            await ledger.record(waiting, told)
        assert path.with_name("reserve").exists()

        assert (await ledger.record(under_way, ACCEPTED)).state is State.WAITING
        assert not path.with_name("reserve").exists(), "the disk was full, or this tells nothing"


async def test_every_end_is_told_what_fails_where_a_full_disk_does_not_give_up_the_reserve_either(path: Path) -> None:
    """As when the system mounts a disk that failed read-only."""
    ends: list[Event] = [ACCEPTED, Completed(), Failed("refused"), SendUndone("busy"), Doubted("nobody can tell")]
    told: list[str] = []
    with a_ledger(path) as ledger:
        begun = [await ledger.record(new_job(f"file-{nth}"), CHECKED, STARTED) for nth in range(len(ends))]

        async def record(job: Job, end: Event) -> None:
            with pytest.raises(StorageError, match="run the same command again") as failure:
                await ledger.record(job, end)
            told.append(str(failure.value))

        fill(disk_of(path))
        read_only_beside_open_files(path.parent)
        async with anyio.create_task_group() as tasks:
            for job, end in zip(begun, ends, strict=True):
                tasks.start_soon(record, job, end)

        assert len(told) == len(ends)
        assert path.with_name("reserve").exists()
        assert ledger.unfinished() == begun


async def test_nothing_new_is_begun_beside_an_end_that_took_the_reserve(path: Path) -> None:
    """Both wait for the same commit: the end goes through, the beginning would use up its room."""
    outcomes: dict[str, Job | StorageError] = {}

    with a_ledger(path) as ledger:

        async def record(job: Job, event: Accepted) -> None:
            try:
                outcomes[job.name] = await ledger.record(job, event)
            except StorageError as error:
                outcomes[job.name] = error

        under_way = await ledger.record(new_job("under-way"), CHECKED, STARTED)
        ready = await ledger.record(new_job("ready"), CHECKED)
        fill(disk_of(path))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(record, under_way, ACCEPTED)
            tasks.start_soon(record, ready, STARTED)

        assert not path.with_name("reserve").exists(), "the disk was full, or this tells nothing"
        assert outcomes["under-way"] == evolve(under_way, ACCEPTED)
        assert isinstance(outcomes["ready"], StorageError)
        assert ledger.find(ready.key) == ready


async def test_nothing_is_begun_by_those_who_queued_before_the_disk_was_full(path: Path) -> None:
    """They wait behind the commit that fails, and travel with an end that the reserve has room for."""
    setting_out, underway = anyio.Event(), anyio.Event()
    outcomes: dict[str, Job | StorageError] = {}

    async def hop(work: Callable[[], None]) -> None:
        underway.set()
        await setting_out.wait()
        work()

    with a_ledger(path) as ledger:
        ends = [await ledger.record(new_job(name), CHECKED, STARTED) for name in ("first", "last")]
        ready = await ledger.record(new_job("ready"), CHECKED)
    with a_ledger(path, hop=hop) as ledger:

        async def record(job: Job, event: Event) -> None:
            try:
                outcomes[job.name] = await ledger.record(job, event)
            except StorageError as error:
                outcomes[job.name] = error

        fill(disk_of(path))
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(record, ends[0], ACCEPTED)
                await underway.wait()
                tasks.start_soon(record, ready, STARTED)
                tasks.start_soon(record, ends[1], ACCEPTED)
                await anyio.lowlevel.checkpoint()
                setting_out.set()

        assert not path.with_name("reserve").exists(), "the disk was full, or this tells nothing"
        assert [outcomes[job.name] for job in ends] == [evolve(job, ACCEPTED) for job in ends]
        assert isinstance(outcomes["ready"], StorageError)
        assert ledger.find(ready.key) == ready


async def test_room_for_the_reserve_is_found_before_a_run_begins(path: Path) -> None:
    fill(disk_of(path))

    with pytest.raises(StorageError, match="Make room"), a_ledger(path):
        pass


async def test_a_disk_that_takes_nothing_at_all_loses_nothing_that_was_told(tmp_path: Path) -> None:
    """For any user: no file may grow, so the reserve is of no help either."""
    path = tmp_path / "ledger.sqlite3"
    with a_ledger(path) as ledger:
        under_way = await ledger.record(new_job(), CHECKED, STARTED)
        ready = await ledger.record(new_job("next"), CHECKED)
        log = path.with_name(f"{path.name}-wal")

        with files_no_larger_than(log.stat().st_size):
            with pytest.raises(StorageError):
                await ledger.record(ready, STARTED)
            with pytest.raises(StorageError):
                await ledger.record(under_way, ACCEPTED)
        assert ledger.unfinished() == [under_way, ready]

        waiting = await ledger.record(under_way, ACCEPTED)
        with pytest.raises(StorageError):
            await ledger.record(ready, STARTED)

    with a_ledger(path) as ledger:
        assert ledger.unfinished() == [waiting, ready]


async def test_a_failing_commit_tells_everyone_who_shares_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    told: list[Token] = []

    with a_ledger(path) as ledger:

        async def record(number: int) -> None:
            with pytest.raises(StorageError):
                await ledger.record(new_job(f"file-{number}"), CHECKED, STARTED)
            told.append(Token(str(number)))

        with files_no_larger_than(path.with_name(f"{path.name}-wal").stat().st_size):
            async with anyio.create_task_group() as tasks:
                for number in range(20):
                    tasks.start_soon(record, number)

        assert len(told) == 20
        assert rows(path, "SELECT * FROM jobs") == []


async def test_a_ledger_on_a_disk_that_may_only_be_read_is_not_written_and_the_remedy_is_told(path: Path) -> None:
    with a_ledger(path) as ledger:
        await ledger.record(new_job(), CHECKED)
    read_only(disk_of(path))

    with (
        pytest.raises(OutputError, match=r"the ledger cannot be opened .* Check that this user may write it"),
        a_ledger(path),
    ):
        pass

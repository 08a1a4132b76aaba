"""The ledger on a real file: durable before anyone is told, append-only, one target, nothing lost in between."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import tempfile
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edges.jobs import ACCEPTED, CHECKED, EVENTS, STARTED, jobs, lives, new_job, result, sending
from edges.ledgers import TARGET, a_ledger, commits, damage, rows
from edges.places import FakeClock, program
from orchestrator.edges.batcher import inline
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.rows import event_row, job_of, job_row
from orchestrator.errors import IllegalTransition, OutputError
from orchestrator.model import (
    Completed,
    Divided,
    Doubted,
    Event,
    Failed,
    Job,
    Key,
    Rejected,
    SendRepeatable,
    SendUndone,
    State,
    Superseded,
    evolve,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


async def record_all(path: Path, entries: list[tuple[Job, tuple[Event, ...]]]) -> None:
    with a_ledger(path) as ledger:
        async with anyio.create_task_group() as tasks:
            for job, events in entries:
                tasks.start_soon(ledger.record, job, *events)


async def test_what_is_recorded_is_seen_by_everyone_at_once(path: Path) -> None:
    with a_ledger(path) as ledger:
        after = await ledger.record(new_job(), CHECKED, STARTED)

        assert after == sending()
        assert rows(path, "SELECT name, state, attempts FROM jobs") == [("roster", "sending", 1)]
        assert ledger.find(after.key) == after


async def test_what_is_recorded_outlives_a_kill(path: Path) -> None:
    recorder = """
import sys, anyio
from pathlib import Path
from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job
from edges.ledgers import a_ledger

async def main():
    with a_ledger(Path(sys.argv[1])) as ledger:
        job = await ledger.record(new_job(), CHECKED, STARTED)
        await ledger.record(job, ACCEPTED)
        print("ready", flush=True)
        sys.stdin.read()

anyio.run(main)
"""
    with program(recorder, path):
        pass

    with a_ledger(path) as ledger:
        assert ledger.find(new_job().key) == evolve(sending(), ACCEPTED)


async def test_every_commit_reaches_the_disk_through_a_write_ahead_log(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, sqlite3.Connection]] = []
    connect = sqlite3.connect

    def connect_and_tell(place: str, **how: object) -> sqlite3.Connection:
        opened.append((place, connect(place, **how)))
        return opened[-1][1]

    monkeypatch.setattr(sqlite3, "connect", connect_and_tell)
    for _ in ("a new ledger", "one that was there"):
        opened.clear()
        with a_ledger(path):
            ((_, writer),) = [pair for pair in opened if pair[0].endswith("mode=rwc")]
            assert writer.execute("PRAGMA synchronous").fetchone() == (2,)
            assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert writer.execute("PRAGMA locking_mode").fetchone() == ("normal",)


async def test_nothing_is_known_of_a_key_that_never_came(path: Path) -> None:
    with a_ledger(path) as ledger:
        assert ledger.find(Key("nobody")) is None


async def test_the_newest_version_is_found_whatever_the_order_of_coming(path: Path) -> None:
    versions = [new_job(version=number) for number in (2, 10, 1, 9)]
    with a_ledger(path) as ledger:
        for job in versions:
            await ledger.record(job, CHECKED)
        await ledger.record(new_job("other", version=11), CHECKED)

        found = ledger.find(versions[0].key)

    assert found == evolve(versions[1], CHECKED)


async def test_a_commit_does_not_wait_for_the_threads_that_others_hold(path: Path) -> None:
    """What was accepted is not durable before it, and the check of a large file takes long."""
    go_on, taken, durable = threading.Event(), anyio.to_thread.current_default_thread_limiter(), anyio.Event()

    with a_ledger(path) as ledger:
        under_way = await ledger.record(new_job(), CHECKED, STARTED)

        async def accept() -> None:
            await ledger.record(under_way, ACCEPTED)
            durable.set()

        async with anyio.create_task_group() as tasks:
            try:
                for _ in range(int(taken.total_tokens)):
                    tasks.start_soon(anyio.to_thread.run_sync, go_on.wait)
                await anyio.wait_all_tasks_blocked()
                assert taken.available_tokens == 0
                tasks.start_soon(accept)
                with anyio.fail_after(10):
                    await durable.wait()
            finally:
                go_on.set()


@given(job=jobs)
def test_a_job_comes_back_with_every_field_as_it_was(job: Job) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        marks = ",".join("?" * len(job_row(job)))
        assert job_of(db.execute(f"SELECT {marks}", job_row(job)).fetchone()) == job


@given(life=lives())
@settings(max_examples=25)
async def test_a_whole_life_is_in_the_ledger_and_no_event_ever_changes(life: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite3"
        job = new_job()
        seen: list[tuple] = []
        with a_ledger(path, hop=inline) as ledger:
            for event in life:
                job = await ledger.record(job, event)
                assert ledger.find(job.key) == job
                now = rows(path, "SELECT * FROM events ORDER BY id")
                assert now[:-1] == seen
                seen = now
        with a_ledger(path, hop=inline) as ledger:
            assert ledger.find(job.key) == job
        assert rows(path, "SELECT event, run FROM events ORDER BY id") == [
            (type(event).__name__, "run-1") for event in life
        ]


@given(event=st.one_of(*EVENTS.values()))
def test_an_event_is_written_with_what_it_says(event: Event) -> None:
    """What `jobs` and `results` hold is not written twice: sheets, rules, bodies."""
    name, detail = event_row(event)
    told = json.loads(detail)

    assert name == type(event).__name__
    for what in ("cause", "overwrite", "token", "at", "verdict"):
        if hasattr(event, what):
            assert told[what] == getattr(event, what)
    assert told.get("results", []) == [each.key for each in getattr(event, "results", ())]


async def test_several_events_are_recorded_all_or_none(path: Path) -> None:
    with a_ledger(path) as ledger:
        before = commits(path)
        job = await ledger.record(new_job(), CHECKED, STARTED)
        assert commits(path) == before + 1

        with pytest.raises(IllegalTransition):
            await ledger.record(job, ACCEPTED, STARTED)

        assert commits(path) == before + 1
        assert ledger.find(job.key) == job


async def test_a_division_is_one_commit(path: Path) -> None:
    with a_ledger(path) as ledger:
        before = commits(path)
        whole = new_job("whole")
        parts = [(new_job(f"whole#{number}"), CHECKED) for number in range(3)]
        after = await ledger.divide(whole, parts, CHECKED, Divided(3, 1.0))

        assert commits(path) == before + 1
        assert (after.state, after.parts) == (State.WAITING, 3)
        assert [ledger.find(part.key) for part, _ in parts] == [evolve(part, CHECKED) for part, _ in parts]
        assert ledger.find(whole.key) == after
        assert not rows(path, "SELECT 1 FROM jobs WHERE token IS NOT NULL")


async def test_what_cannot_happen_writes_nothing(path: Path) -> None:
    with a_ledger(path) as ledger:
        with pytest.raises(IllegalTransition):
            await ledger.record(new_job(), ACCEPTED)

        assert rows(path, "SELECT * FROM jobs") == rows(path, "SELECT * FROM events") == []


async def test_transitions_that_wait_together_share_a_commit(path: Path) -> None:
    many = [new_job(f"file-{number:03}") for number in range(300)]
    with a_ledger(path) as ledger:
        before = commits(path)
        async with anyio.create_task_group() as tasks:
            for job in many:
                tasks.start_soon(ledger.record, job, CHECKED, STARTED)

        assert 1 <= commits(path) - before <= 10
    assert rows(path, "SELECT count(*) FROM jobs WHERE state = 'sending'") == [(300,)]
    assert rows(path, "SELECT count(*) FROM events") == [(600,)]


@pytest.mark.parametrize("end", [Completed, lambda results: Failed("bad rows", results)])
async def test_small_results_are_durable_in_the_commit_of_the_state_that_rests_on_them(
    path: Path, end: type[Completed]
) -> None:
    kept = (result(), result("tableofresultids", b"[]", suffix=".json"), result("log", None))
    with a_ledger(path) as ledger:
        job = await ledger.record(await ledger.record(new_job(), CHECKED, STARTED), ACCEPTED)
        before = commits(path)
        job = await ledger.record(job, end(kept))

        assert commits(path) == before + 1
        assert rows(path, "SELECT key, body FROM results ORDER BY key") == [
            ("feedback", b"all is well"),
            ("log", None),
            ("tableofresultids", b"[]"),
        ]
        assert [ledger.body(job, key) for key in ("feedback", "log", "unheard-of")] == [
            b"all is well",
            None,
            None,
        ]


async def test_results_are_told_by_key_with_the_newest_version_first(path: Path) -> None:
    with a_ledger(path) as ledger:
        for name, version in (("b", 1), ("a", 1), ("b", 2), ("a", 10), ("a", 9)):
            await ledger.record(sending(name, version=version), Completed((result(),)))

        told = [(job.name, job.version, kept) for job, kept in ledger.results()]

        expected = [("a", 10), ("a", 9), ("a", 1), ("b", 2), ("b", 1)]
        assert told == [(*pair, dataclasses.replace(result(), body=None)) for pair in expected]


async def test_a_name_belongs_to_the_path_that_it_was_sent_from(path: Path) -> None:
    with a_ledger(path) as ledger:
        await ledger.record(sending("sent", path="a/sent.csv"), Failed("no"))
        await ledger.record(new_job("rejected"), Rejected("bad rows"))

        owners = [ledger.owner(Key(name)) for name in ("sent", "rejected", "unheard-of")]

    assert owners == ["a/sent.csv", None, None]


async def test_the_newest_earlier_version_with_results_is_known(path: Path) -> None:
    with a_ledger(path) as ledger:
        for version in (1, 3):
            await ledger.record(sending(version=version), Completed((result(),)))
        await ledger.record(sending(version=4), Failed("no"))
        await ledger.record(sending("other", version=5), Completed((result(),)))

        assert [ledger.earlier_with_results(sending(version=n)) for n in (1, 2, 3, 4, 6)] == [
            None,
            1,
            1,
            3,
            3,
        ]


async def test_any_thread_may_ask_while_others_ask_and_write(path: Path) -> None:
    names = [f"file-{number:03}" for number in range(50)]

    with a_ledger(path) as ledger:

        def ask() -> list[Job | None]:
            return [ledger.find(new_job(name).key) for name in names * 4]

        async def write() -> None:
            for name in names:
                await ledger.record(sending(name), ACCEPTED)

        async def look() -> None:
            for found, name in zip(await anyio.to_thread.run_sync(ask), names * 4, strict=True):
                assert found in (sending(name), evolve(sending(name), ACCEPTED))

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(ledger.record, new_job(name), CHECKED, STARTED)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            for _ in range(6):
                tasks.start_soon(look)


async def test_what_was_recorded_is_found_while_another_thread_is_still_reading(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement under way shows every other of its connection what there was when it began."""
    reading, has_been_found = threading.Event(), threading.Event()

    def slowly(row: Sequence[Any]) -> Job:
        reading.set()
        has_been_found.wait()
        return job_of(row)

    with a_ledger(path) as ledger:
        first = await ledger.record(new_job(), Rejected("bad"))
        await ledger.record(dataclasses.replace(first, version=2, state=State.FOUND), Rejected("still bad"))

        with monkeypatch.context() as patched:
            patched.setattr("orchestrator.edges.reader.job_of", slowly)
            reader = threading.Thread(target=ledger.versions, args=(first.key,))
            reader.start()
            reading.wait()
        try:
            other = await ledger.record(new_job("other"), Rejected("bad"))

            assert ledger.find(other.key) == other
        finally:
            has_been_found.set()
            reader.join()


async def test_what_was_recorded_is_found_while_the_results_are_still_being_told(path: Path) -> None:
    with a_ledger(path) as ledger:
        await ledger.record(sending(), Completed(results=(result("a"), result("b"))))
        telling = ledger.results()
        next(telling)

        other = await ledger.record(new_job("other"), Rejected("bad"))

        assert ledger.find(other.key) == other


async def test_what_is_unfinished_comes_in_the_order_in_which_it_came_in(path: Path) -> None:
    clock = FakeClock()
    with a_ledger(path, clock=clock) as ledger:
        waiting = await ledger.record(new_job("waiting"), CHECKED, STARTED)
        ready = await ledger.record(new_job("ready"), CHECKED)
        await ledger.record(new_job("rejected"), Rejected("bad"))
        await ledger.record(sending("done"), Completed())
        await ledger.record(sending("failed"), Failed("no"))
        await ledger.record(evolve(new_job("superseded"), CHECKED), Superseded("newer"))
        doubted = await ledger.record(sending("in_doubt"), Doubted("who knows"))
        back = await ledger.record(sending("back"), SendUndone("busy"))
        under_way = await ledger.record(new_job("sending"), CHECKED, STARTED)
        await clock.sleep(60)
        waiting = await ledger.record(waiting, ACCEPTED)

        assert ledger.unfinished() == [waiting, ready, doubted, back, under_way]


async def test_another_target_is_refused_and_both_are_named(path: Path) -> None:
    await record_all(path, [(new_job(), (CHECKED, STARTED, ACCEPTED))])

    with pytest.raises(OutputError) as refused, a_ledger(path, target="platform elsewhere"):
        pass

    assert TARGET in str(refused.value)
    assert "platform elsewhere" in str(refused.value)
    assert rows(path, "SELECT value FROM meta WHERE key = 'target'") == [(TARGET,)]


@pytest.mark.parametrize("life", [(CHECKED,), (CHECKED, STARTED, SendUndone("no connection")), (Rejected("bad"),)])
async def test_a_ledger_of_which_no_remote_can_have_anything_takes_another_target(
    path: Path, life: tuple[Event, ...]
) -> None:
    await record_all(path, [(new_job(), life)])

    with a_ledger(path, target="platform elsewhere"):
        pass

    assert rows(path, "SELECT value FROM meta WHERE key = 'target'") == [("platform elsewhere",)]


@pytest.mark.parametrize(
    "life",
    [
        (CHECKED, STARTED),
        (CHECKED, STARTED, SendRepeatable("lost", 8.0)),
        (CHECKED, STARTED, Doubted("lost")),
        (CHECKED, STARTED, Failed("refused")),
    ],
)
async def test_one_of_which_a_remote_may_have_something_does_not(path: Path, life: tuple[Event, ...]) -> None:
    await record_all(path, [(new_job(), life)])

    with pytest.raises(OutputError, match=r"set target\.id to the first"), a_ledger(path, target="platform elsewhere"):
        pass


async def test_another_schema_is_refused(path: Path) -> None:
    await record_all(path, [(new_job(), (CHECKED,))])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")

    with pytest.raises(OutputError, match="999"), a_ledger(path):
        pass


@pytest.mark.parametrize("content", [b"path,state\n" * 500, b"\0" * 4096, b"SQLite format 3\0" + b"x" * 9000])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(OutputError, match="ledger"), a_ledger(path):
        pass

    assert path.read_bytes() == content


@pytest.mark.parametrize("table", ["songs", "jobs"])
def test_a_database_of_another_program_is_refused_and_left_as_it_is(path: Path, table: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"CREATE TABLE {table} (title TEXT)")

    with pytest.raises(OutputError), a_ledger(path):
        pass

    assert rows(path, "SELECT name FROM sqlite_master") == [(table,)]


async def test_a_ledger_that_was_cut_short_is_refused(path: Path) -> None:
    await record_all(path, [(new_job(f"file-{n}"), (CHECKED, STARTED)) for n in range(200)])
    damage(path, cut=True)

    with pytest.raises(OutputError, match="damaged"), a_ledger(path) as ledger:
        ledger.unfinished()


async def test_a_ledger_with_overwritten_pages_is_refused(path: Path) -> None:
    await record_all(path, [(new_job(f"file-{n}"), (CHECKED, STARTED)) for n in range(200)])
    damage(path, since=4096)

    with pytest.raises(OutputError, match="damaged"), a_ledger(path) as ledger:
        ledger.unfinished()


async def find_all(ledger: SqliteLedger, names: list[str]) -> None:
    for name in names:
        ledger.find(new_job(name).key)


async def test_damage_that_shows_only_later_is_told_as_such(path: Path) -> None:
    """The first pages are sound, so it opens; what then cannot be read is neither a bug nor a full disk."""
    names = [f"file-{number:04}" for number in range(1000)]
    await record_all(path, [(new_job(name), (CHECKED, STARTED)) for name in names])
    damage(path)

    with a_ledger(path) as ledger:
        with pytest.raises(OutputError, match="damaged"):
            ledger.unfinished()
        with pytest.raises(OutputError, match="damaged"):
            await find_all(ledger, names)


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    """A run that died right after it made the file."""
    path.touch()

    with a_ledger(path) as ledger:
        assert ledger.unfinished() == []
    assert rows(path, "SELECT value FROM meta WHERE key = 'target'") == [(TARGET,)]

"""`results/` is a projection of the ledger; what is too large for it is in place whole before anyone is told."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job, result
from edges.ledgers import a_ledger
from edges.places import fill, is_full, small_disk
from orchestrator.edges.atomic import whole_file
from orchestrator.edges.batcher import inline
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.output import ResultsFolder
from orchestrator.errors import StorageError
from orchestrator.model import Completed, Job, Name, Result
from orchestrator.naming import slug_of
from orchestrator.ports import Fetched


class Out:
    """An output folder with its ledger."""

    def __init__(self, base: Path, ledger: SqliteLedger) -> None:
        self.base = base
        self.ledger = ledger
        self.folder = ResultsFolder(base / "results", ledger, hop=inline)

    def fetched(self, key: str, body: bytes, kind: str = "text/plain", *, large: bool = False) -> Fetched:
        digest = hashlib.sha256(body).hexdigest()
        if not large:
            return Fetched(key=key, content_type=kind, body=body, size=len(body), sha256=digest)
        spilled = self.base / "spill" / key
        spilled.parent.mkdir(exist_ok=True)
        spilled.write_bytes(body)
        return Fetched(key=key, content_type=kind, body=None, spilled=str(spilled), size=len(body), sha256=digest)

    async def send(self, name: str = "roster", version: int = 1) -> Job:
        return await self.ledger.record(new_job(name, version=version), CHECKED, STARTED, ACCEPTED)

    async def finish(self, job: Job, *fetched: Fetched) -> tuple[Result, ...]:
        results = tuple([await self.folder.keep(job, each) for each in fetched])
        job = await self.ledger.record(job, Completed(results))
        await self.folder.project(job, results)
        return results

    @property
    def files(self) -> dict[str, bytes]:
        results = self.base / "results"
        found = (place for place in results.rglob("*") if place.is_file())
        return {str(place.relative_to(results)): place.read_bytes() for place in found}


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Out]:
    with a_ledger(tmp_path / "ledger.sqlite3") as ledger:
        yield Out(tmp_path, ledger)


async def test_results_are_written_as_they_came_under_the_end_that_their_type_calls_for(out: Out) -> None:
    kinds = ["text/plain; charset=utf-8", "application/json", "TEXT/CSV", "text/html", "image/png", ""]

    await out.finish(await out.send(), *[out.fetched(f"r{n}", b"%d\r\n\xff" % n, kind) for n, kind in enumerate(kinds)])

    ends = [".txt", ".json", ".csv", ".html", ".bin", ".bin"]
    assert out.files == {f"roster/r{n}{end}": b"%d\r\n\xff" % n for n, end in enumerate(ends)}
    assert (out.base / "results/roster/r0.txt").stat().st_mode & 0o777 == 0o600


async def test_writing_them_twice_is_harmless(out: Out) -> None:
    job = await out.send()
    results = await out.finish(job, out.fetched("feedback", b"fine"))

    await out.folder.project(job, results)

    assert out.files == {"roster/feedback.txt": b"fine"}


async def test_a_small_result_is_kept_in_memory_until_the_ledger_has_it(out: Out) -> None:
    kept = await out.folder.keep(await out.send(), out.fetched("feedback", b"fine"))

    assert (kept.body, kept.size, kept.sha256) == (b"fine", 4, hashlib.sha256(b"fine").hexdigest())
    assert out.files == {}


async def test_a_large_result_is_in_place_whole_before_the_ledger_has_it(out: Out) -> None:
    kept = await out.folder.keep(await out.send(), out.fetched("table", b"large" * 1000, large=True))

    assert (kept.body, kept.size) == (None, 5000)
    assert out.files == {"roster/table.txt": b"large" * 1000}
    assert list((out.base / "spill").iterdir()) == []


async def test_missing_and_short_files_are_made_again_from_the_ledger(out: Out) -> None:
    await out.finish(await out.send("a"), out.fetched("feedback", b"fine"), out.fetched("log", b"long"))
    await out.finish(await out.send("b"), out.fetched("feedback", b"good"))
    before = out.files
    (out.base / "results/a/feedback.txt").write_bytes(b"fi")
    (out.base / "results/a/log.txt").unlink()
    (out.base / "results/b/feedback.txt").unlink()
    (out.base / "results/b").rmdir()

    assert out.folder.restore() == []
    assert out.files == before


async def test_what_a_run_recorded_and_did_not_write_is_written_by_the_next(out: Out) -> None:
    job = await out.send()
    kept = await out.folder.keep(job, out.fetched("feedback", b"fine"))
    await out.ledger.record(job, Completed((kept,)))

    assert out.folder.restore() == []
    assert out.files == {"roster/feedback.txt": b"fine"}


async def test_half_a_result_that_a_kill_left_is_gone_when_it_is_written_again(out: Out) -> None:
    """By the next start: a small result is in the ledger before its file is begun."""
    job = await out.send()
    kept = await out.folder.keep(job, out.fetched("feedback", b"fine"))
    await out.ledger.record(job, Completed((kept,)))
    whole = out.folder.place(job) / "feedback.txt"
    with whole_file(whole):
        (half,) = whole.parent.iterdir()
    whole.rename(half)

    assert out.folder.restore() == []
    assert out.files == {"roster/feedback.txt": b"fine"}


async def test_a_large_result_that_is_gone_or_short_is_told(out: Out) -> None:
    large = [out.fetched(key, b"large" * 1000, large=True) for key in ("gone", "short", "sound")]
    await out.finish(await out.send(), *large)
    (out.base / "results/roster/gone.txt").unlink()
    (out.base / "results/roster/short.txt").write_bytes(b"la")

    told = out.folder.restore()

    assert len(told) == 2
    assert "roster/gone.txt" in told[0]
    assert "roster/short.txt" in told[1]


async def test_the_newest_version_lies_on_top_and_older_ones_in_folders_of_their_own(out: Out) -> None:
    await out.finish(await out.send(), out.fetched("feedback", b"one"), out.fetched("log", b"only once"))
    await out.send(version=2)
    await out.finish(await out.send(version=3), out.fetched("feedback", b"three"))
    await out.finish(await out.send(version=4), out.fetched("feedback", b"four"))

    assert out.files == {
        "roster/feedback.txt": b"four",
        "roster/v3/feedback.txt": b"three",
        "roster/v1/feedback.txt": b"one",
        "roster/v1/log.txt": b"only once",
    }


async def test_every_version_is_made_again_where_it_belongs(out: Out) -> None:
    for version, body in ((1, b"one"), (3, b"three"), (4, b"four")):
        await out.finish(await out.send(version=version), out.fetched("feedback", body))
    before = out.files
    for place in before:
        (out.base / "results" / place).unlink()

    assert out.folder.restore() == []
    assert out.files == before


async def test_a_large_result_of_a_new_version_moves_the_older_ones_aside(out: Out) -> None:
    await out.finish(await out.send(), out.fetched("table", b"one" * 1000, large=True))
    await out.finish(await out.send(version=2), out.fetched("table", b"two" * 1000, large=True))

    assert out.files == {"roster/table.txt": b"two" * 1000, "roster/v1/table.txt": b"one" * 1000}
    assert out.folder.restore() == []


async def test_a_run_that_died_before_the_ledger_had_a_large_result_leaves_nothing_in_its_place(
    out: Out,
) -> None:
    """The new version's large result was in place; the next run brings it in again, with other results."""
    await out.finish(
        await out.send(), out.fetched("feedback", b"14 bad rows"), out.fetched("table", b"one" * 999, large=True)
    )
    second = await out.send(version=2)
    await out.folder.keep(second, out.fetched("table", b"two" * 999, large=True))

    assert out.folder.restore() == []
    await out.finish(second, out.fetched("table", b"two" * 999, large=True))

    assert out.files == {
        "roster/table.txt": b"two" * 999,
        "roster/v1/feedback.txt": b"14 bad rows",
        "roster/v1/table.txt": b"one" * 999,
    }


async def test_a_run_that_died_while_it_moved_older_results_aside_loses_none(out: Out) -> None:
    await out.finish(await out.send(), out.fetched("table", b"one" * 999, large=True))
    (out.base / "results/roster/v1").mkdir()

    await out.finish(await out.send(version=2), out.fetched("table", b"two" * 999, large=True))

    assert out.files["roster/table.txt"] == b"two" * 999
    assert b"one" * 999 in out.files.values()


async def test_a_run_that_died_before_it_moved_older_results_aside_neither_mixes_nor_loses_them(out: Out) -> None:
    """The files are of the same length, so that only their bytes tell whose they are."""
    large = out.fetched("table", b"1" * 999, large=True)
    await out.finish(await out.send(), out.fetched("feedback", b"one"), out.fetched("log", b""), large)
    second = await out.send(version=2)
    small = [out.fetched(key, body) for key, body in (("feedback", b"two"), ("log", b""), ("table", b"2"))]
    results = [await out.folder.keep(second, each) for each in small]
    await out.ledger.record(second, Completed(tuple(results)))

    assert out.folder.restore() == []
    assert out.files == {
        "roster/feedback.txt": b"two",
        "roster/log.txt": b"",
        "roster/table.txt": b"2",
        "roster/v1/feedback.txt": b"one",
        "roster/v1/log.txt": b"",
        "roster/v1/table.txt": b"1" * 999,
    }


async def test_a_full_disk_fails_the_one_whose_files_do_not_fit() -> None:
    with small_disk(3072) as disk, a_ledger(disk / "ledger.sqlite3") as ledger:
        out = Out(disk, ledger)
        out.folder = ResultsFolder(disk / "results", ledger)
        outcomes: dict[str, object] = {}
        jobs = {name: await out.send(name) for name in ("small", "big")}
        results = {
            "small": (result(body=b""),),
            "big": (result(body=os.urandom(200_000)),),
        }
        (disk / "results/small").mkdir(parents=True)
        (disk / "results/small/feedback.txt").touch()
        fill(disk)

        async def project(name: str) -> None:
            try:
                await out.folder.project(jobs[name], results[name])
            except StorageError as error:
                outcomes[name] = error

        async with anyio.create_task_group() as tasks:
            for name in jobs:
                tasks.start_soon(project, name)

        assert is_full(disk)
        assert isinstance(outcomes.get("big"), StorageError)
        assert list((disk / "results").rglob("*.txt")) == [disk / "results/small/feedback.txt"]


hostile = st.one_of(
    st.text(min_size=1, max_size=60),
    st.text("./\\~ aA\0\n-", min_size=1, max_size=12),
    st.sampled_from(
        ["..", ".", "/", "../../etc/passwd", "/etc/passwd", "a/../../b", "CON", "nul.txt", "v1", "~", "x" * 400]
    ),
).map(Name)


@given(names=st.lists(hostile, min_size=1, max_size=4, unique=True))
@settings(max_examples=25)
async def test_no_name_leads_out_of_the_results(names: list[Name]) -> None:
    with tempfile.TemporaryDirectory() as base, a_ledger(Path(base) / "ledger.sqlite3", hop=inline) as ledger:
        out = Out(Path(base), ledger)
        before = set(os.listdir(base))
        for name in names:
            job = new_job(name)
            await out.folder.project(job, (result(body=name.encode("utf-8", "replace")),))
            assert out.folder.place(job) == Path(base) / "results" / slug_of(name)

        assert set(os.listdir(base)) - before == {"results"}
        assert {place.count("/") for place in out.files} == {1}
        assert len(out.files) == len({slug_of(name) for name in names})

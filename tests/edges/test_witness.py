"""The mark of a run that sends: after the ledger knows, before a byte leaves, and once."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from edges.jobs import CHECKED, STARTED, new_job
from edges.ledgers import TARGET
from edges.places import FakeClock
from orchestrator.edges.atomic import put
from orchestrator.edges.witness import EVERY, Witnessed, renew_mark, require_newest
from orchestrator.edges.workplace import Workplace, ledger_file, open_workplace
from orchestrator.errors import OutputError
from orchestrator.model import State


def number_in(place: Workplace) -> int:
    return int((place.report / "sending").read_bytes())


def witnessed(place: Workplace) -> Witnessed:
    return Witnessed(place.ledger, ledger_file(place.out), place.report)


async def test_the_mark_is_there_as_soon_as_an_upload_may_begin_and_not_before(tmp_path: Path) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        ledger = witnessed(place)
        job = await ledger.record(new_job(), CHECKED)
        assert not (place.report / "sending").exists()

        assert (await ledger.record(job, STARTED)).state is State.SENDING

        assert number_in(place) > 0


async def test_many_uploads_that_begin_at_once_put_one_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = []

    def counted(path: Path, content: bytes) -> None:
        marked.append(path)
        put(path, content)

    monkeypatch.setattr("orchestrator.edges.witness.put", counted)
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        ledger = witnessed(place)

        async def begin(name: str) -> None:
            job = await ledger.record(new_job(name), CHECKED, STARTED)
            assert number_in(place) > 0
            assert job.state is State.SENDING

        async with anyio.create_task_group() as uploads:
            for number in range(EVERY):
                uploads.start_soon(begin, f"roster-{number}")

        assert marked == [place.report / "sending"]


async def test_where_no_mark_can_be_put_nothing_is_sent_and_nothing_in_doubt(tmp_path: Path) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        place.report.touch()  # a file where the folder of the run belongs

        with pytest.raises(OutputError, match=place.run):
            await witnessed(place).record(new_job(), CHECKED, STARTED)

        kept = place.ledger.find(new_job().key)
        assert kept is not None
        assert kept.state is State.READY


async def test_it_is_renewed_from_time_to_time_and_at_the_end_of_its_run(tmp_path: Path) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        ledger, numbers = witnessed(place), []
        for nth in range(2 * EVERY):
            await ledger.record(new_job(f"roster-{nth}"), CHECKED, STARTED)
            numbers.append(number_in(place))
        renew_mark(ledger_file(tmp_path), place.report)
    assert [nth for nth, now in enumerate(numbers) if now != numbers[nth - 1]] == [0, EVERY]
    assert number_in(place) > numbers[-1]


async def test_a_run_that_sent_nothing_has_none_at_its_end_either(tmp_path: Path) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        place.report.mkdir()
        await witnessed(place).record(new_job(), CHECKED)
        renew_mark(ledger_file(tmp_path), place.report)

    assert list(place.report.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"many", b"-1", b"\xff"])
async def test_a_mark_without_a_number_still_names_its_run(tmp_path: Path, content: bytes) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0):
        pass
    for run in ("20240701T020000Z-b", "20240701T020000Z-a", "notes"):
        (tmp_path / "runs" / run).mkdir()
    (tmp_path / "runs" / "20240701T020000Z-b" / "sending").write_bytes(content)
    (tmp_path / "runs" / "sending").touch()

    with pytest.raises(OutputError, match="older than run 20240701T020000Z-b"):
        require_newest(ledger_file(tmp_path), tmp_path / "runs")


async def test_the_highest_number_counts_and_not_the_newest_name(tmp_path: Path) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        await witnessed(place).record(new_job(), CHECKED, STARTED)
    for run, number in (("20240701T020000Z-a", 1_000), ("20990701T020000Z-a", 1)):
        (tmp_path / "runs" / run).mkdir()
        (tmp_path / "runs" / run / "sending").write_bytes(b"%d" % number)

    with pytest.raises(OutputError, match="older than run 20240701T020000Z-a"):
        require_newest(ledger_file(tmp_path), tmp_path / "runs")

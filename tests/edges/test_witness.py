"""The mark of a run that sends: after the ledger knows, before a byte leaves, and once."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from edges.jobs import CHECKED, STARTED, new_job
from edges.ledgers import TARGET
from edges.places import FakeClock
from orchestrator.edges.atomic import put
from orchestrator.edges.witness import Witnessed, last_to_send
from orchestrator.edges.workplace import Workplace, open_workplace
from orchestrator.errors import OutputError
from orchestrator.model import State


def witnessed(place: Workplace) -> Witnessed:
    return Witnessed(place.ledger, place.report)


async def test_the_mark_is_there_as_soon_as_an_upload_may_begin_and_not_before(tmp_path: Path) -> None:
    async with open_workplace(tmp_path, TARGET, FakeClock(), wait=0) as place:
        ledger = witnessed(place)
        job = await ledger.record(new_job(), CHECKED)
        assert last_to_send(tmp_path / "runs") == ""

        assert (await ledger.record(job, STARTED)).state is State.SENDING

        assert last_to_send(tmp_path / "runs") == place.run


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
            assert last_to_send(tmp_path / "runs") == place.run
            assert job.state is State.SENDING

        async with anyio.create_task_group() as uploads:
            for number in range(20):
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


async def test_the_newest_run_that_sent_counts(tmp_path: Path) -> None:
    for run, sent in (("20240701T020000Z-b", True), ("20240701T020000Z-a", True), ("20240702T020000Z-a", False)):
        (tmp_path / run).mkdir()
        if sent:
            (tmp_path / run / "sending").touch()
    (tmp_path / "sending").touch()

    assert last_to_send(tmp_path) == "20240701T020000Z-b"

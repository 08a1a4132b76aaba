"""A file that is changed or taken away at each step: what arrives was validated, and the next run has the rest."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from inbox.changes import ALL, Change, delete, empty, link_elsewhere, overwrite, replace, truncate
from inbox.night import (
    MOMENTS_OF_A_STREAM,
    MOMENTS_OF_ANY,
    ORIGINAL,
    Meddler,
    Night,
    as_sent,
    before,
    night,
)
from orchestrator.edges.inbox import FolderInbox
from orchestrator.exits import Exit
from orchestrator.intake import LATE
from orchestrator.sandbox import Fault, Profile

REMEDIES = ("the next run", "Mend", "rename", "put ", "Put ", "see rejects")
TYPICAL = (overwrite, truncate, replace, delete, link_elsewhere)
"""One of each sort, where all of them would tell no more."""

TRIES = 15
"""Of one upload in one run."""

BROKEN = (truncate, empty)
"""Changes that leave a file which no remote should get."""


def lost(kind: str, **how: object) -> Profile:
    fault = Fault(endpoint="upload", kind=kind, **how)  # type: ignore[arg-type]  # the names are those of the fields
    return Profile(job_base=0.0, script=(fault,))


def require_told(made: Night, code: Exit) -> None:
    """The file that did not get through stands in the report with its cause and what to do, and in the exit code."""
    with (made.out / "runs" / made.runs[-1] / "files.csv").open(newline="", encoding="utf-8") as table:
        lines = list(csv.DictReader(table))
    assert {line["path"] for line in lines} <= {"roster.csv"}
    ends = {line["state"] for line in lines} - {"superseded"}  # of whose successor another line tells
    assert (code is Exit.OK) == (ends in ({"done"}, {"skipped"}))
    for line in lines:
        if line["state"] == "superseded":
            assert line["cause"].startswith("the file was replaced before it was sent")
        elif line["state"] not in ("done", "skipped"):
            assert any(remedy in line["cause"] for remedy in REMEDIES), line["cause"]


def require_settled(made: Night, change: Change) -> None:
    """After a night in which nobody meddled."""
    made.require_only_validated_bytes()
    if made.is_a_file and change not in BROKEN:
        assert made.stands == as_sent(made.place.read_bytes())
    else:
        assert made.stands in (None, as_sent(ORIGINAL))


async def require_what_was_checked_or_nothing(made: Night, meddler: Meddler, change: Change) -> None:
    """On the night of the change, and after the one that follows."""
    finished = await made.run()

    assert meddler.fired
    made.require_only_validated_bytes()
    require_told(made, finished.exit_code)
    await made.run()
    require_settled(made, change)


@pytest.mark.parametrize("change", TYPICAL)
@pytest.mark.parametrize("moment", MOMENTS_OF_ANY)
async def test_a_file_that_is_held_arrives_as_it_was_checked_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, change: Change
) -> None:
    async with night(tmp_path, monkeypatch, streamed=False) as made:
        meddler = Meddler(lambda: change(made.place))
        MOMENTS_OF_ANY[moment](made, meddler, monkeypatch)
        await require_what_was_checked_or_nothing(made, meddler, change)


@pytest.mark.parametrize(
    ("moment", "change"),
    [
        (moment, change)
        for moment in MOMENTS_OF_A_STREAM
        for change in (ALL if moment in ("while it is checked", "in the middle of its sending") else TYPICAL)
    ],
)
async def test_a_file_that_is_streamed_arrives_as_it_was_checked_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, change: Change
) -> None:
    async with night(tmp_path, monkeypatch, streamed=True) as made:
        meddler = Meddler(lambda: change(made.place))
        MOMENTS_OF_A_STREAM[moment](made, meddler, monkeypatch)
        await require_what_was_checked_or_nothing(made, meddler, change)


@pytest.mark.parametrize("streamed", [False, True], ids=["held", "streamed"])
@pytest.mark.parametrize("change", TYPICAL)
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
async def test_a_file_that_changed_after_a_lost_answer_is_not_repeated_with_other_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, change: Change, streamed: bool
) -> None:
    async with night(tmp_path, monkeypatch, streamed=streamed, profile=lost(kind)) as made:
        meddler = Meddler(lambda: change(made.place))
        before(FolderInbox, "read", nth=2)(made, meddler, monkeypatch)
        finished = await made.run()

        assert meddler.fired
        made.require_only_validated_bytes()
        require_told(made, finished.exit_code)
        made.wait(LATE)  # until then the lost attempt might still replace it
        await made.run()
        require_settled(made, change)


@pytest.mark.parametrize("streamed", [False, True], ids=["held", "streamed"])
@pytest.mark.parametrize("change", [overwrite, replace, truncate, delete])
async def test_a_file_that_changed_between_two_runs_is_sent_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change, streamed: bool
) -> None:
    async with night(tmp_path, monkeypatch, streamed=streamed, profile=lost("throttle", times=TRIES)) as made:
        first = await made.run()
        assert first.summary["files"]["unsent"] == 1
        change(made.place)

        finished = await made.run()

        require_told(made, finished.exit_code)
        await made.run()
        require_settled(made, change)
        assert as_sent(ORIGINAL) not in made.arrived[TRIES:], "its bytes were gone"

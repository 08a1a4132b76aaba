"""What came in, held against what the statistics count."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.model import Completed, Failed
from orchestrator.targets.endgrate.answers import Counts
from orchestrator.targets.endgrate.tally import Tally


def tally(*items: dict[str, Any], counted: int) -> Tally:
    counted_off = Tally(Counts(records=counted, transferred=counted, batches=1, succeeded=1))
    for item in items:
        counted_off.add([item])
    return counted_off


def record(number: object, data: object = None) -> dict[str, Any]:
    return {"id": number, "data": {"n": 1} if data is None else data}


def test_records_that_are_as_many_as_are_counted_leave_nothing_to_tell() -> None:
    found = tally(record("1"), record(1), record(None), record(None), record([1]), counted=5)

    assert (found.missing, found.unclear) == (0, 0)
    assert found.verdict(is_marked=False, remarks=[]) == Completed()


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (tally(record("1"), record("2"), counted=1), "there are 1 records more than its statistics count"),
        (tally(record("1"), record("2"), record("1"), counted=3), "1 records have an id that came before"),
        (tally(record("1", []), {"id": "2"}, record("3", "x"), counted=3), "3 records hold no data"),
    ],
    ids=["more than counted", "twice", "no data"],
)
def test_what_cannot_be_right_is_told_and_kept(found: Tally, told: str) -> None:
    verdict = found.verdict(is_marked=False, remarks=["and more"])

    assert isinstance(verdict, Completed)
    assert found.unclear > 0
    assert told in verdict.cause
    assert verdict.cause.endswith("; and more")


def test_it_is_told_as_well_where_the_remote_says_that_there_were_errors() -> None:
    verdict = tally(record("1"), record("1"), counted=2).verdict(is_marked=True, remarks=[])

    assert isinstance(verdict, Failed)
    assert "came before" in verdict.cause


def test_of_more_ids_than_are_remembered_the_first_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.targets.endgrate.tally._IDS_LIMIT", 2)

    assert tally(*(record(number) for number in "123123"), counted=6).repeated == 2

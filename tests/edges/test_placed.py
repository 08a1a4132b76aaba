"""Where mended rows belong is looked for in their file, however large that and their list are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

from edges.samples import BAD, HEADER, ROW, csv
from orchestrator.edges import placed
from orchestrator.edges.folder import Folder, FolderConfig
from orchestrator.edges.placed import placing_in
from orchestrator.model import RelPath, Sheet
from orchestrator.ranges import Ranges, ranges_of
from orchestrator.validation import MendedList, Rules
from orchestrator.validation.mended import Mended
from validation.samples import PLATFORM_DATA

NIGHT = RelPath("night.csv")
RULES = Rules(schemas=(PLATFORM_DATA,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Sheet):
    """How often it was asked what the remote lacks."""

    asked: list[None]

    def gather_unsent(self) -> Ranges:
        self.asked.append(None)
        return Sheet.gather_unsent(self)


def a_folder(root: Path, *lines: str) -> Folder:
    (root / NIGHT).write_bytes(csv(HEADER, *lines))
    return Folder(FolderConfig(root=root, pattern="*.csv", events="{stem}.events.csv"))


def listed(*numbers: int) -> MendedList:
    rows = {line: Mended(line=line, cells=tuple(ROW.split(","))) for line in numbers}
    return MendedList(names=tuple(HEADER.split(",")), rows=rows)


def test_what_the_remote_lacks_is_gathered_once_whatever_the_number_of_rows(tmp_path: Path) -> None:
    folder, numbers = a_folder(tmp_path, *[BAD, ROW] * 100), range(2, 202, 2)
    sheet = Counted(gaps=ranges_of(numbers), asked=[])

    placing = placing_in(folder, NIGHT, RULES, listed(*numbers), None, [sheet])

    assert placing.close(lambda line: False) == listed(*numbers)
    assert len(sheet.asked) == 1


def placing(root: Path) -> None:
    placing_in(a_folder(root, *[ROW] * 200), NIGHT, RULES, listed(2), None, [])


def judging(root: Path) -> None:
    listed(*range(2, 202)).require_right(RULES, placed.heed_a_stop)


@pytest.mark.parametrize("work", [placing, judging])
async def test_who_is_told_to_stop_goes_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[[Path], None]
) -> None:
    scope, real, steps = anyio.CancelScope(), placed.heed_a_stop, [0]

    def stopped() -> None:
        steps[0] += 1
        anyio.from_thread.run_sync(scope.cancel)
        real()

    monkeypatch.setattr(placed, "heed_a_stop", stopped)
    monkeypatch.setattr(placed, "CHUNK", 64)
    with scope:
        await anyio.to_thread.run_sync(work, tmp_path)

    assert scope.cancelled_caught
    assert steps == [1]

"""That every schedule is looked through for secrets and cells, wherever they might turn up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.leaks import BEARER
from crash.deliveries import OVERWRITE
from crash.leaks import first_cells
from crash.scene import Scene, scene
from crash.tally import Tally


def spill_a_secret(calm: Scene) -> str:
    (calm.stage.out / "runs" / "note").write_text(f"<{next(iter(calm.stage.secrets.values()))}>")
    return "a secret stands in runs/note"


def spill_a_bearer(calm: Scene) -> str:
    bearer = f"sandbox.{'0' * 64}".encode()
    assert BEARER.fullmatch(bearer)
    calm.said += bearer
    return "a bearer token stands in what it told"


def tell_a_cell(calm: Scene) -> str:
    calm.said += min(first_cells(calm.stage.folder))
    return "a cell stands in what it told"


def report_a_cell(calm: Scene) -> str:
    (calm.stage.out / "runs" / "note").write_bytes(min(first_cells(calm.stage.folder)))
    return "a cell stands in runs/note"


@pytest.mark.parametrize("spill", [spill_a_secret, spill_a_bearer, tell_a_cell, report_a_cell])
async def test_what_leaks_is_found_where_a_schedule_ends(tmp_path: Path, spill: Callable[[Scene], str]) -> None:
    async with scene(tmp_path / "calm", Tally(), OVERWRITE, OVERWRITE.content.plain(2)) as calm:
        await calm.start()
        told = spill(calm)

        with pytest.raises(AssertionError, match=told):
            await calm.finish()


async def test_what_is_told_at_debug_level_is_what_is_looked_through(tmp_path: Path) -> None:
    async with scene(tmp_path / "calm", Tally(), OVERWRITE, OVERWRITE.content.plain(2)) as calm:
        await calm.start()

        assert b"SendStarted" in calm.said
        assert len(first_cells(calm.stage.folder)) >= 2

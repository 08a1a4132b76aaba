"""What a run that was killed had found is told by the next one, which nobody could hear it from."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from crash.scene import make_new
from crash.starts import start

from cli.imports import MEMBER, importing
from cli.mending import lines_in
from cli.stage import Stage
from cli.test_relations import links

DROP = {"validation__on_bad_rows": "drop_rows"}


def rejects(stage: Stage) -> Path:
    return stage.out / "rejects" / "a.csv"


@pytest.mark.parametrize(
    ("parts", "moment", "nth"),
    [
        *((250, f"after the commit of {end}", 1) for end in ("Accepted", "Completed")),
        *((1, f"after the commit of {end}", 1) for end in ("Accepted", "Completed")),
        pytest.param(1, "after the commit of Completed", 3, id="all of its parts, and itself"),
    ],
)
async def test_rows_that_are_not_at_the_remote_end_the_next_run_with_3_and_no_other(
    tmp_path: Path, moment: str, nth: int, parts: int
) -> None:
    make_new(tmp_path / "scene")
    settings = {**DROP, "target__part_rows": parts}
    async with importing(tmp_path / "scene", {"a.csv": links(MEMBER, "late", "")}) as stage:
        struck, _ = await start(stage, moment, nth, fine=True, speed=1.0, **settings)
        assert struck.code == -signal.SIGKILL

        told = await stage.run(**settings)

        assert told.code == 3, told.err
        assert lines_in(rejects(stage)) == [3, 4]
        again = await stage.run(**settings)
        assert (again.code, again.ends) == (0, {"found": 1, "skipped": 1}), again.err


async def test_so_do_rows_of_a_file_that_an_earlier_run_told_as_waiting(tmp_path: Path) -> None:
    make_new(tmp_path / "scene")
    async with importing(tmp_path / "scene", {"a.csv": links(MEMBER, "late", "")}) as stage:
        told, _ = await start(stage, "after the commit of Accepted", signals=[signal.SIGTERM], speed=1.0, **DROP)
        assert told.ends == {"found": 1, "waiting": 1}, told.err
        struck, _ = await start(stage, "after the commit of Completed", speed=1.0, **DROP)
        assert struck.code == -signal.SIGKILL

        told = await stage.run(**DROP)

        assert (told.code, told.ends) == (3, {"found": 1, "skipped": 1}), told.err

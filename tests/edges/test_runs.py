"""The newest run, as it is told to those who look while it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.edges import runs
from orchestrator.edges.runs import look_at_runs


@pytest.mark.parametrize("held", [False, None])
def test_a_run_that_ends_between_the_look_at_it_and_that_at_the_lock_was_not_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: bool | None
) -> None:
    folder = tmp_path / "runs" / "20240701T020000Z-abcdef"
    folder.mkdir(parents=True)

    def ends(lock: Path) -> bool | None:
        (folder / "summary.json").write_text(json.dumps({"exit_code": 0, "files": {"done": 1}}))
        return held

    monkeypatch.setattr(runs, "is_held", ends)

    run, locked = look_at_runs(tmp_path)

    assert locked is held
    assert run is not None
    assert run.files == {"done": 1}

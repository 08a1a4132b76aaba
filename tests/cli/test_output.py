"""Words that nobody gets: what a command came to is said by its exit code all the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.program import Outcome, call
from cli.rosters import plain_rosters, roster, write_all
from cli.stage import Stage, scripted, staged
from orchestrator.sandbox import Fault

BUFFERED = "unset PYTHONUNBUFFERED; "
"""As most machines have it: then the interpreter has something to write at its end."""


def by(script: str) -> Sequence[str]:
    return ("sh", "-c", BUFFERED + script, "sh")


TO_A_FULL_DISK = {
    "stdout": by('exec "$@" >/dev/full'),
    "stderr": by('exec "$@" 2>/dev/full'),
    "both": by('exec "$@" >/dev/full 2>&1'),
}
WITHOUT_A_READER = 'mkfifo gone; : <gone & exec 5>gone; wait; exec "$@" >&5 5>&-'
"""Into a pipe that was opened and left."""


@pytest.mark.parametrize("lost", ["stderr", "both"])
async def test_a_run_ends_with_its_code_although_its_words_are_lost(tmp_path: Path, lost: str) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        good = await stage.call("run", "--json", by=TO_A_FULL_DISK[lost])
        roster("bad.csv", bad=1).write(stage.folder)
        bad = await stage.call("run", "--json", by=TO_A_FULL_DISK[lost])

        assert (good.code, bad.code) == (0, 3)


@pytest.mark.parametrize("command", ["validate", "status", "--no-such-option", "--help"])
async def test_no_command_ends_with_the_code_of_the_interpreter(tmp_path: Path, command: str) -> None:
    write_all(tmp_path / "inbox", [roster("bad.csv", bad=1)])
    expected = {"validate": 3, "status": 2, "--no-such-option": 2, "--help": 0}[command]

    full = await call(command, cwd=tmp_path, by=TO_A_FULL_DISK["stderr"])
    gone = await call(command, cwd=tmp_path, by=by(f"{WITHOUT_A_READER} 2>&1"))

    assert (full.code, gone.code) == (expected, expected)


async def _lost(stage: Stage, command: str, *arguments: str) -> Outcome:
    outcome = await stage.call(command, *arguments, by=TO_A_FULL_DISK["stdout"])
    assert outcome.err.count("the output cannot be written (No space left on device)") == 1
    return outcome


async def test_output_that_is_lost_is_said_and_is_trouble_where_it_was_all_that_was_asked_for(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(2)) as stage:
        assert (await _lost(stage, "run", "--json")).code == 0, "the files were sent"
        assert (await _lost(stage, "status")).code == 2
        assert (await _lost(stage, "status", "--json")).code == 2
        assert (await _lost(stage, "check")).code == 2
        assert (await _lost(stage, "validate", "--json")).code == 2

        roster("bad.csv", bad=2).write(stage.folder)
        assert (await _lost(stage, "validate")).code == 3, "which says more"


async def test_lost_output_does_not_hide_that_a_person_must_look(tmp_path: Path) -> None:
    lost = Fault(endpoint="upload", kind="drop_after")
    async with staged(tmp_path, plain_rosters(1), scripted(lost)) as stage:
        assert (await stage.run()).code == 4

        assert (await _lost(stage, "status")).code == 4


async def test_a_reader_who_has_seen_enough_is_told_nothing(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", plain_rosters(1))

    outcome = await call("validate", "--json", cwd=tmp_path, by=by(WITHOUT_A_READER))

    assert outcome.code == 0
    assert len(outcome.err.splitlines()) == 1


async def test_help_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    outcome = await call("--help", cwd=tmp_path, by=TO_A_FULL_DISK["stdout"])

    assert outcome.code == 2
    assert "cannot be written" in outcome.err

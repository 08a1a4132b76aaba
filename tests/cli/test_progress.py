"""What somebody who looks on sees of a run: its totals, and some of the files that are under way."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from rich.console import Console

from cli.program import PATIENCE, environment
from cli.rosters import plain_rosters
from cli.stage import held, scripted, staged
from orchestrator.cli.terminal import ACTIVE_ROWS, Terminal
from orchestrator.model import RelPath
from orchestrator.trip import Ending, Trip

FOUND = 1_000


def test_totals_rate_and_time_left_are_shown_and_at_most_twenty_files(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("rich.console.Console.file", screen)
    with Terminal(shown=True, as_json=False) as shown:
        shown.planned(FOUND)
        trips = [Trip(path=RelPath(f"f{nth:04}.csv")) for nth in range(FOUND // 2)]
        for trip in trips:
            shown.began(trip)
        for trip in trips[:30]:
            trip.ending = Ending.FAILED if trip is trips[7] else Ending.DONE
            shown.ended(trip)
        for trip in trips[30:60]:
            shown.began(trip)
        assert shown._progress is not None
        before = len(screen.getvalue())
        Console(width=120).print(shown._progress.get_renderable())

        total, *files = filter(str.strip, screen.getvalue()[before:].splitlines())

    assert re.search(r"30/1000 [\d,.]+/s  29 done, 1 failed +\S*:\d\d", total), total
    assert [line.split()[0] for line in files] == [f"f{nth:04}.csv" for nth in range(30, 30 + ACTIVE_ROWS)]
    assert ACTIVE_ROWS == 20


async def test_a_terminal_shows_the_files_under_way_and_leaves_the_summary(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(3), scripted(held("upload"))) as stage:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "orchestrator", "run", "-c", str(stage.config)]
        env = environment(**stage.secrets, TERM="xterm", COLUMNS="120")
        seen = b""
        async with await anyio.open_process(
            command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=theirs
        ) as run:
            os.close(theirs)
            with anyio.fail_after(PATIENCE):
                while run.returncode is None:
                    await anyio.wait_readable(ours)
                    try:
                        seen += os.read(ours, 64 << 10)
                    except OSError:  # the other end is closed
                        break
                    if b"0/3" in seen and all(roster.path.encode() in seen for roster in plain_rosters(3)):
                        stage.remote.release()
                await run.wait()
        os.close(ours)

    assert run.returncode == 0
    assert b"3 found, 0 adopted: 3 done" in seen

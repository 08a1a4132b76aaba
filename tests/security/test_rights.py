"""What a run writes is for its owner, and its process leaves no memory behind (S-5, S-18, S-22)."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.rosters import roster
from cli.stage import held, scripted, staged
from orchestrator.cli import app


@pytest.fixture
def open_umask() -> Iterator[None]:
    """As open as it gets: whatever is private then is private by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
async def test_nobody_but_the_owner_reads_what_a_run_writes_whatever_the_umask(tmp_path: Path) -> None:
    rosters = [roster("large.csv", 2500), roster("bad.csv", 3, bad=1), roster("pair.csv", 2, events=2, bad_events=1)]
    async with staged(tmp_path, rosters) as stage:
        outcome = await stage.run(validation__on_bad_rows="drop_rows")

        assert outcome.code == 3
        files = [path for path in stage.out.rglob("*") if path.is_file()]
        large = [path for path in files if path.stat().st_size > 1 << 16 and "results" in path.parts]
        assert large, "one result was too long to hold, so it came into place by another way"
        assert {path.relative_to(stage.out).parts[0] for path in files} == {
            ".orchestrator",
            "results",
            "rejects",
            "runs",
        }
        state = stage.out / ".orchestrator"
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in stage.out.rglob("*")}
        assert {path: oct(mode) for path, mode in modes.items() if mode & (stat.S_IWGRP | stat.S_IRWXO)} == {}
        assert {oct(modes[path]) for path in files if state not in path.parents} == {"0o600"}


async def test_a_process_that_aborts_leaves_no_core_with_its_secrets(tmp_path: Path) -> None:
    by = ("sh", "-c", 'ulimit -c "$(ulimit -Hc)"; exec "$@"', "sh")
    async with (
        staged(tmp_path, [roster("a.csv")], scripted(held("upload"))) as stage,
        stage.start("run", by=by) as program,
    ):
        await stage.remote.until_held()
        soft, _ = resource.prlimit(program.pid, resource.RLIMIT_CORE)
        assert soft == 0

        program.send(signal.SIGABRT)

        assert await program.wait() == -signal.SIGABRT


def test_nobody_else_reads_the_memory_or_the_environment_of_a_command_as_it_runs() -> None:
    """The kernel lets others of the same user do so as long as a process may be dumped."""
    text = (
        "import ctypes, sys\n"
        "from orchestrator.__main__ import main\n"
        "sys.argv = ['orchestrator', '--version']\n"
        "try: main()\n"
        "finally: print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))\n"
    )
    told = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)

    assert told.stdout.splitlines()[1:] == ["0"]


def test_no_option_of_any_command_takes_a_secret() -> None:
    """What stands in an argument stands in the list of processes for everybody (row 106)."""
    options = [option for command in app.commands.values() for parameter in command.params for option in parameter.opts]

    assert len(options) > 40
    assert [name for name in options if any(word in name for word in ("secret", "key", "password", "credential"))] == []
    tokens = [
        parameter
        for command in app.commands.values()
        for parameter in command.params
        if "TOKEN" in str(parameter.metavar)
    ]
    assert [parameter.opts for parameter in tokens] == [["--accepted"]], "a processing token, not one to sign in with"
    assert all(isinstance(parameter, click.Option) for parameter in tokens)

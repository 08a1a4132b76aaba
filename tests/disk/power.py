"""A run on a disk whose power is cut: the program is stopped, the disk is copied, the program is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from anyio.abc import Process

from cli.program import PATIENCE, Outcome, environment
from cli.rosters import Roster
from cli.stage import QUICK, Stage, as_options, staged
from disk.loop import LoopDisk

DRIVER = Path(__file__).with_name("driver.py")


class PowerCut:
    """A stage whose output folder lies on a disk that can lose its power."""

    def __init__(self, stage: Stage, disk: LoopDisk) -> None:
        self.stage = stage
        self._disk = disk
        self._log = disk.base / "moments"
        stage.out = disk.place / "out"

    async def run(self, **settings: object) -> Outcome:
        """The program as it is, undisturbed."""
        return await self.stage.call("run", "--json", "-o", str(self.stage.out), **settings)

    async def cut(self, at: int | str, *, entry: int = 0, variant: str = "sound", **settings: object) -> str:
        """Cut the power at the moment of that number or that begins so, or at that *entry* of the remote's record.

        Returns the moment; empty when the program ended before.
        """
        stage = self.stage
        self._log.unlink(missing_ok=True)
        words = ["run", "-o", str(stage.out), "-c", str(stage.config), *as_options(settings)]
        command = [sys.executable, str(DRIVER), str(at), str(self._log), str(stage.out), variant, *words]
        process = await anyio.open_process(
            command,
            cwd=stage.root,
            env=environment(**stage.secrets),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        seen = len(stage.remote.record.entries)
        stage.on_entry = lambda: _stop_at(process, len(stage.remote.record.entries) - seen == entry)
        try:
            with anyio.fail_after(PATIENCE):
                stopped = await anyio.to_thread.run_sync(_has_stopped, process.pid)
                if stopped:
                    self._disk.cut_the_power()
        finally:
            stage.on_entry = lambda: None
            await _end(process)
        if not stopped:
            return ""
        self._disk.come_back()
        return f"entry {entry}" if entry else self._log.read_text().splitlines()[-1]


def _stop_at(process: Process, is_here: bool) -> None:
    if is_here:
        process.send_signal(signal.SIGSTOP)


def _has_stopped(pid: int) -> bool:
    """Wait until all of it stands still or it has ended; it is left to others to take note of its end."""
    with suppress(ChildProcessError):
        seen = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return seen is not None and seen.si_code == os.CLD_STOPPED
    return False


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    with anyio.CancelScope(shield=True):
        await process.wait()
        await process.aclose()


@asynccontextmanager
async def powered(disk: LoopDisk, rosters: Iterable[Roster]) -> AsyncIterator[PowerCut]:
    async with staged(disk.base, rosters, QUICK) as stage:
        yield PowerCut(stage, disk)

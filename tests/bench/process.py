"""A process to its end: how long it took, and what CPU it and its children used."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 240.0
"""Seconds after which a process of ours counts as stuck."""

_PREFIX = "ORCHESTRATOR_"


class BrokenError(Exception):
    """Something did not do its work, so there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Spent:
    wall: float
    cpu: float
    """User and system time, children included, as the kernel counts it (wait4)."""
    peak: int
    """Bytes resident at most. A process begins as a copy of this one, so nothing large may be held here."""


def spend(
    command: Sequence[str], log: Path, secrets: Mapping[str, str] | None = None, patience: float = PATIENCE
) -> Spent:
    """Run *command* here, its output in *log*. Raises BrokenError unless it ends with 0.

    Secrets travel in the environment only; whatever else configures the product there is left out.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_PREFIX)}
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env=environment | dict(secrets or {}),
        )
        watchdog = threading.Timer(patience, process.kill)
        watchdog.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            watchdog.cancel()
    wall = time.perf_counter() - started
    if process.returncode != 0:
        told = log.read_text(errors="replace").strip().splitlines()[-8:]
        raise BrokenError("\n".join([f"{_shown(command)} ended with {process.returncode}", *told]))
    return Spent(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss << 10)


def script(name: str, *arguments: str) -> list[str]:
    """A module of this package as a program of its own, in the same Python."""
    return [sys.executable, "-m", f"{__package__}.{name}", *arguments]


def product(*arguments: str) -> list[str]:
    """The installed command where there is one."""
    installed = Path(sys.executable).with_name("orchestrator")
    entry = [str(installed)] if installed.exists() else [sys.executable, "-m", "orchestrator"]
    return [*entry, *arguments]


def _shown(command: Sequence[str]) -> str:
    return " ".join(Path(part).name for part in command[:4])

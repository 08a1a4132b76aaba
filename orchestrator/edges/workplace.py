"""The output folder while a run has it: locked, with its ledger open."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.edges import lock
from orchestrator.edges.atomic import clear_unfinished, storage_trouble, storing
from orchestrator.edges.database import keep_names
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.mounts import require_local
from orchestrator.edges.witness import require_newest
from orchestrator.errors import OrchestratorError
from orchestrator.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    out: Path
    run: str
    ledger: SqliteLedger

    @property
    def spill(self) -> Path:
        """Where large results lie until they are put in their place."""
        return spill_folder(self.out)

    @property
    def report(self) -> Path:
        return self.out / "runs" / self.run

    @contextmanager
    def begun(self) -> Iterator[None]:
        """The folder of its report is there from now on, so that a run that is killed is known even if it sent nothing.
        One that turns out to be none leaves none. Raises OutputError, StorageError."""
        with storing(self.report):
            self.report.mkdir()
        try:
            yield
        except OrchestratorError:
            with suppress(OSError):  # what is in it stays
                self.report.rmdir()
            raise


def state_folder(out: Path) -> Path:
    return out / ".orchestrator"


def spill_folder(out: Path) -> Path:
    return state_folder(out) / "spill"


def ledger_file(out: Path) -> Path:
    return state_folder(out) / "ledger.sqlite3"


def lock_file(out: Path) -> Path:
    return state_folder(out) / "lock"


def _tidy(runs: Path) -> None:
    """A run that died while it wrote its report left no summary, for that comes last. Raises OSError."""
    with os.scandir(runs) as entries:
        dead = [run for run in entries if run.is_dir(follow_symlinks=False) and not _has_summary(run)]
    for run in dead:
        clear_unfinished(run.path)


def _has_summary(run: os.DirEntry[str]) -> bool:
    return os.path.lexists(f"{run.path}/summary.json")


def _is_used(folder: Path) -> bool:
    """Whether a run left something here: each had a ledger first. What is hidden is none of ours. Raises OSError."""
    return any(not name.startswith(".") for name in os.listdir(folder))


@asynccontextmanager
async def open_workplace(
    out: Path, target_id: str, clock: Clock, *, wait: float, names: str = ""
) -> AsyncIterator[Workplace]:
    """Raises Locked, OutputError when the folder cannot be used, StorageError when the disk is full.

    *names* is the template of whoever means to send.
    """
    state = state_folder(out)
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o750)
        require_local(state)
        for name in ("results", "rejects", "runs"):
            (out / name).mkdir(exist_ok=True)
        handle = lock.open_lock(lock_file(out))
    except OSError as error:
        raise storage_trouble(out, error) from None
    async with lock.hold(handle, state, clock, wait=wait):
        try:
            shutil.rmtree(spill_folder(out), ignore_errors=True)
            spill_folder(out).mkdir(mode=0o700, exist_ok=True)
            _tidy(out / "runs")
            for place in (out / "rejects", out / "mended", out / "edited", state / "lists"):
                clear_unfinished(place)
            require_newest(ledger_file(out), out / "runs")
            was_used = any(_is_used(out / name) for name in ("results", "runs"))
        except OSError as error:
            raise storage_trouble(out, error) from None
        run = f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        ledger = SqliteLedger(ledger_file(out), target_id=target_id, run=run, clock=clock, may_begin=not was_used)
        try:
            if names:
                keep_names(ledger_file(out), names)
            yield Workplace(out=out, run=run, ledger=ledger)
        finally:
            ledger.close()

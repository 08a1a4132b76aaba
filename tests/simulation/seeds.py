"""One seed from its beginning to the checker's verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.simulation.checker import Checker
from tests.simulation.life import on_virtual_time
from tests.simulation.night import Night, Skew, true_time

_MEMORY = Path("/dev/shm")
"""Where files cost no disk. What a power cut does to a disk is the matter of other tests."""


@contextmanager
def memory_folder() -> Iterator[Path]:
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@contextmanager
def quietly() -> Iterator[None]:
    """No log line for each event: thousands of nights have millions."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    finally:
        structlog.reset_defaults()


def require_sound(night: Night) -> None:
    Checker(night).require_sound()


def carry_out(seed: int, *, skew: Skew = true_time, check: Callable[[Night], None] = require_sound) -> Night:
    """Raises what the checker found, with the command that shows it again. *check* may look at more, or otherwise."""
    with memory_folder() as folder, quietly():
        night = Night(seed=seed, root=folder / "night", skew=skew)
        try:
            on_virtual_time(night.carry_out(lambda: check(night)))
        except BaseException as error:
            error.add_note(f"{night.kind.name}. Replay: python -m tests.simulation {seed}")
            raise
    return night

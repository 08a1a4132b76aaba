"""One seed from its beginning to the oracle's verdict."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from tests.histories.history import History
from tests.simulation.seeds import memory_folder


def carry_out(seed: int) -> History:
    """Raises AssertionError with all that happened, and the command that shows it again."""
    with memory_folder() as folder, _quietly():
        history = History(seed=seed, root=folder)
        history.carry_out()
        broken = history.oracle.broken
        story = "\n".join([f"python -m tests.histories {seed}: {history.plan}", *history.told, *broken])
        assert not broken, story
    return history


@contextmanager
def _quietly() -> Iterator[None]:
    """What is wrong with rows is what most of a history is about."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.reset_defaults()

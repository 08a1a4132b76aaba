"""One command, put together as `run_batch` does it: with the real folders, ledger and lists, and a remote of ours."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import anyio
import anyio.lowlevel
import anyio.to_thread

from orchestrator.batch import Batch, Finished, Watcher
from orchestrator.config import Settings, target_id
from orchestrator.edges.suspects import Suspects
from orchestrator.edges.workplace import open_workplace, state_folder
from orchestrator.request import Request
from orchestrator.wiring import make_folder
from tests.histories.remote import Client, Remote


class Death(Exception):
    """The process is gone. An Exception, so that those who share a commit die together."""


@dataclass
class Life:
    """It passes a point before and after each journey to a thread, where all is read and written, and each upload."""

    ends_at: int | None = None
    points: int = 0

    def point(self) -> None:
        self.points += 1
        if self.is_over:
            raise Death

    @property
    def is_over(self) -> bool:
        return self.ends_at is not None and self.points >= self.ends_at


class Clock:
    """Nobody waits for it: whoever sleeps finds that the time has gone by."""

    def __init__(self) -> None:
        self._slept = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._slept)

    def monotonic(self) -> float:
        return anyio.current_time() + self._slept

    async def sleep(self, seconds: float) -> None:
        if seconds == math.inf:
            await anyio.sleep_forever()
        self._slept += seconds
        await anyio.lowlevel.checkpoint()


@dataclass
class NoHttp:
    counts: Counter[Any] = field(default_factory=Counter)


def carry_out(settings: Settings, remote: Remote, request: Request, life: Life) -> Finished | None:
    """None: it died."""
    with _living(life):
        try:
            return anyio.run(_carry_out, settings, remote, request, life)
        except BaseException as error:
            if life.is_over and _is_death(error):
                return None
            raise


async def _carry_out(settings: Settings, remote: Remote, request: Request, life: Life) -> Finished:
    clock, out = Clock(), settings.output.folder
    folder = make_folder(settings)
    async with open_workplace(out, target_id(settings), clock, wait=0.0, names=settings.target.name) as place:
        suspects = Suspects(state_folder(out), folder.content_stamp, pardoned=request.retry_failed)
        batch = Batch(
            settings=settings,
            request=request,
            clock=clock,
            folder=folder,
            place=place,
            http=NoHttp(),  # type: ignore[arg-type]  # what is asked of it is how often it was used
            target=Client(remote, clock, life.point),
            watcher=Watcher(),
            suspects=suspects,
        )
        with closing(suspects):
            return await batch.carry_out()


@contextmanager
def _living(life: Life) -> Iterator[None]:
    journey = anyio.to_thread.run_sync

    async def run_sync(work: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        life.point()
        result = await journey(work, *arguments, **more)
        life.point()
        return result

    with patch.object(anyio.to_thread, "run_sync", run_sync):
        yield


def _is_death(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_is_death(one) for one in error.exceptions)
    return isinstance(error, Death)

"""Calls that wait at the same moment travel to a thread together.

A hop to a thread costs more than the work of one small file, and a commit costs the same for one
transition as for a hundred. There is no queue worker: whoever comes first leads and carries everyone who
is waiting; when the work is done, the first of those who came meanwhile leads the next journey.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import cancel_shielded_checkpoint

from orchestrator.errors import OrchestratorError

T = TypeVar("T")
R = TypeVar("R")

Hop: TypeAlias = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs a function somewhere and waits for its end, whatever happens to the caller."""


async def in_thread(work: Callable[[], None]) -> None:
    await anyio.to_thread.run_sync(work)


async def in_own_thread(work: Callable[[], None]) -> None:
    """Beside the threads that all share: for what may not wait until one of them is free."""
    await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1))


async def inline(work: Callable[[], None]) -> None:
    """On the event loop itself: for simulations, where threads would hide the order of things."""
    work()


def each(act: Callable[[T], R], items: Sequence[T]) -> list[R | Exception]:
    """Work on the items one by one. What we say is wrong with one must not become that of those who travel with it."""
    return [_outcome(act, item) for item in items]


def _outcome(act: Callable[[T], R], item: T) -> R | Exception:
    try:
        return act(item)
    except OrchestratorError as error:
        return error


class _Call(Generic[T, R]):
    __slots__ = ("error", "item", "result", "settled", "woken")

    def __init__(self, item: T) -> None:
        self.item = item
        self.woken = anyio.Event()
        self.settled = False
        self.result: R
        self.error: BaseException | None = None


class Batcher(Generic[T, R]):
    """`work` gets 1 to `limit` items and gives back as many outcomes; an exception is an outcome."""

    def __init__(
        self, work: Callable[[Sequence[T]], Sequence[R | Exception]], *, limit: int, hop: Hop = in_thread
    ) -> None:
        self._work = work
        self._limit = limit
        self._hop = hop
        self._queue: deque[_Call[T, R]] = deque()
        self._led = False

    async def __call__(self, item: T) -> R:
        """A caller that is cancelled before its journey takes its item back; after that it is carried."""
        call: _Call[T, R] = _Call(item)
        self._queue.append(call)
        if self._led:
            try:
                await call.woken.wait()
            except BaseException:
                self._withdraw(call)
                raise
        if not call.settled:
            await self._lead()
        if call.error is not None:
            raise call.error
        return call.result

    async def _lead(self) -> None:
        self._led = True
        try:
            await cancel_shielded_checkpoint()  # let those who are ready at this very moment come along
            batch = [self._queue.popleft() for _ in range(min(self._limit, len(self._queue)))]
            await self._carry(batch)
        finally:
            self._pass_on()

    async def _carry(self, batch: Sequence[_Call[T, R]]) -> None:
        outcomes: list[R | Exception] = []

        def work() -> None:
            outcomes.extend(self._work([call.item for call in batch]))

        try:
            with anyio.CancelScope(shield=True):
                await self._hop(work)
        except Exception as error:
            outcomes[:] = [error] * len(batch)
            raise
        finally:
            for call, outcome in zip(batch, outcomes, strict=False):
                call.settled = True
                if isinstance(outcome, Exception):
                    call.error = outcome
                else:
                    call.result = outcome
                call.woken.set()

    def _pass_on(self) -> None:
        self._led = bool(self._queue)
        if self._queue:
            self._queue[0].woken.set()

    def _withdraw(self, call: _Call[T, R]) -> None:
        if call in self._queue:
            was_next = call is self._queue[0] and call.woken.is_set()
            self._queue.remove(call)
            if was_next:
                self._pass_on()

"""Requests that are kept waiting, so that somebody can do something to the client meanwhile."""

from __future__ import annotations

import anyio


class Holds:
    """Who is waiting. After `close` nobody is kept, and `closed` says that the wait was cut short."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str | None, anyio.Event]] = []
        self._arrived = anyio.Event()
        self.closed = False

    @property
    def names(self) -> tuple[str | None, ...]:
        """The Names of the requests on hold, in the order of arrival; None where there is no Name."""
        return tuple(name for name, _ in self._waiting)

    async def wait(self, name: str | None, seconds: float) -> None:
        """Keep the caller until it is released or the seconds are over."""
        if self.closed:
            return
        entry = name, anyio.Event()
        self._waiting.append(entry)
        self._arrived.set()
        try:
            with anyio.move_on_after(seconds):
                await entry[1].wait()
        finally:
            self._waiting.remove(entry)

    async def until(self, count: int) -> None:
        """Return as soon as *count* requests are on hold at the same time."""
        while len(self._waiting) < count:
            self._arrived = anyio.Event()
            await self._arrived.wait()

    def release(self, name: str | None = None) -> None:
        """Let the requests for this Name go on, or without one all of them."""
        for waiting, released in self._waiting:
            if name is None or waiting == name:
                released.set()

    def close(self) -> None:
        self.closed = True
        self.release()

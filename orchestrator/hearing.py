"""Is there anybody at all who understands what is read? One answer of a run is enough to know that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from orchestrator.errors import Garbled, Misdirected, Nowhere
from orchestrator.ports import Clock


class Hearing:
    """At a wrong address of a status every job would wait out its patience, or end in doubt, one by one.

    So when for a while all reads of a run were answered by something else the run ends, and its jobs wait.
    """

    ANSWERS = 3
    SECONDS = 60.0
    """A remote may need that long to know its own tokens everywhere, and a gateway to come to itself."""

    def __init__(self) -> None:
        self._is_heard = False
        self._answers = 0
        self._first = 0.0

    def understood(self) -> None:
        self._is_heard = True

    def not_understood(self, error: Garbled | Nowhere, now: float) -> None:
        """Raises Misdirected when it has gone on for too long, and nothing was ever understood."""
        self._first = self._first if self._answers else now
        self._answers += 1
        if not self._is_heard and self._answers >= self.ANSWERS and now - self._first > self.SECONDS:
            told = f"{self._answers} reads got no answer that can be understood, and no other did, so the run stops"
            raise Misdirected(f"{told}. The last: {error}. Is target.base_url the API?")

    def over(self, probe: Callable[[], Awaitable[None]], clock: Clock) -> Callable[[], Awaitable[None]]:
        """*probe*, listened to: one that comes back well proves no more than that somebody is there."""

        async def probed() -> None:
            try:
                await probe()
            except Garbled as error:
                self.not_understood(error, clock.monotonic())
                raise

        return probed

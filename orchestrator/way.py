"""The way to the target: its gate with somebody at it, who sleeps, asks first, and gives up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import anyio

from orchestrator.errors import Denied, LeftAlone, Misdirected, TargetError, Unreachable
from orchestrator.flow import Gate, Work
from orchestrator.flow.gate import PATIENCE
from orchestrator.ports import Clock


class Way:
    """The target's gate with somebody at it: after a pause of the breaker one of those who wait asks first."""

    def __init__(
        self,
        gate: Gate,
        probe: Callable[[], Awaitable[None]],
        clock: Clock,
        work: Work = Work.READING,
        probing: anyio.Lock | None = None,
    ) -> None:
        """*probe* is a read that changes nothing, and raises NotSent or Unclear while the remote is not well."""
        self._gate = gate
        self._probe = probe
        self._clock = clock
        self._work = work
        self._probing = probing or anyio.Lock()
        self._last = ""

    def of_uploads(self) -> Way:
        """Through the same gate, with an account of its own of what fails."""
        return Way(self._gate, self._probe, self._clock, Work.SENDING, self._probing)

    @property
    def is_open(self) -> bool:
        return not self._gate.is_half_open and self._gate.closed_for(self._clock.monotonic()) == 0

    def may_go(self) -> bool:
        """Whether nobody has asked for a wait since a request was let through; a probe passes while it is half open."""
        return self._gate.closed_for(self._clock.monotonic()) == 0

    async def turn(self) -> None:
        """Wait for one's own turn, where the number of requests a second is limited, and after a hold."""
        if (seconds := self._gate.reserve(self._clock.monotonic())) > 0:
            await self._clock.sleep(seconds)

    async def open(self) -> None:
        """Wait until requests may go out. Raises Unreachable when the remote does not want any for too long."""
        while not self.is_open:
            self._require_short_wait()
            if (wait := self._gate.closed_for(self._clock.monotonic())) > 0:
                await self._clock.sleep(wait)
            else:
                await self._ask_first()

    def succeeded(self) -> None:
        self._gate.succeeded(self._work)

    def relieved(self) -> None:
        """What failed so far had a reason that is gone."""
        self._gate.relieved(self._work)

    def failed(self, error: TargetError) -> None:
        """When the remote says how long to stay away, everybody stays away.

        Raises Unreachable where a reader would sleep for longer than a run waits. An upload has to be noted
        first; whoever wants to send next meets the closed gate. What we kept back ourselves did not fail.
        """
        if isinstance(error, LeftAlone):
            return
        now = self._clock.monotonic()
        self._last = str(error)
        if error.retry_after:
            self._gate.hold(now, error.retry_after)
        self._gate.failed(now, self._work, reached=not isinstance(error, Unreachable))
        if self._work is Work.READING:
            self._require_short_wait()

    def is_hopeless(self, tries: int) -> bool:
        """Whether nobody gets through, after *tries* of one request."""
        return self._gate.is_hopeless(self._work, tries)

    def require_hope(self) -> None:
        """Raises Unreachable when nobody has got through for too long."""
        if self.is_hopeless(tries=0):
            raise self._given_up("upload" if self._work is Work.SENDING else "read")

    def _given_up(self, what: str) -> Unreachable:
        return Unreachable(
            f"no {what} got through for more than {PATIENCE / 60:.0f} minutes: run the same command again later. "
            f"The last: {self._last}"
        )

    def _require_short_wait(self) -> None:
        now = self._clock.monotonic()
        if self._gate.is_closed_too_long(now):
            until = self._clock.now() + timedelta(seconds=self._gate.closed_for(now))
            raise Unreachable(
                f"the remote wants to be left alone until {until:%Y-%m-%d %H:%M} UTC (Retry-After), which is longer "
                "than a run waits: run the same command again after that"
            )

    async def _ask_first(self) -> None:
        async with self._probing:
            if not self._gate.is_half_open or self._gate.closed_for(self._clock.monotonic()) > 0:
                return  # somebody else asked meanwhile
            try:
                await self._probe()
            except LeftAlone:
                return  # it was not asked; whoever waits finds the way closed
            except (Denied, Misdirected):
                raise
            except TargetError as error:
                self._last = str(error)
                if error.retry_after:
                    self._gate.hold(self._clock.monotonic(), error.retry_after)
                self._gate.probed(self._clock.monotonic(), well=False)
                if self._gate.is_hopeless(Work.READING, tries=0):
                    raise self._given_up("read") from None
            else:
                self._gate.probed(self._clock.monotonic(), well=True)

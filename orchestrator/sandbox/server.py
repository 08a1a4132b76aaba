"""The sandbox as a running server, in this process or as a process of its own."""

from __future__ import annotations

import ipaddress
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import anyio
from aiohttp import web

from orchestrator.sandbox.apis import APIS
from orchestrator.sandbox.credentials import TRIAL_API_KEY, TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET, TRIAL_SESSION_ID
from orchestrator.sandbox.endgrate import Endgrate, Provider, Transfer
from orchestrator.sandbox.exchange import Exchange
from orchestrator.sandbox.faults import Faults
from orchestrator.sandbox.holds import Holds
from orchestrator.sandbox.platform import Dataset, Platform
from orchestrator.sandbox.profile import PROFILES, Profile
from orchestrator.sandbox.record import Record
from orchestrator.sandbox.tao import Import, Portal, Tao
from orchestrator.sandbox.traffic import Traffic

A = TypeVar("A")

_CALM = PROFILES["calm"]
_PATIENCE = 1.0  # seconds for which requests under way may go on when the sandbox ends


class Sandbox:
    """A sandbox that is listening: where it is, what opens it, and what it has seen."""

    client_id = TRIAL_CLIENT_ID
    client_secret = TRIAL_CLIENT_SECRET
    api_key = TRIAL_API_KEY
    session_id = TRIAL_SESSION_ID

    def __init__(self, exchange: Exchange, host: str, port: int) -> None:
        self._exchange = exchange
        self.port = port
        self.base_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self.addresses = exchange.api.addresses(self.base_url)
        """What a client of this API has to be told beside the base URL."""
        self.token_url = str(self.addresses.get("token_url", ""))
        """Empty where the API issues no tokens."""

    @property
    def record(self) -> Record:
        return self._exchange.record

    @property
    def most_at_once(self) -> Mapping[str, int]:
        """The most requests that were under way at once: of the kinds `token`, `upload`, `read` and `other`."""
        return self._exchange.traffic.most

    @property
    def datasets(self) -> dict[str, Dataset]:
        """What stands under each Name of the Platform now."""
        return dict(self._api(Platform).world.by_name)

    @property
    def portal(self) -> Portal:
        """What stands in TAO's Portal now."""
        return self._api(Tao).imports.portal

    @property
    def imports(self) -> list[Import]:
        """The files that TAO has taken in, in the order of their coming."""
        return self._api(Tao).imports.all

    @property
    def transfers(self) -> list[Transfer]:
        """The transfers that Endgrate knows of, in the order of their coming."""
        return self._api(Endgrate).transfers.all

    @property
    def provider(self) -> Provider:
        """What stands at the provider behind Endgrate now."""
        return self._api(Endgrate).transfers.provider

    @property
    def held(self) -> tuple[str | None, ...]:
        """The Names of the requests that a `hold_…` fault keeps waiting."""
        return self._exchange.holds.names

    async def until_held(self, count: int = 1) -> None:
        """Return as soon as *count* requests are kept waiting at the same time."""
        await self._exchange.holds.until(count)

    def release(self, name: str | None = None) -> None:
        """Let go on what is kept waiting for this Name, or without one all of it."""
        self._exchange.holds.release(name)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The bearer tokens that it issued and that may still be live."""
        return self._exchange.api.tokens()

    def expire_tokens(self) -> None:
        """Make every bearer token that was issued so far void."""
        self._exchange.api.revoke_all()

    def _api(self, kind: type[A]) -> A:
        if not isinstance(self._exchange.api, kind):
            raise TypeError(f"this sandbox is no {kind.__name__}")
        return self._exchange.api


@asynccontextmanager
async def serve(
    profile: Profile = _CALM,
    api: str = "platform",
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    log: Path | None = None,
    seed: int = 1,
    keep: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
) -> AsyncIterator[Sandbox]:
    """Be the remote called *api* (of `APIS`), on loopback until the block ends; port 0 is any free one.

    Job times, latencies, tokens and chance faults each follow from *seed*. The last *keep* entries of the
    record stay in memory (None: all). *clock* drives jobs and token expiry, *sleep* latency and trickling.
    """
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"the sandbox listens on loopback only, not on {host}")
    spoken = APIS[api].make(profile, clock, seed)
    chances = [chance for chance in profile.chances if chance.fault.kind not in spoken.unlikely]
    record = Record(log, keep)
    holds = Holds()
    exchange = Exchange(
        profile=profile,
        api=spoken,
        faults=Faults(profile.script, chances, seed),
        holds=holds,
        record=record,
        traffic=Traffic(),
        sleep=sleep,
        rng=random.Random(f"{seed}/latency"),
    )
    runner = web.ServerRunner(web.Server(exchange.handle, access_log=None), shutdown_timeout=_PATIENCE)
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port, backlog=1024).start()
        yield Sandbox(exchange, host, runner.addresses[0][1])
    finally:
        holds.close()
        with anyio.CancelScope(shield=True):
            await runner.cleanup()
        record.close()


def announce(sandbox: Sandbox) -> dict[str, object]:
    """What somebody who started the sandbox as a process needs to know. Holds no secret."""
    return _addresses(sandbox)


def _addresses(sandbox: Sandbox) -> dict[str, object]:
    return {
        "base_url": sandbox.base_url,
        **sandbox.addresses,
        "port": sandbox.port,
        "pid": os.getpid(),
    }


async def run_forever(
    profile: Profile,
    port: int = 0,
    log: Path | None = None,
    seed: int = 1,
    announce: Callable[[dict[str, object]], object] = lambda _: None,
    api: str = "platform",
) -> None:
    """Serve until SIGTERM or SIGINT; the caller's *announce* is told the addresses when they answer."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with serve(profile, api, port=port, log=log, seed=seed, keep=0) as sandbox:
            announce(_addresses(sandbox))
            async for _ in signals:
                break

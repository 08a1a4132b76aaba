"""Clients of such remotes, as the pipeline sees them. They differ in what `recall` can find out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.model import Accepted, Completed, Failed, Job, Result, Token
from orchestrator.ports import Body, Clock, Ended, Fetched, Held, Release, Running, Trace
from tests.remotes.line import Call, Line, Trouble
from tests.remotes.remote import Remote, Request

T = TypeVar("T")


@dataclass(kw_only=True)
class Client:
    remote: Remote
    line: Line
    clock: Clock
    id: str = "stand-in"
    looks_up: bool = False

    async def sign_in(self) -> None:
        await self._exchange(Call.SIGN_IN, None, lambda: None)

    async def probe(self) -> None:
        await self.sign_in()

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        return False

    async def submit(
        self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None
    ) -> Accepted | Completed:
        request = Request(
            key=job.key,
            version=job.version,
            attempt=job.attempts,
            name=job.name,
            digest=digest_of(body),
            overwrite=overwrite,
        )
        with self.line.exchange(Call.SUBMIT, (job.key, job.version, job.attempts)) as (fault, one):
            try:
                await self._pass(fault.before)
            except BaseException:  # the client is gone, and what it sent may be on its way all the same
                if fault.arrives is not None:
                    self.remote.take_later(request, fault.arrives)
                raise
            if fault.trouble is Trouble.LATE:
                self.remote.take_later(request, fault.arrives or 0.0)
            fault.stop_before()
            token = self.remote.take(request)
            await self._pass(fault.after)
            fault.stop_after()
            one.token = token
            return Accepted(token, self.clock.now().timestamp())

    async def recall(self, job: Job) -> Accepted | Completed | Trace:
        raise NotImplementedError

    async def check(self, token: Token) -> Running | Ended:
        return await self._exchange(Call.CHECK, token, lambda: self.remote.status(token))

    async def fetch(self, token: Token, key: str) -> Fetched:
        body = await self._exchange(Call.FETCH, token, lambda: self.remote.result(token, key))
        digest = hashlib.sha256(body).hexdigest()
        return Fetched(key=key, content_type="text/plain", body=body, size=len(body), sha256=digest)

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        if ended.success:
            return Completed(tuple(results))
        return Failed("the remote refuses it", tuple(results))

    async def _pass(self, seconds: float) -> None:
        if seconds:
            await self.clock.sleep(seconds)

    async def _exchange(self, call: Call, about: object, act: Callable[[], T]) -> T:
        with self.line.exchange(call, about) as (fault, _):
            await self._pass(fault.before)
            fault.stop_before()
            answer = act()
            await self._pass(fault.after)
            fault.stop_after()
            return answer


@dataclass(kw_only=True)
class Replacing(Client):
    """Class A: replaces by Name with Overwrite. A Name that is not known to be ours is never replaced."""

    sole_writer: bool = False

    async def recall(self, job: Job) -> Trace:
        if self.sole_writer or job.replaces or job.overwrote:
            return Trace.REPLACEABLE
        return Trace.UNKNOWN


@dataclass(kw_only=True)
class Keyed(Client):
    """Class C with an idempotency key for each job: sending again gives the first answer again."""

    async def recall(self, job: Job) -> Accepted | Trace:
        if self.looks_up:
            token = await self._exchange(Call.RECALL, job.key, lambda: self.remote.find(job.key, job.version, 0))
            if token is not None:
                return Accepted(token, self.clock.now().timestamp())
        return Trace.REPLACEABLE


@dataclass(kw_only=True)
class Keyless(Client):
    """Class B, and C without a key: a second request is a second import. Nobody can tell after a lost answer."""

    async def recall(self, job: Job) -> Accepted | Trace:
        return Trace.UNKNOWN


@dataclass(kw_only=True)
class Listed(Client):
    """As Keyless, but the remote lists its jobs, and what it does not list does not come through afterwards."""

    looks_up: bool = True

    async def recall(self, job: Job) -> Accepted | Trace:
        found = await self._exchange(Call.RECALL, job.key, lambda: self.remote.find(job.key, job.version, job.attempts))
        return Trace.ABSENT if found is None else Accepted(found, self.clock.now().timestamp())


def digest_of(body: Body) -> str:
    """Of the data as they were sent."""
    assert isinstance(body.data, Held)
    return hashlib.sha256(body.data.text.encode()).hexdigest()

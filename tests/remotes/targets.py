"""Clients of such remotes, as the pipeline sees them. They differ in what `recall` can find out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.edges.body import Hold, releasing
from orchestrator.errors import LeftAlone
from orchestrator.model import Accepted, Completed, Failed, Job, Result, Token
from orchestrator.ports import Body, Clock, Ended, Fetched, Held, MayGo, Release, Running, Trace
from tests.remotes.line import Call, Exchange, Line, Part, Trouble
from tests.remotes.remote import Remote, Request

T = TypeVar("T")


@dataclass(kw_only=True)
class Client:
    remote: Remote
    line: Line
    clock: Clock
    id: str = "stand-in"
    looks_up: bool = False
    holds: bool = False
    """The last bytes of what is large are held back where a repeat would do harm."""
    may_go: MayGo = lambda: True

    def heed(self, may_go: MayGo) -> None:
        self.may_go = may_go

    async def sign_in(self) -> None:
        await self._exchange_now(Call.SIGN_IN, None, lambda: None)

    async def probe(self) -> None:
        await self._exchange(Call.PROBE, None, lambda: None)

    def finds_again(self, job: Job) -> bool:
        return False

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        return self.holds and not self._replaces(job, overwrite=overwrite) and is_large(body)

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
        await self._have_bearer()
        with self.line.exchange(Call.SUBMIT, (job.key, job.version, job.attempts)) as one:
            if release is None:
                one.token = await self._send(one, request)
            else:
                one.is_held, hold = True, Hold()
                one.token = await releasing(hold, release, lambda: self._send_in_two(one, request, hold))
            return Accepted(one.token, self.clock.now().timestamp())

    async def recall(self, job: Job) -> Accepted | Completed | Trace:
        raise NotImplementedError

    async def check(self, token: Token) -> Running | Ended:
        return await self._exchange(Call.CHECK, token, lambda: self.remote.status(token))

    def has_forgotten(self, job: Job) -> bool:
        return False

    async def recollect(self, job: Job, body: Body) -> None:
        """Rows are named by their numbers."""

    async def fetch(self, token: Token, key: str) -> Fetched:
        body = await self._exchange(Call.FETCH, token, lambda: self.remote.result(token, key))
        digest = hashlib.sha256(body).hexdigest()
        return Fetched(key=key, content_type="text/plain", body=body, size=len(body), sha256=digest)

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        if ended.success:
            return Completed(tuple(results))
        return Failed("the remote refuses it", tuple(results))

    def _replaces(self, job: Job, *, overwrite: bool) -> bool:
        """Sending it twice has the effect of sending it once."""
        return False

    async def _send_in_two(self, one: Exchange, request: Request, hold: Hold) -> Token:
        """Whoever is cut off before the last bytes has sent nothing that a remote may take for the whole."""
        fault = one.fault
        await self._pass(fault.before)
        if fault.part is Part.HEAD:
            self._break_off(one)
        hold.drained.set()
        if fault.part is Part.RECORD:
            await self._pass(fault.record)
            self._break_off(one)
        await hold.released.wait()
        self.line.tail(one.about)
        return await self._send(one, request)

    def _break_off(self, one: Exchange) -> None:
        one.stop_before()
        one.stop_after()

    async def _send(self, one: Exchange, request: Request) -> Token:
        fault = one.fault
        try:
            await self._pass(fault.before)
        except BaseException:  # the client is gone, and what it sent may be on its way all the same
            if fault.arrives is not None:
                self.remote.take_later(request, fault.arrives)
            raise
        if fault.trouble is Trouble.LATE:
            self.remote.take_later(request, fault.arrives or 0.0)
        one.stop_before()
        token = self.remote.take(request)
        await self._pass(fault.after)
        one.stop_after()
        return token

    async def _pass(self, seconds: float) -> None:
        if seconds:
            await self.clock.sleep(seconds)

    async def _have_bearer(self) -> None:
        """It may have run out since it was signed in, and to have a new one takes its time."""
        await self._pass(self.line.renewal())
        if not self.may_go():
            raise LeftAlone("the remote wants to be left alone")

    async def _exchange(self, call: Call, about: object, act: Callable[[], T]) -> T:
        await self._have_bearer()
        return await self._exchange_now(call, about, act)

    async def _exchange_now(self, call: Call, about: object, act: Callable[[], T]) -> T:
        with self.line.exchange(call, about) as one:
            await self._pass(one.fault.before)
            one.stop_before()
            answer = act()
            await self._pass(one.fault.after)
            one.stop_after()
            return answer


@dataclass(kw_only=True)
class Replacing(Client):
    """Class A: replaces by Name with Overwrite. A Name that is not known to be ours is never replaced."""

    sole_writer: bool = False

    def finds_again(self, job: Job) -> bool:
        return True

    async def recall(self, job: Job) -> Trace:
        return Trace.REPEATABLE if self._replaces(job, overwrite=job.overwrote) else Trace.UNKNOWN

    def _replaces(self, job: Job, *, overwrite: bool) -> bool:
        return overwrite or self.sole_writer or job.replaces


@dataclass(kw_only=True)
class Keyed(Client):
    """Class C with an idempotency key for each job: sending again gives the first answer again."""

    async def recall(self, job: Job) -> Accepted | Trace:
        if self.looks_up:
            token = await self._exchange(Call.RECALL, job.key, lambda: self.remote.find(job.key, job.version, 0))
            if token is not None:
                return Accepted(token, self.clock.now().timestamp())
        return Trace.REPEATABLE


@dataclass(kw_only=True)
class Keyless(Client):
    """Class B, and C without a key: a second request is a second import. Nobody can tell after a lost answer.

    The policy of its owner is to leave it to a person, or that two copies are better than none.
    """

    resends: bool = False

    async def recall(self, job: Job) -> Accepted | Trace:
        return Trace.REPEATABLE if self.resends else Trace.UNKNOWN


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


def is_large(body: Body) -> bool:
    """Three in four are, so to speak."""
    return digest_of(body) >= "4"

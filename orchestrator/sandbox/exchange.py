"""One HTTP request from arrival to answer: latency, faults, the work, the record, and only then the wire.

The same door for every API: what differs between them is behind `Api`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from orchestrator.sandbox import wire
from orchestrator.sandbox.answer import Answer, Drop
from orchestrator.sandbox.api import Api, Ask, Effect, Head, Route
from orchestrator.sandbox.faults import Endpoint, Fault, Faults, instead, spoil
from orchestrator.sandbox.holds import Holds
from orchestrator.sandbox.profile import Profile
from orchestrator.sandbox.record import Record
from orchestrator.sandbox.traffic import Traffic

_TRAFFIC: dict[Endpoint, str] = {
    "token": "token",
    "upload": "upload",
    "poll": "read",
    "result": "read",
    "other": "other",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Everything that a request meets on its way. `handle` is the whole HTTP surface of the sandbox."""

    profile: Profile
    api: Api
    faults: Faults
    holds: Holds
    record: Record
    traffic: Traffic
    sleep: Callable[[float], Awaitable[object]]
    rng: random.Random

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        route = self.api.route(request.method, path)
        kind = "other" if isinstance(route, Answer) else _TRAFFIC[route.endpoint]
        with self.traffic.passing(request, kind):
            least, most = self.profile.latency
            if most:
                await self.sleep(self.rng.uniform(least, most))
            if isinstance(route, Answer):
                self.record.add("other", path=path, status=route.status)
                return wire.response(route)
            head = Head(method=request.method, path=path, query=query, headers=request.headers)
            return await self._enter(request, head, route)

    async def _enter(self, request: web.BaseRequest, head: Head, route: Route) -> web.StreamResponse:
        """Up to the point at which it is clear what is asked."""
        if route.endpoint == "upload" and (fault := self.faults.arrival("upload")):
            self._note(head, route, Drop(), fault=fault)
            return wire.hang_up(request, Drop())
        if refused := route.refuse(head):
            self._note(head, route, refused)
            return wire.response(refused)
        body = await wire.read(request, route.limit)
        if body is None:
            self._note(head, route, Drop(), incomplete=True)
            return wire.hang_up(request, Drop())
        ask = route.understand(head, body)
        if isinstance(ask, Answer):
            self._note(head, route, ask)
            return wire.response(ask)
        return await self._serve(request, head, route, ask)

    async def _serve(self, request: web.BaseRequest, head: Head, route: Route, ask: Ask) -> web.StreamResponse:
        fault = self.faults.strike(ask.endpoint, ask.name)
        answer = await self._early(fault, ask, head)
        effect = None
        if answer is None:
            effect = ask.act(None if fault is None else fault.kind)
            answer = spoil(fault, effect.answer, self.api.trouble)
        self._note(head, route, answer, ask=ask, effect=effect, fault=fault)
        if effect is not None and effect.wait:
            await self.sleep(effect.wait)
        return await self._late(request, answer, fault, ask)

    def _note(
        self,
        head: Head,
        route: Route,
        answer: Answer | Drop,
        *,
        ask: Ask | None = None,
        effect: Effect | None = None,
        fault: Fault | None = None,
        incomplete: bool = False,
    ) -> None:
        endpoint = ask.endpoint if ask else route.endpoint
        detail = dict(ask.detail if ask else route.blank)
        if endpoint == "upload":
            detail["outcome"] = "incomplete" if incomplete else _outcome(answer, effect)
            detail["applied"] = effect is not None and effect.applied
        elif endpoint == "other":
            detail["path"] = head.path
        if effect is not None:
            detail |= effect.detail
            detail["note"] = effect.answer.note
        elif isinstance(answer, Drop):
            detail["note"] = "incomplete" if incomplete else None
        else:
            detail["note"] = answer.note
        status = None if isinstance(answer, Drop) else answer.status
        self.record.add(endpoint, fault=None if fault is None else fault.kind, status=status, **detail)

    async def _early(self, fault: Fault | None, ask: Ask, head: Head) -> Answer | Drop | None:
        """What a fault does before the work; None if the work is to be done."""
        if fault is None:
            return None
        if fault.kind == "revoke":
            self.api.revoke(head.authorization)
        if fault.kind == "hold_before":
            await self._hold(fault, ask)
            # A sandbox that ends meanwhile has not taken what it kept waiting.
            return Drop() if self.holds.closed else None
        return instead(fault, time.time(), self.api.trouble)

    async def _late(
        self, request: web.BaseRequest, answer: Answer | Drop, fault: Fault | None, ask: Ask
    ) -> web.StreamResponse:
        """Send the answer, in the way in which the fault spoils the sending."""
        if isinstance(answer, Drop):
            return wire.hang_up(request, answer)
        if fault is not None:
            match fault.kind:
                case "hold_after":
                    await self._hold(fault, ask)
                case "truncated":
                    return await wire.truncate(request, answer)
                case "trickle":
                    return await wire.trickle(request, answer, fault.seconds, self.sleep)
        return wire.response(answer)

    async def _hold(self, fault: Fault, ask: Ask) -> None:
        self.record.add("held", fault=fault.kind, endpoint=ask.endpoint, name=ask.name)
        await self.holds.wait(ask.name, fault.seconds)


def _outcome(answer: Answer | Drop, effect: Effect | None) -> str:
    dropped = isinstance(answer, Drop)
    if effect is None:
        return "dropped_before" if dropped else "refused"
    if not effect.taken:
        return "refused"
    if not effect.applied:
        return "conflict"
    return "dropped_after" if dropped else "accepted"

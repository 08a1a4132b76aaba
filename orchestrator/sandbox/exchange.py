"""One HTTP request from arrival to answer: latency, faults, the work, the record, and only then the wire."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE

from orchestrator.sandbox import wire
from orchestrator.sandbox.answer import Answer, Drop, as_text, refusal
from orchestrator.sandbox.faults import Endpoint, Fault, Faults, instead, spoil
from orchestrator.sandbox.holds import Holds
from orchestrator.sandbox.identity import Identity
from orchestrator.sandbox.platform import Effect, Platform
from orchestrator.sandbox.profile import Profile
from orchestrator.sandbox.record import Record
from orchestrator.sandbox.submission import Refusal, Submission, parse, refuse_headers
from orchestrator.sandbox.traffic import Traffic

TOKEN_PATH = "/connect/token"  # noqa: S105  # a path, not a password
UPLOAD_PATH = "/api/UploadData"
RESULTS_PATH = "/api/GetResults"

_KINDS = {TOKEN_PATH: "token", UPLOAD_PATH: "upload", RESULTS_PATH: "read"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Everything that a request meets on its way. `handle` is the whole HTTP surface of the sandbox."""

    profile: Profile
    identity: Identity
    platform: Platform
    faults: Faults
    holds: Holds
    record: Record
    traffic: Traffic
    sleep: Callable[[float], Awaitable[object]]
    rng: random.Random

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        with self.traffic.passing(request, _KINDS.get(path, "other")):
            return await self._handle(request, path, query)

    async def _handle(self, request: web.BaseRequest, path: str, query: str) -> web.StreamResponse:
        least, most = self.profile.latency
        if most:
            await self.sleep(self.rng.uniform(least, most))
        if path == RESULTS_PATH and request.method == "GET":
            return await self._results(request, query)
        if path == UPLOAD_PATH and request.method == "POST":
            return await self._upload(request)
        if path == TOKEN_PATH:
            return await self._token(request)
        if path in {RESULTS_PATH, UPLOAD_PATH}:
            allowed = "GET" if path == RESULTS_PATH else "POST"
            answer = refusal(405, "Method not allowed", headers=(("Allow", allowed),))
        else:
            answer = refusal(404, "Not found")
        self.record.add("other", path=path, status=answer.status)
        return wire.response(answer)

    async def _token(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await wire.read(request, None)
        if body is None:
            self.record.add("token", status=None, note="incomplete")
            return wire.hang_up(request, Drop())
        fault = self.faults.strike("token")
        answer = await self._early(fault, "token", None, None)
        note = ""
        if answer is None:
            authorization, content_type = _headers(request)
            granted = self.identity.grant(request.method, content_type, authorization, body)
            answer, note = spoil(fault, granted), granted.note
        self.record.add("token", fault=_kind(fault), status=_status(answer), note=note)
        return await self._late(request, answer, fault, "token", None)

    async def _results(self, request: web.BaseRequest, query: str) -> web.StreamResponse:
        authorization = request.headers.get(AUTHORIZATION)
        asked = self.identity.refuse(authorization) or self.platform.understand(query)
        if isinstance(asked, Answer):
            # Which of the two endpoints was meant is not worth guessing from a query that is not in order.
            self.record.add("result", token=None, status=asked.status, data_key=None)
            return wire.response(asked)
        job, data_key = asked.job, asked.data_key
        endpoint: Endpoint = "poll" if data_key == "status" else "result"
        fault = self.faults.strike(endpoint, job.name)
        answer = await self._early(fault, endpoint, job.name, authorization)
        state = None
        if answer is None and endpoint == "poll":
            unknown = _kind(fault) == "unknown_status"
            state = self.profile.unknown_word if unknown else self.platform.state(job)
            answer = spoil(fault, as_text(state, quoted=self.profile.quoted))
        elif answer is None:
            answer = spoil(fault, self.platform.reply(asked))
        detail = {"state": state} if endpoint == "poll" else {"data_key": data_key}
        self.record.add(endpoint, fault=_kind(fault), token=job.token, status=_status(answer), **detail)
        return await self._late(request, answer, fault, endpoint, job.name)

    async def _upload(self, request: web.BaseRequest) -> web.StreamResponse:
        if fault := self.faults.arrival("upload"):
            self._note_upload(Drop(), "dropped_before", fault)
            return wire.hang_up(request, Drop())
        authorization, content_type = _headers(request)
        length = request.headers.get(CONTENT_LENGTH)
        refused = self.identity.refuse(authorization) or refuse_headers(content_type, length, self.profile)
        if refused is not None:
            self._note_upload(refused, "refused")
            return wire.response(refused)
        body = await wire.read(request, self.profile.max_body)
        if body is None:
            self._note_upload(Drop(), "incomplete")
            return wire.hang_up(request, Drop())
        parsed = parse(body, self.profile)
        fault = self.faults.strike("upload", parsed.name)
        answer = await self._early(fault, "upload", parsed.name, authorization)
        if answer is not None:
            outcome = "dropped_before" if isinstance(answer, Drop) else "refused"
            self._note_upload(answer, outcome, fault, parsed)
        elif isinstance(parsed, Refusal):
            answer = spoil(fault, parsed.answer)
            self._note_upload(answer, "refused", fault, parsed, note=parsed.answer.note)
        else:
            answer = self._accept(parsed, fault)
        return await self._late(request, answer, fault, "upload", parsed.name)

    def _accept(self, submission: Submission, fault: Fault | None) -> Answer | Drop:
        kind = _kind(fault)
        effect = self.platform.accept(submission, stuck=kind == "stuck", fails=kind == "fail")
        answer = spoil(fault, effect.answer)
        if effect.token is None:
            outcome = "refused"
        elif not effect.applied:
            outcome = "conflict"
        else:
            outcome = "dropped_after" if isinstance(answer, Drop) else "accepted"
        self._note_upload(answer, outcome, fault, submission, effect, note=effect.answer.note)
        return answer

    def _note_upload(
        self,
        answer: Answer | Drop,
        outcome: str,
        fault: Fault | None = None,
        parsed: Submission | Refusal | None = None,
        effect: Effect | None = None,
        note: str | None = None,
    ) -> None:
        submission = parsed if isinstance(parsed, Submission) else None
        self.record.add(
            "upload",
            fault=_kind(fault),
            name=parsed.name if parsed else None,
            overwrite=submission.overwrite if submission else None,
            data_sha256=submission.data_sha256 if submission else None,
            events_sha256=submission.events_sha256 if submission else None,
            data_rows=submission.data_rows if submission else None,
            token=effect.token if effect else None,
            status=_status(answer),
            outcome=outcome,
            applied=effect is not None and effect.applied,
            replaced=effect is not None and effect.replaced,
            note=note if note is not None or isinstance(answer, Drop) else answer.note,
        )

    async def _early(
        self, fault: Fault | None, endpoint: Endpoint, name: str | None, authorization: str | None
    ) -> Answer | Drop | None:
        """What a fault does before the work; None if the work is to be done."""
        if fault is None:
            return None
        if fault.kind == "revoke":
            self.identity.revoke(authorization)
        if fault.kind == "hold_before":
            await self._hold(fault, endpoint, name)
            # A sandbox that ends meanwhile has not taken what it kept waiting.
            return Drop() if self.holds.closed else None
        return instead(fault, time.time())

    async def _late(
        self,
        request: web.BaseRequest,
        answer: Answer | Drop,
        fault: Fault | None,
        endpoint: Endpoint,
        name: str | None,
    ) -> web.StreamResponse:
        """Send the answer, in the way in which the fault spoils the sending."""
        if isinstance(answer, Drop):
            return wire.hang_up(request, answer)
        if fault is not None:
            match fault.kind:
                case "hold_after":
                    await self._hold(fault, endpoint, name)
                case "truncated":
                    return await wire.truncate(request, answer)
                case "trickle":
                    return await wire.trickle(request, answer, fault.seconds, self.sleep)
        return wire.response(answer)

    async def _hold(self, fault: Fault, endpoint: Endpoint, name: str | None) -> None:
        self.record.add("held", fault=fault.kind, endpoint=endpoint, name=name)
        await self.holds.wait(name, fault.seconds)


def _headers(request: web.BaseRequest) -> tuple[str | None, str]:
    return request.headers.get(AUTHORIZATION), request.headers.get(CONTENT_TYPE, "")


def _kind(fault: Fault | None) -> str | None:
    return None if fault is None else fault.kind


def _status(answer: Answer | Drop) -> int | None:
    return None if isinstance(answer, Drop) else answer.status

"""The paths of the Platform, and what a request to each of them is about."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Literal

from aiohttp.hdrs import CONTENT_LENGTH, CONTENT_TYPE

from orchestrator.sandbox.answer import Answer, as_text, refusal
from orchestrator.sandbox.api import Ask, Effect, Head, Route
from orchestrator.sandbox.credentials import TRIAL_CLIENT_ID
from orchestrator.sandbox.faults import Kind
from orchestrator.sandbox.platform.datasets import Datasets, Question
from orchestrator.sandbox.platform.identity import Identity
from orchestrator.sandbox.platform.submission import Refusal, Submission, parse, refuse_headers
from orchestrator.sandbox.profile import Profile

TOKEN_PATH = "/connect/token"  # noqa: S105  # a path, not a password
UPLOAD_PATH = "/api/UploadData"
RESULTS_PATH = "/api/GetResults"

_BLANK_UPLOAD: dict[str, object] = {
    "name": None,
    "overwrite": None,
    "data_sha256": None,
    "events_sha256": None,
    "data_rows": None,
    "token": None,
    "replaced": False,
}
# Which of the two endpoints was meant is not worth guessing from a query that is not in order.
_BLANK_RESULT: dict[str, object] = {"token": None, "data_key": None}


class Platform:
    unlikely: frozenset[Kind] = frozenset()

    def __init__(self, profile: Profile, clock: Callable[[], float], seed: int) -> None:
        self._profile = profile
        self._identity = Identity(profile, clock, random.Random(f"{seed}/identity"))
        self.world = Datasets(profile, clock, random.Random(f"{seed}/platform"))
        self.revoke = self._identity.bearers.revoke
        self.revoke_all = self._identity.bearers.revoke_all
        self.tokens = self._identity.bearers.tokens
        self._token = Route(endpoint="token", understand=self._ask_token)
        self._routes = {
            ("POST", UPLOAD_PATH): Route(
                endpoint="upload",
                understand=self._ask_upload,
                refuse=self._refuse_upload,
                limit=profile.max_body,
                blank=_BLANK_UPLOAD,
            ),
            ("GET", RESULTS_PATH): Route(
                endpoint="result",
                understand=self._ask_result,
                refuse=lambda head: self._identity.refuse(head.authorization),
                blank=_BLANK_RESULT,
            ),
        }

    def addresses(self, base_url: str) -> dict[str, object]:
        return {"token_url": base_url + TOKEN_PATH, "client_id": TRIAL_CLIENT_ID}

    def route(self, method: str, path: str) -> Route | Answer:
        if path == TOKEN_PATH:
            return self._token
        if route := self._routes.get((method, path)):
            return route
        if path in {RESULTS_PATH, UPLOAD_PATH}:
            allowed = "GET" if path == RESULTS_PATH else "POST"
            return refusal(405, "Method not allowed", headers=(("Allow", allowed),))
        return refusal(404, "Not found")

    def trouble(self, status: Literal[401, 500]) -> Answer:
        return self._identity.void() if status == 401 else refusal(500, "Internal server error")

    def _ask_token(self, head: Head, body: bytes) -> Ask:
        def grant(_: Kind | None) -> Effect:
            content_type = head.headers.get(CONTENT_TYPE, "")
            return Effect(answer=self._identity.grant(head.method, content_type, head.authorization, body))

        return Ask(endpoint="token", act=grant)

    def _refuse_upload(self, head: Head) -> Answer | None:
        content_type, length = head.headers.get(CONTENT_TYPE, ""), head.headers.get(CONTENT_LENGTH)
        return self._identity.refuse(head.authorization) or refuse_headers(content_type, length, self._profile)

    def _ask_upload(self, _: Head, body: bytes) -> Ask:
        parsed = parse(body, self._profile)
        detail = _BLANK_UPLOAD | {"name": parsed.name}
        if isinstance(parsed, Submission):
            detail |= {
                "overwrite": parsed.overwrite,
                "data_sha256": parsed.data_sha256,
                "events_sha256": parsed.events_sha256,
                "data_rows": parsed.data_rows,
            }
        return Ask(endpoint="upload", name=parsed.name, act=partial(self._upload, parsed), detail=detail)

    def _upload(self, parsed: Submission | Refusal, fault: Kind | None) -> Effect:
        if isinstance(parsed, Refusal):
            return Effect(answer=parsed.answer)
        return self.world.accept(parsed, stuck=fault == "stuck", fails=fault == "fail")

    def _ask_result(self, head: Head, _: bytes) -> Ask | Answer:
        asked = self.world.understand(head.query)
        if isinstance(asked, Answer):
            return asked
        job, data_key = asked.job, asked.data_key
        if data_key == "status":
            detail: dict[str, object] = {"token": job.token, "state": None}
            return Ask(endpoint="poll", name=job.name, act=partial(self._poll, asked), detail=detail)
        detail = {"token": job.token, "data_key": data_key}
        return Ask(endpoint="result", name=job.name, act=partial(self._result, asked), detail=detail)

    def _poll(self, asked: Question, fault: Kind | None) -> Effect:
        state = self._profile.unknown_word if fault == "unknown_status" else self.world.state(asked.job)
        return Effect(answer=as_text(state, quoted=self._profile.quoted), detail={"state": state})

    def _result(self, asked: Question, _: Kind | None) -> Effect:
        return Effect(answer=self.world.reply(asked))

"""The paths of Endgrate, the key that opens them, and how a request finds the work that it asks for."""

from __future__ import annotations

import hmac
import random
from collections.abc import Callable
from typing import Literal

from orchestrator.sandbox.answer import Answer
from orchestrator.sandbox.api import Ask, Head, Route
from orchestrator.sandbox.bearers import bearer_of
from orchestrator.sandbox.credentials import TRIAL_API_KEY, TRIAL_SESSION_ID
from orchestrator.sandbox.endgrate.bodies import BodyError
from orchestrator.sandbox.endgrate.pages import Refusals
from orchestrator.sandbox.endgrate.reading import Reading
from orchestrator.sandbox.endgrate.sending import BLANK, Sending
from orchestrator.sandbox.endgrate.sessions import Sessions
from orchestrator.sandbox.endgrate.setting_up import SettingUp
from orchestrator.sandbox.endgrate.transfers import Transfers
from orchestrator.sandbox.faults import Endpoint, Kind
from orchestrator.sandbox.profile import Profile

Understand = Callable[[Head, bytes], Ask | Answer]


class Endgrate:
    # The key is all that a client has: what makes it void ends the night.
    unlikely: frozenset[Kind] = frozenset({"unauthorized", "revoke"})

    def __init__(self, profile: Profile, clock: Callable[[], float], seed: int) -> None:
        self._refusals = Refusals(profile.endgrate)
        self._most = profile.max_body
        self._void = False
        sessions = Sessions(profile.endgrate, clock, random.Random(f"{seed}/sessions"))
        self.transfers = Transfers(profile, clock, seed)
        setting_up = SettingUp(sessions, self.transfers, self._refusals)
        sending = Sending(profile, sessions, self.transfers, self._refusals)
        reading = Reading(profile, self.transfers, self._refusals)
        self._routes: dict[tuple[str, str], Route] = {
            ("POST", "/api/push/transfer"): self._route("upload", sending.push),
            ("POST", "/api/pull/transfer"): self._route("upload", sending.pull),
            ("GET", "/api/push/data"): self._route("result", reading.push_data),
            ("GET", "/api/pull/data"): self._route("result", reading.pull_data),
            ("GET", "/api/errors"): self._route("result", reading.errors),
            ("GET", "/api/statistics"): self._route("poll", reading.statistics, open_to_all=True),
            ("GET", "/api/integrations"): self._route("other", setting_up.integrations, open_to_all=True),
            ("POST", "/api/session/initiate"): self._route("other", setting_up.initiate),
            ("POST", "/api/pull/initiate"): self._route("other", setting_up.initiate),
            ("POST", "/api/push/initiate"): self._route("other", setting_up.initiate),
            ("GET", "/api/session/configuration"): self._route("other", setting_up.configuration),
            ("POST", "/api/session/delete"): self._route("other", setting_up.delete),
            ("GET", "/session"): self._route("other", setting_up.configure, open_to_all=True),
            ("GET", "/session/edit"): self._route("other", setting_up.configure, open_to_all=True),
            ("GET", "/session/reauthenticate"): self._route("other", setting_up.reauthenticate, open_to_all=True),
        }
        self._paths = {path for _, path in self._routes}

    def addresses(self, base_url: str) -> dict[str, object]:
        return {"session_id": TRIAL_SESSION_ID}

    def route(self, method: str, path: str) -> Route | Answer:
        if route := self._routes.get((method, path)):
            return route
        if path in self._paths:
            return self._refusals.make(405, "Method not allowed.", note="method")
        return self._refusals.make(404, "Not found.", note="path")

    def trouble(self, status: Literal[401, 500]) -> Answer:
        if status == 401:
            return self._refusals.make(401, "Unauthorized.", note="unauthorized")
        return self._refusals.make(500, "Internal server error.", note="error")

    def revoke(self, authorization: str | None) -> None:
        """The key is void from now on: there is only one, and it does not come back."""
        self._void = self._void or self._opens(authorization)

    def revoke_all(self) -> None:
        self._void = True

    def tokens(self) -> tuple[str, ...]:
        return ()

    def _route(self, endpoint: Endpoint, understand: Understand, *, open_to_all: bool = False) -> Route:
        def strictly(head: Head, body: bytes) -> Ask | Answer:
            if self._most is not None and len(body) > self._most:
                return self._refusals.make(413, "The request is too large.", note="too_large")
            try:
                return understand(head, body)
            except BodyError as error:
                return self._refusals.make(400, "Invalid request.", note="body", problems=error.problems)

        blank = BLANK if endpoint == "upload" else {} if endpoint == "other" else {"token": None}
        refuse: Callable[[Head], Answer | None] = (lambda _: None) if open_to_all else self._refuse
        return Route(endpoint=endpoint, understand=strictly, refuse=refuse, limit=self._most, blank=blank)

    def _refuse(self, head: Head) -> Answer | None:
        if self._opens(head.authorization):
            return None
        return self.trouble(401)

    def _opens(self, authorization: str | None) -> bool:
        given = bearer_of(authorization or "")
        return not self._void and hmac.compare_digest(given.encode(), TRIAL_API_KEY.encode())

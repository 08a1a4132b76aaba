"""The beginning of a transfer, in either direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp.hdrs import HOST

from orchestrator.sandbox.answer import Answer, as_json
from orchestrator.sandbox.api import Ask, Effect, Head
from orchestrator.sandbox.endgrate.bodies import BodyError, digest, flag, members, records, text
from orchestrator.sandbox.endgrate.pages import Refusals
from orchestrator.sandbox.endgrate.sessions import Session, Sessions
from orchestrator.sandbox.endgrate.setting_up import EXPIRED, NOT_CONFIGURED
from orchestrator.sandbox.endgrate.transfers import Direction, Transfer, Transfers
from orchestrator.sandbox.faults import Kind
from orchestrator.sandbox.profile import Profile

BLANK: dict[str, object] = {
    "name": None,
    "direction": None,
    "records": None,
    "sha256": None,
    "token": None,
    "new": 0,
    "updated": 0,
    "appended": 0,
}


class Sending:
    def __init__(self, profile: Profile, sessions: Sessions, transfers: Transfers, refusals: Refusals) -> None:
        self._profile = profile
        self._sessions = sessions
        self._transfers = transfers
        self._refusals = refusals

    def push(self, head: Head, body: bytes) -> Ask:
        given = members(head, body)
        endgrate_type, items, waits = text(given, "endgrate_type"), records(given), flag(given, "synchronous")
        flag(given, "bypass_rate_limit")

        def act(session: Session, fault: Kind | None) -> Effect:
            begun, effects = self._transfers.push(
                session, endgrate_type, items, stuck=fault == "stuck", fails=fault == "fail"
            )
            return self._begun(head, begun, waits=waits, effects=effects)

        detail = {"records": len(items), "sha256": digest(items)}
        return self._ask("push", endgrate_type, text(given, "session_id"), act, detail)

    def pull(self, head: Head, body: bytes) -> Ask:
        given = members(head, body)
        endgrate_type, waits = text(given, "endgrate_type"), flag(given, "synchronous")
        flag(given, "bypass_rate_limit")
        if given.get("params"):
            raise BodyError(params="are beyond this sandbox")

        def act(session: Session, fault: Kind | None) -> Effect:
            begun = self._transfers.pull(session, endgrate_type, stuck=fault == "stuck", fails=fault == "fail")
            return self._begun(head, begun, waits=waits, effects={})

        return self._ask("pull", endgrate_type, text(given, "session_id"), act, {})

    def _ask(
        self,
        direction: Direction,
        endgrate_type: str,
        session_id: str,
        act: Callable[[Session, Kind | None], Effect],
        detail: dict[str, object],
    ) -> Ask:
        def checked(fault: Kind | None) -> Effect:
            session = self._sessions.find(session_id)
            refused = self._refuse(session, direction, endgrate_type)
            if refused is not None or session is None:
                return Effect(answer=refused or self._refusals.make(404, EXPIRED, note="session"))
            return act(session, fault)

        known = BLANK | {"name": endgrate_type, "direction": direction} | detail
        return Ask(endpoint="upload", name=endgrate_type, act=checked, detail=known)

    def _refuse(self, session: Session | None, direction: Direction, endgrate_type: str) -> Answer | None:
        if session is None:
            return self._refusals.make(404, EXPIRED, note="session")
        if not session.configured:
            return self._refusals.make(400, NOT_CONFIGURED, note="not_configured")
        if direction not in session.directions:
            return self._refusals.make(400, f"The session is not for a {direction}.", note="direction")
        if session.types is not None and endgrate_type not in session.types:
            return self._refusals.make(400, "The session has no such schema.", note="endgrate_type")
        return None

    def _begun(self, head: Head, transfer: Transfer, *, waits: bool, effects: dict[str, int]) -> Effect:
        # The statistics lie on a page for people, not below /api.
        page = f"http://{head.headers.get(HOST, '')}/statistics?transfer_id={transfer.id}"
        body: dict[str, Any] = {"success": True, "transfer_id": transfer.id, "statistics": page}
        return Effect(
            answer=as_json(body),
            taken=True,
            applied=True,
            wait=min(self._transfers.left(transfer), self._profile.endgrate.wait) if waits else 0.0,
            detail={"token": transfer.id, "records": transfer.batches.count, **effects},
        )

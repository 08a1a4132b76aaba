"""Sessions as a client and a person see them: initiated, opened in a browser, asked about, deleted."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.sandbox.answer import Answer, as_json
from orchestrator.sandbox.api import Ask, Effect, Head
from orchestrator.sandbox.endgrate.bodies import flag, members, query, schema_types, text
from orchestrator.sandbox.endgrate.pages import Refusals, html
from orchestrator.sandbox.endgrate.sessions import Session, Sessions
from orchestrator.sandbox.endgrate.transfers import Transfers
from orchestrator.sandbox.faults import Kind

EXPIRED = "Invalid or expired session."
NOT_CONFIGURED = "Session not yet configured."


class SettingUp:
    def __init__(self, sessions: Sessions, transfers: Transfers, refusals: Refusals) -> None:
        self._sessions = sessions
        self._transfers = transfers
        self._refusals = refusals

    def initiate(self, head: Head, body: bytes) -> Ask:
        given = members(head, body)
        types, saved, sync = schema_types(given), flag(given, "save_session"), flag(given, "sync")
        directions = ("pull", "push") if head.path.startswith("/api/session") else (head.path.split("/")[2],)

        def act(_: Kind | None) -> Effect:
            session = self._sessions.initiate(types, directions, saved=saved, sync=sync)
            return Effect(answer=as_json({"success": True, "session_id": session.id}))

        return Ask(endpoint="other", act=act)

    def configuration(self, head: Head, _: bytes) -> Ask:
        session = self._sessions.find(text(query(head), "session_id"))
        if session is None:
            answer = self._refusals.make(404, EXPIRED, note="session")
        elif not session.configured:
            answer = self._refusals.make(400, NOT_CONFIGURED, note="not_configured")
        else:
            types = sorted(session.types or ())
            answer = as_json({"success": True, "session_id": session.id, "provider": "sandbox", "schema": types})
        return Ask(endpoint="other", act=lambda _: Effect(answer=answer))

    def delete(self, head: Head, body: bytes) -> Ask:
        name = text(members(head, body), "session_id")

        def act(_: Kind | None) -> Effect:
            session = self._sessions.find(name)
            if session is None:
                return Effect(answer=self._refusals.make(404, EXPIRED, note="session"))
            self._sessions.delete(session)
            self._transfers.forget(session)
            return Effect(answer=as_json({"success": True, "session_id": name}))

        return Ask(endpoint="other", act=act)

    def integrations(self, _: Head, __: bytes) -> Ask:
        answer = as_json({"success": True, "integrations": [{"provider": "sandbox", "integration": "sandbox"}]})
        return Ask(endpoint="other", act=lambda _: Effect(answer=answer))

    def configure(self, head: Head, _: bytes) -> Ask | Answer:
        return self._visit(head, _configure)

    def reauthenticate(self, head: Head, _: bytes) -> Ask | Answer:
        return self._visit(head, _authenticate)

    def _visit(self, head: Head, settle: Callable[[Session], None]) -> Ask | Answer:
        """A person has opened a page, and that is all that it takes here."""
        session = self._sessions.find(query(head).get("session_id"))
        if session is None:
            return html("No such session", EXPIRED, status=404)

        def act(_: Kind | None) -> Effect:
            settle(session)
            return Effect(answer=html("Done", "The session is ready. You can close this page."))

        return Ask(endpoint="other", act=act)


def _configure(session: Session) -> None:
    session.configured = True


def _authenticate(session: Session) -> None:
    session.authenticated = True

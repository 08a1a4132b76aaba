"""A session: made by us, configured by a person in a browser, and deleted when nobody needs it any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from orchestrator.edges.http import Kind
from orchestrator.errors import Garbled, Refused
from orchestrator.targets.endgrate.answers import (
    is_gone,
    is_unconfigured,
    read,
    require_session,
    session_of,
)
from orchestrator.targets.endgrate.api import Api


@dataclass(frozen=True, slots=True)
class Sessions:
    api: Api

    async def initiate(self, endgrate_type: str, *, sync: bool, save: bool) -> str:
        """The id of a new one. *save* keeps it for longer than 72 hours; *sync* has each pull give what is new only."""
        options = {"sync": sync, "save_session": save}
        members = {"schema": [{"endgrate_type": endgrate_type}]} | {name: True for name, on in options.items() if on}
        answer = await self.api.tell(Kind.POLL, "/api/session/initiate", members)
        if answer.status in (400, 422):
            raise Refused(f"session: the remote refuses to make one ({answer.status}). Check target.endgrate_type")
        if (session := session_of(read(answer, "session"))) is None:
            raise Garbled("session: the remote answered without the id of one")
        return session

    async def is_configured(self, session_id: str) -> bool:
        """Raises Misdirected for one that the remote does not know, or not any more."""
        answer = await self.api.get(Kind.POLL, "/api/session/configuration", session_id=session_id)
        if is_unconfigured(answer):
            return False
        require_session(answer, "session")
        read(answer, "session")
        return True

    async def delete(self, session_id: str) -> None:
        """One that is gone already is deleted, too."""
        answer = await self.api.tell(Kind.POLL, "/api/session/delete", {"session_id": session_id})
        if not is_gone(answer):
            read(answer, "session")

    def pages(self, session_id: str) -> Mapping[str, str]:
        """What a person opens: to configure it, to change that, and to sign in at the provider again."""
        paths = {"page": "/session", "edit": "/session/edit", "reauthenticate": "/session/reauthenticate"}
        query = urlencode({"session_id": session_id})
        return {name: f"{self.api.base_url}{path}?{query}" for name, path in paths.items()}

"""A small, literal client of Endgrate for the tests of its emulator. It retries and hides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from orchestrator.sandbox import EndgrateKnobs, Fault, Profile
from sandbox.visitor import INSTANT, Caller, Seen, calling

TYPE = "crm-contact"


def item(number: int, **more: Any) -> dict[str, Any]:
    """A record to push, with a key of our own."""
    return {"internal_id": f"row-{number}", "data": {"first_name": f"Anna {number}"}, **more}


class Visitor(Caller):
    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.sandbox.api_key}"}

    async def get(self, path: str, **query: Any) -> Seen:
        return await self.send("GET", path, params=query, headers=self.authorization)

    async def post(self, path: str, **members: Any) -> Seen:
        return await self.send("POST", path, json=members, headers=self.authorization)

    async def push(self, *items: dict[str, Any], **changes: Any) -> Seen:
        members = {
            "session_id": self.sandbox.session_id,
            "endgrate_type": TYPE,
            "transfer_data": list(items or (item(1),)),
            **changes,
        }
        return await self.post("/api/push/transfer", **members)

    async def pull(self, **changes: Any) -> Seen:
        members = {"session_id": self.sandbox.session_id, "endgrate_type": TYPE, **changes}
        return await self.post("/api/pull/transfer", **members)

    async def data(self, direction: str, transfer_id: str, **changes: Any) -> Seen:
        query = {"endgrate_type": TYPE, "transfer_id": transfer_id, **changes}
        return await self.get(f"/api/{direction}/data", **query)

    async def statistics(self, transfer_id: str) -> dict[str, Any]:
        told: dict[str, Any] = (await self.get("/api/statistics", transfer_id=transfer_id)).json
        return told

    async def initiate(self, path: str = "/api/session/initiate", **options: Any) -> str:
        session_id: str = (await self.post(path, schema=[{"endgrate_type": TYPE}], **options)).json["session_id"]
        return session_id


@asynccontextmanager
async def visit(profile: Profile = INSTANT, *faults: Fault, **knobs: Any) -> AsyncIterator[Visitor]:
    """An Endgrate with these knobs and a clock that stands still."""
    async with calling(Visitor, "endgrate", replace(profile, endgrate=EndgrateKnobs(**knobs)), *faults) as visitor:
        yield visitor

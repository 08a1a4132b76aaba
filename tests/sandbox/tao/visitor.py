"""A small, literal client of TAO for the tests of its emulator. It retries and hides nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import aiohttp

from orchestrator.sandbox import Fault, Profile, TaoKnobs
from sandbox.visitor import INSTANT, Caller, Seen, calling

USERS = "user_username,user_password\nanna,Secret-1\nbert,Secret-2\n"
GROUPS = "group_name\nnight\n"
SESSIONS = "session_deliveryId,group_name,session_name\nd1,night,exam\n"


class Visitor(Caller):
    @property
    def form(self) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_id": self.sandbox.client_id,
            "client_secret": self.sandbox.client_secret,
        }

    async def token(self) -> Seen:
        return await self.send("POST", "/api/v1/oauth2/tokens", data=self.form)

    async def sign_in(self) -> None:
        self.bearer = (await self.token()).json["access_token"]

    async def persist(self) -> None:
        """Sign in, however often that takes."""
        self.bearer = ""
        while not self.bearer:
            with suppress(aiohttp.ClientError, KeyError):
                await self.sign_in()

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearer}"}

    async def upload(
        self,
        text: str | bytes = USERS,
        filename: str | None = "users.csv",
        *,
        field: str = "file",
        path: str = "/api/v1/upload",
        headers: dict[str, str] | None = None,
    ) -> Seen:
        content = text.encode() if isinstance(text, str) else text
        body = aiohttp.FormData(default_to_multipart=True)
        body.add_field(
            field, io.BytesIO(content) if filename else content.decode(), filename=filename, content_type="text/csv"
        )
        return await self.send("POST", path, data=body, headers=headers or self.authorization)

    async def accepted(self, text: str = USERS, filename: str = "users.csv") -> str:
        """Upload, and return the reference."""
        reference: str = (await self.upload(text, filename)).json["result"]["referenceId"]
        return reference

    async def read(self, path: str) -> Seen:
        return await self.send("GET", path, headers=self.authorization)

    async def status(self, reference: str) -> dict[str, Any]:
        result: dict[str, Any] = (await self.read(f"/api/v1/status/{reference}")).json["result"]
        return result

    async def address(self, reference: str) -> str:
        url: str = (await self.read(f"/api/v1/download/{reference}")).json["signedUrl"]
        return url

    async def result(self, reference: str) -> list[dict[str, str]]:
        """The rows of the result."""
        seen = await self.send("GET", await self.address(reference))
        return list(csv.DictReader(io.StringIO(seen.text)))

    async def verdicts(self, text: str) -> list[str]:
        """What is said of each row of a file: nothing where it is good."""
        return [row["errorMessage"] for row in await self.result(await self.accepted(text))]


@asynccontextmanager
async def visit(
    profile: Profile = INSTANT, *faults: Fault, signed_in: bool = True, **knobs: Any
) -> AsyncIterator[Visitor]:
    """A TAO with these knobs and a clock that stands still, and somebody who is signed in to it."""
    async with calling(Visitor, "tao", replace(profile, tao=TaoKnobs(**knobs)), *faults) as visitor:
        if signed_in:
            await visitor.sign_in()
        yield visitor

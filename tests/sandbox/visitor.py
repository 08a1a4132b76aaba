"""A small, literal client of the Platform for the tests of its emulator. It retries and hides nothing."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp

from orchestrator.sandbox import Fault, Profile, Sandbox, serve

C = TypeVar("C", bound="Caller")

INSTANT = Profile(job_base=0.0)
HEADER = "Reference,StartDate,StartTime,EndDate,EndTime"
ROW = "User1,01/07/2024,09:00,01/07/2024,17:00"
DATA = f"{HEADER}\r\n{ROW}"
EVENT_HEADER = "Reference,EventStartDate,EventStartTime,EventEndDate,EventEndTime,Description,TimeReference"
EVENTS = f"{EVENT_HEADER}\r\nUser1,01/07/2024,09:05,01/07/2024,09:30,Meeting,0"
SCOPE = "platform_upload_api"


class Clock:
    """Stands still unless it is told to move."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass(frozen=True)
class Seen:
    """What came back."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


class Caller:
    """What the visitors of all remotes have in common."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession, clock: Clock) -> None:
        self.sandbox = sandbox
        self.session = session
        self.clock = clock
        self.bearer = ""

    async def send(self, method: str, url: str, **how: Any) -> Seen:
        whole = url if url.startswith("http") else self.sandbox.base_url + url
        async with self.session.request(method, whole, **how) as answer:
            return Seen(answer.status, await answer.text(), dict(answer.headers))

    def last(self, kind: str = "upload") -> dict[str, Any]:
        return self.sandbox.record.of(kind)[-1]


class Visitor(Caller):
    @property
    def credentials(self) -> str:
        return basic(quote(self.sandbox.client_id, safe=""), quote(self.sandbox.client_secret, safe=""))

    async def token(self, authorization: str | None = "right", **changes: str | None) -> Seen:
        """A token request; a form member that is changed to None is left out."""
        form = {"grant_type": "client_credentials", "scope": SCOPE, **changes}
        headers = {} if authorization is None else {"Authorization": authorization}
        if authorization == "right":
            headers["Authorization"] = self.credentials
        data = {name: value for name, value in form.items() if value is not None}
        return await self.send("POST", self.sandbox.token_url, data=data, headers=headers)

    async def sign_in(self, scope: str = SCOPE) -> None:
        self.bearer = (await self.token(scope=scope)).json["access_token"]

    def body(self, **changes: Any) -> dict[str, Any]:
        members = {
            "Name": "night",
            "Data": DATA,
            "Key": self.sandbox.api_key,
            "Username": self.sandbox.client_id,
            "Overwrite": "false",
            **changes,
        }
        return {name: value for name, value in members.items() if value is not ...}

    async def upload(self, *, raw: bytes | None = None, headers: dict[str, str] | None = None, **changes: Any) -> Seen:
        """An upload; a member that is changed to `...` is left out."""
        content = json.dumps(self.body(**changes)).encode() if raw is None else raw
        given = {
            "Authorization": f"Bearer {self.bearer}",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        url = f"{self.sandbox.base_url}/api/UploadData"
        return await self.send("POST", url, data=io.BytesIO(content), headers=given)

    async def ask(self, token: str, data_key: str = "status", /, **changes: Any) -> Seen:
        query = {"token": token, "key": self.sandbox.api_key, "dataKey": data_key, **changes}
        given = {name: value for name, value in query.items() if value is not None}
        headers = {"Authorization": f"Bearer {self.bearer}"}
        url = f"{self.sandbox.base_url}/api/GetResults"
        return await self.send("GET", url, params=given, headers=headers)


@asynccontextmanager
async def calling(kind: type[C], api: str, profile: Profile, *faults: Fault, **how: Any) -> AsyncIterator[C]:
    """One who calls at a sandbox of this API with a clock that stands still."""
    clock = Clock()
    if faults:
        profile = scripted(profile, *faults)
    async with (
        serve(profile, api, clock=clock, sleep=clock.sleep, **how) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        yield kind(sandbox, session, clock)


@asynccontextmanager
async def visit(
    profile: Profile = INSTANT, *faults: Fault, signed_in: bool = True, **how: Any
) -> AsyncIterator[Visitor]:
    """A sandbox with a clock that stands still, and somebody who is signed in to it."""
    async with calling(Visitor, "platform", profile, *faults, **how) as visitor:
        if signed_in:
            await visitor.sign_in()
        yield visitor


def scripted(profile: Profile, *faults: Fault) -> Profile:
    return replace(profile, script=faults)

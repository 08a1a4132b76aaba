"""The real target, put together as in a run, on a clock that stands still; and a check of its errors."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import aiohttp

from orchestrator.edges.answer import Answer
from orchestrator.edges.http import Http, Kind, open_http
from orchestrator.edges.oauth import ClientCredentials, OAuthConfig
from orchestrator.errors import SourceChanged
from orchestrator.model import Job, Key, Name, RelPath, Token
from orchestrator.ports import Body, Held, Streamed
from orchestrator.sandbox import Sandbox
from orchestrator.targets.platform import Platform, PlatformConfig
from targets.wire import Server

NOW = datetime(2024, 7, 1, 9, 30, tzinfo=UTC)
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
TOKEN = Token(UUID)
CLIENT_ID = "client of the test"
CLIENT_SECRET = "canary+secret/%=&ß"
API_KEY = "canary key/+&=ß"
BEARER = "canary.bearer-of~the/test=="
CELL = "Canary Cell"
DATA = f"Reference,StartDate,StartTime,EndDate,EndTime\r\n{CELL},01/07/2024,09:00,01/07/2024,17:00"
EVENTS = "Reference,EventStartDate\r\nUser1,01/07/2024"
SECRETS = (
    CLIENT_SECRET,
    quote(CLIENT_SECRET, safe=""),
    base64.b64encode(f"{quote(CLIENT_ID, safe='')}:{quote(CLIENT_SECRET, safe='')}".encode()).decode(),
    API_KEY,
    quote(API_KEY, safe=""),
    BEARER,
    CELL,
    "canary",
    "Canary",
)


class Clock:
    """Stands still unless it is told to move."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("a target never sleeps")


@dataclass(frozen=True)
class Remote:
    platform: Platform
    http: Http
    credentials: ClientCredentials
    clock: Clock

    async def upload(self, data: str | Streamed = DATA, *, overwrite: bool = False, **how: Any) -> Any:
        part = Held(data) if isinstance(data, str) else data
        return await self.platform.submit(a_job(), Body(data=part), overwrite=overwrite, **how)


@dataclass
class Hurried:
    """A session that is as patient as a test, and remembers how patient it was asked to be."""

    session: aiohttp.ClientSession
    limits: dict[str, float]
    asked: list[aiohttp.ClientTimeout] = field(default_factory=list)

    def request(self, method: str, url: Any, *, timeout: aiohttp.ClientTimeout, **how: Any) -> Any:
        self.asked.append(timeout)
        phases = ("total", "connect", "sock_connect", "sock_read")
        given = {phase: getattr(timeout, phase) for phase in phases}
        shorter = {phase: limit for phase, limit in self.limits.items() if given[phase] is not None}
        hurried = aiohttp.ClientTimeout(**(given | shorter))
        return self.session.request(method, url, timeout=hurried, **how)

    def over(self, http: Http) -> Http:
        return replace(http, session=cast(aiohttp.ClientSession, self))


@asynccontextmanager
async def hurried(spill: Path, **limits: float) -> AsyncIterator[tuple[Http, Hurried]]:
    async with open_http(spill) as http:
        session = Hurried(http.session, limits)
        yield session.over(http), session


def oauth(token_url: str, **changes: Any) -> OAuthConfig:
    given = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": "platform_upload_api"}
    return OAuthConfig(token_url=token_url, **(given | changes))


@asynccontextmanager
async def credentials_at(
    server: Server, spill: Path, **changes: Any
) -> AsyncIterator[tuple[ClientCredentials, Clock, Http]]:
    async with open_http(spill) as http:
        clock = Clock()
        yield ClientCredentials(oauth(server.token_url, **changes), http, clock), clock, http


def make_remote(base_url: str, token_url: str, http: Http, **changes: Any) -> Remote:
    clock = Clock()
    credentials = ClientCredentials(oauth(token_url), http, clock)
    given = {"id": "the target", "client_id": CLIENT_ID, "api_key": API_KEY}
    config = PlatformConfig(base_url=base_url, **(given | changes))
    return Remote(Platform(config, http, credentials, clock), http, credentials, clock)


@asynccontextmanager
async def remote_at(server: Server, spill: Path, *, ca_file: str = "", **changes: Any) -> AsyncIterator[Remote]:
    async with open_http(spill, ca_file=ca_file) as http:
        yield make_remote(server.url, server.token_url, http, **changes)


@asynccontextmanager
async def sandbox_remote(sandbox: Sandbox, spill: Path, **changes: Any) -> AsyncIterator[Remote]:
    async with open_http(spill) as http:
        clock = Clock()
        config = oauth(sandbox.token_url, client_id=sandbox.client_id, client_secret=sandbox.client_secret)
        credentials = ClientCredentials(config, http, clock)
        given = {"id": "the sandbox", "client_id": sandbox.client_id, "api_key": sandbox.api_key}
        platform = PlatformConfig(base_url=sandbox.base_url, **(given | changes))
        yield Remote(Platform(platform, http, credentials, clock), http, credentials, clock)


async def poll(http: Http, server: Server, kind: Kind = Kind.POLL) -> Answer:
    """One plain exchange with a secret wherever secrets are."""
    return await http.call(
        kind,
        "GET",
        f"{server.url}/api/GetResults?key={quote(API_KEY, safe='')}",
        headers={"Authorization": f"Bearer {BEARER}"},
    )


async def post(http: Http, url: str, data: Any = None) -> Answer:
    content = json.dumps({"Key": API_KEY, "Data": DATA}).encode() if data is None else data
    headers = {"Authorization": f"Bearer {BEARER}", "Content-Type": "application/json"}
    query = quote(API_KEY, safe="")
    return await http.call(Kind.UPLOAD, "POST", f"{url}/api/UploadData?key={query}", headers=headers, data=content)


def a_job(name: str = "night", **changes: Any) -> Job:
    return Job(key=Key(name), version=1, name=Name(name), path=RelPath("night.csv"), **changes)


def streamed(*pieces: str, changes_at: int | None = None, size_of: str | None = None) -> Streamed:
    """Text in pieces, which turns out to have changed before piece number `changes_at`."""
    text = "".join(pieces) if size_of is None else size_of

    async def read() -> AsyncIterator[str]:
        for number, piece in enumerate(pieces):
            if number == changes_at:
                raise SourceChanged("it changed while it was sent")
            yield piece

    json_size = len(json.dumps(text, ensure_ascii=False).encode()) - 2
    return Streamed(size=len(text.encode()), json_size=json_size, pieces=read)


def assert_tells_no_secret(error: BaseException) -> None:
    """Neither itself nor anything that it drags along shows a secret, or an exception of the library."""
    told = "".join((str(error), repr(error), *traceback.format_exception(error)))
    for cause in chain(error):
        assert not type(cause).__module__.startswith("aiohttp"), f"{type(cause)} hangs on to {error!r}"
        told += f"{cause}{cause!r}{cause.args!r}"
    assert [secret for secret in SECRETS if secret in told] == []


def chain(error: BaseException) -> list[BaseException]:
    """The error with all causes and contexts, the suppressed ones too."""
    seen: list[BaseException] = []
    open_ = [error]
    while open_:
        each = open_.pop()
        if each not in seen:
            seen.append(each)
            open_ += [linked for linked in (each.__cause__, each.__context__) if linked is not None]
    return seen


def files_in(folder: Path) -> list[str]:
    return [str(path) for path in folder.iterdir()]


def content_of(path: str) -> bytes:
    return Path(path).read_bytes()

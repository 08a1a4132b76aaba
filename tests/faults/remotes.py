"""The real targets before the server that misbehaves, each asked for what one of its requests is for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.lowlevel
from targets.endgrate.remote import checked
from targets.endgrate.remote import remote_at as endgrate_at
from targets.remote import CELL, DATA, TOKEN, Clock, a_job, oauth
from targets.remote import remote_at as platform_at

from faults.cells import Cell
from faults.fault import Endpoint, Moment
from faults.server import Server
from orchestrator.edges.http import open_http
from orchestrator.edges.oauth import ClientCredentials
from orchestrator.model import Sheet, Sheets
from orchestrator.ports import Body, Held
from orchestrator.targets.endgrate.answers import DATA as PAGES
from orchestrator.targets.endgrate.answers import ERRORS
from orchestrator.targets.tao import Tao, TaoConfig
from orchestrator.targets.tao.answers import RESULT

_LONG = 64 << 10
"""Characters of a cell: longer ones are none of a CSV."""

Ask = Callable[[Cell], Awaitable[Any]]


@asynccontextmanager
async def asking(server: Server, folder: Path) -> AsyncIterator[Ask]:
    """For each cell a session of its own, as each has a server of its own."""
    of = {"platform": _platform, "tao": _tao, "endgrate": _endgrate}[server.endpoint.api]
    async with of(server, folder) as ask:
        yield ask


def _how(cell: Cell) -> dict[str, Any]:
    return {"release": anyio.lowlevel.checkpoint} if cell.held else {}


def _goes_out_again(cell: Cell) -> bool:
    """Only what may be repeated goes out on a connection that was kept."""
    return cell.fault.moment is Moment.KEPT


@asynccontextmanager
async def _platform(server: Server, folder: Path) -> AsyncIterator[Ask]:
    async with platform_at(server, folder) as remote:  # type: ignore[arg-type]  # all that it asks for is where it listens

        async def ask(cell: Cell) -> Any:
            match cell.endpoint:
                case Endpoint.POLL:
                    return await remote.platform.check(TOKEN)
                case Endpoint.RESULT:
                    return await remote.platform.fetch(TOKEN, "tableofresultids")
                case _:
                    data = DATA + "x" * cell.size
                    return await remote.upload(data, overwrite=_goes_out_again(cell), **_how(cell))

        yield ask


@asynccontextmanager
async def _tao(server: Server, folder: Path) -> AsyncIterator[Ask]:
    paths = {
        "upload_path": "/api/v1/upload",
        "status_path": "/api/v1/status/{id}",
        "download_path": "/api/v1/download/{id}",
    }
    async with open_http(folder) as http:
        clock = Clock()
        credentials = ClientCredentials(oauth(server.token_url), http, clock)
        tao = Tao(TaoConfig(id="the target", base_url=server.url, **paths), http, credentials, clock)

        async def ask(cell: Cell) -> Any:
            match cell.endpoint:
                case Endpoint.TAO_STATUS:
                    return await tao.check(TOKEN)
                case Endpoint.TAO_ADDRESS | Endpoint.TAO_STORE:
                    return await tao.fetch(TOKEN, RESULT)
                case _:
                    schema = "tao.users" if _goes_out_again(cell) else "tao.sessions"
                    job = a_job(checked=Sheets(data=Sheet(rows=1, schema=schema)))
                    body = Body(data=Held(f"user_username,user_name\r\nzoe,{CELL}{'x' * cell.size}"))
                    return await tao.submit(job, body, overwrite=False, **_how(cell))

        yield ask


@asynccontextmanager
async def _endgrate(server: Server, folder: Path) -> AsyncIterator[Ask]:
    async with endgrate_at(server.url, folder, key="id") as remote:

        async def ask(cell: Cell) -> Any:
            match cell.endpoint:
                case Endpoint.PAGE:
                    return await remote.endgrate.fetch(TOKEN, PAGES)
                case Endpoint.STATISTICS:
                    await remote.endgrate.probe()
                    return await remote.endgrate.check(TOKEN)
                case Endpoint.ERRORS:
                    await remote.endgrate.probe()
                    return await remote.endgrate.fetch(TOKEN, ERRORS)
                case _:
                    await remote.endgrate.probe()
                    job = checked(1, key="id" if _goes_out_again(cell) else "")
                    more = f"\r\n2,{'x' * _LONG}" * (cell.size // _LONG)
                    return await remote.push(f"id,name\r\n1,{CELL}{more}", job=job, **_how(cell))

        yield ask

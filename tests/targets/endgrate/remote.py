"""Endgrate as in a run, on a clock that stands still, against a script or against the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.edges.http import open_http
from orchestrator.model import Accepted, Completed, Digest, Failed, Job, Result, Sheet, Sheets, Token
from orchestrator.ports import Body, Ended, Fetched, Held, Running, Text
from orchestrator.sandbox import EndgrateKnobs, Fault, Profile, Sandbox, serve
from orchestrator.targets.endgrate import Endgrate, EndgrateConfig
from targets.remote import API_KEY, Clock, a_job
from targets.wire import Server, as_json

SESSION = "canary-session"
TYPE = "crm-contact"
TRANSFER = Token("5f0d3a1b2c4d5e6f70819203")
ROWS = "id,name\r\n1,Canary Cell\r\n2,Bert"
BEGUN = as_json({"success": True, "transfer_id": TRANSFER, "statistics": "https://elsewhere.invalid/"})


def checked(rows: int = 2, *, key: str = "") -> Job:
    """A job whose file was found to be fit, with a key in every row or without."""
    sheet = Sheet(rows=rows, sent=Digest("0" * 64), schema=f"endgrate.records by {key}" if key else "endgrate.records")
    return a_job(checked=Sheets(data=sheet), attempts=1)


def counts(records: int = 2, transferred: int = 2, *, batches: int = 1, failed: int = 0) -> dict[str, Any]:
    return {
        "batch_size": 100,
        "records": records,
        "batches": batches,
        "batches_queued": 0,
        "batches_success": batches - failed,
        "batches_fail": failed,
        "records_transferred": transferred,
        "completed": True,
    }


def statistics(*told: dict[str, Any], completed: object = True) -> dict[str, Any]:
    return {
        "method": "EXPORT",
        "completed": completed,
        "statistics": {f"{TYPE}{nth}": each for nth, each in enumerate(told or (counts(),))},
    }


def page(member: str, *items: dict[str, Any], following: object = None, **more: object) -> bytes:
    """As the vendor sends one, with a link that leads elsewhere."""
    meta: dict[str, Any] = {"count": 99}
    if following is not None:
        meta["next"] = {"offset": following, "link": "https://elsewhere.invalid/next"}
    return as_json({"success": True, "meta": meta, member: list(items), **more})


def error(index: int | None = None, **more: object) -> dict[str, Any]:
    told = {"error_type": "upstream", "error_resolve_text": "Canary Cell is no name", **more}
    return told if index is None else told | {"index": index}


@dataclass(frozen=True)
class Remote:
    endgrate: Endgrate
    spill: Path

    async def push(self, rows: str | Text = ROWS, *, job: Job | None = None, **how: Any) -> Accepted:
        text = Held(rows) if isinstance(rows, str) else rows
        return await self.endgrate.submit(job or checked(), Body(data=text), overwrite=False, **how)

    async def end(self, token: Token, job: Job) -> tuple[list[Fetched], Completed | Failed]:
        """All that there is to fetch of a transfer that has ended, and what comes of it."""
        ended = await self.endgrate.check(token)
        assert isinstance(ended, Ended)
        fetched = [await self.endgrate.fetch(token, key) for key in ended.results]
        results = [
            Result(key=each.key, suffix="", size=each.size, sha256=Digest(each.sha256), body=each.body)
            for each in fetched
        ]
        return fetched, self.endgrate.conclude(replace(job, token=token), ended, results)

    async def is_running(self, token: Token = TRANSFER) -> bool:
        return isinstance(await self.endgrate.check(token), Running)


@asynccontextmanager
async def remote_at(base_url: str, spill: Path, **changes: Any) -> AsyncIterator[Remote]:
    given = {"id": "the target", "session_id": SESSION, "endgrate_type": TYPE, "api_key": API_KEY} | changes
    async with open_http(spill) as http:
        yield Remote(Endgrate(EndgrateConfig(base_url=base_url, **given), http, Clock()), spill)


@asynccontextmanager
async def at(server: Server, spill: Path, **changes: Any) -> AsyncIterator[Remote]:
    async with remote_at(server.url, spill, **changes) as remote:
        yield remote


@asynccontextmanager
async def in_sandbox(spill: Path, *faults: Fault, key: str = "", **knobs: Any) -> AsyncIterator[tuple[Remote, Sandbox]]:
    profile = Profile(job_base=0.0, script=faults, endgrate=EndgrateKnobs(**knobs))
    async with (
        serve(profile, "endgrate") as sandbox,
        remote_at(sandbox.base_url, spill, session_id=sandbox.session_id, api_key=sandbox.api_key, key=key) as remote,
    ):
        yield remote, sandbox

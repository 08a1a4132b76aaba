"""A session as its remote tells of it: made, waiting for somebody, ready, gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orchestrator.edges.http import open_http
from orchestrator.errors import Garbled, Misdirected, Unclear
from orchestrator.targets.endgrate import Sessions
from orchestrator.targets.endgrate.api import Api
from targets.endgrate.remote import SESSION
from targets.remote import API_KEY
from targets.wire import as_json, scripted


@asynccontextmanager
async def told(folder: Path, reply: bytes) -> AsyncIterator[Sessions]:
    async with scripted(reply) as server, open_http(folder) as http:
        yield Sessions(Api(server.url, API_KEY, http))


async def test_the_id_of_a_new_one_is_what_counts(tmp_path: Path) -> None:
    async with told(tmp_path, as_json({"success": True, "session_id": SESSION})) as sessions:
        assert await sessions.initiate("crm-contact", sync=False, save=False) == SESSION
    for session in (None, 7, "", "two words", "x" * 201):
        async with told(tmp_path, as_json({"success": True, "session_id": session})) as sessions:
            with pytest.raises(Garbled, match="without the id"):
                await sessions.initiate("crm-contact", sync=False, save=False)


@pytest.mark.parametrize("status", [400, 404])
async def test_whether_somebody_has_configured_it(tmp_path: Path, status: int) -> None:
    async with told(tmp_path, as_json({"message": "Session not yet configured."}, status)) as sessions:
        assert not await sessions.is_configured(SESSION)
    async with told(tmp_path, as_json({"message": "Invalid or expired session."}, status)) as sessions:
        with pytest.raises(Misdirected, match="orchestrator session initiate"):
            await sessions.is_configured(SESSION)
    async with told(tmp_path, as_json({"success": True})) as sessions:
        assert await sessions.is_configured(SESSION)


async def test_what_is_gone_is_deleted_and_what_says_nothing_is_not(tmp_path: Path) -> None:
    for reply in (as_json({"message": "Invalid or expired session."}, 400), as_json({"success": True})):
        async with told(tmp_path, reply) as sessions:
            await sessions.delete(SESSION)
    async with told(tmp_path, as_json([])) as sessions:
        with pytest.raises(Unclear):
            await sessions.delete(SESSION)

"""How long a connection may lie idle before it is used again: a server must not be just closing it."""

from __future__ import annotations

from pathlib import Path

import pytest
from targets.wire import answer, scripted

from orchestrator.edges.http import Kind, open_http


@pytest.mark.parametrize(
    ("once", "idle", "connections"),
    [
        pytest.param(False, 4.0, 1, id="what may be repeated, before common servers close it"),
        pytest.param(False, 4.1, 2, id="what may be repeated, later"),
        pytest.param(True, 0.0, 2, id="what may not be repeated, in the same moment"),
    ],
)
async def test_a_connection_that_lay_idle_for_too_long_is_not_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, once: bool, idle: float, connections: int
) -> None:
    now = 1000.0
    monkeypatch.setattr("aiohttp.connector.monotonic", lambda: now)
    async with scripted(answer(200, "fine")) as server, open_http(tmp_path) as http:
        await http.call(Kind.POLL, "GET", server.url, headers={}, once=once)
        now += idle
        await http.call(Kind.POLL, "GET", server.url, headers={}, once=once)

        assert server.connections == connections

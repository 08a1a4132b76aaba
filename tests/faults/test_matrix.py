"""Every cell of the matrix against the real edge: the HTTP session, the bearer token, the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from targets.remote import (
    BEARER,
    DATA,
    TOKEN,
    UUID,
    Remote,
    assert_tells_no_secret,
    files_in,
    remote_at,
)

from faults.cells import CELLS, Cell
from faults.fault import Deed, Endpoint, Moment
from faults.server import RESULT, Server, misbehaving
from orchestrator.edges.http import HELD_LIMIT, Kind
from orchestrator.errors import TargetError
from orchestrator.model import Accepted
from orchestrator.ports import Ended, Fetched


async def ask(remote: Remote, cell: Cell) -> Any:
    match cell.endpoint:
        case Endpoint.TOKEN | Endpoint.UPLOAD:
            return await remote.upload(DATA + "x" * cell.size)
        case Endpoint.POLL:
            return await remote.platform.check(TOKEN)
        case Endpoint.RESULT:
            return await remote.platform.fetch(TOKEN, "tableofresultids")


async def outcome_of(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except TargetError as error:
        return error


@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_a_fault_leads_to_what_the_rules_say(
    tmp_path: Path, cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.edges.http.RESULT_LIMIT", 1 << 20)
    follows = 0 if cell.endpoint is Endpoint.TOKEN else 1
    async with (
        misbehaving({cell.endpoint: cell.fault}, follows=follows) as server,
        remote_at(server, tmp_path) as remote,  # type: ignore[arg-type]  # all that it asks for is where it listens
    ):
        outcome = await outcome_of(ask(remote, cell))

    assert type(outcome) is cell.outcome, repr(outcome)
    assert server.whole_uploads == cell.uploads
    if isinstance(outcome, TargetError):
        assert outcome.retry_after == cell.retry_after
        assert_tells_no_secret(outcome)
        assert files_in(tmp_path) == []

"""Every cell of the matrix against the real edge: the HTTP session, the bearer token, the target."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from targets.remote import DATA, TOKEN, UUID, Remote, assert_tells_no_secret, files_in, remote_at

from faults.cells import CELLS, Cell, moments
from faults.fault import Deed, Endpoint, Moment
from faults.server import FLOOD, Server, misbehaving
from orchestrator.errors import TargetError
from orchestrator.model import Accepted
from orchestrator.ports import Ended, Fetched, Running


async def ask(remote: Remote, cell: Cell) -> Any:
    match cell.endpoint:
        case Endpoint.TOKEN | Endpoint.UPLOAD:
            how = {"release": anyio.lowlevel.checkpoint} if cell.held else {}
            kept = cell.fault.moment is Moment.KEPT  # only what may be repeated goes out on one
            return await remote.upload(DATA + "x" * cell.size, overwrite=kept, **how)
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
async def test_a_fault_leads_to_what_the_rules_say(tmp_path: Path, cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.edges.answer.RESULT_LIMIT", 1 << 20)
    follows = 0 if cell.endpoint is Endpoint.TOKEN else 1
    async with (
        misbehaving(cell.endpoint, cell.fault, follows=follows) as server,
        remote_at(server, tmp_path) as remote,  # type: ignore[arg-type]  # all that it asks for is where it listens
    ):
        outcome = await outcome_of(ask(remote, cell))

    assert type(outcome) is cell.outcome, repr(outcome)
    if isinstance(outcome, TargetError):
        assert outcome.retry_after == cell.retry_after
        assert_tells_no_secret(outcome)
        assert files_in(tmp_path) == []
    else:
        require_what_was_given(outcome)
    require_nothing_sent_behind_our_back(server, cell)


def require_what_was_given(outcome: Accepted | Ended | Running | Fetched) -> None:
    match outcome:
        case Accepted(token):
            assert token == UUID
        case Ended():
            assert (outcome.success, outcome.results) == (True, ("feedback", "tableofresultids"))
        case Fetched():
            assert outcome.body is not None
            assert (outcome.size, outcome.sha256) == (len(outcome.body), hashlib.sha256(outcome.body).hexdigest())


def require_nothing_sent_behind_our_back(server: Server, cell: Cell) -> None:
    """By the server's own record: no request twice, and nothing to anybody else."""
    assert len(server.of(cell.endpoint)) == cell.requests
    assert server.whole_uploads == cell.uploads
    assert len({request.sha256 for request in server.of(Endpoint.UPLOAD) if request.whole}) <= 1
    assert len(server.taken) <= 1
    assert server.strays == 0
    if cell.fault.moment is Moment.KEPT:
        assert server.connections == 1
    if cell.fault.deed is Deed.FLOOD:
        assert server.swallowed < FLOOD, "it has to be the client that ends it"


def test_the_matrix_covers_every_request_in_every_phase() -> None:
    assert len(CELLS) >= 400
    assert len({str(cell) for cell in CELLS}) == len(CELLS)
    covered = {(cell.endpoint, cell.fault.moment) for cell in CELLS}
    assert covered >= {(endpoint, moment) for endpoint in Endpoint for moment in moments(endpoint)}
    assert {cell.fault.deed for cell in CELLS} == set(Deed)

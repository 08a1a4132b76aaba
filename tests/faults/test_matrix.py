"""Every cell of the matrix against the real edge: the HTTP session, the bearer token, the target."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from targets.remote import UUID, assert_tells_no_secret, files_in

from faults import table
from faults.cells import CELLS, CELLS_OF_OTHERS, Cell, moments
from faults.fault import ENDGRATE, FOLLOWS, STRUCK, TAO, Deed, Endpoint, Moment
from faults.remotes import asking
from faults.server import FLOOD, Server, misbehaving
from orchestrator.errors import TargetError
from orchestrator.model import Accepted
from orchestrator.ports import Ended, Fetched, Running

_OFTEN = {
    "400",
    "401",
    "401, twice",
    "401 and a page",
    "403",
    "404",
    "405",
    "409",
    "413",
    "429, Retry-After 7",
    "500",
    "503, Retry-After 7",
}
_ANSWERS = _OFTEN | {row.what for row in table.UNEXPECTED}
SAMPLE = [
    cell
    for cell in CELLS_OF_OTHERS
    if cell.fault.moment is Moment.WHOLE and cell.fault.what in _ANSWERS and cell.endpoint is not Endpoint.TAO_TOKEN
]
"""What these targets read by themselves: all else, and all about tokens, is done by an edge that they share."""
RESULTS = {
    Endpoint.POLL: ("feedback", "tableofresultids"),
    Endpoint.TAO_STATUS: ("status", "result"),
    Endpoint.STATISTICS: ("statistics", "errors", "data"),
}


async def outcome_of(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except TargetError as error:
        return error


@pytest.mark.parametrize("cell", [*CELLS, *SAMPLE], ids=str)
async def test_a_fault_leads_to_what_the_rules_say(tmp_path: Path, cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    await strike(tmp_path, cell, monkeypatch)


@pytest.mark.chaos
@pytest.mark.parametrize("cell", [cell for cell in CELLS_OF_OTHERS if cell not in SAMPLE], ids=str)
async def test_any_fault_leads_to_what_the_rules_say(
    tmp_path: Path, cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    await strike(tmp_path, cell, monkeypatch)


async def strike(root: Path, cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.edges.answer.RESULT_LIMIT", 1 << 20)
    async with (
        misbehaving(cell.endpoint, cell.fault, follows=FOLLOWS[cell.endpoint]) as server,
        asking(server, root) as ask,
    ):
        outcome = await outcome_of(ask(cell))

    assert type(outcome) is cell.outcome, repr(outcome)
    if isinstance(outcome, TargetError):
        assert outcome.retry_after == cell.retry_after
        assert_tells_no_secret(outcome)
        assert files_in(root) == []
    else:
        require_what_was_given(outcome, cell.endpoint)
    require_nothing_sent_behind_our_back(server, cell)


def require_what_was_given(outcome: Accepted | Ended | Running | Fetched, endpoint: Endpoint) -> None:
    match outcome:
        case Accepted(token):
            assert token == UUID
        case Ended():
            assert (outcome.success, outcome.results) == (True, RESULTS[endpoint])
        case Fetched():
            assert outcome.body is not None
            assert (outcome.size, outcome.sha256) == (len(outcome.body), hashlib.sha256(outcome.body).hexdigest())


def require_nothing_sent_behind_our_back(server: Server, cell: Cell) -> None:
    """By the server's own record: no request twice, and nothing to anybody else."""
    assert len(server.of(cell.endpoint)) == cell.requests
    assert server.whole_uploads == cell.uploads
    assert len({request.sha256 for request in server.uploads if request.whole}) <= 1
    assert len(server.taken) <= 1
    assert server.strays == 0
    if cell.fault.moment is Moment.KEPT:
        assert server.connections == 1
    if cell.fault.deed is Deed.FLOOD:
        assert server.swallowed < FLOOD, "it has to be the client that ends it"


def test_the_matrix_covers_every_request_in_every_phase() -> None:
    cells = CELLS + CELLS_OF_OTHERS
    assert len({str(cell) for cell in cells}) == len(cells)
    covered = {(cell.endpoint, cell.fault.moment) for cell in cells}
    assert covered >= {(endpoint, moment) for endpoint in STRUCK for moment in moments(endpoint)}
    assert {cell.fault.deed for cell in cells} == set(Deed)
    assert {cell.endpoint for cell in SAMPLE} == {*TAO, *ENDGRATE} - {Endpoint.TAO_TOKEN}

"""A transfer that brings records in: what begins it, and when it may be begun twice (contracts C.2, C.7)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from orchestrator.edges.body import HOLD_FROM
from orchestrator.edges.http import Http, open_http
from orchestrator.errors import Misdirected
from orchestrator.model import Digest, Job, Sheet, Sheets
from orchestrator.ports import Body, Held, Trace
from orchestrator.targets.endgrate import EndgrateConfig, EndgratePull
from orchestrator.targets.endgrate.pull import ALL, NEW
from targets.endgrate.remote import BEGUN, SESSION, TRANSFER, TYPE, page, statistics
from targets.remote import API_KEY, Clock, a_job, assert_tells_no_secret
from targets.wire import as_json, scripted

NOTHING = Body(data=Held(""))


def job(gives: str) -> Job:
    return a_job(checked=Sheets(data=Sheet(sent=Digest(""), schema=gives)), attempts=1)


def puller(base_url: str, http: Http, *, sync: bool) -> EndgratePull:
    config = EndgrateConfig(id="x", base_url=base_url, session_id=SESSION, endgrate_type=TYPE, api_key=API_KEY)
    return EndgratePull(config, http, Clock(), sync=sync)


@pytest.mark.parametrize("sync", [False, True])
async def test_a_pull_is_begun_with_the_session_and_the_type_and_nothing_else(tmp_path: Path, sync: bool) -> None:
    async with scripted(BEGUN, as_json(statistics(completed=False))) as server, open_http(tmp_path) as http:
        pull = puller(server.url, http, sync=sync)
        accepted = await pull.submit(job(ALL), NOTHING, overwrite=False)
        await pull.check(accepted.token)
        begun, asked = server.requests

    assert accepted.token == TRANSFER
    assert (begun.method, begun.target) == ("POST", "/api/pull/transfer")
    assert begun.json == {"session_id": SESSION, "endgrate_type": TYPE}
    assert dict(parse_qsl(asked.target.partition("?")[2])) == {"method": "IMPORT", "transfer_id": TRANSFER}


@pytest.mark.parametrize(
    ("gives", "sync", "trace"),
    [
        (ALL, False, Trace.REPEATABLE),
        (ALL, True, Trace.UNKNOWN),
        (NEW, True, Trace.UNKNOWN),
        (NEW, False, Trace.UNKNOWN),
    ],
)
async def test_only_what_gives_all_there_is_may_be_begun_twice_and_what_may_not_takes_a_connection_of_its_own(
    tmp_path: Path, gives: str, sync: bool, trace: Trace
) -> None:
    async with scripted(BEGUN, page("transfer_data"), BEGUN) as server, open_http(tmp_path) as http:
        pull = puller(server.url, http, sync=sync)
        assert await pull.recall(job(gives)) is trace
        assert not pull.holds_back(job(gives), Body(data=Held("x" * HOLD_FROM * 2)), overwrite=False)
        await pull.submit(job(gives), NOTHING, overwrite=False)
        await pull.records(TRANSFER, 0)

        assert server.connections == (1 if trace is Trace.REPEATABLE else 2)


async def test_a_session_that_nobody_has_configured_is_told(tmp_path: Path) -> None:
    refused = as_json({"message": "Session not yet configured."}, 400)
    async with scripted(refused) as server, open_http(tmp_path) as http:
        pull = puller(server.url, http, sync=False)
        with pytest.raises(Misdirected, match="orchestrator session show") as caught:
            await pull.submit(job(ALL), NOTHING, overwrite=False)

    assert_tells_no_secret(caught.value)

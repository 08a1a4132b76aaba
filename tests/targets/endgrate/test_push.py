"""A push: what it sends, how its answer is read, and what may be sent again (contracts C.3, C.6, C.7)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sandbox.effects import AT_UPLOAD, striking

from orchestrator.edges.body import HOLD_FROM, TAIL
from orchestrator.errors import (
    Busy,
    Denied,
    Garbled,
    LeftAlone,
    Misdirected,
    NotSent,
    Refused,
    SourceChanged,
    TargetError,
    Unclear,
)
from orchestrator.model import Job
from orchestrator.ports import Body, Held, Trace
from orchestrator.sandbox import Fault
from targets.endgrate.remote import BEGUN, ROWS, SESSION, TRANSFER, TYPE, at, checked, in_sandbox
from targets.meanings import meaning
from targets.remote import API_KEY, a_job, assert_tells_no_secret, streamed
from targets.wire import Reply, answer, as_json, chunked, scripted

KEYED = checked(key="id")
MANY = "id,name\r\n" + "\r\n".join(f"{n},Zoë number {n}" for n in range(5_000))
PAGE = "<!DOCTYPE html><html><body>Please sign in.</body></html>"


@pytest.mark.parametrize("key", ["", "id"])
async def test_a_push_sends_the_session_the_type_and_a_record_for_each_row(tmp_path: Path, key: str) -> None:
    async with scripted(BEGUN) as server, at(server, tmp_path, key=key) as remote:
        accepted = await remote.push("id,name,tags.0\r\n1,Zoë,a\r\n2,Bert,")
        [request] = server.requests

    assert accepted.token == TRANSFER
    assert (request.method, request.target) == ("POST", "/api/push/transfer")
    assert request.all("Content-Type") == ["application/json"]
    assert request.all("Content-Length") == [str(len(request.body))]
    assert request.all("Transfer-Encoding") == []
    assert request.header("Authorization") == f"Bearer {API_KEY}".encode().decode("latin-1")
    records: list[dict[str, Any]] = [
        {"data": {"id": "1", "name": "Zoë", "tags": ["a"]}},
        {"data": {"id": "2", "name": "Bert"}},
    ]
    if key:
        records = [record | {"internal_id": record["data"]["id"]} for record in records]
    assert request.json == {"session_id": SESSION, "endgrate_type": TYPE, "transfer_data": records}


async def test_text_that_is_streamed_makes_the_same_records(tmp_path: Path) -> None:
    async with scripted(BEGUN) as server, at(server, tmp_path) as remote:
        await remote.push(MANY)
        await remote.push(streamed(*(MANY[start : start + 777] for start in range(0, len(MANY), 777))))
        held, stream = server.requests

    assert len(held.json["transfer_data"]) == 5_000
    assert stream.body == held.body


@pytest.mark.parametrize(
    "source",
    [streamed("id,name\r\n", "1,A", changes_at=1), streamed(ROWS, size_of=ROWS[:-1])],
    ids=["changed", "grown"],
)
async def test_a_file_that_changes_while_it_is_read_is_not_sent(tmp_path: Path, source: Any) -> None:
    async with scripted(BEGUN) as server, at(server, tmp_path) as remote:
        with pytest.raises(SourceChanged):
            await remote.push(source)

        assert server.connections == 0


@pytest.mark.parametrize("text", ["a,a.b\r\n1,2", "name\r\nAnna"], ids=["columns", "no key"])
async def test_what_makes_no_records_is_refused_before_anything_is_sent(tmp_path: Path, text: str) -> None:
    async with scripted(BEGUN) as server, at(server, tmp_path, key="id") as remote:
        with pytest.raises(Refused, match="not sent: the column"):
            await remote.push(text)

        assert server.connections == 0


async def test_more_than_a_request_may_hold_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    async with scripted(BEGUN) as server, at(server, tmp_path) as remote:
        with pytest.raises(Refused, match=r"target\.part_rows"):
            await remote.push(streamed("id\r\n1", size_of="x" * ((64 << 20) + 1)))

        assert server.connections == 0


@pytest.mark.parametrize("retry_after", [False, True])
async def test_every_status_means_what_the_contract_says(tmp_path: Path, retry_after: bool) -> None:
    headers = ("Retry-After: 7",) if retry_after else ()
    async with scripted() as server, at(server, tmp_path) as remote:
        for status in range(200, 600):
            server.replies = [answer(status, "" if status in (204, 304) else '{"message": "Canary Cell"}', *headers)]
            with pytest.raises(TargetError) as caught:
                await remote.push()

            assert (status, type(caught.value)) == (status, meaning(status, retry_after=retry_after))
            assert caught.value.retry_after == (7.0 if retry_after else None)
            assert_tells_no_secret(caught.value)
        assert len(server.requests) == 400, "and none of them is sent twice"


@pytest.mark.parametrize(
    "body",
    [
        {"success": True},
        {"success": True, "transfer_id": ""},
        {"success": True, "transfer_id": 5},
        {"success": True, "transfer_id": "two words"},
        {"success": "true", "transfer_id": "abc"},
        {"transfer_id": "abc"},
        {"success": False, "transfer_id": "abc"},
        [TRANSFER],
        TRANSFER,
        None,
    ],
    ids=json.dumps,
)
async def test_only_a_success_with_a_transfer_is_one(tmp_path: Path, body: object) -> None:
    async with scripted(as_json(body)) as server, at(server, tmp_path) as remote:
        with pytest.raises(Garbled):
            await remote.push()


async def test_a_success_that_says_that_it_is_none_is_a_refusal_in_our_words(tmp_path: Path) -> None:
    told = as_json({"success": False, "message": "Canary Cell is no name"})
    async with scripted(told) as server, at(server, tmp_path) as remote:
        with pytest.raises(Refused, match="no success") as caught:
            await remote.push()

    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, PAGE, kind="text/html"),
        answer(200, '{"success": false}', kind="text/html"),
        Reply(data=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b'{"success": false}', close=True),
        answer(200, '{"success": false', kind="application/json"),
    ],
    ids=["a page", "as a page", "unframed", "cut"],
)
async def test_what_may_be_somebody_elses_no_proves_nothing(tmp_path: Path, reply: Any) -> None:
    async with scripted(reply) as server, at(server, tmp_path) as remote:
        with pytest.raises(Unclear):
            await remote.push()


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("Session not yet configured.", "orchestrator session show"),
        ("Invalid or expired session.", "orchestrator session initiate"),
        ("The session is not for a push.", "target.session_id"),
        ("The session has no such schema.", "target.endgrate_type"),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 404])
async def test_what_is_wrong_with_the_session_ends_the_run_with_a_remedy(
    tmp_path: Path, message: str, remedy: str, status: int
) -> None:
    reply = as_json({"success": False, "message": message}, status)
    async with scripted(reply) as server, at(server, tmp_path) as remote:
        for call in (remote.push, remote.endgrate.probe):
            with pytest.raises(Misdirected, match=remedy) as caught:
                await call()
            assert_tells_no_secret(caught.value)


@pytest.mark.parametrize(
    ("job", "key", "trace"),
    [
        (KEYED, "id", Trace.REPEATABLE),
        (KEYED, "", Trace.UNKNOWN),
        (KEYED, "name", Trace.UNKNOWN),
        (checked(), "id", Trace.UNKNOWN),
        (checked(), "", Trace.UNKNOWN),
        (a_job(attempts=1), "id", Trace.UNKNOWN),
        (a_job(attempts=1, owns=True, overwrote=True, repeats=True), "id", Trace.UNKNOWN),
    ],
    ids=["keyed", "no more", "by another", "not then", "never", "unchecked", "owned"],
)
async def test_only_what_was_checked_for_the_key_that_it_is_sent_with_may_be_sent_again(
    tmp_path: Path, job: Job, key: str, trace: Trace
) -> None:
    async with scripted() as server, at(server, tmp_path, key=key) as remote:
        assert await remote.endgrate.recall(job) is trace
        large = Body(data=Held("x" * (HOLD_FROM + 1)))
        assert remote.endgrate.holds_back(job, large, overwrite=True) is (trace is Trace.UNKNOWN)
        assert server.connections == 0


@pytest.mark.parametrize(("rows", "holds"), [(100, False), (40_000, True)])
async def test_what_counts_is_how_large_the_records_are(tmp_path: Path, rows: int, holds: bool) -> None:
    text = "a_long_name_of_a_column\r\n" + "1\r\n" * rows
    async with scripted() as server, at(server, tmp_path) as remote:
        assert remote.endgrate.holds_back(checked(), Body(data=Held(text)), overwrite=False) is holds
        assert remote.endgrate.holds_back(checked(), Body(data=streamed(text)), overwrite=False) is False


async def test_the_last_bytes_wait_until_they_may_leave(tmp_path: Path) -> None:
    async with scripted(BEGUN) as server, at(server, tmp_path) as remote:
        asked: list[int] = []

        async def release() -> None:
            asked.append(len(server.requests))

        await remote.push(MANY, release=release)
        [request] = server.requests

    assert asked == [0]
    assert len(request.body) > HOLD_FROM > TAIL
    assert request.whole


@pytest.mark.parametrize("job", [checked(), KEYED], ids=["once", "again"])
async def test_what_may_not_be_sent_twice_takes_a_connection_that_nobody_is_just_closing(
    tmp_path: Path, job: Job
) -> None:
    async with scripted(BEGUN) as server, at(server, tmp_path, key="id") as remote:
        await remote.push(job=job)
        await remote.endgrate.recall(job)
        await remote.push(job=KEYED)
        connections = server.connections

    assert connections == (1 if job is KEYED else 2)


async def test_nothing_leaves_while_the_remote_wants_to_be_left_alone(tmp_path: Path) -> None:
    async with scripted(BEGUN) as server, at(server, tmp_path) as remote:
        await remote.endgrate.sign_in()
        remote.endgrate.heed(lambda: False)
        calls = (remote.push, remote.endgrate.probe, lambda: remote.endgrate.check(TRANSFER))
        for call in (*calls, lambda: remote.endgrate.fetch(TRANSFER, "errors")):
            with pytest.raises(LeftAlone):
                await call()
        assert server.connections == 0

        remote.endgrate.heed(lambda: True)
        assert (await remote.push()).token == TRANSFER


RAISED = {
    "drop_unread": Unclear, "drop_before": Unclear, "reset_before": Unclear, "drop_after": Unclear,
    "reset_after": Unclear, "unauthorized": Denied, "revoke": Denied, "throttle": Busy, "throttle_date": Busy,
    "unavailable": Busy, "unavailable_date": Busy, "unavailable_bare": Unclear, "error_before": Unclear,
    "error_after": Unclear, "html": Garbled, "html_after": Garbled, "truncated": Unclear, "empty": Garbled,
}  # fmt: skip
"""What every fault at the upload looks like; the others end in a transfer."""


@pytest.mark.parametrize("kind", AT_UPLOAD)
async def test_no_fault_at_the_upload_is_taken_for_more_than_it_proves(tmp_path: Path, kind: str) -> None:
    _, applied = AT_UPLOAD[kind]
    async with in_sandbox(tmp_path, striking("upload", kind), key="id") as (remote, sandbox):
        raised = RAISED.get(kind)
        if raised is None:
            assert (await remote.push(job=KEYED)).token == sandbox.transfers[0].id
        else:
            with pytest.raises(TargetError) as caught:
                await remote.push(job=KEYED)
            assert type(caught.value) is raised
            assert_tells_no_secret(caught.value)
            assert not (applied and isinstance(caught.value, NotSent | Refused | Denied))
        assert len(sandbox.transfers) == applied


async def test_with_a_key_a_push_that_is_repeated_leaves_each_record_once(tmp_path: Path) -> None:
    async with in_sandbox(tmp_path, striking("upload", "drop_after"), key="id") as (remote, sandbox):
        with pytest.raises(Unclear):
            await remote.push(job=KEYED)
        await remote.push(job=KEYED)
        stored = list(sandbox.provider.records[TYPE].values())

    assert sorted((record.internal_id, record.pushes) for record in stored) == [("1", 2), ("2", 2)]


async def test_a_probe_finds_out_whether_the_session_is_ready_and_the_key_is_right(tmp_path: Path) -> None:
    async with in_sandbox(tmp_path) as (remote, _):
        await remote.endgrate.probe()
    async with in_sandbox(tmp_path, Fault(endpoint="other", kind="unauthorized")) as (remote, _):
        with pytest.raises(Denied, match="API key"):
            await remote.endgrate.probe()


@pytest.mark.parametrize(
    ("reply", "raised"),
    [
        (answer(200, PAGE, kind="text/html"), Garbled),
        (answer(503, "", "Retry-After: 7"), NotSent),
        (answer(405, ""), Misdirected),
        (chunked(b"[]"), Unclear),
    ],
    ids=["a page", "503", "405", "a list"],
)
async def test_a_probe_raises_what_keeps_the_remote_from_being_well(
    tmp_path: Path, reply: bytes, raised: type[TargetError]
) -> None:
    async with scripted(reply) as server, at(server, tmp_path) as remote:
        with pytest.raises(raised) as caught:
            await remote.endgrate.probe()

    assert_tells_no_secret(caught.value)

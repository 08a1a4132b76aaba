"""What became of a push: its statistics, pages by offset, errors joined to rows, the verdict (contracts C.4-C.6)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.effects import AT_READ, striking

from orchestrator.edges.answer import SPILL_FROM, Answer
from orchestrator.errors import Denied, Garbled, Misdirected, Missing, NotSent, TargetError, Unclear
from orchestrator.model import Completed, Failed
from orchestrator.objections import joined
from orchestrator.ports import Ended, Objection, Running
from orchestrator.sandbox import Fault
from orchestrator.targets.endgrate.answers import status_of
from targets.endgrate.remote import (
    TRANSFER,
    TYPE,
    at,
    checked,
    counts,
    error,
    in_sandbox,
    page,
    statistics,
)
from targets.remote import API_KEY, assert_tells_no_secret, content_of, files_in
from targets.wire import Request, Script, answer, as_json, scripted

ROWS = "id,name\r\n" + "\r\n".join(f"{n},Anna {n}" for n in range(1, 6))
PAGE = "<!DOCTYPE html><html><body>Please sign in.</body></html>"


def read(body: object, status: int = 200) -> Running | Ended:
    text = json.dumps(body).encode()
    return status_of(Answer(status=status, content_type="application/json", body=text))


def script(told: dict[str, Any], errors: list[bytes], data: list[bytes]) -> Script:
    """Answers by path and, for lists, by how often they were asked for."""
    left = {"/api/errors": errors, "/api/push/data": data}

    def reply(request: Request) -> bytes:
        path = request.target.partition("?")[0]
        return as_json(told) if path == "/api/statistics" else left[path].pop(0)

    return reply


async def test_a_transfer_is_asked_about_by_its_id_alone(tmp_path: Path) -> None:
    async with scripted(as_json(statistics(completed=False))) as server, at(server, tmp_path) as remote:
        assert await remote.endgrate.check(TRANSFER) == Running()
        [request] = server.requests

    path, _, query = request.target.partition("?")
    assert (request.method, path) == ("GET", "/api/statistics")
    assert dict(parse_qsl(query)) == {"method": "EXPORT", "transfer_id": TRANSFER}


@pytest.mark.parametrize("status", [200, 400])
def test_not_yet_completed_is_at_work_in_whatever_way_it_is_said(status: int) -> None:
    assert read({"success": False, "message": "Transfer has NOT yet completed."}, status) == Running()
    assert read(statistics(completed=False)) == Running()
    assert read(statistics(counts(), counts() | {"completed": False})) == Running(), "one of its integrations is not"


def test_a_word_that_nobody_documents_is_repeated_and_anything_else_is_not_understood() -> None:
    assert read(statistics(completed="Reticulating")) == Running(word="reticulating")
    for completed in (None, 1, "Canary Cell", {}, []):
        with pytest.raises(Unclear):
            read(statistics(completed=completed))


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ([counts()], "completed"),
        ([counts(), counts(batches=3)], "completed"),
        ([counts(failed=1)], "completed, but not for every record"),
        ([counts(), counts(transferred=1)], "completed, but not for every record"),
        ([counts() | {"batches_success": 0, "batches_queued": 1}], "completed, but not for every record"),
        ([counts() | {"batches_fail": 1}], "completed, but not for every record"),
        ([counts(transferred=0, failed=1)], "completed, and no record got through"),
    ],
    ids=["all", "all twice", "a batch", "a record", "queued", "one too many", "none"],
)
def test_success_is_when_every_batch_succeeded(told: list[dict[str, Any]], word: str) -> None:
    assert read(statistics(*told)) == Ended(
        success=word == "completed", word=word, results=("statistics", "errors", "data")
    )


@pytest.mark.parametrize(
    "told",
    [
        {},
        [],
        {"key": 5},
        {"key": {}},
        {"key": counts() | {"batches_fail": None}},
        {"key": counts() | {"batches_fail": -1}},
        {"key": counts() | {"batches": "1"}},
        {"key": counts() | {"batches": True}},
    ],
    ids=json.dumps,
)
def test_an_end_without_its_counts_is_no_end(told: object) -> None:
    with pytest.raises(Unclear, match="without its counts"):
        read(statistics() | {"statistics": told})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_whatever_the_counts_are_they_are_counts_or_not_understood(told: object) -> None:
    with pytest.raises(Unclear):
        read(statistics() | {"statistics": {TYPE: told}})


READ = {401: Denied, 403: Denied, 404: Missing, 405: Misdirected, 415: Misdirected}


@pytest.mark.parametrize("ask", ["check", "statistics", "errors", "data"])
async def test_a_read_that_says_anything_else_can_be_asked_again(tmp_path: Path, ask: str) -> None:
    async with scripted() as server, at(server, tmp_path) as remote:

        async def call() -> object:
            return await (remote.endgrate.check(TRANSFER) if ask == "check" else remote.endgrate.fetch(TRANSFER, ask))

        for status in (201, 204, 301, 400, *READ, 409, 418, 429, 500, 503):
            body = "" if status == 204 else '{"message": "Canary Cell"}'
            server.replies = [answer(status, body, "Retry-After: 7")]
            with pytest.raises(TargetError) as caught:
                await call()
            assert (status, type(caught.value)) == (status, READ.get(status, NotSent))
            assert caught.value.retry_after == 7.0
            assert_tells_no_secret(caught.value)
        for reply, raised in (
            (answer(200, PAGE, kind="text/html"), Garbled),
            (answer(404, PAGE, kind="text/html"), Garbled),
            (as_json({"success": False, "message": "Canary Cell"}), Unclear),
            (as_json({"success": False, "message": "Transfer not found."}), Missing),
            (as_json([]), Unclear),
            (answer(200, '{"success": true, "errors": [NaN]}'), Unclear),
            (answer(200, "[" * 100_000), Unclear),
        ):
            server.replies = [reply]
            with pytest.raises(raised) as caught:
                await call()
            assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("key", ["errors", "data"])
async def test_a_list_that_is_not_there_yet_is_asked_for_again(tmp_path: Path, key: str) -> None:
    reply = as_json({"message": "Transfer has not yet completed."}, 400)
    async with scripted(reply) as server, at(server, tmp_path) as remote:
        with pytest.raises(NotSent, match="not completed yet"):
            await remote.endgrate.fetch(TRANSFER, key)


@pytest.mark.parametrize(("key", "member"), [("errors", "errors"), ("data", "transfer_data")])
async def test_pages_are_asked_for_by_offset_and_no_link_is_followed(tmp_path: Path, key: str, member: str) -> None:
    replies = [
        page(member, {"id": "a"}, {"id": "b"}, following=2),
        page(member, {"id": "Zoë \ud800"}, following=250),
        page(member, {"id": "c"}),
    ]
    async with scripted(*replies) as server, at(server, tmp_path) as remote:
        fetched = await remote.endgrate.fetch(TRANSFER, key)
        asked = [dict(parse_qsl(request.target.partition("?")[2])) for request in server.requests]
        hosts = {request.header("Host") for request in server.requests}

    assert fetched.body is not None
    assert [json.loads(line)["id"] for line in fetched.body.splitlines()] == ["a", "b", "Zoë \ud800", "c"]
    assert (fetched.key, fetched.content_type, fetched.size) == (key, "application/jsonl", len(fetched.body))
    assert [query["offset"] for query in asked] == ["0", "2", "250"]
    assert {query["transfer_id"] for query in asked} == {TRANSFER}
    assert hosts == {server.url.removeprefix("http://")}


@pytest.mark.parametrize("following", [0, 1, -1, True, "2", None, {}], ids=repr)
async def test_a_page_that_does_not_lead_on_is_the_last_and_no_success(tmp_path: Path, following: object) -> None:
    data = page("transfer_data", {"id": "a"}, following=1)
    cut = as_json(
        {"success": True, "meta": {"next": {"offset": following}}, "transfer_data": [{"id": "b"}]},
    )
    async with (
        scripted(script(statistics(), [page("errors")], [data, cut])) as server,
        at(server, tmp_path) as remote,
    ):
        fetched, verdict = await remote.end(TRANSFER, checked())

    assert fetched[-1].body == b'{"id": "a"}\n{"id": "b"}\n'
    assert isinstance(verdict, Failed)


async def test_an_empty_page_that_leads_on_for_ever_is_the_last(tmp_path: Path) -> None:
    async with scripted(page("errors", following=250)) as server, at(server, tmp_path) as remote:
        await remote.endgrate.fetch(TRANSFER, "errors")

        assert len(server.requests) == 1


async def test_a_page_that_comes_again_and_again_is_no_list_that_goes_on_for_ever(tmp_path: Path) -> None:
    def reply(request: Request) -> bytes:
        offset = int(dict(parse_qsl(request.target.partition("?")[2]))["offset"])
        return page("errors", {"pk": 1}, {"pk": 2}, following=offset + 2)

    async with scripted(reply) as server, at(server, tmp_path) as remote:
        with pytest.raises(Unclear, match="the same page came twice"):
            await remote.endgrate.fetch(TRANSFER, "errors")

        assert len(server.requests) == 2


async def test_a_list_that_is_longer_than_any_result_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.targets.endgrate.lines.RESULT_LIMIT", 50)
    replies = [page("transfer_data", {"id": f"record {nth}"}, following=nth + 1) for nth in range(9)]
    async with scripted(*replies) as server, at(server, tmp_path) as remote:
        with pytest.raises(Unclear, match="longer than 50 bytes"):
            await remote.endgrate.fetch(TRANSFER, "data")

        assert len(server.requests) < 9


@pytest.mark.parametrize("first", [1, SPILL_FROM])
async def test_a_long_list_lies_in_a_file_of_its_own(tmp_path: Path, first: int) -> None:
    """Whether a single page is long, or all of them together."""
    items = [{"id": f"{nth}{'x' * size}"} for nth, size in enumerate((first, SPILL_FROM, 10, SPILL_FROM))]
    replies = [page("transfer_data", item, following=nth + 1) for nth, item in enumerate(items[:-1])]
    async with scripted(*replies, page("transfer_data", items[-1])) as server, at(server, tmp_path) as remote:
        fetched = await remote.endgrate.fetch(TRANSFER, "data")

    assert fetched.body is None
    assert fetched.spilled is not None
    assert files_in(tmp_path) == [fetched.spilled], "the pages themselves are taken away"
    content = content_of(fetched.spilled)
    assert [json.loads(line) for line in content.splitlines()] == items
    assert fetched.size == len(content)
    assert content.startswith(fetched.head)


async def test_a_list_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    long = page("transfer_data", {"id": "x" * SPILL_FROM}, following=1)
    async with scripted(long, answer(500)) as server, at(server, tmp_path) as remote:
        with pytest.raises(NotSent):
            await remote.endgrate.fetch(TRANSFER, "data")

    assert files_in(tmp_path) == []


async def test_a_number_beyond_all_numbers_is_not_understood(tmp_path: Path) -> None:
    reply = answer(200, '{"success": true, "transfer_data": [{"data": {"n": 1e999}}]}')
    async with scripted(reply) as server, at(server, tmp_path) as remote:
        with pytest.raises(Unclear, match="a number that is none"):
            await remote.endgrate.fetch(TRANSFER, "data")


async def test_errors_become_objections_to_their_rows(tmp_path: Path) -> None:
    errors = page(
        "errors",
        error(2, internal_id="row-3"),
        error(2),
        error(0, error_type="mapping", error_resolve_text=""),
        error(internal_id="row-5"),
        error(-1, internal_id="row-5"),
    )
    async with scripted(errors) as server, at(server, tmp_path) as remote:
        fetched = await remote.endgrate.fetch(TRANSFER, "errors")

    assert fetched.refused == 3
    assert fetched.objections == (
        Objection(rows=(3,), says="internal_id row-3: upstream: Canary Cell is no name"),
        Objection(rows=(3,), says="upstream: Canary Cell is no name"),
        Objection(rows=(1,), says="mapping"),
        Objection(rows=(), says="internal_id row-5: upstream: Canary Cell is no name"),
        Objection(rows=(), says="internal_id row-5: upstream: Canary Cell is no name"),
    )
    lines = (joined(checked(3), fetched.objections).body or b"").decode().splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["3", "night.csv:4"],
        ["3", "night.csv:4"],
        ["1", "night.csv:2"],
        ["", "which row is not known"],
        ["", "which row is not known"],
    ]


@pytest.mark.parametrize(
    ("told", "errors", "marked", "refused", "verdict"),
    [
        (counts(), [], False, 0, Completed),
        (counts(), [error(1)], False, 1, Completed),
        (counts(transferred=1, failed=1), [error(1)], False, 1, Completed),
        (counts(transferred=1, failed=1), [], False, 1, Completed),
        (counts(), [error(0), error(1)], False, 2, Failed),
        (counts(transferred=0, failed=1), [], False, 2, Failed),
        (counts(failed=1), [], False, 0, Failed),
        (counts(), [error()], False, 0, Failed),
        (counts(), [], True, 0, Failed),
        (counts(), [error(1)], True, 1, Completed),
    ],
    ids=[
        *("nothing", "one is named", "one is named and counted", "one is counted", "all are named", "all are counted"),
        *("a batch, and no record", "an error of none", "only marked", "marked and named"),
    ],
)
async def test_the_verdict_is_success_only_when_nothing_is_said_to_be_wrong(
    tmp_path: Path, told: dict[str, Any], errors: list[dict[str, Any]], marked: bool, refused: int, verdict: type
) -> None:
    data = page("transfer_data", {"id": "a", "data": {}}, transfer_errors=marked)
    async with (
        scripted(script(statistics(told), [page("errors", *errors)], [data])) as server,
        at(server, tmp_path) as remote,
    ):
        fetched, outcome = await remote.end(TRANSFER, checked(2))

    assert sum(each.refused for each in fetched) == refused
    assert type(outcome) is verdict
    assert [result.key for result in outcome.results] == ["statistics", "errors", "data"]
    assert "Canary" not in outcome.cause
    assert bool(outcome.cause) is (verdict is Failed)


async def test_records_that_are_counted_and_not_named_are_told_so(tmp_path: Path) -> None:
    told = statistics(counts(5, 2, batches=2, failed=1))
    replies = script(told, [page("errors", error(1))], [page("transfer_data")])
    async with scripted(replies) as server, at(server, tmp_path) as remote:
        fetched, _ = await remote.end(TRANSFER, checked(5))

    assert [each.refused for each in fetched] == [0, 3, 0]
    assert fetched[1].remark == "of 2 of these it does not say which"


async def test_every_second_batch_fails_and_its_rows_are_named(tmp_path: Path) -> None:
    async with in_sandbox(tmp_path, batch=2, failing=2, page=2, key="id") as (remote, sandbox):
        token = (await remote.push(ROWS, job=checked(5, key="id"))).token
        fetched, verdict = await remote.end(token, checked(5, key="id"))
        stored = {record.data["id"] for record in sandbox.provider.records[TYPE].values()}

    assert isinstance(verdict, Completed)
    assert [objection.rows for objection in fetched[1].objections] == [(3,), (4,)]
    assert fetched[1].refused == 2
    assert stored == {"1", "2", "5"}
    assert [json.loads(line)["data"]["id"] for line in (fetched[2].body or b"").splitlines()] == ["1", "2", "5"]


async def test_a_session_that_has_lapsed_tells_that_a_person_has_to_sign_in_again(tmp_path: Path) -> None:
    async with in_sandbox(tmp_path, authenticated=False) as (remote, sandbox):
        token = (await remote.push(ROWS)).token
        fetched, verdict = await remote.end(token, checked(5))

        assert isinstance(verdict, Failed)
        assert "reauthenticate page" in fetched[1].remark
        assert sandbox.session_id not in fetched[1].remark + verdict.cause
        assert sandbox.provider.records[TYPE] == {}


async def test_a_transfer_that_nobody_knows_is_missing(tmp_path: Path) -> None:
    for errors in ("status", "soft"):
        async with in_sandbox(tmp_path, errors=errors) as (remote, _):
            for key in ("statistics", "errors", "data"):
                with pytest.raises(Missing):
                    await remote.endgrate.fetch(TRANSFER, key)
            with pytest.raises(Missing):
                await remote.endgrate.check(TRANSFER)


@pytest.mark.parametrize("endpoint", ["poll", "result"])
@pytest.mark.parametrize("kind", AT_READ)
async def test_a_fault_while_reading_is_told_and_the_next_try_is_well(tmp_path: Path, endpoint: str, kind: str) -> None:
    async with in_sandbox(tmp_path, striking(endpoint, kind)) as (remote, sandbox):
        token = (await remote.push(ROWS)).token

        async def ask() -> object:
            if endpoint == "poll":
                return await remote.endgrate.check(token)
            return await remote.endgrate.fetch(token, "data")

        if kind.startswith("hold") or kind == "trickle":
            assert await ask()
            return
        with pytest.raises(TargetError) as caught:
            await ask()
        assert_tells_no_secret(caught.value)
        assert isinstance(caught.value, Denied) is (kind in ("unauthorized", "revoke"))
        assert sandbox.record.faults == {kind: 1}
        if kind != "revoke":
            assert await ask()


async def test_a_transfer_at_work_and_one_that_never_ends(tmp_path: Path) -> None:
    faults = (Fault(endpoint="upload", kind="stuck"), Fault(endpoint="poll", kind="unknown_status", nth=2))
    async with in_sandbox(tmp_path, *faults) as (remote, _):
        token = (await remote.push(ROWS)).token

        assert await remote.endgrate.check(token) == Running()
        assert await remote.endgrate.check(token) == Running(word="reticulating")


def test_the_configuration_does_not_show_what_opens_anything(tmp_path: Path) -> None:
    from orchestrator.targets.endgrate import EndgrateConfig
    from orchestrator.targets.endgrate.api import Api

    config = EndgrateConfig(id="x", base_url="y", session_id="canary", endgrate_type=TYPE, api_key=API_KEY)
    assert "anary" not in repr(config)
    assert "anary" not in repr(Api("y", API_KEY, None))  # type: ignore[arg-type]  # it is not used

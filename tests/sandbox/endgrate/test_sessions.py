"""Sessions of Endgrate: made by a program, configured by a person, gone when their time is over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.endgrate.visitor import TYPE, visit

EXPIRED = {"message": "Invalid or expired session."}


async def test_a_session_is_configured_once_somebody_has_opened_its_page() -> None:
    async with visit() as visitor:
        session = await visitor.initiate()
        before = await visitor.get("/api/session/configuration", session_id=session)
        refused = await visitor.push(session_id=session)
        page = await visitor.send("GET", "/session", params={"session_id": session})
        after = await visitor.get("/api/session/configuration", session_id=session)

        assert (before.status, before.json) == (400, {"message": "Session not yet configured."})
        assert (refused.status, refused.json) == (before.status, before.json)
        assert page.headers["Content-Type"].startswith("text/html")
        assert after.json.items() >= {"success": True, "session_id": session, "schema": [TYPE]}.items()
        assert (await visitor.push(session_id=session)).status == 200


async def test_a_session_can_be_configured_at_once() -> None:
    async with visit(configured=True) as visitor:
        assert (await visitor.push(session_id=await visitor.initiate())).status == 200


async def test_a_session_that_there_is_not_has_no_configuration() -> None:
    async with visit() as visitor:
        seen = await visitor.get("/api/session/configuration", session_id="x")
        twice = await visitor.send(
            "GET", "/api/session/configuration?session_id=a&session_id=b", headers=visitor.authorization
        )

    assert (seen.status, seen.json) == (404, EXPIRED)
    assert (twice.status, list(twice.json["errors"])) == (400, ["query"])


async def test_the_key_can_be_made_void_for_good() -> None:
    async with visit() as visitor:
        visitor.sandbox.expire_tokens()

        assert (await visitor.push()).status == 401
        assert visitor.sandbox.tokens == ()


async def test_there_is_a_session_that_was_configured_before() -> None:
    async with visit() as visitor:
        visitor.clock.now += 1e9
        assert (await visitor.push(endgrate_type="crm-deal")).status == 200


async def test_a_session_expires_after_72_hours_unless_it_is_saved() -> None:
    async with visit(configured=True) as visitor:
        passing, saved = await visitor.initiate(), await visitor.initiate(save_session=True)
        visitor.clock.now += 72 * 3600 - 1
        assert (await visitor.push(session_id=passing)).status == 200
        visitor.clock.now += 1

        seen = await visitor.push(session_id=passing)
        assert (seen.status, seen.json, visitor.last()["outcome"]) == (404, EXPIRED, "refused")
        assert (await visitor.push(session_id=saved)).status == 200


async def test_a_session_can_be_deleted_once_and_takes_its_transfers_along() -> None:
    async with visit(configured=True) as visitor:
        session = await visitor.initiate()
        transfer = (await visitor.push(session_id=session)).json["transfer_id"]
        first = await visitor.post("/api/session/delete", session_id=session)
        second = await visitor.post("/api/session/delete", session_id=session)

        assert (first.status, first.json) == (200, {"success": True, "session_id": session})
        assert (second.status, second.json) == (404, EXPIRED)
        assert (await visitor.data("push", transfer)).status == 404
        assert visitor.sandbox.transfers == []
        assert len(visitor.sandbox.provider.records[TYPE]) == 1


@pytest.mark.parametrize(("direction", "other"), [("push", "pull"), ("pull", "push")])
async def test_a_session_for_one_direction_is_for_that_one_only(direction: str, other: str) -> None:
    async with visit(configured=True) as visitor:
        session = await visitor.initiate(f"/api/{direction}/initiate")
        acts = {"push": visitor.push, "pull": visitor.pull}

        assert (await acts[direction](session_id=session)).status == 200
        assert (await acts[other](session_id=session)).status == 400
        assert visitor.last()["note"] == "direction"


async def test_a_session_is_for_its_schemas_and_a_schema_may_go_by_its_title() -> None:
    async with visit(configured=True) as visitor:
        answer = await visitor.post("/api/session/initiate", schema=[{"title": "mine", "properties": {}}])
        session = answer.json["session_id"]

        assert (await visitor.push(session_id=session, endgrate_type="mine")).status == 200
        assert (await visitor.push(session_id=session)).status == 400
        assert visitor.last()["note"] == "endgrate_type"


@pytest.mark.parametrize(
    ("members", "wrong"),
    [
        ({}, "schema"),
        ({"schema": []}, "schema"),
        ({"schema": ["crm-contact"]}, "schema"),
        ({"schema": [{}]}, "title"),
        ({"schema": [{"endgrate_type": 1}]}, "endgrate_type"),
        ({"schema": [{"endgrate_type": TYPE}], "save_session": "true"}, "save_session"),
    ],
)
async def test_what_is_wrong_with_a_session_is_named(members: dict[str, Any], wrong: str) -> None:
    async with visit() as visitor:
        seen = await visitor.post("/api/session/initiate", **members)

    assert (seen.status, seen.json["message"], list(seen.json["errors"])) == (400, "Invalid request.", [wrong])


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic eDp5"])
async def test_only_the_key_opens_and_some_things_are_open_to_all(authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with visit() as visitor:
        for method, path in (
            ("POST", "/api/session/initiate"),
            ("POST", "/api/push/transfer"),
            ("GET", "/api/push/data"),
            ("GET", "/api/errors"),
        ):
            seen = await visitor.send(method, path, headers=headers)
            assert (seen.status, seen.json) == (401, {"message": "Unauthorized."})
        assert (await visitor.send("GET", "/api/integrations", headers=headers)).json["success"] is True
        assert (await visitor.send("GET", "/session?session_id=x", headers=headers)).status == 404


async def test_a_path_or_a_method_that_it_does_not_have_is_refused() -> None:
    async with visit() as visitor:
        assert (await visitor.get("/statistics")).status == 404
        assert (await visitor.get("/api/push/transfer")).status == 405


async def test_the_record_holds_no_key_and_no_cell() -> None:
    async with visit() as visitor:
        await visitor.initiate()
        await visitor.push()
        entries = list(visitor.sandbox.record.entries)

    assert [(entry["kind"], entry.get("path")) for entry in entries] == [
        ("other", "/api/session/initiate"),
        ("upload", None),
    ]
    assert visitor.sandbox.api_key not in json.dumps(entries)
    assert "Anna" not in json.dumps(entries)

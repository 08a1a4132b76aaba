"""Pushes: what they do to the records at the provider, how far they are, and what did not get through."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from orchestrator.sandbox import Profile
from sandbox.endgrate.visitor import TYPE, item, visit


async def test_a_push_is_recorded_with_what_it_has_done() -> None:
    async with visit() as visitor:
        items = [item(1), item(2), {"data": {"first_name": "Größe"}}]
        seen = await visitor.push(*items)
        canonical = json.dumps(items, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

        assert seen.status == 200
        assert seen.json["success"] is True
        assert seen.json["statistics"].endswith(f"/statistics?transfer_id={seen.json['transfer_id']}")
        assert (
            visitor.last().items()
            >= {
                "name": TYPE,
                "direction": "push",
                "token": seen.json["transfer_id"],
                "records": 3,
                "sha256": hashlib.sha256(canonical.encode()).hexdigest(),
                "new": 2,
                "updated": 0,
                "appended": 1,
                "outcome": "accepted",
                "applied": True,
                "note": "",
            }.items()
        )


async def test_what_has_a_key_is_updated_and_what_has_none_is_added_again() -> None:
    async with visit() as visitor:
        await visitor.push(item(1), {"data": {"first_name": "Bert"}})
        await visitor.push(item(1, data={"first_name": "Anna"}), {"data": {"first_name": "Bert"}})
        stored = list(visitor.sandbox.provider.records[TYPE].values())

        assert Counter(record.data["first_name"] for record in stored) == {"Anna": 1, "Bert": 2}
        assert [record.pushes for record in stored if record.internal_id == "row-1"] == [2]
        assert visitor.last().items() >= {"new": 0, "updated": 1, "appended": 1}.items()


async def test_a_record_can_be_named_by_its_id() -> None:
    async with visit() as visitor:
        await visitor.push(item(1, id="a" * 24))
        await visitor.push({"id": "a" * 24, "data": {"first_name": "Bert"}})
        (stored,) = visitor.sandbox.provider.records[TYPE].values()

        assert (stored.internal_id, stored.data, stored.pushes) == ("row-1", {"first_name": "Bert"}, 2)


async def test_the_same_key_is_another_record_in_another_type() -> None:
    async with visit() as visitor:
        await visitor.push()
        await visitor.push(endgrate_type="crm-deal")

        assert {name: len(table) for name, table in visitor.sandbox.provider.records.items()} == {
            TYPE: 1,
            "crm-deal": 1,
        }


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"session_id": None}, "session_id"),
        ({"endgrate_type": ""}, "endgrate_type"),
        ({"transfer_data": []}, "transfer_data"),
        ({"transfer_data": {}}, "transfer_data"),
        ({"transfer_data": [{"first_name": "Anna"}]}, "transfer_data"),
        ({"transfer_data": [{"data": ["Anna"]}]}, "transfer_data"),
        ({"transfer_data": [{"data": {}, "internal_id": 7}]}, "transfer_data"),
        ({"transfer_data": [{"data": {}, "associations": []}]}, "transfer_data"),
        ({"synchronous": "yes"}, "synchronous"),
    ],
)
async def test_what_is_wrong_with_a_push_is_named_and_nothing_is_written(changes: dict[str, Any], wrong: str) -> None:
    async with visit() as visitor:
        seen = await visitor.push(**changes)

        assert (seen.status, list(seen.json["errors"])) == (400, [wrong])
        assert visitor.last().items() >= {"outcome": "refused", "applied": False, "token": None}.items()
        assert (visitor.sandbox.transfers, dict(visitor.sandbox.provider.records)) == ([], {})


@pytest.mark.parametrize(
    ("content_type", "body"), [("text/plain", b"{}"), ("application/json", b"{"), ("application/json", b"[]")]
)
async def test_only_an_object_of_json_is_read(content_type: str, body: bytes) -> None:
    async with visit() as visitor:
        headers = visitor.authorization | {"Content-Type": content_type}
        seen = await visitor.send("POST", "/api/push/transfer", data=body, headers=headers)

    assert (seen.status, list(seen.json["errors"])) == (400, ["body"])


async def test_a_push_is_worked_through_batch_by_batch_and_its_data_come_last() -> None:
    async with visit(Profile(job_base=0.0, job_per_row=1.0), batch=2) as visitor:
        transfer = (await visitor.push(*map(item, range(5)))).json["transfer_id"]
        early = await visitor.data("push", transfer)
        queued = []
        for _ in range(6):
            told = (await visitor.statistics(transfer))["statistics"][TYPE]
            queued.append((told["batches_queued"], told["batches_success"], told["records_transferred"]))
            visitor.clock.now += 1.0

        assert (early.status, early.json) == (400, {"message": "Transfer has not yet completed."})
        assert queued == [(3, 0, 0), (3, 0, 0), (2, 1, 2), (2, 1, 2), (1, 2, 4), (0, 3, 5)]
        states = [entry["state"] for entry in visitor.sandbox.record.of("poll")]
        assert states == [False] * 5 + [True]
        data = (await visitor.data("push", transfer)).json
        assert [one["internal_id"] for one in data["transfer_data"]] == [f"row-{number}" for number in range(5)]
        assert (data["meta"], "transfer_errors" in data) == ({"count": 5}, False)


async def test_statistics_come_as_they_are_documented() -> None:
    async with visit() as visitor:
        transfer = (await visitor.push()).json["transfer_id"]
        told = await visitor.statistics(transfer)

        assert (told["method"], told["completed"], list(told["statistics"])) == ("EXPORT", True, [TYPE])
        assert set(told["statistics"][TYPE]) == set(
            "batch_size records batches batches_queued batches_success batches_fail records_transferred completed"
            " provider integration".split()
        )
        for wrong in ({"method": "IMPORT"}, {"session_id": "x"}, {"transfer_id": "x"}):
            assert (await visitor.get("/api/statistics", **({"transfer_id": transfer} | wrong))).status == 404
        assert (await visitor.get("/api/statistics", transfer_id=transfer, method="push")).status == 400
        assert (await visitor.get("/api/errors", transfer_id=transfer, session_id="x")).status == 404


async def test_every_nth_batch_can_fail_and_its_records_are_named_by_key_and_place() -> None:
    async with visit(batch=2, failing=2) as visitor:
        items = [item(number) if number != 3 else {"data": {}} for number in range(7)]
        transfer = (await visitor.push(*items)).json["transfer_id"]
        data = (await visitor.data("push", transfer)).json
        told = (await visitor.statistics(transfer))["statistics"][TYPE]
        errors = (await visitor.get("/api/errors", transfer_id=transfer)).json["errors"]

        assert [one["internal_id"] for one in data["transfer_data"]] == ["row-0", "row-1", "row-4", "row-5"]
        assert (data["transfer_errors"], len(data["warn"])) == (True, 1)
        assert (told["batches"], told["batches_success"], told["batches_fail"]) == (4, 2, 2)
        assert [(error["index"], error["internal_id"]) for error in errors] == [(2, "row-2"), (3, None), (6, "row-6")]
        assert {(error["error_type"], error["transfer_id"], error["resolved"]) for error in errors} == {
            ("upstream", transfer, False)
        }
        assert visitor.last()["new"] == len(visitor.sandbox.provider.records[TYPE]) == 4


async def test_nothing_is_said_of_a_record_before_the_end() -> None:
    async with visit(Profile(job_base=10.0), failing=1) as visitor:
        transfer = (await visitor.push()).json["transfer_id"]

        assert (await visitor.get("/api/errors", transfer_id=transfer)).json["errors"] == []
        visitor.clock.now += 10.0
        assert len((await visitor.get("/api/errors", transfer_id=transfer)).json["errors"]) == 1


async def test_errors_are_paged_like_data() -> None:
    async with visit(failing=1) as visitor:
        transfer = (await visitor.push(*map(item, range(5)))).json["transfer_id"]
        page = (await visitor.get("/api/errors", transfer_id=transfer, limit=2, offset=2)).json

        assert [error["index"] for error in page["errors"]] == [2, 3]
        assert (page["meta"]["count"], page["meta"]["previous"]["offset"], page["meta"]["next"]["offset"]) == (5, 0, 4)


async def test_a_session_whose_sign_in_has_lapsed_transfers_nothing_until_it_is_renewed() -> None:
    async with visit(authenticated=False) as visitor:
        transfer = (await visitor.push()).json["transfer_id"]
        (error,) = (await visitor.get("/api/errors", transfer_id=transfer)).json["errors"]
        assert error["error_type"] == "authentication"
        assert not visitor.sandbox.provider.records[TYPE]

        query = {"session_id": visitor.sandbox.session_id}
        assert (await visitor.send("GET", "/session/reauthenticate", params=query)).status == 200
        await visitor.push()
        assert len(visitor.sandbox.provider.records[TYPE]) == 1


async def test_errors_can_come_softly_with_status_200() -> None:
    async with visit(errors="soft") as visitor:
        unknown = await visitor.push(session_id="x")
        wrong = await visitor.push(transfer_data=[])
        good = await visitor.push()

        assert (unknown.status, unknown.json["success"]) == (200, False)
        assert (wrong.status, wrong.json["success"]) == (200, False)
        assert (good.status, good.json["success"]) == (200, True)
        assert [entry["outcome"] for entry in visitor.sandbox.record.of("upload")] == ["refused", "refused", "accepted"]


async def test_a_synchronous_push_keeps_its_caller_until_it_is_over_or_for_a_time() -> None:
    async with visit(Profile(job_base=10.0), wait=60.0) as visitor:
        await visitor.push(synchronous=True)
        assert visitor.clock.slept == [10.0]
    async with visit(Profile(job_base=100.0), wait=60.0) as visitor:
        transfer = (await visitor.push(synchronous=True)).json["transfer_id"]

        assert visitor.clock.slept == [60.0]
        assert (await visitor.statistics(transfer))["completed"] is False


async def test_without_validation_nothing_comes_to_stand_at_the_provider() -> None:
    async with visit(Profile(job_base=0.0, validation="off")) as visitor:
        transfer = (await visitor.push()).json["transfer_id"]

        assert [one["internal_id"] for one in (await visitor.data("push", transfer)).json["transfer_data"]] == ["row-1"]
        assert (await visitor.statistics(transfer))["completed"] is True
        assert not visitor.sandbox.provider.records[TYPE]


async def test_a_body_can_be_too_large() -> None:
    async with visit(Profile(max_body=1000)) as visitor:
        assert (await visitor.push(item(1, data={"text": "x" * 1000}))).status == 413
        assert (await visitor.push()).status == 200
        assert [entry["outcome"] for entry in visitor.sandbox.record.of("upload")] == ["refused", "accepted"]

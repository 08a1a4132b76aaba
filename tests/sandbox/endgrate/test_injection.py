"""Every fault strikes Endgrate, too, and leaves a transfer exactly where it says so; and every profile can be had."""

from __future__ import annotations

import math
from typing import Any

import anyio
import pytest

from orchestrator.sandbox import PROFILES, Fault
from sandbox.effects import AT_READ, AT_UPLOAD, LOST, met, striking
from sandbox.endgrate.visitor import TYPE, item, visit
from sandbox.visitor import INSTANT, Seen


@pytest.mark.parametrize("kind", AT_UPLOAD)
async def test_a_fault_at_the_push_shows_and_has_the_effect_that_its_table_says(kind: str) -> None:
    status, applied = AT_UPLOAD[kind]
    async with visit(INSTANT, striking("upload", kind)) as visitor:
        assert await met(visitor.push) == status
        entry = visitor.last()

        assert len(visitor.sandbox.transfers) == applied
        assert (entry["fault"], entry["applied"]) == (kind, applied)
        assert entry["status"] == (200 if kind == "truncated" else None if status == LOST else status)
        assert entry["outcome"] in ({"accepted", "dropped_after"} if applied else {"refused", "dropped_before"})
        written = applied and kind not in {"stuck", "fail"}
        assert len(visitor.sandbox.provider.records[TYPE]) == entry["new"] == written
        assert (await visitor.push(item(2))).status == (401 if kind == "revoke" else 200)


@pytest.mark.parametrize("endpoint", ["poll", "result", "other"])
@pytest.mark.parametrize("kind", AT_READ)
async def test_a_fault_while_reading_spoils_one_answer_and_nothing_else(endpoint: str, kind: str) -> None:
    # Twice, because aiohttp repeats a GET by itself, once, if a connection that it used before is lost.
    times = 2 if kind.startswith(("drop", "reset")) else 1
    async with visit(INSTANT, striking(endpoint, kind, times)) as visitor:
        transfer = (await visitor.push()).json["transfer_id"]

        async def read() -> Seen:
            if endpoint == "poll":
                return await visitor.get("/api/statistics", transfer_id=transfer)
            if endpoint == "result":
                return await visitor.data("push", transfer)
            return await visitor.get("/api/session/configuration", session_id=visitor.sandbox.session_id)

        assert await met(read) == AT_UPLOAD[kind][0]
        assert visitor.sandbox.record.faults == {kind: times}
        # There is one key only: once it is void it stays so. The statistics are open to all.
        assert (await read()).status == (401 if kind == "revoke" and endpoint != "poll" else 200)


async def test_a_stuck_transfer_is_never_over() -> None:
    async with visit(INSTANT, striking("upload", "stuck")) as visitor:
        transfer = (await visitor.push()).json["transfer_id"]
        visitor.clock.now += 1e9

        assert (await visitor.statistics(transfer))["completed"] is False
        assert (await visitor.data("push", transfer)).json == {"message": "Transfer has not yet completed."}


async def test_a_transfer_can_be_made_to_fail_as_a_whole() -> None:
    async with visit(INSTANT, striking("upload", "fail")) as visitor:
        transfer = (await visitor.push()).json["transfer_id"]
        told = (await visitor.statistics(transfer))["statistics"][TYPE]

        assert (told["batches_success"], told["batches_fail"]) == (0, 1)
        assert (await visitor.data("push", transfer)).json["transfer_data"] == []


async def test_completion_can_be_a_word_that_nobody_knows() -> None:
    async with visit(INSTANT, striking("poll", "unknown_status")) as visitor:
        transfer = (await visitor.push()).json["transfer_id"]

        assert [(await visitor.statistics(transfer))["completed"] for _ in range(2)] == ["reticulating", True]


async def test_what_goes_wrong_on_purpose_is_told_in_the_words_of_the_vendor() -> None:
    async with visit(INSTANT, striking("upload", "error_before")) as visitor:
        seen = await visitor.push()

    assert (seen.status, seen.json) == (500, {"message": "Internal server error."})


async def test_a_fault_can_be_aimed_at_a_type() -> None:
    async with visit(INSTANT, Fault(endpoint="upload", kind="throttle", name="crm-deal")) as visitor:
        seen = [(await visitor.push(endgrate_type=name)).status for name in (TYPE, "crm-deal")]

    assert seen == [200, 429]


async def test_a_synchronous_transfer_can_be_lost_after_it_has_begun() -> None:
    async with visit(PROFILES["calm"], striking("upload", "drop_after")) as visitor:

        async def push() -> Seen:
            return await visitor.push(synchronous=True)

        assert await met(push) == LOST
        assert len(visitor.sandbox.transfers) == 1
        assert visitor.last()["outcome"] == "dropped_after"


async def night(profile: str, pushes: int) -> list[tuple[Any, ...]]:
    """The record of some pushes, whatever came back; what they have written must be what the record says."""
    async with visit(PROFILES[profile]) as visitor:
        for number in range(pushes):

            async def push(one: dict[str, Any] = item(number)) -> Seen:  # noqa: B008  # this round's own
                return await visitor.push(one)

            await met(push)
        entries = visitor.sandbox.record.of("upload")
        assert len(visitor.sandbox.transfers) == sum(entry["applied"] for entry in entries)
        assert len(visitor.sandbox.provider.records[TYPE]) == sum(entry["new"] for entry in entries)
        return [(entry["sha256"], entry["fault"], entry["outcome"]) for entry in entries]


@pytest.mark.parametrize("profile", ["null", "calm", "realistic"])
async def test_a_profile_without_faults_takes_every_push(profile: str) -> None:
    assert {(fault, outcome) for _, fault, outcome in await night(profile, 10)} == {(None, "accepted")}


async def test_a_storm_strikes_but_never_takes_the_key_away_and_can_be_had_again() -> None:
    first = await night("stormy", 200)
    struck = {fault for _, fault, _ in first} - {None}

    assert first == await night("stormy", 200)
    assert len(struck) > 5
    assert not struck & {"revoke", "unauthorized"}


@pytest.mark.parametrize(("kind", "applied"), [("hold_before", False), ("hold_after", True)])
async def test_a_held_push_waits_on_its_side_of_acceptance(kind: Any, applied: bool) -> None:
    async with visit(INSTANT, Fault(endpoint="upload", kind=kind, seconds=math.inf)) as visitor:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(visitor.push)
            with anyio.fail_after(5):
                await visitor.sandbox.until_held()
            assert visitor.sandbox.held == (TYPE,)
            assert len(visitor.sandbox.provider.records[TYPE]) == applied
            visitor.sandbox.release(TYPE)

        assert len(visitor.sandbox.provider.records[TYPE]) == 1

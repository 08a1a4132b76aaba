"""Every fault strikes TAO, too, and leaves an import exactly where it says so; and every profile can be had of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import anyio
import pytest

from orchestrator.sandbox import PROFILES, Fault
from sandbox.effects import AT_READ, AT_UPLOAD, LOST, met, striking
from sandbox.tao.visitor import visit
from sandbox.visitor import INSTANT, Seen


@pytest.mark.parametrize("kind", AT_UPLOAD)
async def test_a_fault_at_the_upload_shows_and_has_the_effect_that_its_table_says(kind: str) -> None:
    status, applied = AT_UPLOAD[kind]
    async with visit(INSTANT, striking("upload", kind)) as visitor:
        assert await met(visitor.upload) == status
        entry = visitor.last()

        assert len(visitor.sandbox.imports) == applied
        assert (entry["fault"], entry["applied"]) == (kind, applied)
        assert entry["status"] == (200 if kind == "truncated" else None if status == LOST else status)
        assert entry["outcome"] in ({"accepted", "dropped_after"} if applied else {"refused", "dropped_before"})
        assert visitor.sandbox.record.faults == {kind: 1}
        await visitor.sign_in()
        assert (await visitor.upload()).status == 200


@pytest.mark.parametrize("endpoint", ["poll", "result"])
@pytest.mark.parametrize("kind", AT_READ)
async def test_a_fault_while_reading_spoils_one_answer_and_nothing_else(endpoint: str, kind: str) -> None:
    # Twice, because aiohttp repeats a GET by itself, once, if a connection that it used before is lost.
    times = 2 if kind.startswith(("drop", "reset")) else 1
    async with visit(INSTANT, striking(endpoint, kind, times)) as visitor:
        reference = await visitor.accepted()
        path = f"/api/v1/{'status' if endpoint == 'poll' else 'download'}/{reference}"

        async def read() -> Seen:
            return await visitor.read(path)

        assert await met(read) == AT_UPLOAD[kind][0]
        assert visitor.sandbox.record.faults == {kind: times}
        await visitor.sign_in()
        assert (await read()).status == 200


async def test_a_download_can_be_cut_short_and_had_again() -> None:
    async with visit(INSTANT, Fault(endpoint="result", kind="truncated", nth=2)) as visitor:
        address = await visitor.address(await visitor.accepted())

        async def fetch() -> Seen:
            return await visitor.send("GET", address)

        assert await met(fetch) == LOST
        assert (await fetch()).text.count("processed") == 2


async def test_a_stuck_import_is_processed_for_ever_and_never_comes_to_stand_there() -> None:
    async with visit(INSTANT, striking("upload", "stuck")) as visitor:
        reference = await visitor.accepted()
        visitor.clock.now += 1e9
        await visitor.sign_in()

        assert await visitor.status(reference) == {"status": "processing", "fileLine": 0, "messages": []}
        assert (await visitor.read(f"/api/v1/download/{reference}")).status == 404
        assert visitor.sandbox.portal.users == {}


async def test_an_import_can_be_made_to_fail_as_a_whole() -> None:
    async with visit(INSTANT, striking("upload", "fail")) as visitor:
        status = await visitor.status(await visitor.accepted())

        assert status == {"status": "failed", "fileLine": 0, "messages": ["Unable to process the file."]}
        assert visitor.sandbox.portal.users == {}


async def test_a_status_can_be_a_word_that_nobody_knows() -> None:
    async with visit(INSTANT, striking("poll", "unknown_status")) as visitor:
        reference = await visitor.accepted()

        assert [(await visitor.status(reference))["status"] for _ in range(2)] == ["reticulating", "processed"]


async def test_a_fault_can_be_aimed_at_a_file() -> None:
    async with visit(INSTANT, Fault(endpoint="upload", kind="throttle", name="groups.csv")) as visitor:
        seen = [(await visitor.upload(filename=name)).status for name in ("users.csv", "groups.csv")]

    assert seen == [200, 429]


async def night(profile: str, uploads: int) -> list[tuple[Any, ...]]:
    """The record of some uploads, each asked for once, whatever came back; and how many were taken."""
    async with visit(replace(PROFILES[profile], token_ttl=1e9), signed_in=False) as visitor:
        await visitor.persist()
        for number in range(uploads):

            async def upload(name: str = f"n{number}.csv") -> Seen:
                return await visitor.upload(filename=name)

            if await met(upload) == 401:
                await visitor.persist()
        entries = visitor.sandbox.record.of("upload")
        assert len(visitor.sandbox.imports) == sum(entry["applied"] for entry in entries)
        return [(entry["name"], entry["fault"], entry["outcome"]) for entry in entries]


@pytest.mark.parametrize("profile", ["null", "calm", "realistic"])
async def test_a_profile_without_faults_takes_every_file(profile: str) -> None:
    assert {(fault, outcome) for _, fault, outcome in await night(profile, 10)} == {(None, "accepted")}


async def test_a_storm_strikes_and_can_be_had_again() -> None:
    first = await night("stormy", 150)

    assert first == await night("stormy", 150)
    assert len({fault for _, fault, _ in first}) > 6


@pytest.mark.parametrize(("kind", "applied"), [("hold_before", False), ("hold_after", True)])
async def test_a_held_upload_waits_on_its_side_of_acceptance(kind: Any, applied: bool) -> None:
    async with visit(INSTANT, Fault(endpoint="upload", kind=kind, seconds=math.inf)) as visitor:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(visitor.upload)
            with anyio.fail_after(5):
                await visitor.sandbox.until_held()
            assert visitor.sandbox.held == ("users.csv",)
            assert len(visitor.sandbox.imports) == applied
            visitor.sandbox.release("users.csv")

        assert len(visitor.sandbox.imports) == 1


async def test_what_goes_wrong_on_purpose_is_told_in_the_words_of_the_vendor() -> None:
    faults = (striking("upload", "error_before"), Fault(endpoint="upload", kind="unauthorized", nth=2))
    async with visit(INSTANT, *faults) as visitor:
        failed, void = await visitor.upload(), await visitor.upload()

    assert (failed.status, failed.json) == (500, {"error": {"message": "An error occurred."}})
    assert (void.status, void.text) == (401, "Unauthorized")
    assert void.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'

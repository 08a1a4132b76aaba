"""The way of a file: status, signed address, result, and a TAO that has none of them."""

from __future__ import annotations

import json

import pytest

from orchestrator.sandbox import Profile
from sandbox.tao.visitor import USERS, visit
from sandbox.visitor import INSTANT

NOBODY = "11111111-2222-4333-8444-555555555555"


async def test_a_file_is_pending_then_processed_line_by_line_then_done() -> None:
    async with visit(Profile(slots=1, job_base=0.0, job_per_row=5.0)) as visitor:
        await visitor.accepted()
        reference = await visitor.accepted()
        seen = []
        for _ in range(5):
            status = await visitor.status(reference)
            seen.append((status["status"], status["fileLine"], status["messages"]))
            visitor.clock.now += 5.0

        assert seen == [
            ("pending", 0, []),
            ("pending", 0, []),
            ("processing", 0, []),
            ("processing", 1, []),
            ("processed", 2, []),
        ]
        assert [entry["state"] for entry in visitor.sandbox.record.of("poll")] == [word for word, *_ in seen]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour\nred\n", "The columns belong to no kind of import."),
        ("user_username,colour\nanna,red\n", "Unknown columns: colour."),
        ("\ufeffuser_username\nanna\n", "The columns belong to no kind of import."),
        ("session_name\nexam\n", "Missing columns: group_name."),
        ("user_username,group_name\nanna,night\n", "Missing columns: group_role."),
    ],
)
async def test_a_file_with_the_wrong_columns_is_taken_and_fails(text: str, message: str) -> None:
    async with visit() as visitor:
        reference = await visitor.accepted(text)

        assert await visitor.status(reference) == {"status": "failed", "fileLine": 0, "messages": [message]}
        assert (await visitor.read(f"/api/v1/download/{reference}")).status == 404
        assert visitor.sandbox.portal.users == {}


@pytest.mark.parametrize("prefix", ["", "/api/v1/upload"])
async def test_what_is_not_known_is_not_found_at_either_address(prefix: str) -> None:
    async with visit() as visitor:
        status = await visitor.read(f"{prefix}/api/v1/status/{NOBODY}")
        download = await visitor.read(f"{prefix}/api/v1/download/{NOBODY}")
        odd = await visitor.read(f"{prefix}/api/v1/status/night")

    assert (status.status, download.status, odd.status) == (404, 404, 400)
    assert status.json["error"]["message"] == f'Status for referenceId "{NOBODY}" was not found.'
    assert download.json["error"]["message"] == f'Download URL for referenceId "{NOBODY}" is not available.'
    assert odd.json["error"]["message"] == "Reference ID must be a valid UUID."


async def test_in_its_first_moments_a_reference_may_not_be_known() -> None:
    async with visit(unknown_for=30.0) as visitor:
        reference = await visitor.accepted()
        assert (await visitor.read(f"/api/v1/status/{reference}")).status == 404
        visitor.clock.now += 30.0

        assert (await visitor.status(reference))["status"] == "processed"


async def test_there_is_no_address_before_there_is_a_result() -> None:
    async with visit(Profile(job_base=10.0)) as visitor:
        reference = await visitor.accepted()
        early = await visitor.read(f"/api/v1/download/{reference}")
        assert (early.status, visitor.last("result")["note"]) == (404, "not_ready")
        visitor.clock.now += 10.0

        assert len(await visitor.result(reference)) == 2


async def test_a_signed_address_is_opened_by_itself_and_by_nothing_beside_it() -> None:
    async with visit() as visitor:
        address = await visitor.address(await visitor.accepted())

        assert address.startswith(f"{visitor.sandbox.base_url}/storage/import-csv/processed/")
        assert (await visitor.read(address)).status == 400
        plain = await visitor.send("GET", address)
        assert (plain.status, plain.headers["Content-Type"].partition(";")[0]) == (200, "text/csv")


async def test_a_signed_address_expires_and_a_signature_opens_nothing_else() -> None:
    async with visit(url_ttl=60.0) as visitor:
        first, second = await visitor.accepted(), await visitor.accepted()
        address = await visitor.address(first)

        for forged in (
            address.replace(first, second),
            address.replace("expires=", "expires=9"),
            address[:-1],
            address.partition("?")[0],
            f"{address.partition('?')[0]}?expires=x",
        ):
            assert (await visitor.send("GET", forged)).status == 403
        assert (await visitor.send("GET", address)).status == 200
        visitor.clock.now += 60.0
        assert (await visitor.send("GET", address)).status == 403
        assert visitor.last("result")["note"] == "ExpiredToken"


async def test_neither_status_nor_download_need_exist() -> None:
    async with visit(INSTANT, reports=False) as visitor:
        reference = await visitor.accepted()

        for path in ("status", "download"):
            assert (await visitor.read(f"/api/v1/{path}/{reference}")).status == 404
        assert set(visitor.sandbox.portal.users) == {"anna", "bert"}


async def test_the_record_says_what_was_read_and_holds_no_cell_and_no_signature() -> None:
    async with visit() as visitor:
        reference = await visitor.accepted()
        await visitor.status(reference)
        await visitor.result(reference)
        signature = (await visitor.address(reference)).rpartition("=")[2]
        entries = list(visitor.sandbox.record.entries)

    assert [(entry["kind"], entry.get("token"), entry.get("data_key")) for entry in entries[1:]] == [
        ("upload", reference, None),
        ("poll", reference, None),
        ("result", reference, "url"),
        ("result", reference, "file"),
        ("result", reference, "url"),
    ]
    text = json.dumps(entries)
    assert not any(cell in text for cell in (signature, visitor.bearer, *USERS.split()[1].split(",")))

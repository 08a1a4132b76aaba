"""Pulls: pages of records which are made as they are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.endgrate.visitor import TYPE, Visitor, visit


async def pages(visitor: Visitor, transfer: str, **window: Any) -> list[dict[str, Any]]:
    """All records, by the offsets that the pages tell."""
    items: list[dict[str, Any]] = []
    offset = 0
    while True:
        page = (await visitor.data("pull", transfer, offset=offset, **window)).json
        items += page["transfer_data"]
        if "next" not in page["meta"]:
            return items
        offset = page["meta"]["next"]["offset"]


async def begin(visitor: Visitor, **changes: Any) -> str:
    transfer: str = (await visitor.pull(**changes)).json["transfer_id"]
    return transfer


async def test_all_pages_together_are_every_record_once() -> None:
    async with visit(supply=601) as visitor:
        items = await pages(visitor, await begin(visitor))

        assert [one["data"]["number"] for one in items] == list(range(601))
        assert len({one["id"] for one in items}) == 601
        assert [entry["data_key"] for entry in visitor.sandbox.record.of("result")] == ["data"] * 3
        assert visitor.last().items() >= {"direction": "pull", "records": 601, "sha256": None}.items()


async def test_a_page_that_ends_with_the_last_record_has_none_after_it() -> None:
    async with visit(supply=500) as visitor:
        page = (await visitor.data("pull", await begin(visitor), offset=250)).json

    assert (len(page["transfer_data"]), "next" in page["meta"]) == (250, False)


async def test_what_there_is_to_pull_follows_from_the_seed_and_differs_by_type() -> None:
    async with visit(supply=20) as one, visit(supply=20) as other:
        first, again = await begin(one), await begin(other)
        deals = await begin(one, endgrate_type="crm-deal")

        assert await pages(one, first) == await pages(other, again)
        listed = await one.get("/api/pull/data", endgrate_type="crm-deal", transfer_id=deals)
        assert listed.json["transfer_data"] != await pages(one, first)


async def test_not_all_records_have_all_fields() -> None:
    async with visit(supply=100) as visitor:
        items = await pages(visitor, await begin(visitor))

    assert len({tuple(one["data"]) for one in items}) > 2
    assert any("\n" in one["data"].get("description", "") for one in items)
    assert any(one["data"]["last_name"] is None for one in items)


async def test_the_last_page_of_a_million_records_is_as_near_as_the_first() -> None:
    async with visit(supply=1_000_000) as visitor:
        transfer = await begin(visitor)
        page = (await visitor.data("pull", transfer, offset=999_998)).json

        assert [one["data"]["number"] for one in page["transfer_data"]] == [999_998, 999_999]
        assert (page["meta"]["count"], "next" in page["meta"]) == (1_000_000, False)


async def test_the_links_of_a_page_lead_to_a_foreign_host() -> None:
    async with visit(supply=3) as visitor:
        page = (await visitor.data("pull", await begin(visitor), limit=1, offset=1)).json

    for neighbour in (page["meta"]["previous"], page["meta"]["next"]):
        assert neighbour["link"].startswith("https://pages.endgrate.invalid/api/pull/data?")
    assert (page["meta"]["previous"]["offset"], page["meta"]["next"]["offset"]) == (0, 2)


@pytest.mark.parametrize(
    ("window", "wrong"),
    [({"limit": 0}, "limit"), ({"limit": 251}, "limit"), ({"offset": -1}, "offset"), ({"offset": "x"}, "offset")],
)
async def test_a_page_has_at_most_250_records(window: dict[str, Any], wrong: str) -> None:
    async with visit() as visitor:
        seen = await visitor.data("pull", await begin(visitor), **window)

    assert (seen.status, list(seen.json["errors"])) == (400, [wrong])


async def test_a_transfer_is_found_only_under_its_own_direction_and_type() -> None:
    async with visit() as visitor:
        transfer = await begin(visitor)

        assert (await visitor.data("push", transfer)).status == 404
        assert (await visitor.data("pull", transfer, endgrate_type="crm-deal")).status == 404
        assert (await visitor.data("pull", "x")).status == 404
        assert (await visitor.get("/api/pull/data", endgrate_type=TYPE)).status == 400


@pytest.mark.parametrize("failing", [1, 2, 3])
async def test_the_records_of_a_batch_that_failed_are_in_the_errors_and_not_in_the_data(failing: int) -> None:
    async with visit(supply=47, batch=5, failing=failing) as visitor:
        transfer = await begin(visitor)
        through = [one["data"]["number"] for one in await pages(visitor, transfer, limit=7)]
        told = (await visitor.get("/api/errors", transfer_id=transfer)).json
        lost = [number for number in range(47) if (number // 5 + 1) % failing == 0]

        assert sorted(through + lost) == list(range(47))
        assert (told["meta"]["count"], len(told["errors"])) == (len(lost), len(lost))
        assert "internal_id" not in told["errors"][0]


async def test_a_sync_session_gives_its_records_only_once() -> None:
    async with visit(configured=True, supply=3) as visitor:
        session = await visitor.initiate(sync=True)
        counts = [len(await pages(visitor, await begin(visitor, session_id=session))) for _ in range(2)]

    assert counts == [3, 0]


async def test_a_pull_that_asks_for_some_records_only_is_refused() -> None:
    async with visit() as visitor:
        assert (await visitor.pull(params={"first_name": "Anna"})).status == 400
        assert (await visitor.pull(params={})).status == 200

"""A whole night of chance faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import aiohttp

from orchestrator.sandbox import PROFILES
from sandbox.visitor import visit


async def night(seed: int) -> list[tuple[Any, ...]]:
    """The record of 150 uploads, each asked for once, whatever came back."""
    async with visit(replace(PROFILES["stormy"], token_ttl=1e9), signed_in=False, seed=seed) as visitor:
        for number in range(150):
            try:
                seen = await visitor.upload(Name=f"n{number}")
                if seen.status == 401:
                    visitor.bearer = (await visitor.token()).json.get("access_token", "")
                await visitor.ask(seen.text)
            except aiohttp.ClientError:
                continue
        entries = visitor.sandbox.record.entries
        return [(e["kind"], e["fault"], e["status"], e.get("token"), e.get("outcome")) for e in entries]


async def test_a_stormy_night_can_be_had_again() -> None:
    first = await night(11)

    assert first == await night(11)
    assert len({fault for _, fault, *_ in first}) > 6

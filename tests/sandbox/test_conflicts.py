"""What becomes of a Name that is taken."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from sandbox.visitor import INSTANT, ROW, visit


async def test_a_name_that_is_taken_is_a_conflict() -> None:
    async with visit() as visitor:
        first = (await visitor.upload()).text
        seen = await visitor.upload(Data=ROW)

        assert seen.status == 409
        assert visitor.last()["outcome"] == "refused"
        assert visitor.last()["data_sha256"] == hashlib.sha256(ROW.encode()).hexdigest()
        assert visitor.sandbox.datasets["night"].token == first


async def test_a_conflict_can_come_out_later() -> None:
    async with visit(replace(INSTANT, on_conflict="async-fail")) as visitor:
        first = (await visitor.upload()).text
        second = (await visitor.upload()).text

        assert (await visitor.ask(second)).text == "failed"
        feedback = (await visitor.ask(second, "feedback")).text
        assert feedback == "0|night|A submission with this name already exists"
        assert (visitor.last()["outcome"], visitor.last()["applied"]) == ("conflict", False)
        assert visitor.sandbox.datasets["night"].token == first


async def test_a_server_can_take_the_same_name_twice() -> None:
    async with visit(replace(INSTANT, on_conflict="accept-new")) as visitor:
        await visitor.upload()
        second = (await visitor.upload()).text
        dataset = visitor.sandbox.datasets["night"]

        assert (dataset.token, dataset.copies) == (second, 2)
        assert visitor.last()["replaced"] is False


@pytest.mark.parametrize("mode", ["409", "async-fail", "accept-new"])
async def test_overwrite_replaces_what_stands_there_in_every_mode(mode: Any) -> None:
    async with visit(replace(INSTANT, on_conflict=mode)) as visitor:
        await visitor.upload(Overwrite=True)
        assert visitor.last()["replaced"] is False
        token = (await visitor.upload(Overwrite=True)).text

        assert visitor.last()["replaced"] is True
        assert visitor.sandbox.datasets["night"].token == token
        assert visitor.sandbox.datasets["night"].copies == 1


async def test_a_name_stays_taken_after_its_job_failed() -> None:
    async with visit() as visitor:
        await visitor.upload(Data="x")

        assert (await visitor.upload()).status == 409
        assert (await visitor.upload(Overwrite=True)).status == 200

"""Uploads that are kept waiting, before or after they are taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import aiohttp
import anyio
import pytest

from orchestrator.sandbox import Fault, serve
from sandbox.visitor import INSTANT, Clock, Seen, Visitor, scripted, visit


def held(kind: Any, *, seconds: float) -> Fault:
    return Fault(endpoint="upload", kind=kind, seconds=seconds)


async def holding(visitor: Visitor, act: Callable[[], Any]) -> Seen:
    """Upload, do something while the upload is held, and return its answer."""
    answers: list[Seen] = []

    async def upload() -> None:
        answers.append(await visitor.upload())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(upload)
        with anyio.fail_after(5):
            await visitor.sandbox.until_held()
        act()
    return answers[0]


@pytest.mark.parametrize(("kind", "applied"), [("hold_before", False), ("hold_after", True)])
async def test_a_held_upload_waits_on_its_side_of_acceptance_until_released(kind: str, applied: bool) -> None:
    async with visit(INSTANT, held(kind, seconds=math.inf)) as visitor:
        sandbox = visitor.sandbox

        def look_and_release() -> None:
            assert sandbox.held == ("night",)
            assert ("night" in sandbox.datasets) is applied
            assert visitor.last("held").items() >= {"fault": kind, "name": "night"}.items()
            sandbox.release("somebody else")
            assert sandbox.held == ("night",)
            sandbox.release("night")

        seen = await holding(visitor, look_and_release)

        assert (seen.status, sandbox.held, sandbox.record.faults) == (200, (), {kind: 1})
        assert visitor.last().items() >= {"outcome": "accepted", "applied": True, "fault": kind}.items()


async def test_a_hold_ends_after_its_seconds() -> None:
    async with visit(INSTANT, held("hold_before", seconds=0.001)) as visitor:
        assert (await visitor.upload()).status == 200


@pytest.mark.parametrize(("kind", "applied"), [("hold_before", False), ("hold_after", True)])
async def test_a_client_that_goes_away_while_held_has_still_sent_a_whole_request(kind: str, applied: bool) -> None:
    async with visit(INSTANT, held(kind, seconds=math.inf)) as visitor:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(visitor.upload)
            with anyio.fail_after(5):
                await visitor.sandbox.until_held()
            tasks.cancel_scope.cancel()
        assert ("night" in visitor.sandbox.datasets) is applied
        visitor.sandbox.release()

        # The next upload waits for nothing; when it is answered, the released one has had its turn.
        assert (await visitor.upload(Name="next")).status == 200
        assert "night" in visitor.sandbox.datasets


async def test_a_sandbox_that_ends_has_not_taken_what_it_was_holding() -> None:
    fault = held("hold_before", seconds=math.inf)
    async with aiohttp.ClientSession() as session, anyio.create_task_group() as tasks:  # noqa: SIM117  # the sandbox ends before the tasks do
        async with serve(scripted(INSTANT, fault)) as sandbox:
            visitor = Visitor(sandbox, session, Clock())
            await visitor.sign_in()

            async def upload() -> None:
                with pytest.raises(aiohttp.ClientError):
                    await visitor.upload()

            tasks.start_soon(upload)
            with anyio.fail_after(5):
                await sandbox.until_held()
    assert sandbox.datasets == {}
    assert visitor.last()["outcome"] == "dropped_before"


async def test_a_refusal_can_be_held_too() -> None:
    async with visit(INSTANT, held("hold_after", seconds=math.inf)) as visitor:
        answers: list[Seen] = []

        async def upload() -> None:
            answers.append(await visitor.upload(Key="wrong"))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(upload)
            with anyio.fail_after(5):
                await visitor.sandbox.until_held()
            visitor.sandbox.release()

        assert answers[0].status == 403


async def test_the_most_requests_at_once_are_counted_without_those_whose_sender_went_away() -> None:
    always = Fault(endpoint="upload", kind="hold_before", seconds=math.inf, times=5)
    async with visit(INSTANT, always) as visitor:
        sandbox = visitor.sandbox
        for nth in range(1, 4):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(visitor.upload)
                with anyio.fail_after(5):
                    await sandbox.until_held(nth)
                tasks.cancel_scope.cancel()  # it is held for nobody from now on

        assert len(sandbox.held) == 3
        assert sandbox.most_at_once["upload"] == 1

        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(visitor.upload)
            with anyio.fail_after(5):
                await sandbox.until_held(5)
            tasks.cancel_scope.cancel()

        assert sandbox.most_at_once["upload"] == 2

"""A request leaves only if it still may when its bearer token is there: in between somebody may be told to wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import LeftAlone
from targets.remote import TOKEN, UUID, Remote, remote_at
from targets.wire import answer, grant, scripted

CALLS: dict[str, tuple[Callable[[Remote], Awaitable[Any]], bytes]] = {
    "upload": (lambda remote: remote.upload(), answer(200, UUID)),
    "poll": (lambda remote: remote.platform.check(TOKEN), answer(200, "completedsuccessfully")),
    "result": (lambda remote: remote.platform.fetch(TOKEN, "feedback"), answer(200, "fine")),
    "probe": (lambda remote: remote.platform.probe(), answer(405, "")),
}


@pytest.mark.parametrize(("call", "well"), CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("spent", [False, True], ids=["at first", "after a 401"])
async def test_a_request_that_may_not_leave_when_its_bearer_is_there_stays_here(
    tmp_path: Path, call: Callable[[Remote], Awaitable[Any]], well: bytes, spent: bool
) -> None:
    replies = (answer(401), well) if spent else (well,)
    async with (
        scripted(*replies, tokens=(grant("t1"), grant("t2"))) as server,
        remote_at(server, tmp_path) as remote,
    ):
        remote.platform.heed(lambda: len(server.token_requests) <= spent)
        with pytest.raises(LeftAlone):
            await call(remote)
        assert len(server.requests) == spent

        remote.platform.heed(lambda: True)
        await call(remote)
        assert len(server.requests) == spent + 1
        assert len(server.token_requests) == spent + 1, "the token that was had is kept"

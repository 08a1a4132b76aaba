"""Of a remote that keeps rows it is found out what of each file stands there, and how often."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.pushes import TYPE
from crash.checker import objections
from crash.contents import parts_of
from crash.deliveries import ENDGRATE, TAO_SESSIONS, Delivery
from crash.promise import Promise
from crash.scene import Scene, scene
from crash.tally import Tally


def a_session_goes(calm: Scene) -> None:
    calm.stage.remote.portal.sessions.pop()


def a_session_comes_twice(calm: Scene) -> None:
    sessions = calm.stage.remote.portal.sessions
    sessions.append(sessions[0])


def a_session_comes_that_nobody_sent(calm: Scene) -> None:
    sessions = calm.stage.remote.portal.sessions
    sessions.append(sessions[0] | {"session_name": "another"})


def a_record_goes(calm: Scene) -> None:
    calm.stage.remote.provider.records[TYPE].popitem()


def a_record_comes_twice(calm: Scene) -> None:
    provider = calm.stage.remote.provider
    first = next(iter(provider.records[TYPE].values()))
    provider.push(TYPE, {"data": first.data})


CASES = [
    (TAO_SESSIONS, a_session_goes, "6 effect: the remote does not hold"),
    (TAO_SESSIONS, a_session_comes_twice, "4 no silent duplicate: the remote has 2 copies of f0"),
    (TAO_SESSIONS, a_session_comes_that_nobody_sent, "4 no silent duplicate: the remote has 0 copies of rows of no"),
    (ENDGRATE, a_record_goes, "6 effect: the remote does not hold"),
    (ENDGRATE, a_record_comes_twice, "4 no silent duplicate: the remote has 2 copies of f0"),
]


@pytest.mark.parametrize(("delivery", "tamper", "objection"), CASES)
@pytest.mark.parametrize("part_rows", [None, 2], ids=["whole", "in parts"])
async def test_what_is_missing_or_there_twice_or_strange_is_found(
    tmp_path: Path, delivery: Delivery, tamper: Callable[[Scene], None], objection: str, part_rows: int | None
) -> None:
    files = delivery.content.plain(2)
    settings = {"target__part_rows": part_rows} if part_rows else {}
    parts = {name: table for file in files for name, table in parts_of(file, part_rows or 99).items()}
    promise = Promise(rosters=files, repeats=False, adds=True, parts=parts if part_rows else {})
    async with scene(tmp_path / "calm", Tally(), delivery, files, promise=promise, part_rows=part_rows) as calm:
        found = await calm.finish(**settings)
        assert objections(found, promise) == []

        tamper(calm)

        assert any(line.startswith(objection) for line in objections(calm.evidence(), promise))

"""A file that is sent in parts, killed at every moment of it: each part is there once, and the file ends."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from cli.rosters import roster
from crash.deliveries import NOTHING_KNOWN, SOLE_WRITER, Delivery
from crash.scene import Scene, scene
from crash.tally import Tally
from crash.transitions import Transition
from orchestrator.model import State

DIVIDING: set[Transition] = {(State.READY, "Divided")}
"""What is struck here and not with the files that go whole."""

LARGE, SMALL = roster("large.csv", 5), roster("small.csv", 2)
PARTS = {"large#0001": LARGE.data.rows[:2], "large#0002": LARGE.data.rows[2:4], "large#0003": LARGE.data.rows[4:]}
IN_PARTS = {"target__part_rows": 2}
COMMITS = ("Checked+Divided", "SendStarted", "Accepted", "Completed")
MOMENTS = [
    *(f"{when} the commit of {commit}" for commit in COMMITS for when in ("before", "after")),
    *(f"{when} the {what}" for what in ("upload", "poll") for when in ("before", "after")),
]
SAMPLE = ["before the commit of Checked+Divided", "after the commit of Checked+Divided", "after the upload"]


@pytest.mark.parametrize("delivery", [SOLE_WRITER, NOTHING_KNOWN], ids=str)
@pytest.mark.parametrize("moment", SAMPLE)
async def test_killed_in_the_middle_of_its_parts_each_is_there_once(
    tmp_path: Path, tally: Tally, delivery: Delivery, moment: str
) -> None:
    await kill_at(tmp_path, tally, delivery, moment, 1)


@pytest.mark.chaos
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("delivery", [SOLE_WRITER, NOTHING_KNOWN], ids=str)
@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_at_any_moment_of_its_parts_each_is_there_once(
    tmp_path: Path, tally: Tally, delivery: Delivery, moment: str, nth: int
) -> None:
    await kill_at(tmp_path, tally, delivery, moment, nth)


async def kill_at(root: Path, tally: Tally, delivery: Delivery, moment: str, nth: int) -> None:
    async with scene(root, tally, delivery, (LARGE, SMALL)) as killed:
        await killed.kill(moment, nth, limits__uploads=1, **IN_PARTS)
        for _ in range(3):
            await killed.run(limits__uploads=1, **IN_PARTS)
        require_each_once(killed, delivery)


def require_each_once(killed: Scene, delivery: Delivery) -> None:
    states = {line.name: line.state for line in killed.stage.ledger}
    doubts = [name for name, state in states.items() if state == "in_doubt"]
    standing = killed.stage.remote.datasets
    applied = [entry for entry in killed.stage.uploads if entry["applied"]]
    plain = Counter(entry["name"] for entry in applied if not entry["overwrite"])

    assert set(states) == {"large", "small", *PARTS}
    assert set(states.values()) <= ({"done"} if delivery.repeats else {"done", "in_doubt", "waiting"})
    assert len(doubts) <= 1, "only one was on its way"
    assert states["large"] == ("waiting" if set(doubts) & set(PARTS) else "done")
    assert all(count == 1 for count in plain.values())
    for name, rows in PARTS.items():
        if name in standing:
            sent = "\r\n".join([LARGE.data.header, *rows])
            assert standing[name].data_sha256 == hashlib.sha256(sent.encode()).hexdigest()
            assert standing[name].copies == 1
        else:
            assert name in doubts
    assert killed.outcomes[-1].code == (4 if doubts else 0)

"""The last bytes of a large upload are held back: what a kill leaves in doubt without that, and what with it."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import anyio
import pytest

from cli.rosters import roster
from crash.deliveries import NOTHING_KNOWN
from crash.promise import Promise
from crash.scene import HELD, Scene, scene
from crash.tally import Tally
from orchestrator.edges.workplace import ledger_file
from orchestrator.model import State
from orchestrator.sandbox import Profile

BASE = int(os.environ.get("KILL_SEED", "0")) * 1000
LARGE = [roster(f"f{nth:02}.csv", 6000) for nth in range(2)]
"""Some 6 MB: what the systems on both sides take in before anybody reads is a part of it only."""

KILLS = 30
BYTES_A_SECOND = 5e6
_GULP = 64 << 10
NEVER = sys.maxsize
UNCHECKED = Profile(job_base=0.0, validation="off", result_ids="one")

HARMLESS = [
    "after the commit of Checked+SendStarted",
    "before the upload",
    "before the commit of TailReleased",
]
DOUBTFUL = [
    "after the commit of TailReleased",
    "after the upload",
    "before the commit of Accepted",
]


@pytest.mark.parametrize("moment", HARMLESS + DOUBTFUL)
@pytest.mark.parametrize("nth", [1, 2])
async def test_killed_before_the_tail_was_let_go_an_upload_is_never_in_doubt(
    tmp_path: Path, tally: Tally, moment: str, nth: int
) -> None:
    promise = Promise(rosters=tuple(LARGE), repeats=NOTHING_KNOWN.repeats, uploads=1)
    settings = {"limits__uploads": 1}
    async with scene(tmp_path / "killed", tally, NOTHING_KNOWN, LARGE, promise=promise) as killed:
        assert await killed.kill(moment, nth, **settings), "the moment has come"
        found = await killed.finish(**settings)

        doubtful = sum(job.state is State.IN_DOUBT for job in found.jobs.values())
        assert doubtful == (1 if moment in DOUBTFUL else 0)
        assert Counter(job.state for job in found.jobs.values())[State.DONE] == len(LARGE) - doubtful


async def test_a_tail_leaves_when_the_ledger_can_be_seen_to_say_so(tmp_path: Path, tally: Tally) -> None:
    async with scene(tmp_path / "calm", tally, NOTHING_KNOWN, LARGE) as calm:
        assert (await calm.start()).code == 0

        assert calm.passed.count("after the commit of TailReleased") == len(LARGE)
        assert calm.witness.unforeseen == []
        assert calm.witness.seen >= len(LARGE)


@dataclass
class Line:
    """Passes bytes on to the remote no faster than a long line does, and takes in no more than that."""

    remote: tuple[str, int]
    url: str = ""

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self.remote)
        async with anyio.create_task_group() as ways:
            ways.start_soon(_copy, reader, far_writer, BYTES_A_SECOND)
            await _copy(far_reader, writer, float("inf"))
            ways.cancel_scope.cancel()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, speed: float) -> None:
    try:
        while chunk := await reader.read(_GULP):
            await anyio.sleep(len(chunk) / speed)
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass  # the sender was killed
    finally:
        writer.close()


@asynccontextmanager
async def line_to(base_url: str) -> AsyncIterator[Line]:
    where = urlsplit(base_url)
    line = Line((str(where.hostname), int(where.port or 0)))
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _GULP)
    taken.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(line.carry, sock=taken, limit=_GULP)
    line.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()


@pytest.mark.chaos
async def test_holding_back_turns_most_kills_in_the_middle_of_an_upload_into_proof(
    tmp_path: Path, tally: Tally
) -> None:
    plain = await kill_in_flight(tmp_path / "plain", Tally(), hold_from=NEVER)
    held = await kill_in_flight(tmp_path / "held", tally, hold_from=None)
    tally.count("kills in flight, without holding back", plain["in flight"])
    tally.count("of these in doubt, without", plain["in doubt"])
    tally.count("kills in flight, holding back", held["in flight"])
    tally.count("of these in doubt", held["in doubt"])

    assert plain["in doubt"] == plain["in flight"] > KILLS / 4, "there is no proof without it"
    assert held["in flight"] > KILLS / 4
    assert held["in doubt"] <= 0.5 * held["in flight"]


async def kill_in_flight(root: Path, tally: Tally, *, hold_from: int | None) -> Counter[str]:
    """What kills at random moments left: a doubt, or the proof that nothing arrived, which the remote must confirm."""
    huge = [roster("f00.csv", 130_000)]
    left: Counter[str] = Counter()
    longest = 0.0
    for seed in range(BASE, BASE + KILLS + 1):
        async with (
            scene(root, tally, NOTHING_KNOWN, huge, profile=UNCHECKED, hold_from=hold_from) as killed,
            line_to(killed.stage.remote.base_url) as line,
        ):
            settings = {"target__base_url": line.url, "target__token_url": killed.stage.remote.token_url}
            began = monotonic()
            if not longest:  # the first one is left alone, to find out how long it takes
                assert (await killed.start(**settings)).code == 0
                longest = monotonic() - began
                continue
            seconds = random.Random(seed).uniform(0.0, longest)
            if (await killed.start(seconds=seconds, **settings)).code < 0:
                left += look(killed, seed)
    return left


def look(killed: Scene, seed: int) -> Counter[str]:
    if not ledger_file(killed.stage.out).exists():
        return Counter()
    states = Counter(killed.states.values())
    arrived = [entry for entry in killed.stage.remote.record.of("upload") if entry["data_sha256"]]
    assert not (states[HELD] and arrived), f"seed {seed}: it was said not to have arrived"
    return Counter({"in flight": states[State.SENDING] + states[HELD], "in doubt": states[State.SENDING]})

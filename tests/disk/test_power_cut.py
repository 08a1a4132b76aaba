"""The power is cut at every moment that matters; on the disk as it was then, the run is started again.

Whatever was not flushed is gone: written bytes, new names, commits. What the remote has seen by then is not.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest

from cli.rosters import plain_rosters, roster
from cli.stage import staged
from disk.conftest import Count
from disk.here import run_here
from disk.loop import loop_disk
from disk.power import PowerCut, powered
from disk.story import read_all, require_results, require_the_data_once, served

ROSTERS = [roster("big.csv", 40), *plain_rosters(3), roster("dirty.csv", 3, bad=2, events=2, bad_events=1)]
DROPPING = {"validation__on_bad_rows": "drop_rows"}
REPLACING = {**DROPPING, "target__sole_writer": True}
MODES = [pytest.param(REPLACING, id="replaceable"), pytest.param(DROPPING, id="plain")]
CUT = "power cuts"
SHARES = 4
FEWEST = 25
"""Cuts in each share at least, or the moments were not placed."""

UPLOADED = 6
"""Entries of the remote's record among which are uploads, whatever the order in which they came."""

COLLECTED = "before rename runs/*/files.csv"
"""By then each result is in place, and its job done."""

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("settings", MODES)
@pytest.mark.parametrize("share", range(SHARES))
async def test_whenever_the_power_goes_nothing_is_lost_and_nothing_sent_twice(
    tmp_path: Path, share: int, settings: dict[str, object], count_one: Count
) -> None:
    rejects = await undisturbed(tmp_path)
    cuts = 0
    for nth in count(1 + share, SHARES):
        with loop_disk() as disk:
            async with powered(disk, ROSTERS) as power:
                if not (moment := await power.cut(nth, **settings)):
                    break
                cuts += 1
                count_one(CUT)
                print(moment)  # pytest shows it when the test fails
                require_foresight(power)
                require_durable(power, rejects)
                await recover(power, settings, rejects)
    assert cuts >= FEWEST


@pytest.mark.parametrize("settings", MODES)
async def test_whenever_the_power_goes_as_the_remote_takes_or_answers_a_request_it_was_foreseen(
    tmp_path: Path, settings: dict[str, object], count_one: Count
) -> None:
    rejects = await undisturbed(tmp_path)
    entries: list[str] = []
    for entry in count(1):
        with loop_disk() as disk:
            async with powered(disk, ROSTERS) as power:
                if not await power.cut(0, entry=entry, **settings):
                    break
                count_one(CUT)
                entries.append(power.stage.remote.record.entries[entry - 1]["kind"])
                require_foresight(power)
                require_durable(power, rejects)
                await recover(power, settings, rejects)
    assert set(entries) == {"token", "upload", "poll", "result"}
    assert len(entries) > 3 * len(ROSTERS)


@pytest.mark.parametrize("seed", range(8))
async def test_the_run_that_makes_up_for_a_power_cut_may_lose_its_power_as_well(
    tmp_path: Path, seed: int, count_one: Count
) -> None:
    rng = random.Random(seed)
    rejects = await undisturbed(tmp_path)
    with loop_disk() as disk:
        async with powered(disk, ROSTERS) as power:
            for moments in (130, 60, 60):
                moment = await power.cut(rng.randint(1, moments), **REPLACING)
                print(f"seed {seed}: {moment}")  # pytest shows it when the test fails
                if moment:
                    count_one(CUT)
                require_foresight(power)
                require_durable(power, rejects)
            await recover(power, REPLACING, rejects)


async def test_the_loss_is_seen_when_the_ledger_does_not_wait_for_the_disk() -> None:
    with loop_disk() as disk:
        async with powered(disk, ROSTERS) as power:
            assert await power.cut(0, entry=UPLOADED, variant="without synchronous", **DROPPING)
            with pytest.raises(AssertionError):
                require_foresight(power)


async def test_the_loss_is_seen_when_files_are_not_flushed_before_they_are_put_in_place(tmp_path: Path) -> None:
    rejects = await undisturbed(tmp_path)
    with loop_disk() as disk:
        async with powered(disk, ROSTERS) as power:
            assert await power.cut(COLLECTED, variant="without fsync of results", **DROPPING)
            require_foresight(power)
            assert power.stage.states["big.csv"] == "done"
            with pytest.raises(AssertionError):
                require_durable(power, rejects)


async def undisturbed(root: Path) -> dict[str, bytes]:
    """What a run whose disk keeps its power puts under `rejects/`."""
    async with staged(root, ROSTERS) as stage:
        assert (await run_here(stage, **DROPPING)).code == 3
        return read_all(stage.out / "rejects")


async def recover(power: PowerCut, settings: dict[str, object], rejects: Mapping[str, bytes]) -> None:
    """Run again, to the end, and compare with an undisturbed run."""
    stage = power.stage
    begun = {line.path for line in stage.ledger if line.state == "sending"}
    again = await power.run(**settings)
    in_doubt = {line.path for line in stage.ledger if line.state == "in_doubt"}
    assert again.code in ({4} if in_doubt else {0, 3}), again.err
    assert not in_doubt or (settings is not REPLACING and in_doubt <= begun)
    assert {r.path for r in ROSTERS} - in_doubt == {path for path, state in stage.states.items() if state == "done"}
    plain = Counter(entry["name"] for entry in stage.uploads if entry["applied"] and not entry["overwrite"])
    assert max(plain.values(), default=0) <= 1, plain
    if not in_doubt:
        require_the_data_once(stage, ROSTERS)
        require_results(stage, ROSTERS)
        assert read_all(stage.out / "rejects") == rejects


def require_foresight(power: PowerCut) -> None:
    """Intent and token are in the ledger that is left, for everything that the remote has received or was asked."""
    lines = {line.name: line for line in power.stage.ledger}
    sends = Counter(entry["name"] for entry in power.stage.uploads)
    assert {name for name in sends if name not in lines or lines[name].attempts < sends[name]} == set()
    polled = {entry["token"] for entry in power.stage.remote.record.of("poll")}
    assert polled <= {line.token for line in lines.values()}


def require_durable(power: PowerCut, rejects: Mapping[str, bytes]) -> None:
    """What is meant to survive is whole: rejects, reports, and results that are too large for the ledger."""
    stage = power.stage
    for path, body in read_all(stage.out / "rejects").items():
        assert body == rejects[path], path
    for path in (stage.out / "runs").rglob("summary.json"):
        assert json.loads(path.read_bytes())["run"] == path.parent.name
    if "big.csv" in stage.states and stage.states["big.csv"] == "done":
        place = "big/tableofresultids.json"
        big = next(r for r in ROSTERS if r.path == "big.csv")
        assert read_all(stage.out / "results")[place] == served(stage, big)[place]

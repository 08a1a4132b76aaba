"""SIGKILL at chosen moments; then the same command again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cli.checker import require_all_done, require_sound
from cli.program import AFRESH
from cli.rosters import plain_rosters
from cli.stage import Stage, held, scripted, staged
from orchestrator.sandbox import Fault

ROSTERS = plain_rosters(8)
ARRIVED = ["f00", "f01"]
"""Accepted, and the answer is on its way."""
LATE = ["f02", "f03"]
"""On the way to the remote, and accepted only after the sender has died."""
NEVER = ["f04", "f05"]
"""On the way to the remote, and never accepted."""
IN_FLIGHT = [*ARRIVED, *LATE, *NEVER]

MOMENTS = (
    *(held("upload", "hold_after", name=name) for name in ARRIVED),
    *(held("upload", "hold_before", name=name) for name in LATE + NEVER),
)


async def kill_while_uploads_are_in_flight(stage: Stage, **settings: object) -> None:
    """Six uploads at three moments, and two files whose turn has not come."""
    async with stage.start("run", by=AFRESH, limits__uploads=len(IN_FLIGHT), **settings) as program:
        await stage.remote.until_held(len(IN_FLIGHT))
        program.kill()
        await program.wait()
    for name in LATE:
        stage.remote.release(name)
    await stage.until(lambda: set(LATE) <= stage.remote.datasets.keys())


@pytest.mark.parametrize(
    ("mode", "on_conflict"),
    [
        ("target__overwrite", "409"),
        pytest.param("target__sole_writer", "409", marks=pytest.mark.chaos),
        pytest.param("target__sole_writer", "async-fail", marks=pytest.mark.chaos),
        ("target__sole_writer", "accept-new"),
    ],
)
async def test_where_sending_again_replaces_the_next_run_ends_as_if_nothing_had_happened(
    tmp_path: Path, mode: str, on_conflict: str
) -> None:
    async with staged(tmp_path, ROSTERS, scripted(*MOMENTS, on_conflict=on_conflict)) as stage:
        await kill_while_uploads_are_in_flight(stage, **{mode: True})
        outcome = await stage.run(**{mode: True})

        assert outcome.code == 0
        assert outcome.ends == {"found": 2, "adopted": 6, "done": 8}
        require_all_done(stage, ROSTERS)
        sent = Counter(entry["name"] for entry in stage.uploads)
        assert sent == Counter(r.name for r in ROSTERS) + Counter(ARRIVED + LATE)
        repeated = stage.uploads[-8:]
        assert {entry["name"] for entry in repeated if entry["overwrite"]} >= set(IN_FLIGHT)


@pytest.mark.parametrize("on_conflict", [pytest.param("409", marks=pytest.mark.chaos), "accept-new"])
async def test_without_leave_to_replace_only_the_uploads_in_flight_are_left_to_a_person(
    tmp_path: Path, on_conflict: str
) -> None:
    async with staged(tmp_path, ROSTERS, scripted(*MOMENTS, on_conflict=on_conflict)) as stage:
        await kill_while_uploads_are_in_flight(stage)
        outcome = await stage.run()

        assert outcome.code == 4
        assert outcome.ends == {"found": 2, "adopted": 6, "done": 2, "in_doubt": 6}
        require_sound(stage, ROSTERS)
        doubtful = {job.name: job.cause for job in stage.ledger if job.state == "in_doubt"}
        assert sorted(doubtful) == IN_FLIGHT
        assert all("may have arrived" in cause for cause in doubtful.values())
        assert {e["name"] for e in stage.uploads} == {r.name for r in ROSTERS} - set(NEVER)


async def test_killed_while_it_polls_and_fetches_the_next_run_asks_again_and_sends_nothing(
    tmp_path: Path,
) -> None:
    rosters = plain_rosters(4)
    moments = (
        held("poll", name="f00"),
        held("poll", "hold_after", name="f01"),
        held("result", name="f02"),
        held("result", "hold_after", name="f03"),
    )
    async with staged(tmp_path, rosters, scripted(*moments)) as stage:
        async with stage.start("run") as program:
            await stage.remote.until_held(4)
            program.kill()
            await program.wait()
        assert set(stage.states.values()) == {"waiting"}

        outcome = await stage.run()

        assert outcome.code == 0
        assert outcome.ends == {"adopted": 4, "done": 4}
        assert outcome.summary["requests"]["upload"] == 0
        require_all_done(stage, rosters)


async def test_killed_while_a_job_is_stuck_later_runs_wait_for_it_until_they_give_up(tmp_path: Path) -> None:
    rosters = plain_rosters(2)
    async with staged(tmp_path, rosters, scripted(Fault(endpoint="upload", kind="stuck", name="f00"))) as stage:
        async with stage.start("run") as program:
            await stage.until(lambda: len(stage.remote.record.of("poll")) > 5)
            program.kill()
            await program.wait()
        outcome = await stage.run(polling__deadline=0.3)

        assert outcome.code == 5
        assert stage.states == {"f00.csv": "waiting", "f01.csv": "done"}

        given_up = await stage.run(polling__give_up=0.1)

        assert given_up.code == 4
        assert stage.states == {"f00.csv": "in_doubt", "f01.csv": "done"}
        assert "never ended" in stage.jobs["f00.csv"].cause
        assert len(stage.uploads) == 2


async def test_killed_before_a_single_byte_of_a_file_was_sent_nothing_is_there_twice(tmp_path: Path) -> None:
    rosters = plain_rosters(4)
    async with staged(tmp_path, rosters, scripted(held("token"))) as stage:
        async with stage.start("run") as program:
            program.kill()  # while it is still being loaded
            await program.wait()
        async with stage.start("run", limits__uploads=2) as program:
            await stage.remote.until_held()
            program.kill()
            await program.wait()
        outcome = await stage.run(limits__uploads=2)

        # Whoever dies cannot have noted that the token never came: the uploads in flight may be in doubt.
        require_sound(stage, rosters)
        doubtful = [job for job in stage.ledger if job.state == "in_doubt"]
        assert len(doubtful) <= 2
        assert outcome.code == (4 if doubtful else 0)

"""SIGKILL at every moment of a run to TAO: what it finds again by keys ends as undisturbed, nothing is there twice."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest

from cli.forks import fork
from cli.imports import Importing, importing, sessions, users
from cli.program import Outcome, attended, environment
from cli.stage import as_options
from crash.moments import moments_of
from crash.strike import Strike
from crash.tally import Tally

FILES = {
    "sessions1.csv": sessions(1, 2),
    "sessions2.csv": sessions(11, 2),
    "users1.csv": users(1, 2),
    "users2.csv": users(11, 2),
}
MOMENTS = moments_of(
    ("Checked+SendStarted", "Accepted", "Completed"), ("upload", "poll", "fetch of status", "fetch of result")
)
ALL = {f"{kind}{number}": 1 for kind in ("session", "user") for number in (1, 2, 11, 12)}


async def start(stage: Importing, fatal: str = "", nth: int = 1) -> tuple[Outcome, list[str]]:
    """One start of the program, and the moments that it passed."""
    trace = stage.root / "trace"
    trace.write_bytes(b"")
    arguments = ["run", "--json", "-c", str(stage.config), *as_options({"limits__uploads": 2})]
    strike = asdict(Strike(trace=str(trace), fatal=fatal, nth=nth, speed=20))
    process = await fork(
        arguments, cwd=stage.root, env=environment(**stage.secrets), prepare="crash.moments", given=strike
    )
    async with attended(process) as program:
        await program.wait()
    return program.outcome(), [line.partition("\t")[0] for line in trace.read_text().splitlines()]


def there(stage: Importing) -> Counter[str]:
    standing = stage.standing
    return standing["users"] + standing["sessions"]


async def test_an_undisturbed_run_passes_every_moment_once_for_each_file(tmp_path: Path) -> None:
    async with importing(tmp_path, FILES) as stage:
        outcome, passed = await start(stage)

        assert outcome.ends == {"found": 4, "done": 4}
        assert Counter(passed) == dict.fromkeys(MOMENTS, len(FILES))
        assert there(stage) == ALL


@pytest.mark.parametrize("nth", [pytest.param(1, marks=pytest.mark.chaos), 2, pytest.param(4, marks=pytest.mark.chaos)])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_at_any_moment_users_end_as_undisturbed_and_no_session_is_there_twice(
    tmp_path: Path, tally: Tally, moment: str, nth: int
) -> None:
    async with importing(tmp_path, FILES) as stage:
        killed, passed = await start(stage, moment, nth)
        assert killed.code == -signal.SIGKILL
        assert passed.count(moment) == nth
        tally.count("kills")
        tally.hit(moment)
        in_flight = {path for path, state in stage.states.items() if state == "sending"}
        outcome, _ = await start(stage)

        unsure = {path for path in in_flight if path.startswith("sessions")}
        assert outcome.code == (4 if unsure else 0)
        assert stage.states == {path: "in_doubt" if path in unsure else "done" for path in FILES}
        assert all("may have arrived" in stage.jobs[path].cause for path in unsure)
        standing = there(stage)
        assert set(standing.values()) == {1}
        missing = ALL.keys() - standing.keys()
        lost = {f"session{number}" for path in unsure for number in ((1, 2) if "1.csv" in path else (11, 12))}
        assert missing <= lost, "only what is in doubt may not be there"

        before = len(stage.remote.record.entries)
        idle, _ = await start(stage)
        assert idle.code == (4 if unsure else 0)
        assert len(stage.remote.record.entries) == before


async def test_killed_again_and_again_nothing_is_lost_and_nothing_is_there_twice(tmp_path: Path, tally: Tally) -> None:
    """At the first moment of each kind in turn, each time while it takes up what the kill before has left."""
    async with importing(tmp_path, FILES) as stage:
        unsure: set[str] = set()
        for moment in MOMENTS:
            outcome, _ = await start(stage, moment)
            tally.count("kills")
            if outcome.code == -signal.SIGKILL:
                unsure |= {p for p, state in stage.states.items() if state == "sending" and p.startswith("sessions")}
        await start(stage)

        assert {path for path, state in stage.states.items() if state == "in_doubt"} == unsure
        assert set(stage.states) == set(FILES)
        assert set(stage.states.values()) <= {"done", "in_doubt"}
        standing = there(stage)
        assert set(standing.values()) == {1}
        assert {name for name in ALL if name.startswith("user")} <= standing.keys()

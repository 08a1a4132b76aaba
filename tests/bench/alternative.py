"""What a user would do instead: the vendor's walkthrough as a script, one file after the other.

Both meet the sandbox's `realistic` profile: 8 job slots, jobs of about a second, 20–60 ms a request. `run`
goes as it is shipped, with every limit and wait at its default. The slots bound what anybody can reach.
"""

from __future__ import annotations

from pathlib import Path

from orchestrator.sandbox.profile import PROFILES
from tests.bench.folders import fill
from tests.bench.makespan import lower_bound
from tests.bench.process import product, script, spend
from tests.bench.remote import remote, require_all_done
from tests.bench.table import Line
from tests.bench.walkthrough import POLL

FLOOR = 20.0


def alternative(place: Path, *, quick: bool) -> list[Line]:
    by_hand, by_run = (6, 48) if quick else (24, 240)
    # Not at the same time: they would share the slots. A sandbox each, so that both meet the same job times.
    with remote("realistic", place / "realistic.log") as real:
        folder = fill(place / "by-hand", by_hand)
        spent = spend(script("walkthrough", *real.arguments(folder)), place / "walkthrough.log", real.secrets)
    script_rate = by_hand / spent.wall
    with remote("realistic", place / "realistic-run.log") as real:
        folder, out = fill(place / "by-run", by_run), place / "by-run.out"
        spent = spend(product(*real.run(folder, out)), place / "by-run.log", real.secrets)
        require_all_done(out, by_run)
    run_rate = by_run / spent.wall
    limit = slot_limit()
    ratio, reachable = run_rate / script_rate, limit / script_rate
    notes = [
        f"{run_rate:.2f} files/s in run ({by_run} files, start and end included), "
        f"{script_rate:.2f} in the script ({by_hand} files, a poll each {POLL} s)",
        f"the remote's slots allow {limit:.2f} files/s (slots ÷ mean job time): "
        f"run is at {run_rate / limit:.0%} of that",
    ]
    if reachable < FLOOR:
        notes.append(f"the floor is out of reach: these slots allow nobody more than {reachable:.1f} times the script")
    return [
        Line(
            what="a user's alternative",
            measured="files/s, run ÷ sequential script with requests; realistic; one round",
            floor=f"≥ {FLOOR:.0f}",
            aim=f"≥ {reachable:.1f} (slots)",
            result=f"{ratio:.1f}",
            reached=ratio >= FLOOR,
            notes=tuple(notes),
            figures={
                "ratio": ratio,
                "ratio_at_the_slots_limit": reachable,
                "run_files_per_s": run_rate,
                "script_files_per_s": script_rate,
                "slots_files_per_s": limit,
            },
        )
    ]


def slot_limit() -> float:
    """Files a second that the profile's slots can work through, with its mean job time."""
    many = 1_000_000
    return many / lower_bound(many, PROFILES["realistic"])

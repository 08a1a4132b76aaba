"""How long a night takes, beside the time that nobody can undercut at a remote with so many job slots."""

from __future__ import annotations

import math
from pathlib import Path

from orchestrator.sandbox.profile import PROFILES, Profile
from tests.bench.folders import ROWS, fill
from tests.bench.process import product, spend
from tests.bench.remote import remote, require_all_done
from tests.bench.table import Line

FLOOR, AIM = 1.15, 1.05


def makespan(place: Path, *, quick: bool) -> list[Line]:
    files = 48 if quick else 240
    with remote("realistic", place / "realistic.log") as real:
        folder, out = fill(place / "night", files), place / "night.out"
        spent = spend(product(*real.run(folder, out)), place / "night.log", real.secrets)
        require_all_done(out, files)
    bound = lower_bound(files, PROFILES["realistic"])
    ratio = spent.wall / bound
    return [
        Line(
            what="makespan",
            measured=f"wall time of run ÷ lower bound; realistic, {files} files, start and end included; one round",
            floor=f"≤ {FLOOR}",
            aim=f"≤ {AIM}",
            result=f"{ratio:.2f}",
            reached=ratio <= FLOOR,
            notes=(
                f"{spent.wall:.1f} s against {bound:.1f}, which the remote's slots take for jobs of average length",
            ),
            figures={"ratio": ratio, "wall_s": spent.wall, "bound_s": bound},
        )
    ]


def lower_bound(files: int, profile: Profile) -> float:
    """Seconds: what the slots need for jobs of average length, or the longest of so many jobs, as is to be expected.

    The profile limits no rate.
    """
    middle = profile.job_base + profile.job_per_row * ROWS
    longest = middle * math.exp(profile.job_spread * math.sqrt(2 * math.log(files)))
    if profile.slots is None:
        return longest
    return max(files * middle * math.exp(profile.job_spread**2 / 2) / profile.slots, longest)

"""What the help says of the profiles of the sandbox is what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.program import call
from orchestrator.sandbox import PROFILES, Profile


def described(profile: Profile) -> str:
    shortest, longest = (f"{seconds * 1000:g}" for seconds in profile.latency)
    latency = f"{shortest} to {longest} ms" if profile.latency != (0, 0) else "no latency"
    base, row = f"{profile.job_base * 1000:g} ms", f"{profile.job_per_row * 1000:g} ms a row"
    job = f"({base} + {row})" if profile.job_per_row else base
    words = [
        latency,
        f"{profile.slots} jobs" if profile.slots else "no limit",
        f"{job} x L({profile.job_spread:g})" if profile.job_base else "at once, and no row is validated",
        *([f"tokens last {profile.token_ttl:g} s"] if profile.token_ttl != Profile().token_ttl else []),
        *([f"{len(profile.chances)} faults by chance"] if profile.chances else []),
    ]
    return "; ".join(words)


@pytest.mark.parametrize("name", PROFILES)
async def test_the_help_of_the_sandbox_tells_the_distribution_of_each_profile(tmp_path: Path, name: str) -> None:
    outcome = await call("sandbox", "--help", cwd=tmp_path)

    lines = [" ".join(line.split()) for line in outcome.out.decode().splitlines()]
    assert f"{name} {described(PROFILES[name])}" in lines
    assert (PROFILES[name].validation == "off") == ("no row is validated" in described(PROFILES[name]))

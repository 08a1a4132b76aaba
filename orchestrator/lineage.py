"""What became of the bad rows of a file, version by version."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.model import Job


def lineage(versions: Iterable[Job]) -> str:
    """How many bad rows each version had; empty where there is nothing to tell."""
    told = [f"{job.version}: {_bad(job):,}" for job in versions if job.checked is not None]
    return f"bad rows by version: {', '.join(told)}" if told else ""


def _bad(job: Job) -> int:
    assert job.checked is not None
    return job.checked.data.bad + (job.checked.events.bad if job.checked.events else 0)

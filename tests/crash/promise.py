"""What a schedule of crashes has to come to, whatever its moments were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cli.rosters import Roster, Table
from crash.evidence import Evidence, digest
from orchestrator.config.settings import Limits

End = tuple[object, ...]
"""All of a file's end, and of what the last report says of it, that does not depend on tokens, times and tries."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a class of delivery promises about a lost answer, and what the end is to be compared with."""

    rosters: tuple[Roster, ...]
    """As they lie in the folder in the end."""
    repeats: bool
    """A lost answer is mended by sending again, which replaces."""
    adds: bool = False
    """What is sent again because a person wants it is there a second time."""
    parts: Mapping[str, Table] = field(default_factory=dict)
    """What goes in parts, by their Names."""
    undisturbed: Mapping[str, End] = field(default_factory=dict)
    """By place."""
    uploads: int = Limits().uploads
    """At once, at most."""
    polls: int = Limits().polls
    """Together with fetches, at once, at most."""
    gone: frozenset[str] = frozenset()
    """Files that somebody took away before they were sent."""


def canon(evidence: Evidence) -> Mapping[str, End]:
    return {place: _end(place, evidence) for place in evidence.newest}


def _end(place: str, evidence: Evidence) -> End:
    job = evidence.newest[place]
    kept = sorted((kept.file, kept.size) for kept in evidence.kept if evidence.jobs[kept.job] == job)
    rejects = evidence.files.get(f"rejects/{place}")
    reported = evidence.reported_ends.get(place)
    return job.name, job.version, job.state, job.checked, tuple(kept), rejects and digest(rejects), reported

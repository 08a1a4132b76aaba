"""All that is left when a schedule of crashes is over: what the remote saw, what the ledger says, what lies on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.program import Outcome
from orchestrator.model import Job

Digests = tuple[str | None, str | None]
"""SHA-256 of the data and of the events."""


@dataclass(frozen=True, kw_only=True)
class Send:
    """An upload that reached the remote whole."""

    at: float
    name: str
    overwrite: bool
    digests: Digests
    token: str | None
    taken: bool
    """It had an effect, whether or not anybody was told."""
    fault: str | None
    refused: bool
    """The remote said no to what was sent, at once or by its job."""
    served: Mapping[str, bytes]
    """The results that the remote has for its token, by file name."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """A poll, or a fetch."""

    at: float
    token: str


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the remote has under a Name in the end."""

    digests: Digests
    copies: int
    token: str | None


@dataclass(frozen=True, kw_only=True)
class Told:
    """A row of the ledger's events."""

    job: int
    at: float
    run: str
    event: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A row of the ledger's results."""

    job: int
    file: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Crash:
    """A kill, and what the ledger said just after it."""

    moment: str
    states: Mapping[str, str]
    """By place, of its newest version."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    sends: tuple[Send, ...]
    looks: tuple[Look, ...]
    broken_off: tuple[float, ...]
    """When the remote broke an upload off unread, so that nobody knows whose it was."""
    standing: Mapping[str, Standing]
    requests: int
    most_uploads: int
    """That the remote ever had at once."""
    most_polls: int
    """And fetches."""
    unforeseen: tuple[str, ...]
    """What a witness missed in the ledger when something had reached the remote."""
    witnessed: int
    """So often it looked."""
    jobs: Mapping[int, Job]
    told: tuple[Told, ...]
    kept: tuple[Kept, ...]
    files: Mapping[str, bytes]
    """Everything below results/ and rejects/."""
    temporary: tuple[str, ...]
    """Whatever in the output folder is not yet, or no longer, in its place."""
    reported: frozenset[str]
    """The runs that came to write a summary."""
    reported_ends: Mapping[str, tuple[str, ...]]
    """By path, how it stands by the report of the last start that was left alone; what is known already is done."""
    crashes: tuple[Crash, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    """Of the starts that were left alone, in their order."""

    @property
    def newest(self) -> dict[str, Job]:
        """By its place: see there."""
        return {place_of(job): job for job in sorted(self.jobs.values(), key=lambda job: job.version)}

    @property
    def whole_files(self) -> dict[str, Job]:
        """By path: what is newest, parts apart."""
        return {place: job for place, job in self.newest.items() if job.part is None}

    def of(self, job: int) -> list[Told]:
        return [told for told in self.told if told.job == job]


def place_of(job: Job) -> str:
    """A file's path; the Name of a part, which shares its path with the others."""
    return job.path if job.part is None else job.name


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""The input folder, and what is read from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from orchestrator.model import (
    Checked,
    Job,
    Key,
    Name,
    Part,
    Rejected,
    RelPath,
    Source,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What changes when somebody writes to a file or puts another in its place."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A CSV file as the listing saw it; `fault` says why it cannot be taken, if it cannot."""

    path: RelPath
    size: int = 0
    """Bytes, those of the events included."""
    events: RelPath | None = None
    stamp: Stamp | None = None
    events_stamp: Stamp | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at a file's bytes. Large files are hashed now and read again when they are needed."""

    file: File
    source: Source
    name: Name
    key: Key
    data: bytes | None
    events: bytes | None
    verdict: Verdict | None = None
    """Already there when it was clear while reading that it would be asked for."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    cause: str


@dataclass(frozen=True, slots=True)
class Moving:
    """Somebody is still writing the file, or it went away between listing and reading."""

    cause: str


@dataclass(frozen=True, slots=True)
class Held:
    """CSV text in memory, as the remote is to get it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """CSV text too large to hold: read again and judged again while it is sent."""

    size: int
    """Bytes of the text in UTF-8."""
    json_size: int
    """The same, escaped as the inside of a JSON string."""
    pieces: Callable[[], AsyncIterator[str]]
    """Raises SourceChanged before the last piece unless the bytes are those that were validated."""


Text: TypeAlias = Held | Streamed


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    data: Text
    events: Text | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    checked: Checked
    body: Body


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a file, as the check of the whole found it."""

    part: Part
    source: Source
    checked: Checked


@dataclass(frozen=True, slots=True)
class InParts:
    """Fit to be sent, but larger than the remote takes at once."""

    checked: Checked
    pieces: Sequence[Piece]


Verdict: TypeAlias = Prepared | InParts | Rejected | Moving

HELD_LIMIT = 8 << 20
"""Bytes up to which a file is held in memory between its check and its upload; larger ones are streamed."""


class Inbox(Protocol):
    """The input folder: reads a file, then judges what it read. Both share hops to a thread."""

    async def read(self, file: File, job: Job | None = None) -> Reading | Unreadable | Moving:
        """The whole file, or that part of it which *job* is."""
        ...

    async def judge(self, reading: Reading) -> Verdict:
        """Check every row and put the bad ones in place under `rejects/`; those of a part are there already."""
        ...

    async def is_settled(self, job: Job, file: File) -> bool:
        """Whether a rejection still stands: judged by these rules, its rejects file in place."""
        ...

"""Rosters and their events, an inbox to put them in, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.edges.batcher import Hop, inline
from orchestrator.edges.folder import Folder, FolderConfig
from orchestrator.edges.inbox import FolderInbox, InboxConfig
from orchestrator.edges.mended import MendedRows
from orchestrator.edges.rejects import Rejects
from orchestrator.model import Rejected
from orchestrator.ports import File, Held, Moving, Prepared, Reading, Text
from validation.samples import PLATFORM_DATA, PLATFORM_EVENTS

HEADER = "Reference,StartDate,StartTime,EndDate,EndTime"
ROW = "N1,01/07/2024,09:00,01/07/2024,17:00"
OTHER = "N2,02/07/2024,22:00,03/07/2024,06:00"
BAD = "N3,2024-07-03,09:00,03/07/2024,17:00"
EVENTS_HEADER = "Reference,EventStartDate,EventStartTime,EventEndDate,EventEndTime,Description,TimeReference"
EVENT = "N1,01/07/2024,09:00,01/07/2024,17:00,late,0"
BAD_EVENT = "N1,01/07/2024,25:00,01/07/2024,17:00,late,0"
REJECTED_COLUMNS = "_line,_column,_rule,_message,_raw"


def csv(*lines: str, end: str = "\r\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def sent(*lines: str) -> str:
    """As the remote gets it: CRLF between the rows, and none after the last."""
    return "\r\n".join(lines)


@dataclass(frozen=True, slots=True)
class Desk:
    """An input folder, and the rejects of what lies in it."""

    base: Path

    @property
    def root(self) -> Path:
        return self.base / "inbox"

    @property
    def rejects(self) -> Path:
        return self.base / "rejects"

    def mended(self) -> MendedRows:
        return MendedRows(self.base / "mended", lambda key: ())

    def put(self, path: str, content: bytes) -> File:
        """The file as the listing sees it, with its companion if it has one by now."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        listed = {file.path: file for file in self.folder().list()}
        return next(file for file in listed.values() if path in (file.path, file.events))

    def folder(self) -> Folder:
        return Folder(FolderConfig(root=self.root))

    def inbox(self, *, hop: Hop = inline, **how: Any) -> FolderInbox:
        config = InboxConfig(**{"data": (PLATFORM_DATA,), "events": (PLATFORM_EVENTS,), "name": "{relative}"} | how)
        return FolderInbox(self.folder(), Rejects(self.rejects), config, mended=self.mended(), hop=hop)


async def read(inbox: FolderInbox, file: File) -> Reading:
    reading = await inbox.read(file)
    assert isinstance(reading, Reading), reading
    return reading


async def judge(inbox: FolderInbox, file: File) -> Prepared | Rejected | Moving:
    return await inbox.judge(await read(inbox, file))


async def text_of(part: Text) -> str:
    if isinstance(part, Held):
        return part.text
    return "".join([piece async for piece in part.pieces()])

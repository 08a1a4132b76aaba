"""What the core asks of the outside world. Read these three files first."""

from orchestrator.ports.inbox import (
    HELD_LIMIT,
    Body,
    File,
    Held,
    Inbox,
    Moving,
    Part,
    Prepared,
    Reading,
    Stamp,
    Streamed,
    Unreadable,
)
from orchestrator.ports.machine import Clock, Ledger, Sink
from orchestrator.ports.target import Ended, Fetched, MayGo, Release, Running, Target, Trace

__all__ = [
    "HELD_LIMIT",
    "Body",
    "Clock",
    "Ended",
    "Fetched",
    "File",
    "Held",
    "Inbox",
    "Ledger",
    "MayGo",
    "Moving",
    "Part",
    "Prepared",
    "Reading",
    "Release",
    "Running",
    "Sink",
    "Stamp",
    "Streamed",
    "Target",
    "Trace",
    "Unreadable",
]

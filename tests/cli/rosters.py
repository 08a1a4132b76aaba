"""Small rosters, and what the remote has to get of each: written down here, not asked of the program."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HEADER = "Reference,StartDate,StartTime,EndDate,EndTime"
EVENTS_HEADER = "Reference,EventStartDate,EventStartTime,EventEndDate,EventEndTime,Description,TimeReference"

_BAD = (
    (",01/07/2024,09:00,01/07/2024,17:00", 1, "required"),
    ("{who},31/02/2024,09:00,01/07/2024,17:00", 2, "date"),
    ("{who},01/07/2024,24:00,01/07/2024,17:00", 3, "time"),
    ("{who},1/7/2024,09:00,01/07/2024,17:00", 2, "date"),
    ("{who},01/07/2024,09:00,01/07/2024", 5, "columns"),
    ('{who}"x,01/07/2024,09:00,01/07/2024,17:00', 1, "quote"),
)
_BAD_EVENTS = (
    ("{who},01/07/2024,09:05,01/07/2024,09:30,,0", 6, "required"),
    ("{who},01/07/2024,09:05,01/07/2024,09:30,Call,3", 7, "digit"),
    ("{who},01/07/2024,9:05,01/07/2024,09:30,Call,0", 3, "time"),
)

_Kinds = tuple[tuple[str, int, str], ...]
"""Rows that must not be sent, each with the column and the rule that it breaks."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One CSV: its rows as they stand in the source, and what is wrong with which of them (from 0)."""

    header: str
    rows: tuple[str, ...]
    bad: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    with_header: bool = True
    bom: bool = False
    end: str = "\r\n"

    @property
    def source(self) -> bytes:
        lines = [self.header, *self.rows] if self.with_header else list(self.rows)
        text = "".join(line + self.end for line in lines)
        return text.encode("utf-8-sig" if self.bom else "utf-8")

    @property
    def sent(self) -> str:
        """The text as the remote gets it, the bad rows dropped."""
        good = [row for nth, row in enumerate(self.rows) if nth not in self.bad]
        return "\r\n".join([self.header, *good])

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sent.encode()).hexdigest()

    @property
    def good(self) -> int:
        return len(self.rows) - len(self.bad)

    @property
    def problems(self) -> list[tuple[int, int, str]]:
        """Line, column and rule of each."""
        return [(nth + 1 + self.with_header, *fault) for nth, fault in sorted(self.bad.items())]


@dataclass(frozen=True, kw_only=True)
class Roster:
    path: str
    data: Table
    events: Table | None = None

    @property
    def name(self) -> str:
        return self.path.removesuffix(".csv")

    @property
    def events_path(self) -> str:
        return f"{self.name}.events.csv"

    @property
    def is_clean(self) -> bool:
        return not self.data.bad and not (self.events and self.events.bad)

    @property
    def digests(self) -> tuple[str, str | None]:
        """Of the data and of the events, as the remote gets them."""
        return self.data.sha256, self.events.sha256 if self.events else None

    def write(self, folder: Path) -> None:
        place = folder / self.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(self.data.source)
        if self.events:
            (folder / self.events_path).write_bytes(self.events.source)


def write_all(folder: Path, rosters: Iterable[Roster]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for roster in rosters:
        roster.write(folder)


def roster(
    path: str,
    rows: int = 5,
    *,
    bad: int = 0,
    events: int = 0,
    bad_events: int = 0,
    edition: int = 1,
    **how: object,
) -> Roster:
    """The same path and edition, the same bytes. *bad* rows stand somewhere among the good ones."""
    rng = random.Random(f"{path}/{edition}")
    good = tuple(_row(rng) for _ in range(rows))
    data = _table(HEADER, good, _BAD, bad, rng, **how)
    extra = tuple(_event(rng) for _ in range(events))
    companion = _table(EVENTS_HEADER, extra, _BAD_EVENTS, bad_events, rng) if events or bad_events else None
    return Roster(path=path, data=data, events=companion)


def plain_rosters(count: int, folder: str = "") -> list[Roster]:
    """Clean files f00.csv, f01.csv …; every third has events."""
    return [roster(f"{folder}f{nth:02}.csv", 3 + nth, events=2 if nth % 3 == 2 else 0) for nth in range(count)]


def _table(header: str, good: tuple[str, ...], kinds: _Kinds, bad: int, rng: random.Random, **how: object) -> Table:
    rows: list[tuple[str, tuple[int, str] | None]] = [(row, None) for row in good]
    for nth in range(bad):
        text, *fault = kinds[nth % len(kinds)]
        row = text.format(who=f"B{rng.randrange(10**6)}")
        rows.insert(rng.randrange(len(rows) + 1), (row, (fault[0], fault[1])))
    wrong = {nth: fault for nth, (_, fault) in enumerate(rows) if fault}
    return Table(header=header, rows=tuple(row for row, _ in rows), bad=wrong, **how)


def _row(rng: random.Random) -> str:
    who = f"N{rng.randrange(10**9)}"
    reference = rng.choice([who, f"{who} Zoë", f'"{who}, ""B"""', f" {who}"])
    day, start = f"{rng.randint(1, 28):02}/0{rng.randint(1, 9)}/2024", rng.randint(0, 11)
    return f"{reference},{day},{start:02}:{rng.randrange(60):02},{day},{start + rng.randint(1, 11):02}:00"


def _event(rng: random.Random) -> str:
    day = f"{rng.randint(1, 28):02}/07/2024"
    return f"N{rng.randrange(10**9)},{day},09:05,{day},09:{rng.randint(10, 59)},Meeting,{rng.randrange(3)}"

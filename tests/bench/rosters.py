"""One large roster: unique references, the dates of a leap year, some cells in quotes, some bad rows if need be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tests.bench.folders import HEADER

_DAYS = [f"{date(2024, 1, 1) + timedelta(days=day):%d/%m/%Y}" for day in range(366)]
_TURN = 10_980
"""Rows after which days, hours and minutes come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Of so many rows one is so; 0: none."""

    quoted: int = 50
    """Its reference stands in quotes, with a comma inside."""
    accented: int = 0
    """Its reference holds letters beyond ASCII."""
    bad: int = 0
    """It ends at 25:00."""


def write_roster(path: Path, size: int, mix: Mix) -> int:
    """At least *size* bytes, and at most a megabyte more. Returns how many rows they are."""
    shifts = [_shift(number) for number in range(_TURN)]
    rows = written = 0
    with path.open("wb") as file:
        written += file.write(f"{HEADER}\n".encode())
        while written < size:
            block = [f"SHIFT-{rows + number:08}{shift}" for number, shift in enumerate(shifts)]
            for number in _every(mix.quoted):
                block[number] = f'"Night, SHIFT-{rows + number:08}"{shifts[number]}'
            for number in _every(mix.accented):
                block[number] = block[number].replace("SHIFT", "Zoë Łukasik", 1)
            for number in _every(mix.bad):
                block[number] = f"{block[number][:-6]}25:00\n"
            written += file.write("".join(block).encode())
            rows += _TURN
    return rows


def _shift(number: int) -> str:
    begin, minute = number % 18, number * 7 % 60
    day = _DAYS[number * 13 % 366]
    return f",{day},{begin:02}:{minute:02},{day},{begin + 5:02}:{minute:02}\n"


def _every(of: int) -> range:
    return range(of // 2, _TURN, of) if of else range(0)

"""A moment of a source: read from one or more of its cells, as they are written there, and written in another way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache, partial
from operator import attrgetter
from types import MappingProxyType
from zoneinfo import ZoneInfo

_DIGITS: Mapping[str, int] = MappingProxyType({"Y": 4, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2})
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OTHERS: Mapping[str, str] = MappingProxyType(
    {
        "f": r"(?P<f>[0-9]{1,6})",
        "b": rf"(?P<b>(?i:{'|'.join(_MONTHS)}))",
        "p": r"(?P<p>(?i:[AP]M))",
        "z": r"(?P<z>Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])",
    }
)
LONGEST = 256
"""More characters than a part of a moment has, which is written in at most 64."""
_KEPT = 8_192
_NUMBERS: Mapping[str, Callable[[datetime], int]] = MappingProxyType(
    {
        "m": attrgetter("month"),
        "d": attrgetter("day"),
        "H": attrgetter("hour"),
        "M": attrgetter("minute"),
        "S": attrgetter("second"),
    }
)
READ = frozenset((*_DIGITS, *_OTHERS))
"""The directives that a source may be written with."""
WRITE = frozenset("YmdHMSfz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    name: str
    parts: tuple[tuple[str, str], ...]
    """Columns of the source, each with the way in which it is written."""
    short: bool = False
    """Zeros in front may be missing, but not of a year: 517 for 05:17."""
    zone: str = ""
    """What its clock shows the time of; "" where that does not matter, or every cell says so."""
    to_zone: str = ""
    twice: str = ""
    """Which of the two is meant where a clock is put back: "first", "second", or "" for neither."""
    not_before: str = ""
    """Another moment; one that would be earlier is that of the next day."""

    @property
    def directives(self) -> str:
        return "".join(letter for _, written in self.parts for letter in re.findall("%(.?)", written))


class Unreadable(Exception):  # what it is about is the cell
    """Which part of the moment, from 0, and why."""

    def __init__(self, part: int, message: str) -> None:
        super().__init__(message)
        self.part = part


def reader_of(moment: Moment) -> Callable[[tuple[str, ...], datetime | None], datetime | None]:
    """`moment_in` with a memory: a day has few minutes, and a file has many rows of it."""
    return lru_cache(maxsize=_KEPT)(partial(moment_in, moment))


def moment_in(moment: Moment, cells: Sequence[str], earliest: datetime | None) -> datetime | None:
    """What *cells*, one a part, say; None where one is blank. Raises Unreadable."""
    found: dict[str, str] = {}
    where: dict[str, int] = {}
    for number, ((_, written), cell) in enumerate(zip(moment.parts, cells, strict=True)):
        if not cell.strip():
            return None
        read = _read(written, cell, moment.short)
        if read is None:
            short = ", with or without the zeros in front" if moment.short else ""
            raise Unreadable(number, f"cannot be read as {written}{short}")
        found |= read
        where |= dict.fromkeys(read, number)
    try:
        day = date(int(found.get("Y", 1)), _month(found), int(found.get("d", 1)))
    except ValueError:
        raise Unreadable(where.get("d", 0), "no day of the calendar") from None
    clock, days = _clock(found)
    if clock is None or (days and "Y" not in found):
        raise Unreadable(where.get("H", where.get("I", 0)), "no time of a day")
    try:
        value = _in_zone(moment, datetime.combine(day, clock) + timedelta(days=days), found.get("z", ""))
        if earliest is not None and value < earliest:
            value = _in_zone(moment, value.replace(tzinfo=None) + timedelta(days=1), found.get("z", ""))
        return value.astimezone(_zone(moment.to_zone)) if moment.to_zone else value
    except OverflowError:
        raise Unreadable(where.get("Y", 0), "further away than the calendar goes") from None
    except ValueError as error:
        raise Unreadable(where.get("H", 0), str(error)) from None


def write_moment(value: datetime, written: str) -> str:
    # Moments of different zones may be equal, so that only those without one can be remembered.
    return _written_plainly(value, written) if value.tzinfo is None else _written(value, written)


def _written(value: datetime, written: str) -> str:
    parts = _parts_of(written)
    return "".join([_part_of(value, part) if nth % 2 else part for nth, part in enumerate(parts)])


_written_plainly = lru_cache(maxsize=_KEPT)(_written)


@lru_cache(maxsize=128)
def _parts_of(written: str) -> tuple[str, ...]:
    """Plain text and directives in turns."""
    return tuple(re.split("%(.)", written))


def _part_of(value: datetime, letter: str) -> str:
    match letter:
        case "Y":
            return f"{value.year:04}"
        case "f":
            return f"{value.microsecond:06}"
        case "z":
            offset = f"{value:%z}"
            return "Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:5]}"
    return f"{_NUMBERS[letter](value):02}"


@lru_cache(maxsize=_KEPT)
def _read(written: str, cell: str, short: bool) -> Mapping[str, str] | None:
    pattern, runs = _pattern(written, short)
    match = pattern.fullmatch(cell)
    if match is None:
        return None
    found = {name: text for name, text in match.groupdict().items() if not name.startswith("run")}
    for number, run in enumerate(runs):
        digits = match[f"run{number}"].zfill(_width(run))
        for letter in run:
            found[letter], digits = digits[: _DIGITS[letter]], digits[_DIGITS[letter] :]
    return found


@lru_cache(maxsize=128)
def _pattern(written: str, short: bool) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Directives of digits with nothing between them are one run, which is filled up from the left.

    No zeros are missing in front of a year: 24 for 2024 would be the year 24.
    """
    pattern = ""
    runs: list[str] = []
    for piece in re.findall(r"(?:%[YmdHIMS])+|%.|[^%]+", written):
        if piece.startswith("%") and piece[1] in _DIGITS:
            run = piece.replace("%", "")
            width = _width(run)
            least = max(_width(run[run.index("Y") :] if "Y" in run else ""), 1) if short else width
            pattern += f"(?P<run{len(runs)}>[0-9]{{{least},{width}}})"
            runs.append(run)
        else:
            pattern += _OTHERS[piece[1]] if piece.startswith("%") else re.escape(piece)
    return re.compile(pattern), tuple(runs)


def _width(run: str) -> int:
    return sum(_DIGITS[letter] for letter in run)


def _month(found: Mapping[str, str]) -> int:
    return _MONTHS.index(found["b"].lower()) + 1 if "b" in found else int(found.get("m", 1))


def _clock(found: Mapping[str, str]) -> tuple[time | None, int]:
    """The time of the day, and 1 where it is 24:00, which is that of the next one."""
    hour, minute, second = (int(found.get(letter, 0)) for letter in "HMS")
    micro = int(found.get("f", "0").ljust(6, "0"))
    if "I" in found:
        hour = int(found["I"]) % 12 + 12 * (found.get("p", "").lower() == "pm")
        if not 1 <= int(found["I"]) <= 12:
            return None, 0
    if (hour, minute, second, micro) == (24, 0, 0, 0):
        return time(), 1
    if hour > 23 or minute > 59 or second > 59:
        return None, 0
    return time(hour, minute, second, micro), 0


def _in_zone(moment: Moment, value: datetime, offset: str) -> datetime:
    """Raises ValueError where no clock, or two of them, showed this."""
    if offset:
        sign, digits = (1, "0000") if offset == "Z" else (int(f"{offset[0]}1"), offset[1:].replace(":", ""))
        return value.replace(tzinfo=timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))))
    if not moment.zone:
        return value
    zone = _zone(moment.zone)
    first, second = (value.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    if first.utcoffset() < second.utcoffset():  # type: ignore[operator]  # a zone has an offset
        raise ValueError(f"was skipped by the clocks of {moment.zone} that day")
    if not moment.twice:
        raise ValueError(f"was there twice on the clocks of {moment.zone} that day: say which with twice")
    return first if moment.twice == "first" else second


@lru_cache(maxsize=32)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)

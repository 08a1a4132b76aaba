"""How dates and times are written: the directives of strftime, each with all its digits, and nothing else.

What stands in square brackets may be left out, as in `%H:%M[:%S[.%f]]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from orchestrator.validation.schema import Type

Predicate: TypeAlias = Callable[[str], object]
_DIRECTIVE = re.compile(r"%(.?)")
_OPTIONAL = re.compile(r"\[[^][]*\]")
_BRACKETS = {"[": "(?:", "]": ")?"}
# What each may be, how a person would spell it, its name, and how many digits it has.
_PARTS = {
    "Y": ("(?P<Y>[0-9]{4})", "YYYY", "year", "four"),
    "m": ("(?P<m>0[1-9]|1[0-2])", "MM", "month", "two"),
    "d": ("(?P<d>0[1-9]|[12][0-9]|3[01])", "DD", "day", "two"),
    "H": ("(?P<H>[01][0-9]|2[0-3])", "hh", "", ""),
    "M": ("(?P<M>[0-5][0-9])", "mm", "", ""),
    "S": ("(?P<S>[0-5][0-9])", "ss", "", ""),
    "f": ("(?P<f>[0-9]{1,9})", "ffffff", "", ""),
    "z": ("(?P<z>Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])", "±hh:mm", "", ""),
}
_NEEDED: Mapping[Type, tuple[str, str]] = MappingProxyType(
    {Type.DATE: ("Ymd", "Ymd"), Type.TIME: ("HM", "HMSf"), Type.DATETIME: ("YmdHM", "YmdHMSfz")}
)
_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
_WIDEST = 64
_KEPT = 8_192


class Form:
    """One way of writing a date, a time or a moment. Raises ValueError, with the cause and the remedy."""

    def __init__(self, kind: Type, written: str) -> None:
        directives = _DIRECTIVE.findall(written)
        needed, known = _NEEDED[kind]
        if len(written) > _WIDEST or set(directives) - set(known):
            allowed = ", ".join(f"%{letter}" for letter in known)
            raise ValueError(f"holds what a {kind} cannot be written with. Use {allowed} and plain signs.")
        always = _always(written)
        if {*"[]"} & set(always):
            raise ValueError("has a bracket without its other one. Write [ and ] around what may be left out.")
        if not set(needed) <= set(_DIRECTIVE.findall(always)) or len(set(directives)) < len(directives):
            wanted = ", ".join(f"%{letter}" for letter in needed)
            raise ValueError(f"does not tell a {kind}. Write each of {wanted} once, outside of brackets.")
        self.kind = kind
        self.written = written
        self.directives = "".join(directives)
        parts = _DIRECTIVE.split(written)
        # Plain text and directives in turns.
        self._pattern = re.compile(
            "".join(_PARTS[part][0] if nth % 2 else _plain(part) for nth, part in enumerate(parts))
        )
        self.spelled = "".join(_PARTS[part][1] if nth % 2 else part for nth, part in enumerate(parts))
        # What is remembered stays small: longer than this no cell can be one.
        self._values = lru_cache(maxsize=_KEPT)(self._value)
        self.holds: Predicate = self._pattern.fullmatch if kind is Type.TIME else self._holds
        """ASCII digits only: what int() takes beyond them is not what a remote takes."""

    @property
    def message(self) -> str:
        match self.kind:
            case Type.DATE:
                parts = [_PARTS[letter] for letter in self.directives]
                digits = f"{parts[0][3]}, {parts[1][3]} and {parts[2][3]} digits"
                return f"not a calendar date written {self.spelled}: correct it, {parts[0][2]} first, with {digits}"
            case Type.TIME:
                first, last = (
                    self.spelled.replace("hh", hour).replace("mm", sixty).replace("ss", sixty).replace("ffffff", "0")
                    for hour, sixty in (("00", "00"), ("23", "59"))
                )
                digits = "two digits each" if "f" not in self.directives else "all its digits"
                return f"not a time written {self.spelled} from {first} to {last}: correct it, with {digits}"
        return f"not a moment written {self.spelled}: correct it, in this order and with all its digits"

    def _holds(self, cell: str) -> bool:
        return self.value(cell) is not None

    def value(self, cell: str) -> int | None:
        """Nanoseconds, of a day or since the year 1, in UTC where the zone is written; None when it is none."""
        return self._values(cell) if len(cell) <= 2 * _WIDEST else None

    def _value(self, cell: str) -> int | None:
        parts = self._pattern.fullmatch(cell)
        return None if parts is None else _value(parts)


def _always(written: str) -> str:
    """Without what may be left out; a bracket that stays has no other one."""
    while (shorter := _OPTIONAL.sub("", written)) != written:
        written = shorter
    return written


def _plain(text: str) -> str:
    return "".join(_BRACKETS.get(sign, re.escape(sign)) for sign in text)


def _value(parts: re.Match[str]) -> int | None:
    found = {letter: part for letter, part in parts.groupdict().items() if part}
    value = 0
    if "Y" in found:
        try:
            value = date(int(found["Y"]), int(found["m"]), int(found["d"])).toordinal() * _DAY
        except ValueError:
            return None
    if "H" in found:
        seconds = int(found["H"]) * 3600 + int(found["M"]) * 60 + int(found.get("S", 0))
        value += seconds * _SECOND + int(found.get("f", "0").ljust(9, "0"))
    zone = found.get("z", "Z")
    if zone != "Z":
        value -= int(zone[0] + "1") * (int(zone[1:3]) * 60 + int(zone[4:])) * 60 * _SECOND
    return value


@lru_cache(maxsize=64)
def form_of(kind: Type, written: str) -> Form:
    return Form(kind, written)

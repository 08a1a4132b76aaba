"""Which of the rows that were sent the refused rows of a result are, by what stands in them. Pure.

The one implementation that is known tells of the rows in their order, and nobody promises that. A column whose cells
are not those that were sent, in whatever order, says nothing: the remote may leave it out, mask it, or write it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TypeAlias

from orchestrator.ports import Fetched
from orchestrator.ranges import ranges_of
from orchestrator.validation.limits import RECORD_LIMIT
from orchestrator.validation.table import Table

Open: TypeAlias = Callable[[], AbstractContextManager[Iterable[str]]]
"""The lines of a text, from its beginning: each is read more than once, and none is held."""


def placed(fetched: Fetched, told: Open, sent: Open) -> Fetched:
    """*fetched*, whose rows were counted off as *told*, with those of them that *sent* has, and no other."""
    places = _columns(told, sent)
    if not places.shared:
        return replace(fetched, unplaced=False)  # there is nothing that could say otherwise
    strays = _strays(fetched, places, told, sent) if places.same else dict.fromkeys(_numbers(fetched), 0)
    rows = {strays.get(number, number) for number in _numbers(fetched)} - {0}
    lost = fetched.refused - len(rows)
    remark = (
        f"of {lost} of these it is not known which rows they are: by their cells they may be several, or none"
        if lost
        else ""
    )
    return _named(fetched, rows, strays, remark)


def nameless(fetched: Fetched) -> Fetched:
    """What it comes to where nobody can look at what was sent."""
    remark = "it is not known which rows these are: the file is not there any more as it was sent"
    return _named(fetched, (), dict.fromkeys(_numbers(fetched), 0), remark)


def _named(fetched: Fetched, rows: Iterable[int], moved: dict[int, int], remark: str) -> Fetched:
    objections = tuple(
        replace(each, rows=tuple(filter(None, (moved.get(row, row) for row in each.rows))))
        for each in fetched.objections
    )
    remarks = "; ".join(filter(None, (fetched.remark, remark)))
    return replace(fetched, rows=ranges_of(rows), objections=objections, remark=remarks, unplaced=False)


@dataclass(frozen=True, slots=True)
class _Columns:
    shared: tuple[tuple[int, int], ...]
    """Where those stand that both have, as they are told and as they were sent."""
    same: tuple[tuple[int, int], ...]
    """Those of them that hold the same cells."""

    def told(self, row: Sequence[str]) -> tuple[str, ...]:
        return tuple(_cell(row, at) for at, _ in self.same)

    def sent(self, row: Sequence[str]) -> tuple[str, ...]:
        return tuple(_cell(row, at) for _, at in self.same)


def _columns(told: Open, sent: Open) -> _Columns:
    with told() as there, sent() as here:
        theirs, ours = _rows(there), _rows(here)
        places, known = _names(next(theirs, [])), _names(next(ours, []))
        shared = tuple((places[name], at) for name, at in known.items() if name in places)
        sums = _sums(theirs, [at for at, _ in shared]), _sums(ours, [at for _, at in shared])
    same = tuple(pair for pair, one, other in zip(shared, *sums, strict=True) if one == other)
    return _Columns(shared, same)


def _sums(rows: Iterable[list[str]], places: Sequence[int]) -> list[int]:
    """Of each column a number that does not hang on the order of its cells."""
    sums = [0] * len(places)
    for row in rows:
        for nth, at in enumerate(places):
            sums[nth] += hash(_cell(row, at))
    return sums


def _strays(fetched: Fetched, columns: _Columns, told: Open, sent: Open) -> dict[int, int]:
    """The refused rows that stand elsewhere than they were sent, and where that was: 0 where it may be several."""
    strays: dict[int, int] = {}
    numbers = _numbers(fetched)
    number = next(numbers, 0)
    with told() as there, sent() as here:
        theirs, ours = _rows(there), _rows(here)
        for nth, (row, own) in enumerate(zip(theirs, ours, strict=False)):  # the first of each is the header
            if nth and nth == number:
                number = next(numbers, 0)
                if (cells := columns.told(row)) != columns.sent(own):
                    strays[nth] = hash(cells)
    return _found(strays, columns, sent) if strays else {}


def _found(strays: dict[int, int], columns: _Columns, sent: Open) -> dict[int, int]:
    places = dict.fromkeys(strays.values(), 0)
    several = set[int]()
    with sent() as here:
        for nth, row in enumerate(_rows(here)):
            digest = hash(columns.sent(row))
            if nth and digest in places:
                several |= {digest} if places[digest] else set()
                places[digest] = nth
    return {number: 0 if digest in several else places[digest] for number, digest in strays.items()}


def _rows(lines: Iterable[str]) -> Iterator[list[str]]:
    return filter(None, Table(lines, limit=RECORD_LIMIT))


def _names(header: Sequence[str]) -> dict[str, int]:
    """The first of each: what the remote adds stands behind the columns of the file."""
    names: dict[str, int] = {}
    for at, name in enumerate(header):
        names.setdefault(name.strip().casefold(), at)
    return names


def _numbers(fetched: Fetched) -> Iterator[int]:
    return (number for first, last in fetched.rows for number in range(first, last + 1))


def _cell(row: Sequence[str], at: int) -> str:
    return row[at].strip() if at < len(row) else ""

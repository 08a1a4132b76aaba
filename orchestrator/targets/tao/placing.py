"""Which of the rows that were sent the refused rows of a result are, by what stands in them. Pure.

The one implementation that is known tells of the rows in their order, and nobody promises that. A column whose cells
are not those that were sent, in whatever order, says nothing: the remote may leave it out, mask it, or write it anew.
"""

from __future__ import annotations

from array import array
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
_SEVERAL = -1


def placed(fetched: Fetched, told: Open, sent: Open) -> Fetched:
    """*fetched*, whose rows were counted off as *told*, with those of them that *sent* has, and no other."""
    columns = _columns(told, sent)
    if not columns.shared:
        return replace(fetched, unplaced=False)  # there is nothing that could say otherwise
    places = _places(_digests(fetched, columns, told), columns, sent) if columns.same else ()
    lost = fetched.refused - len(set(places) - {0})
    remark = (
        f"of {lost} of these it is not known which rows they are: by their cells they may be several, or none"
        if lost
        else ""
    )
    return _named(fetched, places, remark)


def nameless(fetched: Fetched) -> Fetched:
    """What it comes to where nobody can look at what was sent."""
    return _named(fetched, (), "it is not known which rows these are: the file is not there any more as it was sent")


def _named(fetched: Fetched, places: Iterable[int], remark: str) -> Fetched:
    """*places*: of each refused row in turn where it was sent, 0 where nobody knows, as of those beyond the last."""
    spoken_of = {row for each in fetched.objections for row in each.rows}
    places = array("q", places)
    found = {number: place for number, place in zip(_numbers(fetched), places, strict=False) if number in spoken_of}
    objections = tuple(
        replace(each, rows=tuple(found[row] for row in each.rows if found.get(row))) for each in fetched.objections
    )
    remarks = "; ".join(filter(None, (fetched.remark, remark)))
    rows = ranges_of(set(places) - {0})
    return replace(fetched, rows=rows, objections=objections, remark=remarks, unplaced=False)


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


def _digests(fetched: Fetched, columns: _Columns, told: Open) -> array[int]:
    """Of each refused row in turn what it holds in the columns that are the same: 8 bytes, as there may be millions."""
    digests, numbers = array("q"), _numbers(fetched)
    number = next(numbers, 0)
    with told() as there:
        for nth, row in enumerate(_rows(there)):
            if nth and nth == number:  # the first is the header
                number = next(numbers, 0)
                digests.append(hash(columns.told(row)))
    return digests


def _places(digests: array[int], columns: _Columns, sent: Open) -> array[int]:
    """Where the one row stands that holds the same, and 0 where several do, or none.

    That a row stands where one was sent which holds the same says nothing as long as others hold it too: any of them
    may have come there.
    """
    places = dict.fromkeys(digests, 0)
    with sent() as here:
        for nth, row in enumerate(_rows(here)):
            digest = hash(columns.sent(row))
            if nth and digest in places:
                places[digest] = _SEVERAL if places[digest] else nth
    return array("q", (max(places[digest], 0) for digest in digests))


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

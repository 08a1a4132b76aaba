"""From the records of a source to those of a schema: plain steps, each of them about one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.validation.moments import LONGEST, Moment, Unreadable, reader_of, write_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One column of the result: a constant, a moment, or what cells of the source hold.

    Cells are joined, split, trimmed and looked up in `values`, in this order.
    """

    to: str
    sources: tuple[str, ...] = ()
    join: str = ""
    blank: str = ""
    """What a blank cell makes of those that it is joined with: blank, too; "skip" leaves it out, "keep" joins it."""
    split: str = ""
    part: int = 1
    """Of what was split: 1 is the first, -1 the last; empty where there are fewer."""
    trim: bool = False
    values: tuple[tuple[str, str], ...] = ()
    value: str = ""
    moment: str = ""
    format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOut:
    """Rows that are none of the result: whose cell is *among* these, or is none of *unless*."""

    column: str
    among: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def applies(self, cell: str) -> bool:
        return cell in self.among if self.among else cell not in self.unless


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    name: str
    columns: tuple[Made, ...]
    moments: tuple[Moment, ...] = ()
    leave_out: tuple[LeaveOut, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that the source has to have, each once."""
        names = [rule.column for rule in self.leave_out]
        names += [name for moment in self.moments for name, _ in moment.parts]
        names += [name for made in self.columns for name in made.sources]
        return tuple(dict.fromkeys(names))

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(made.to for made in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A row of the result, unless it is `left_out`. What hangs on cells that are `unreadable` (from 0, and why) is
    `unknown` in it."""

    cells: tuple[str, ...] = ()
    unreadable: tuple[tuple[int, str], ...] = ()
    unknown: frozenset[int] = frozenset()
    left_out: bool = False


class Steps:
    """A mapping, where its columns stand in one file."""

    def __init__(self, mapping: Mapping, names: Sequence[str]) -> None:
        places = {name: place for place, name in enumerate(names)}
        self._leave_out = [(rule, places[rule.column]) for rule in mapping.leave_out]
        self._moments = [
            (moment, [places[name] for name, _ in moment.parts], reader_of(moment)) for moment in mapping.moments
        ]
        self._columns = [(made, [places[name] for name in made.sources], dict(made.values)) for made in mapping.columns]
        of_moment = {moment.name: at for moment, at, _ in self._moments}
        made_of = [(made, of_moment[made.moment] if made.moment else at) for made, at, _ in self._columns]
        self.origins = tuple(next(iter(at[-1:]), 0) for _, at in made_of)
        """For each column of the result the cell, from 0, that a problem with it is told at."""
        self._needed = tuple(() if made.blank else at for made, at in made_of)

    def origins_in(self, cells: Sequence[str]) -> tuple[int, ...]:
        """In this row: where a single blank cell makes all of it blank the problem is told at that one."""
        return tuple(
            next((place for place in needed if not cells[place].strip()), last)
            for needed, last in zip(self._needed, self.origins, strict=True)
        )

    def apply(self, cells: Sequence[str]) -> Mapped:
        if any(rule.applies(cells[place]) for rule, place in self._leave_out):
            return Mapped(left_out=True)
        moments: dict[str, datetime | None] = {}
        unreadable = []
        lost = set()
        for moment, places, read in self._moments:
            # Beyond what can be one a cell is cut, so that what is remembered stays small.
            parts = tuple([cells[place][:LONGEST] for place in places])
            try:
                moments[moment.name] = read(parts, moments.get(moment.not_before))
            except Unreadable as error:
                unreadable.append((places[error.part], str(error)))
                lost.add(moment.name)
            if lost and moment.not_before in lost:
                lost.add(moment.name)  # it may be of the day before
        row = tuple([self._made(made, at, values, cells, moments) for made, at, values in self._columns])
        if not unreadable:
            return Mapped(cells=row)
        unknown = frozenset(place for place, (made, *_) in enumerate(self._columns) if made.moment in lost)
        return Mapped(cells=row, unreadable=tuple(dict(reversed(unreadable)).items()), unknown=unknown)

    def _made(
        self,
        made: Made,
        places: Sequence[int],
        values: dict[str, str],
        cells: Sequence[str],
        moments: dict[str, datetime | None],
    ) -> str:
        if made.moment:
            moment = moments.get(made.moment)
            return write_moment(moment, made.format) if moment else ""
        if not places:
            return made.value
        text = cells[places[0]] if len(places) == 1 else _joined(made, [cells[place] for place in places])
        if made.split:
            parts = text.split(made.split)
            place = made.part - 1 if made.part > 0 else made.part
            text = parts[place] if -len(parts) <= place < len(parts) else ""
        if made.trim:
            text = text.strip()
        return values.get(text, text)


def _joined(made: Made, cells: Sequence[str]) -> str:
    if made.blank == "keep":
        return made.join.join(cells)
    filled = [cell for cell in cells if cell.strip()]
    is_whole = len(filled) == len(cells) or made.blank == "skip"
    return made.join.join(filled) if is_whole else ""

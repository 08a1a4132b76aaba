"""Who fills the folder, changes files of it, and works on lists of rejects."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from orchestrator.model import RelPath
from tests.cli.mending import rows_of, write_rows
from tests.histories.rows import LINKS, Row, row_of, text_of

IDS = "ABCDE"
"""So few that many rows want the same."""


@dataclass(kw_only=True)
class Person:
    rng: random.Random
    folder: Path
    lists: Path
    someone: Callable[[], str]
    """An id of the people that is at the remote to stay."""
    bad: float
    """How many of the rows that are written are."""
    files: dict[RelPath, list[Row]] = field(default_factory=dict)
    """As they stand in the folder."""
    changed: set[RelPath] = field(default_factory=set)
    forms: dict[str, list[Row]] = field(default_factory=dict)
    """Of each row, since its file was changed the last time: as it stands there, then as it was mended in a list."""
    past: dict[tuple[RelPath, str], dict[str, list[Row]]] = field(default_factory=dict)
    """The forms of the rows of a file when it was another the last time: they count again when it is what it was."""
    wanted: dict[str, Row] = field(default_factory=dict)
    """What was written into lists last, but for rows that were taken out again."""
    deleted: dict[RelPath, set[str]] = field(default_factory=dict)
    """What was taken out of the list of a file since it was made."""

    def __post_init__(self) -> None:
        self._tags, self._numbers = count(1), count(100001)

    # Files

    def add_file(self, path: RelPath, kind: str, rows: int) -> None:
        self.files[path] = []
        self._write(path, [self._new(kind) for _ in range(rows)])

    def change_file(self, path: RelPath) -> None:
        rows, rng = list(self.files[path]), self.rng
        at = rng.randrange(len(rows))
        match rng.choice(("append", "append", "rewrite", "rewrite", "remove")):
            case "append":
                rows.append(self._new(rows[0].kind))
            case "rewrite":
                rows[at] = replace(self._new(rows[0].kind), tag=rows[at].tag)
            case "remove" if len(rows) > 1:
                del rows[at]
        if rows == self.files[path]:
            return
        self.changed.add(path)
        self._write(path, rows)

    def path_of(self, tag: str) -> RelPath | None:
        return next((path for path, rows in self.files.items() if any(row.tag == tag for row in rows)), None)

    def row_on(self, path: RelPath, line: int) -> Row:
        return self.files[path][line - 2]

    def _write(self, path: RelPath, rows: list[Row]) -> None:
        before, text = self.files[path], text_of(rows[0].kind, rows)
        (self.folder / path).write_text(text, newline="")
        self.past[path, repr(before)] = {row.tag: self.forms.pop(row.tag) for row in before}
        for row in before:
            self.wanted.pop(row.tag, None)
        self.forms |= self.past.get((path, repr(rows)), {row.tag: [row] for row in rows})
        self.files[path] = rows

    def _new(self, kind: str) -> Row:
        person = self.rng.choice(IDS) if kind == LINKS else ""
        right = self.rng.random() >= self.bad
        return Row(kind=kind, tag=f"t{next(self._tags)}", id=self._id(), n=self._number(right=right), person=person)

    def _id(self) -> str:
        return self.rng.choice(IDS)

    def _number(self, *, right: bool) -> str:
        return f"{'' if right else 'x'}{next(self._numbers)}"

    # Lists

    def listed(self) -> dict[RelPath, list[Row]]:
        """What stands in each list."""
        places = sorted(place for place in self.lists.rglob("*.csv") if place.is_file())
        return {
            RelPath(place.relative_to(self.lists).as_posix()): [row_of(cells) for cells in rows_of(place)]
            for place in places
        }

    def work_on(self, path: RelPath) -> None:
        """A row is left, mended, moved to another id, made bad in another way, or taken out."""
        self._rewrite(path, self._worked)

    def mend_all(self, path: RelPath) -> None:
        """Every row, to an id that nobody has."""
        self._rewrite(path, self._as_it_should_be)

    def note_lists(self) -> None:
        """What stands in a list still from before its file was changed counts from now on, if the list does."""
        for path, rows in self.listed().items():
            if path in self.files and not self._is_stale(path):
                for row in rows:
                    self.forms[row.tag] += [row] * (row not in self.forms[row.tag])

    def _rewrite(self, path: RelPath, work: object) -> None:
        place = self.lists / path
        if path not in self.files or self._is_stale(path):
            return
        left = []
        for cells in rows_of(place):
            row = row_of(cells)
            new = work(row)  # type: ignore[operator]
            if new is None:
                self.deleted.setdefault(path, set()).add(row.tag)
                self.wanted.pop(row.tag, None)
                continue
            if new != row:
                self.forms[row.tag].append(new)
                self.wanted[row.tag] = new
            left.append({**cells, **new.cells})
        if left:
            write_rows(place, left)
        else:
            place.unlink()

    def _is_stale(self, path: RelPath) -> bool:
        """It was made of the file as it was before somebody changed it."""
        return any(
            int(cells["_line"]) - 2 >= len(self.files[path])
            or self.row_on(path, int(cells["_line"])).tag != cells["tag"]
            for cells in rows_of(self.lists / path)
        )

    def _worked(self, row: Row) -> Row | None:
        match self.rng.choices(("leave", "mend", "move", "own", "spoil", "delete"), (30, 25, 25, 12, 4, 6))[0]:
            case "mend":
                return replace(row, n=self._number(right=True))
            case "move":
                return replace(row, n=self._number(right=True), id=self._id())
            case "own":
                return self._as_it_should_be(row)
            case "spoil":
                return replace(row, n=self._number(right=False))
            case "delete":
                return None
        return row

    def _as_it_should_be(self, row: Row) -> Row:
        n = self._number(right=True)
        person = self.someone() if row.kind == LINKS else ""
        return replace(row, n=n, id=f"own{n}", person=person)

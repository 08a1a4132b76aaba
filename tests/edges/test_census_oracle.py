"""What the database finds is what a person would, who has all the files before him."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from edges.samples import Desk
from edges.test_census import LINKS, NOBODY, USERS, Table, links, twice, users
from edges.test_census_given_up import kept_back
from orchestrator.edges.census_tables import Presence
from orchestrator.edges.looks import Had
from orchestrator.ranges import ranges_of
from orchestrator.validation import Rule

Rows = list[str]
Told = list[tuple[int, str, str]]
NEW, DONE, REPLACED, STAYS = range(4)


class Pile(NamedTuple):
    """A file: what is in it, and what the remote has of it."""

    is_users: bool
    rows: Rows
    state: int
    lacking: frozenset[str]
    """Of one that is sent back, those that it did not take; what *stays* beside them is not sent again."""

    def has(self, name: str) -> bool:
        return self.state == DONE or (self.state != NEW and name not in self.lacking)

    def comes(self, name: str) -> bool:
        """Nobody mends one of what stays, so of that nothing comes."""
        return name in self.rows and (self.state != STAYS or self.has(name))

    @property
    def had(self) -> Had:
        lines = ranges_of(line for line, name in enumerate(self.rows, 2) if name in self.lacking)
        return Had(unsent=[lines], done=False, presence=Presence.STAYS if self.state == STAYS else Presence.REPLACED)


names = st.lists(st.sampled_from("abcde"), unique=True, min_size=1)
piles = st.builds(
    Pile, st.booleans(), names, st.sampled_from((NEW, DONE, REPLACED, STAYS)), st.frozensets(st.sampled_from("abcde"))
)
folders = st.dictionaries(st.sampled_from([f"{n}.csv" for n in range(6)]), piles, min_size=1)


def oracle(folder: dict[str, Pile]) -> tuple[dict[str, tuple[str, ...]], dict[str, Told]]:
    """Who waits for whom, and what is told of each file."""
    parents: dict[str, set[str]] = {}
    told: dict[str, Told] = {}

    def first_of(name: str, *, is_users: bool) -> str | None:
        """What the remote has comes before the rest."""
        holders = [path for path, pile in folder.items() if pile.is_users == is_users and pile.comes(name)]
        order = [(not folder[path].has(name), path) for path in holders]
        return min(order)[-1] if order else None

    for path, pile in folder.items():
        found: Told = []
        for line, name in enumerate(pile.rows, 2):
            if pile.state == DONE or pile.state == STAYS:
                continue
            first = first_of(name, is_users=pile.is_users)
            if first != path:
                assert first is not None
                found.append((line, Rule.UNIQUE, twice(first, folder[first].rows.index(name) + 2)))
            if pile.is_users or not any(one.is_users for one in folder.values()):
                continue
            holder = first_of(name, is_users=True)
            if holder is None:
                absent = [other for other in sorted(folder) if folder[other].is_users and name in folder[other].rows]
                line_of = folder[absent[0]].rows.index(name) + 2 if absent else 0
                found.append((line, Rule.REFERENCE, kept_back(absent[0], line_of) if absent else NOBODY))
            elif not folder[holder].has(name):
                parents.setdefault(path, set()).add(holder)
        if found:
            told[path] = sorted(found)
    return {path: tuple(sorted(wanted)) for path, wanted in parents.items()}, told


@settings(max_examples=100)
@given(folders)
def test_what_is_found_is_what_a_person_would_find(folder: dict[str, Pile]) -> None:
    done = {path: () for path, pile in folder.items() if pile.state == DONE}
    back = {path: pile.had for path, pile in folder.items() if pile.state in (REPLACED, STAYS)}
    with tempfile.TemporaryDirectory() as base:
        table = Table(Desk(Path(base)), schemas=(USERS, LINKS), done=done, back=back)
        for path, pile in folder.items():
            table.desk.put(path, (users if pile.is_users else links)(*pile.rows).encode())
        with table.census() as census:
            precedence = anyio.run(census.look, table.files(), set(folder))
            told = {
                path: sorted((remark.line, remark.rule, remark.message) for remark in census._remarks(look))
                for path, look in census._looks.items()
            }

    assert (dict(precedence.parents), {path: found for path, found in told.items() if found}) == oracle(folder)

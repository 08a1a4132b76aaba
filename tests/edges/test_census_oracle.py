"""What the database finds is what a person would, who has all the files before him."""

from __future__ import annotations

import tempfile
from pathlib import Path

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from edges.samples import Desk
from edges.test_census import LINKS, NOBODY, USERS, Table, links, twice, users
from orchestrator.validation import Rule

Rows = list[str]
Told = list[tuple[int, str, str]]
names = st.lists(st.sampled_from("abcde"), unique=True, min_size=1)
folders = st.dictionaries(st.sampled_from([f"{n}.csv" for n in range(6)]), st.tuples(st.booleans(), names), min_size=1)


def oracle(folder: dict[str, tuple[bool, Rows]], done: set[str]) -> tuple[dict[str, tuple[str, ...]], dict[str, Told]]:
    """Who waits for whom, and what is told of each file."""
    ranked = sorted(folder, key=lambda path: (path not in done, path))
    parents: dict[str, set[str]] = {}
    told: dict[str, Told] = {}
    for path in folder.keys() - done:
        is_users, rows = folder[path]
        found: Told = []
        for line, name in enumerate(rows, 2):
            of_kind = [other for other in ranked if folder[other][0] == is_users and name in folder[other][1]]
            if of_kind[0] != path:
                found.append((line, Rule.UNIQUE, twice(of_kind[0], folder[of_kind[0]][1].index(name) + 2)))
            if is_users or not any(kind for kind, _ in folder.values()):
                continue
            holders = [other for other in ranked if folder[other][0] and name in folder[other][1]]
            if not holders:
                found.append((line, Rule.REFERENCE, NOBODY))
            elif holders[0] not in done:
                parents.setdefault(path, set()).add(holders[0])
        if found:
            told[path] = sorted(found)
    return {path: tuple(sorted(wanted)) for path, wanted in parents.items()}, told


@settings(max_examples=60)
@given(folders, st.sets(st.sampled_from([f"{n}.csv" for n in range(6)])))
def test_what_is_found_is_what_a_person_would_find(folder: dict[str, tuple[bool, Rows]], done: set[str]) -> None:
    with tempfile.TemporaryDirectory() as base:
        table = Table(Desk(Path(base)), schemas=(USERS, LINKS), done=dict.fromkeys(done, ()))
        for path, (is_users, rows) in folder.items():
            table.desk.put(path, (users if is_users else links)(*rows).encode())
        with table.census() as census:
            precedence = anyio.run(census.look, table.files(), set(folder))
            told = {
                path: sorted((remark.line, remark.rule, remark.message) for remark in census._remarks(look))
                for path, look in census._looks.items()
            }

    assert (dict(precedence.parents), {path: found for path, found in told.items() if found}) == oracle(folder, done)

"""Rows that do not get to the remote hold nothing: over however many others, and whatever keeps them back."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edges.samples import Desk, judge, text_of
from edges.test_census import Table, twice
from orchestrator.edges.census_tables import Presence
from orchestrator.edges.inbox import FolderInbox
from orchestrator.edges.looks import Had
from orchestrator.ports import File, Prepared
from orchestrator.precedence import Precedence
from orchestrator.ranges import NO_RANGES, ranges_of
from orchestrator.validation import Rule, read_schema
from validation.samples import lines

HEADER = "id,mail,boss,friend"
PEOPLE = read_schema(
    {
        "name": "people",
        "fields": [
            {"name": "id", "constraints": {"required": True, "unique": True}},
            {"name": "mail", "constraints": {"unique": True}},
            {"name": "boss"},
            {"name": "friend"},
        ],
        "foreignKeys": [
            {"fields": "boss", "reference": {"resource": "people", "fields": "id"}, "severity": "error"},
            {"fields": "friend", "reference": {"resource": "people", "fields": "mail"}, "severity": "error"},
        ],
    },
    "",
)
ASKS = {"boss": "id", "friend": "mail"}
NOBODY = "no good row of people has it: add that row, mend it where it is bad, or correct the cell"


def kept_back(path: str, line: int) -> str:
    return (
        f"the row that has it, in {path}, line {line}, does not get to the remote: mend that one, or correct the cell"
    )


def twin(line: int) -> str:
    return f"the same as in line {line}: let every row differ here, or take one of the two out"


def people(*rows: str) -> str:
    return lines(HEADER, *rows)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(Desk(tmp_path), schemas=(PEOPLE,), references="as_declared", drop_rows=True)


async def test_who_asks_for_a_row_that_is_kept_back_is_kept_back_in_turn(table: Table) -> None:
    """al → bo → cy → di, whom nobody knows; in one file or in several, and whichever comes first."""
    precedence, told = await table.look(
        a=people("al,,bo,", "ed,,,"), b=people("bo,,cy,", "fy,,ed,"), c=people("gi,,,", "cy,,di,", "hy,,cy,")
    )

    assert told == {
        "a.csv": [(2, "boss", kept_back("b.csv", 2))],
        "b.csv": [(2, "boss", kept_back("c.csv", 3))],
        "c.csv": [(3, "boss", NOBODY), (4, "boss", kept_back("c.csv", 3))],
    }
    assert precedence.parents == {"b.csv": ("a.csv",)}, "nobody waits for a row that does not come"


async def test_rows_that_ask_for_each_other_and_nobody_else_go(table: Table) -> None:
    _, told = await table.look(a=people("al,,bo,", "own,,own,"), b=people("bo,,al,"))
    assert told == {}


async def test_what_another_row_holds_as_well_is_still_held(table: Table) -> None:
    table.duplicates = "off"
    precedence, told = await table.look(a=people("al,,nobody,"), b=people("al,,,"), c=people("bo,,al,"))

    assert told == {"a.csv": [(2, "boss", NOBODY)]}
    assert precedence.parents == {"c.csv": ("b.csv",)}


async def test_a_row_that_is_left_out_for_the_sake_of_another_holds_nothing_of_its_own(table: Table) -> None:
    """Both have the same mail, and the second alone is called bo."""
    _, told = await table.look(a=people("al,mail,,"), b=people("bo,mail,,", "ed,,,mail"), c=people("cy,,bo,"))

    assert told == {"b.csv": [(2, "mail", twice("a.csv", 2))], "c.csv": [(2, "boss", kept_back("b.csv", 2))]}


async def test_a_row_is_not_left_out_for_the_sake_of_one_that_is_kept_back(table: Table) -> None:
    precedence, told = await table.look(a=people("al,,nobody,", "ed,,,"), b=people("al,,,"), c=people("al,,ed,"))

    assert told == {"a.csv": [(2, "boss", NOBODY)], "c.csv": [(2, "id", twice("b.csv", 2))]}
    assert precedence.parents == {"c.csv": ("a.csv", "b.csv")}


async def test_no_row_takes_the_place_of_one_of_its_file_that_is_kept_back(table: Table) -> None:
    """Else it would go unasked for whom it refers to: here for di, whom nobody knows either."""
    _, told = await table.look(a=people("al,,nobody,", "al,,di,", "al,,,", "ed,,,"), b=people("bo,,al,", "cy,,ed,"))

    assert told == {
        "a.csv": [(2, "boss", NOBODY), (3, "id", twin(2)), (4, "id", twin(2))],
        "b.csv": [(2, "boss", kept_back("a.csv", 2))],
    }


async def test_a_key_that_repeats_leaves_no_other_row_of_its_file_unasked(table: Table) -> None:
    _, told = await table.look(a=people("zoe,,,", "zoe,,,", "al,,bo,"), b=people("bo,,nobody,", "bo,,,"))

    assert told == {
        "a.csv": [(3, "id", twin(2)), (4, "boss", kept_back("b.csv", 2))],
        "b.csv": [(2, "boss", NOBODY), (3, "id", twin(2))],
    }


async def test_it_is_told_which_row_goes_where_another_file_repeats_keys_of_its_own(table: Table) -> None:
    _, told = await table.look(
        a=people("al,,nobody,", "al,,,"), b=people("al,,,", "bo,,,"), c=people("al,,,", "bo,m,,", "bo,n,,")
    )

    assert told == {
        "a.csv": [(2, "boss", NOBODY), (3, "id", twin(2))],
        "c.csv": [(2, "id", twice("b.csv", 2)), (3, "id", twice("b.csv", 3)), (4, "id", twin(3))],
    }


async def test_what_the_remote_did_not_take_is_nobodys_whatever_repeats_in_the_file(table: Table) -> None:
    table.done = {"a.csv": [ranges_of([3, 5])]}
    _, told = await table.look(a=people("al,,,", "bo,,,", "zoe,,,", "zoe,,,"), b=people("x,,bo,", "y,,zoe,"))

    assert told["b.csv"] == [(2, "boss", kept_back("a.csv", 3))]


async def test_a_row_that_is_wrong_in_itself_as_well_takes_nobodys_place(table: Table) -> None:
    _, told = await table.look(a=people("al,m,nobody,", ",m,,"), b=people("bo,,al,"))

    assert [line for line, *_ in told["a.csv"]] == [2, 3]
    assert told["b.csv"] == [(2, "boss", kept_back("a.csv", 2))]


async def test_who_asks_for_a_row_of_a_file_that_is_rejected_waits_for_that_file(table: Table) -> None:
    """Where a bad row rejects its file all of that one is to come, so nothing is told to ask in vain."""
    table.drop_rows = False
    precedence, told = await table.look(a=people("al,,bo,"), b=people("bo,,cy,"), c=people("cy,,nobody,", "di,,,"))

    assert told == {"c.csv": [(2, "boss", NOBODY)]}
    assert precedence.parents == {"a.csv": ("b.csv",), "b.csv": ("c.csv",)}


async def test_who_asks_for_a_row_that_the_remote_refuses_meanwhile_is_kept_back_in_turn(table: Table) -> None:
    """al ← bo ← cy; what is done is at the remote, whatever it asked for."""
    precedence, told = await table.look(
        {"a.csv": [ranges_of([2])], "d.csv": [NO_RANGES]},
        a=people("al,,,", "ed,,,", "own,,al,"),
        b=people("bo,,al,", "fy,,ed,"),
        c=people("cy,,bo,", "gi,,fy,", "hy,,zoe,"),
        d=people("zoe,,al,"),
    )

    assert told == {
        "b.csv": [(2, "boss", kept_back("a.csv", 2))],
        "c.csv": [(2, "boss", kept_back("b.csv", 2))],
    }
    assert precedence.parents == {"b.csv": ("a.csv",), "c.csv": ("b.csv", "d.csv"), "d.csv": ("a.csv",)}


async def test_a_row_that_one_file_is_refused_and_another_holds_as_well_is_still_held(table: Table) -> None:
    table.duplicates = "off"
    refused = {"a.csv": [ranges_of([2])], "b.csv": [NO_RANGES]}
    _, told = await table.look(refused, a=people("al,,,"), b=people("al,,,"), c=people("bo,,al,"))

    assert told == {}


async def test_what_another_file_has_still_to_bring_is_not_held_when_the_one_that_was_waited_for_is_refused(
    table: Table,
) -> None:
    table.duplicates = "off"
    _, told = await table.look({"a.csv": [ranges_of([2])]}, a=people("al,,,"), b=people("al,,,"), c=people("bo,,al,"))

    assert told == {"c.csv": [(2, "boss", kept_back("a.csv", 2))]}


async def test_where_a_bad_row_rejects_its_file_that_file_alone_is_told_of_a_row_that_is_refused(table: Table) -> None:
    table.drop_rows = False
    _, told = await table.look({"a.csv": [ranges_of([2])]}, a=people("al,,,"), b=people("bo,,al,"), c=people("cy,,bo,"))

    assert told == {"b.csv": [(2, "boss", kept_back("a.csv", 2))]}


async def test_what_is_refused_is_asked_for_in_vain_although_a_file_that_does_not_go_may_hold_it(table: Table) -> None:
    table.drop_rows = False
    _, told = await table.look(
        {"a.csv": [ranges_of([2])]}, a=people("al,,,"), b=people("bo,,al,"), c=people("al,,,", ",")
    )

    assert told["b.csv"] == [(2, "boss", kept_back("a.csv", 2))]


async def test_of_several_versions_only_what_none_of_them_has_brought_is_refused(table: Table) -> None:
    versions = [ranges_of([2, 3]), ranges_of([3])]
    _, told = await table.look({"a.csv": versions}, a=people("al,,,", "bo,,,"), b=people("cy,,al,", "di,,bo,"))

    assert told == {"b.csv": [(3, "boss", kept_back("a.csv", 3))]}


async def test_a_warning_keeps_nobody_back_and_names_the_row_that_does_not_come(table: Table) -> None:
    table.references = "warning"
    table.done = {"a.csv": [ranges_of([2])]}
    for name, text in {"a": people("al,,,"), "b": people("bo,,al,", "cy,,al,"), "c": people("di,,bo,")}.items():
        table.desk.put(f"{name}.csv", text.encode())
    with table.census() as census:
        files = table.files()
        await census.look(files, {file.path for file in files})
        told = {path: [remark.message for remark in census._remarks(look)] for path, look in census._looks.items()}

    assert told == {"a.csv": [], "b.csv": [kept_back("a.csv", 2)] * 2, "c.csv": []}


@pytest.mark.parametrize("drop_rows", [False, True])
async def test_what_the_remote_did_not_take_of_a_file_that_is_done_is_nobodys(table: Table, drop_rows: bool) -> None:
    table.drop_rows = drop_rows
    table.done = {"a.csv": [ranges_of([3, 5, 6, 7])]}
    _, told = await table.look(
        a=people("al,,,", "bo,,,", "cy,,,", '"di","of\r\ntwo lines",,'),
        b=people("ed,,al,"),
        c=people("fy,,bo,", "gi,,cy,", "hy,,di,"),
        d=people("bo,,,"),
    )

    assert told == {"c.csv": [(4, "boss", kept_back("a.csv", 5))]}, "d.csv has bo, and is not told that a.csv has him"


async def test_what_a_later_version_brought_is_held(table: Table) -> None:
    """Where the remote adds, what a version did not send may stand there since another."""
    table.done = {"a.csv": [ranges_of([3, 4, 5]), ranges_of([1, 2, 4])]}
    _, told = await table.look(
        a=people("al,,,", "bo,,,", "cy,,,", "di,,,"), b=people("w,,al,", "x,,bo,", "y,,cy,", "z,,di,")
    )

    assert told == {"b.csv": [(4, "boss", kept_back("a.csv", 4))]}


async def test_what_the_remote_refused_of_an_earlier_version_is_nobodys_until_it_is_mended(table: Table) -> None:
    """Where the remote adds; a file of which other rows were mended is sent, and this one is not among them."""
    table.back = {
        "a.csv": Had(unsent=[ranges_of([3, 4, 5]), ranges_of([2, 3, 5])], done=False, presence=Presence.STAYS)
    }
    _, told = await table.look(
        a=people("al,,,", "bo,,,", "cy,,,", "di,,,"), b=people("w,,al,", "x,,bo,", "y,,cy,", "z,,di,")
    )

    assert told == {"b.csv": [(3, "boss", kept_back("a.csv", 3)), (5, "boss", kept_back("a.csv", 5))]}


async def test_what_stays_at_the_remote_is_held_whatever_it_asks_for_itself(table: Table) -> None:
    """Its file is sent back for the sake of another row; this one is neither sent again nor taken away."""
    table.back = {"a.csv": Had(unsent=[ranges_of([3])], done=False, presence=Presence.STAYS)}
    _, told = await table.look(a=people("al,,nobody,", "bo,,,"), b=people("cy,,al,"))

    assert "b.csv" not in told


# The same, for whatever lies there


class Person(NamedTuple):
    path: str
    line: int
    id: str
    mail: str
    boss: str
    friend: str


@dataclass(frozen=True)
class Pile:
    """A file of people, and how it stands to the others."""

    rows: list[tuple[str, str, str, str]]
    unsent: frozenset[int] | None = None
    """Of one that is done, the lines of which the remote has no row."""
    is_chosen: bool = True
    is_faulty: bool = False

    @property
    def text(self) -> bytes:
        rows = [HEADER, *(",".join(row) for row in self.rows), *['"never closed'] * self.is_faulty]
        return "\r\n".join(rows).encode()

    @property
    def people(self) -> Iterator[tuple[int, tuple[str, str, str, str]]]:
        """Rows by their lines, but for those that repeat a key of one before them."""
        ids, mails = set[str](), {""}
        for line, cells in enumerate(self.rows, 2):
            if cells[0] not in ids and (not cells[1] or cells[1] not in mails):
                ids.add(cells[0])
                mails.add(cells[1])
                yield line, cells

    @property
    def is_done(self) -> bool:
        return self.unsent is not None

    @property
    def is_whole(self) -> bool:
        return self.is_done or not self.is_faulty

    @property
    def is_judged(self) -> bool:
        return self.is_chosen and not self.is_done and not self.is_faulty


Folder = Mapping[str, Pile]
Told = dict[str, list[tuple[int, str, str]]]
ids, mails = st.sampled_from("abcde"), st.sampled_from("vwxyz")
row = st.tuples(ids, st.one_of(st.just(""), mails), st.one_of(st.just(""), ids), st.one_of(st.just(""), mails))
paths = st.sampled_from([f"{number}.csv" for number in range(6)])


def piles(**others: st.SearchStrategy[bool]) -> st.SearchStrategy[Pile]:
    """Half of them repeat no key."""
    different = st.lists(row, min_size=1, max_size=4, unique_by=(lambda one: one[0], lambda one: one[1] or object()))
    rows = st.one_of(different, st.lists(row, min_size=1, max_size=5))
    unsent = st.one_of(st.none(), st.none(), st.frozensets(st.integers(2, 6)))
    return st.builds(Pile, rows, unsent, **others)


odd = st.integers(0, 9).map(lambda number: number == 0)
folders = st.dictionaries(paths, piles(is_chosen=odd.map(lambda is_odd: not is_odd), is_faulty=odd), min_size=1)


@dataclass
class Oracle:
    """All rows in memory, and all of them looked at again until nothing changes any more."""

    folder: Folder
    drops_twice: bool
    gone: set[Person] = field(default_factory=set)
    told: Told = field(default_factory=dict)
    needs: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ranked = sorted(self.folder, key=self._rank)
        self.people = [Person(path, line, *cells) for path in self.ranked for line, cells in self.folder[path].people]
        self.unsure = {path for path, pile in self.folder.items() if not pile.is_whole}
        self._give_up(lambda person: self.folder[person.path].is_done and self._is_unsent(person))
        self._until_nothing_changes()
        doubles = {person: list(self._doubles(person)) for person in self.people if self._is_judged(person)}
        for person, others in doubles.items():
            for other in others:
                self._tell(person, Rule.UNIQUE, twice(other.path, other.line))
        if self.drops_twice:
            self._give_up(lambda person: bool(doubles.get(person)))
            self._until_nothing_changes()
            for person, others in doubles.items():
                self._need(person, {other.path for other in others})
        for person in filter(self._is_judged, self.people):
            self._tell_of_references(person)

    def _rank(self, path: str) -> tuple[bool, bool, bool, str]:
        pile = self.folder[path]
        return not pile.is_done, not pile.is_whole, not pile.is_chosen, path

    def _is_unsent(self, person: Person) -> bool:
        return person.line in (self.folder[person.path].unsent or ())

    def _is_judged(self, person: Person) -> bool:
        return self.folder[person.path].is_judged

    def _give_up(self, which: Callable[[Person], bool]) -> bool:
        found = {person for person in self.people if which(person)} - self.gone
        self.gone |= found
        return bool(found)

    def _until_nothing_changes(self) -> None:
        while not self.unsure and self._give_up(
            lambda person: self._is_judged(person) and any(not self._met(person, ask) for ask in ASKS)
        ):
            pass

    def _met(self, person: Person, ask: str) -> list[Person]:
        """Who meets it; the person itself where nothing is asked."""
        wanted = getattr(person, ask)
        holders = [other for other in self.people if getattr(other, ASKS[ask]) == wanted and other not in self.gone]
        return holders if wanted else [person]

    def _doubles(self, person: Person) -> Iterator[Person]:
        for key in ("id", "mail"):
            same = [
                other
                for other in self.people
                if getattr(other, key) == getattr(person, key) != ""
                and other not in self.gone
                and self.folder[other.path].is_whole
            ]
            if person not in self.gone and same and same[0].path != person.path:
                yield same[0]

    def _tell_of_references(self, person: Person) -> None:
        for ask in ASKS:
            if met := self._met(person, ask):
                self._need(person, {met[0].path})
            elif self.unsure:
                self._need(person, self.unsure)
            else:
                gone = [other for other in self.people if getattr(other, ASKS[ask]) == getattr(person, ask)]
                self._tell(person, Rule.REFERENCE, kept_back(gone[0].path, gone[0].line) if gone else NOBODY)

    def _tell(self, person: Person, rule: Rule, words: str) -> None:
        self.told.setdefault(person.path, []).append((person.line, rule, words))

    def _need(self, person: Person, wanted: set[str]) -> None:
        open_ones = {path for path in wanted if not self.folder[path].is_done}
        self.needs.setdefault(person.path, set()).update(open_ones - {person.path})


def on_table(base: str, folder: Folder, duplicates: str = "error") -> Table:
    done = {path: [ranges_of(pile.unsent)] for path, pile in folder.items() if pile.unsent}
    done |= {path: [] for path, pile in folder.items() if pile.unsent == frozenset()}
    desk = Desk(Path(base))
    for path, pile in folder.items():
        desk.put(path, pile.text)
    return Table(desk, schemas=(PEOPLE,), done=done, duplicates=duplicates, references="as_declared", drop_rows=True)


def as_told(found: Told, duplicates: str) -> Told:
    """Of rows that are only warned of, the words are those of the first."""
    if duplicates == "off":
        found = {path: [one for one in rows if one[1] != Rule.UNIQUE] for path, rows in found.items()}
    if duplicates == "warning":
        found = {
            path: [(n, rule, words * (rule != Rule.UNIQUE)) for n, rule, words in rows] for path, rows in found.items()
        }
    return {path: sorted(rows) for path, rows in found.items() if rows}


@settings(max_examples=150)
@given(folders, st.sampled_from(["off", "warning", "error"]))
def test_what_is_found_is_what_one_finds_who_looks_until_nothing_changes(folder: Folder, duplicates: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        table = on_table(base, folder, duplicates)
        with table.census() as census:
            chosen = {path for path, pile in folder.items() if pile.is_chosen}
            precedence = anyio.run(census.look, table.files(), chosen)
            told = {
                path: [(remark.line, remark.rule, remark.message) for remark in census._remarks(look)]
                for path, look in census._looks.items()
            }

    oracle = Oracle(folder, duplicates == "error")
    assert as_told(told, duplicates) == as_told(oracle.told, duplicates)
    assert precedence == Precedence.of({path: wanted for path, wanted in oracle.needs.items() if wanted})


good_folders = st.dictionaries(paths, piles(), min_size=1)


@settings(max_examples=100)
@given(good_folders)
def test_no_row_that_is_sent_refers_to_one_that_is_not_or_repeats_another(folder: Folder) -> None:
    """All files together, as they are sent; what is not sent is in a list."""
    with tempfile.TemporaryDirectory() as base:
        table = on_table(base, folder)
        with table.census() as census:
            files = table.files()
            anyio.run(census.look, files, set(folder))
            inbox = table.inbox(census)
            sent = {file.path: anyio.run(rows_sent, inbox, file) for file in files if not folder[file.path].is_done}
            marked = {path: {line for line, _, _ in table.told(path)} for path in folder}

    for path, pile in folder.items():
        if pile.unsent is not None:
            sent[path] = [cells for line, cells in pile.people if line not in pile.unsent]
        else:
            assert sent[path] == [cells for line, cells in enumerate(pile.rows, 2) if line not in marked[path]]
    there = [cells for rows in sent.values() for cells in rows]
    held = {"id": Counter(cells[0] for cells in there), "mail": Counter(cells[1] for cells in there if cells[1])}
    for path, pile in folder.items():
        for cells in sent[path] if not pile.is_done else ():
            assert held["id"][cells[0]] == 1
            assert held["mail"][cells[1]] <= 1
            assert not cells[2] or cells[2] in held["id"]
            assert not cells[3] or cells[3] in held["mail"]


async def rows_sent(inbox: FolderInbox, file: File) -> list[tuple[str, ...]]:
    verdict = await judge(inbox, file)
    if not isinstance(verdict, Prepared):
        return []
    _, *rows = csv.reader(io.StringIO(await text_of(verdict.body.data)))
    return [tuple(cells) for cells in rows]

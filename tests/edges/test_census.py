"""Files looked at beside each other, with real files: what is found, where it is told, and what it costs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from edges.samples import Desk, judge, read, sent, text_of
from orchestrator.config import Settings
from orchestrator.config.schemas import built_in
from orchestrator.edges import registry
from orchestrator.edges.census import Census
from orchestrator.edges.inbox import FolderInbox, InboxConfig
from orchestrator.edges.looks import Had
from orchestrator.edges.rejects import Rejects
from orchestrator.errors import ConfigError, StorageError
from orchestrator.model import Job, Rejected, RelPath, Source, State
from orchestrator.ports import File, InParts, Moving, Prepared
from orchestrator.precedence import Precedence
from orchestrator.ranges import Ranges
from orchestrator.validation import Limits, Relations, Rules, Schema, read_mapping, read_schema
from orchestrator.wiring import make_census
from validation.samples import lines

USERS, LINKS = built_in("tao.users"), built_in("tao.links.existing_user")
GROUPS = built_in("tao.groups")
TEAMS = read_schema(
    {
        "name": "teams",
        "fields": [{"name": "team"}, {"name": "members", "type": "list", "delimiter": "|"}],
        "foreignKeys": [{"fields": "members", "reference": {"resource": "tao.users", "fields": "user_username"}}],
    },
    "",
)


def users(*names: str) -> str:
    return lines("user_username,user_name", *(f"{name},Somebody" for name in names))


def links(*names: str, group: str = "g") -> str:
    return lines("user_username,group_name,group_role", *(f"{name},{group},GRADER" for name in names))


@dataclass
class Table:
    """A folder on which files lie beside each other."""

    desk: Desk
    schemas: tuple[Schema, ...] = (USERS, LINKS, GROUPS, TEAMS)
    duplicates: str = "error"
    references: str = "error"
    drop_rows: bool = False
    done: Mapping[str, Sequence[Ranges]] = field(default_factory=dict)
    """Of each file that the remote has, the lines of which every version of it has no row."""
    back: Mapping[str, Had] = field(default_factory=dict)
    """What the remote has of each file that is sent back."""
    rules: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> Path:
        return self.desk.base / "census.sqlite3"

    @contextmanager
    def census(self) -> Iterator[Census]:
        def had(file: File, source: Source) -> Had | None:
            if file.path in self.back:
                return self.back[file.path]
            return Had(unsent=self.done[file.path]) if file.path in self.done else None

        census = Census(
            self.desk.folder(),
            Rules(schemas=self.schemas, **self.rules),
            Relations(self.schemas, duplicates=self.duplicates, references=self.references),
            self.place,
            drop_rows=self.drop_rows,
            had=had,
        )
        try:
            yield census
        finally:
            census.close()

    def files(self) -> list[File]:
        return self.desk.folder().list()

    def inbox(self, census: Census) -> FolderInbox:
        config = InboxConfig(data=self.schemas, events=(), name="{relative}", drop_rows=self.drop_rows, **self.rules)
        return FolderInbox(self.desk.folder(), Rejects(self.desk.rejects), config, census=census)

    async def look(
        self, refused: Mapping[str, Sequence[Ranges]] | None = None, /, **files: str
    ) -> tuple[Precedence, dict[str, list[tuple[int, str, str]]]]:
        """Who waits for whom, and line, column and message of each row that is kept back, by file.

        Files in *refused* are done after the look, but for these lines, and before any other is judged.
        """
        for name, text in files.items():
            self.desk.put(f"{name}.csv", text.encode())
        with self.census() as census:
            listed = self.files()
            precedence = await census.look(listed, {file.path for file in listed if file.path not in self.done})
            inbox = self.inbox(census)
            self.done = {**self.done, **(refused or {})}
            for path, versions in (refused or {}).items():
                census.end(RelPath(path), refused=any(versions))
            for file in listed:
                await judge(inbox, file)
        return precedence, {file.path: self.told(file.path) for file in listed if self.told(file.path)}

    def told(self, path: str) -> list[tuple[int, str, str]]:
        place = self.desk.rejects / path
        if not place.exists():
            return []
        with place.open(newline="") as listed:
            return [(int(row["_line"]), row["_column"], row["_message"]) for row in csv.DictReader(listed)]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(Desk(tmp_path))


def twice(path: str, line: int) -> str:
    return f"the same as in {path}, line {line}: take one of the two out"


NOBODY = (
    "no good row of tao.users or tao.links.new_user has it: add that row, mend it where it is bad, or correct the cell"
)


async def test_what_several_files_hold_is_told_at_all_but_the_first(table: Table) -> None:
    _, told = await table.look(a=users("al", "bo"), b=users("cy", "al"), c=users("bo", "al"))

    assert told == {
        "b.csv": [(3, "user_username", twice("a.csv", 2))],
        "c.csv": [(2, "user_username", twice("a.csv", 3)), (3, "user_username", twice("a.csv", 2))],
    }


async def test_what_comes_twice_in_one_file_is_its_own_matter(table: Table) -> None:
    _, told = await table.look(a=users("al", "al"), b=users("bo", "bo"))

    assert [told[path][0][2].partition(":")[0] for path in ("a.csv", "b.csv")] == ["the same as in line 2"] * 2


async def test_a_key_belongs_to_the_file_that_is_done_then_to_one_that_goes_for_sure(table: Table) -> None:
    """What is held by a file that is going to be rejected is nobody's yet."""
    bad = users("al") + ",Nobody\r\n"
    _, told = await table.look(a=bad, b=users("al"), c=users("al", "bo"), d=users("bo"))
    assert {path: rows for path, rows in told.items() if path > "a"} == {
        "a.csv": [(2, "user_username", twice("b.csv", 2)), (3, "user_username", "must not be blank: fill the cell")],
        "c.csv": [(2, "user_username", twice("b.csv", 2))],
        "d.csv": [(2, "user_username", twice("c.csv", 3))],
    }

    table.done = {"d.csv": ()}
    _, told = await table.look()
    assert told["c.csv"] == [
        (2, "user_username", twice("b.csv", 2)),
        (3, "user_username", twice("d.csv", 2)),
    ]


async def test_a_reference_is_met_by_any_file_and_by_each_item_of_a_list(table: Table) -> None:
    precedence, told = await table.look(
        a=links("al", "nobody"), b=users("al"), c=users("bo"), d=lines("team,members", "t1,al|bo", "t2,al|no|one")
    )

    assert precedence.parents == {"a.csv": ("b.csv",), "d.csv": ("b.csv", "c.csv")}
    assert told["a.csv"] == [(3, "user_username", NOBODY)]
    assert told["d.csv"] == [
        (3, "members", "no good row of tao.users has it: add that row, mend it where it is bad, or correct the cell")
    ]


async def test_of_a_kind_that_is_not_there_the_remote_may_have_every_row(table: Table) -> None:
    precedence, told = await table.look(a=links("al"))
    assert (precedence, told) == (Precedence(), {})

    _, told = await table.look(b=lines("group_name", "h"))
    assert [column for _, column, _ in told["a.csv"]] == ["group_name"], "of users there is still no file"


@pytest.mark.parametrize("flaw", [",Nobody\r\n", '"never closed'])
async def test_what_a_file_that_is_not_sent_may_hold_is_waited_for(table: Table, flaw: str) -> None:
    precedence, told = await table.look(a=links("al", "somebody"), b=users("al") + flaw)

    assert precedence.parents == {"a.csv": ("b.csv",)}
    assert "a.csv" not in told


async def test_where_bad_rows_are_dropped_what_they_held_is_nobodys(table: Table) -> None:
    table.drop_rows = True
    table.desk.put("a.csv", links("al", "x" * 3).encode())
    precedence, told = await table.look(b=users("al") + ",Nobody\r\n")

    assert precedence.parents == {"a.csv": ("b.csv",)}
    assert told["a.csv"] == [(3, "user_username", NOBODY)]


async def test_nobody_waits_for_what_is_done_and_what_is_done_waits_for_nobody(table: Table) -> None:
    table.done = {"b.csv": ()}
    precedence, _ = await table.look(a=links("al", "bo"), b=users("al"), c=users("al", "bo"))
    assert precedence.parents == {"a.csv": ("c.csv",)}

    table.done = {"a.csv": ()}
    assert (await table.look())[0] == Precedence()


async def test_lines_are_those_of_the_source_whatever_stands_between_the_rows(table: Table) -> None:
    first = lines("", "user_username,user_name", 'al,"of\r\ntwo lines"', "", ",bad", "bo,B", "", "cy,C")
    _, told = await table.look(
        a=first.replace(",bad", "zoe,Z"), b='user_name,user_username\r\n"a\nb",x\r\nB,bo\r\n\r\nC,cy'
    )

    assert told["b.csv"] == [
        (4, "user_username", twice("a.csv", 7)),
        (6, "user_username", twice("a.csv", 9)),
    ]


async def test_a_source_that_is_mapped_is_told_of_in_its_own_columns(table: Table) -> None:
    made = [{"to": "user_username", "from": ["site", "login"], "join": "-"}, {"to": "user_name", "from": "name"}]
    table.schemas, table.rules = (USERS,), {"mapping": read_mapping({"columns": made}, "hr"), "encoding": "cp1252"}
    source = "name,site,login\nZoë,n,al\nBo,s,al\n"
    table.desk.put("a.csv", source.encode("cp1252"))
    table.desk.put("b.csv", source.replace("s,al", "s,bo").encode("cp1252"))
    _, told = await table.look()

    assert told == {"b.csv": [(2, "login", twice("a.csv", 2))]}


async def test_warnings_are_counted_and_keep_nothing_back(table: Table) -> None:
    table.duplicates = table.references = "warning"
    for name, text in {"a": users("al", "bo"), "b": users("bo", "al"), "c": links("x", "al", "y")}.items():
        table.desk.put(f"{name}.csv", text.encode())
    with table.census() as census:
        files = table.files()
        await census.look(files, {file.path for file in files})
        verdicts = [await judge(table.inbox(census), file) for file in files]

    assert all(isinstance(verdict, Prepared) for verdict in verdicts)
    assert [verdict.checked.sheets.data.warned for verdict in verdicts if isinstance(verdict, Prepared)] == [0, 2, 2]


@pytest.mark.parametrize("large", [False, True])
async def test_more_findings_than_are_read_at_once_are_all_told(
    table: Table, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    monkeypatch.setattr(registry, "_PAGE", 7)
    monkeypatch.setattr(registry, "_GROUP", 10)
    if large:
        monkeypatch.setattr("orchestrator.edges.contents.HELD_LIMIT", -1)
        monkeypatch.setattr("orchestrator.edges.inbox.HELD_LIMIT", -1)
        monkeypatch.setattr("orchestrator.edges.sheets.CHUNK", 100)
        monkeypatch.setattr("orchestrator.edges.census.CHUNK", 100)
    table.drop_rows = True
    names = [f"user{number:03}" for number in range(100)]
    _, told = await table.look(a=users(*names), b=users("only", *names))

    assert [(line, message) for line, _, message in told["b.csv"]] == [
        (line + 1, twice("a.csv", line)) for line in range(2, 102)
    ]
    with table.census() as census:
        files = table.files()
        await census.look(files, {file.path for file in files})
        prepared = await judge(table.inbox(census), files[1])
        assert isinstance(prepared, Prepared)
        assert await text_of(prepared.body.data) == sent("user_username,user_name", "only,Somebody")


# Between the look and the upload


async def test_a_file_that_is_not_the_one_that_was_looked_at_is_not_taken(table: Table) -> None:
    table.desk.put("a.csv", users("al").encode())
    with table.census() as census:
        files = table.files()
        await census.look(files, {file.path for file in files})
        same = table.desk.put("a.csv", users("al").encode())
        assert await read(table.inbox(census), same)
        other, late = table.desk.put("a.csv", users("bo").encode()), table.desk.put("b.csv", users("cy").encode())

        assert isinstance(await table.inbox(census).read(other), Moving)
        assert isinstance(await table.inbox(census).read(late), Moving), "nobody has looked at it"


async def test_a_rejection_holds_as_long_as_what_others_have_against_its_rows(table: Table) -> None:
    table.desk.put("b.csv", users("al").encode())

    async def rejection() -> Rejected | Prepared | Moving:
        with table.census() as census:
            files = table.files()
            await census.look(files, {file.path for file in files})
            inbox = table.inbox(census)
            file = next(file for file in files if file.path == "b.csv")
            verdict = await judge(inbox, file)
            rules = verdict.rules if isinstance(verdict, Rejected) else ""
            reading = await read(inbox, file)
            job = Job(
                key=reading.key,
                version=1,
                name=reading.name,
                path=file.path,
                state=State.REJECTED,
                rules=rules,
                source=reading.source,
            )
            assert await inbox.is_settled(job, file) == isinstance(verdict, Rejected)
            return verdict

    table.desk.put("a.csv", users("al").encode())
    first = await rejection()
    table.desk.put("c.csv", users("zoe").encode())
    same = await rejection()
    table.desk.put("a.csv", users("zoe", "al").encode())
    moved = await rejection()
    table.desk.put("a.csv", users("zoe").encode())

    assert isinstance(first, Rejected)
    assert first == same, "c.csv has nothing to do with it"
    assert isinstance(moved, Rejected)
    assert moved.rules != first.rules
    assert isinstance(await rejection(), Prepared)


async def test_a_part_holds_no_row_that_is_wrong_beside_another_file(table: Table) -> None:
    table.drop_rows, table.rules = True, {"limits": Limits(rows=2)}
    table.desk.put("a.csv", users("al").encode())
    table.desk.put("b.csv", users("bo", "al", "cy", "di", "ed").encode())
    with table.census() as census:
        files = table.files()
        await census.look(files, {file.path for file in files})
        inbox = table.inbox(census)
        whole = await inbox.judge(await read(inbox, files[1]))
        assert isinstance(whole, InParts)
        texts = []
        for piece in whole.pieces:
            job = Job(
                key=(await read(inbox, files[1])).key,
                version=1,
                name=(await read(inbox, files[1])).name,
                path=RelPath("b.csv"),
                source=piece.source,
                part=piece.part,
                checked=piece.checked.sheets,
                rules=piece.checked.rules,
            )
            part = await inbox.read(files[1], job)
            verdict = await inbox.judge(part)  # type: ignore[arg-type]  # it can be read
            assert isinstance(verdict, Prepared)
            assert verdict.checked.rules == whole.checked.rules
            texts.append(await text_of(verdict.body.data))

    assert texts == [
        sent("user_username,user_name", *(f"{name},Somebody" for name in names))
        for names in (("bo", "cy"), ("di", "ed"))
    ]


# Where it is kept


async def test_no_value_is_on_the_disk_and_nothing_at_all_afterwards(table: Table) -> None:
    table.desk.put("a.csv", users("canary-bird-4711").encode())
    table.desk.put("b.csv", links("canary-bird-4711", "canary-song-4712").encode())
    with table.census() as census:
        files = table.files()
        await census.look(files, {file.path for file in files})
        assert census.entries == 8
        kept = {place.name: place.read_bytes() for place in table.desk.base.iterdir() if place.is_file()}

    assert kept.keys() == {"census.sqlite3"}
    assert b"canary" not in kept["census.sqlite3"]
    assert [place.name for place in table.desk.base.iterdir() if place.is_file()] == []


async def test_the_digests_of_two_runs_have_nothing_in_common(table: Table) -> None:
    """Whoever has a list of names must not be able to look them up."""
    table.desk.put("a.csv", users("al").encode())
    kept = []
    for _ in range(2):
        with table.census() as census:
            files = table.files()
            await census.look(files, {file.path for file in files})
            kept.append(census._registry._db.execute("SELECT digest FROM held").fetchall())

    assert kept[0]
    assert not {*kept[0]} & {*kept[1]}


async def test_a_disk_that_takes_no_more_is_told_with_its_remedy(table: Table) -> None:
    table.desk.put("a.csv", users(*map(str, range(3_000))).encode())
    with table.census() as census:
        census._registry._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StorageError, match=r"Make room, or set validation\.duplicates"):
            await census.look(table.files(), set())


async def test_a_file_that_cannot_be_read_is_passed_over(table: Table) -> None:
    gone = table.desk.put("a.csv", users("al").encode())
    (table.desk.root / "a.csv").unlink()
    with table.census() as census:
        precedence = await census.look([gone, replace(gone, path=RelPath("c.csv"), fault="a pipe")], {gone.path})

        assert precedence == Precedence()
        assert not census.has_seen(gone.path, Source(data="", size=0).data)  # type: ignore[arg-type]  # any digest


def test_rosters_have_nothing_to_do_with_each_other_so_nothing_is_looked_at(table: Table) -> None:
    table.desk.put("a.csv", b"")
    folder = table.desk.folder()

    assert make_census(Settings(), folder, table.place) is None
    assert make_census(Settings.model_validate({"validation": {"duplicates": "error"}}), folder, table.place) is None
    assert not table.place.exists()


def test_columns_in_any_number_that_must_differ_are_refused_where_files_are_held_against_each_other(
    table: Table, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.json"
    field = {"name": "m*", "constraints": {"unique": True}}
    mine.write_text(json.dumps({"fieldsMatch": "superset", "fields": [field, {"name": "b"}]}))

    def census(duplicates: str) -> Census | None:
        validation = {"schema": [str(mine)], "duplicates": duplicates}
        return make_census(Settings.model_validate({"validation": validation}), table.desk.folder(), table.place)

    assert census("off") is None
    for duplicates in ("warning", "error"):
        with pytest.raises(ConfigError, match=r'^validation\.duplicates: mine: "m\*" is unique .* set this to off\.'):
            census(duplicates)

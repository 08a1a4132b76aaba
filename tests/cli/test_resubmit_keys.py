"""A row that was accepted keeps its key, also where a row that was mended stands above it and has the same."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from cli.mending import lines_in, mend, rows_of
from cli.program import Outcome
from cli.pushes import Pushing, pushing
from cli.rosters import HEADER
from cli.stage import Stage, staged

DROP = {"validation__on_bad_rows": "drop_rows", "validation__schema": "numbers.toml"}
RECORDS = "id,n\r\nA,x\r\nA,2\r\nB,3"
DAY = "01/07/2024,{},01/07/2024,17:00"
ROSTER = "\r\n".join(
    [HEADER, *(f"{name},{DAY.format(at)}" for name, at in (("A", "24:00"), ("A", "09:00"), ("B", "09:00")))]
)
"""In both of them line 2 is bad for another reason than that its key is that of line 3."""
UNIQUE = "[fields.constraints]\nunique = true\n"
KEYS = ("primaryKey", "unique")
Way = Callable[[Path], AbstractAsyncContextManager[Stage]]


def schema(key: str, first: str, *others: str) -> str:
    """Two rows may not share the cell of the *first* column."""
    head = f'name = "numbers"\n{f"primaryKey = {first!r}" if key == "primaryKey" else ""}\n'
    columns = [f'[[fields]]\nname = "{first}"\n{UNIQUE if key == "unique" else ""}']
    return "\n".join([head, *columns, *(f"[[fields]]\n{other}" for other in others)])


def mapping(*columns: str) -> str:
    """Each column is what it was."""
    return "\n".join(f'[[columns]]\nto = "{name}"\nfrom = "{name}"' for name in columns)


@asynccontextmanager
async def replaced(root: Path, key: str = "primaryKey") -> AsyncIterator[Stage]:
    async with staged(root) as stage:
        (stage.folder / "a.csv").write_text(ROSTER, newline="")
        day, time = 'type = "date"\nformat = "%d/%m/%Y"', 'type = "time"\nformat = "%H:%M"'
        others = zip(HEADER.split(",")[1:], (day, time, day, time), strict=True)
        fields = [f'name = "{name}"\n{kind}' for name, kind in others]
        (root / "numbers.toml").write_text(schema(key, "Reference", *fields))
        (root / "mapping.toml").write_text(mapping(*HEADER.split(",")))
        yield stage


@asynccontextmanager
async def added(root: Path, key: str = "primaryKey", merged_by: str = "") -> AsyncIterator[Stage]:
    async with pushing(root, {"a.csv": RECORDS}, key=merged_by) as stage:
        (root / "numbers.toml").write_text(schema(key, "id", 'name = "n"\ntype = "integer"'))
        (root / "mapping.toml").write_text(mapping("id", "n"))
        yield stage


@asynccontextmanager
async def merged(root: Path, key: str = "primaryKey") -> AsyncIterator[Stage]:
    async with added(root, key, "id") as stage:
        yield stage


def standing(stage: Stage) -> object:
    """What the remote has, of every row."""
    if isinstance(stage, Pushing):
        return sorted((one.data["id"], one.data["n"]) for one in stage.remote.provider.records["crm-contact"].values())
    return stage.remote.datasets["a"].data_sha256


def rejects(stage: Stage) -> Path:
    return stage.out / "rejects" / "a.csv"


RIGHT = {"n": "1", "StartTime": "10:00"}
"""What makes line 2 right by itself, in the column that there is."""


def cells(stage: Stage, **key: str) -> dict[str, str]:
    row = rows_of(rejects(stage))[0]
    return {name: cell for name, cell in RIGHT.items() if name in row} | {
        name: cell for name, cell in key.items() if name in row
    }


async def resubmit(stage: Stage, **settings: object) -> Outcome:
    return await stage.call("resubmit", "--json", **{**DROP, **settings})


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("way", [replaced, added, merged])
async def test_a_mended_row_above_an_accepted_one_with_its_key_is_not_sent(
    tmp_path: Path, way: Callable[[Path, str], AbstractAsyncContextManager[Stage]], key: str, *, mapped: bool
) -> None:
    settings = {"validation__mapping": "mapping.toml"} if mapped else {}
    async with way(tmp_path, key) as stage:
        first = await stage.run(**DROP, **settings)
        assert (first.ends, lines_in(rejects(stage))) == ({"found": 1, "done": 1}, [2]), first.err
        before = standing(stage)
        mend(rejects(stage), {2: cells(stage)})
        left = rejects(stage).read_bytes()

        outcome = await resubmit(stage, **settings)

        assert outcome.code == 3
        assert outcome.summary["message"] == (
            "a.csv: none of its 1 rows is right yet: line 2: unique: "
            "the same as in line 3, which was accepted: correct this one"
        )
        assert (standing(stage), rejects(stage).read_bytes()) == (before, left)
        assert (stage.jobs["a.csv"].state, stage.jobs["a.csv"].version) == ("done", 1)
        assert (await stage.run(**DROP, **settings)).ends == {"found": 1, "skipped": 1}
        mend(rejects(stage), {2: cells(stage, id="C", Reference="C")})
        assert (await resubmit(stage, **settings)).code == 0
        assert standing(stage) != before


@pytest.mark.parametrize("way", [replaced, added, merged])
async def test_beside_one_that_is_right_it_stays_in_the_list_and_is_told(tmp_path: Path, way: Way) -> None:
    async with way(tmp_path) as stage:
        source = stage.folder / "a.csv"
        last = "D,x" if isinstance(stage, Pushing) else f"D,{DAY.format('24:00')}"
        source.write_text(f"{source.read_text()}\r\n{last}", newline="")
        await stage.run(**DROP)
        assert lines_in(rejects(stage)) == [2, 5]
        mend(rejects(stage), {line: cells(stage) for line in (2, 5)})
        mended = rows_of(rejects(stage))[0]

        outcome = await resubmit(stage)

        assert outcome.code == 3
        assert outcome.ends == {"found": 1, "done": 1}
        (left,) = rows_of(rejects(stage))
        assert left["_message"] == "the same as in line 3, which was accepted: correct this one"
        assert left["_rule"] == "unique"
        assert {**left, **dict.fromkeys(("_rule", "_message", "_column"))} == {
            **mended,
            **dict.fromkeys(("_rule", "_message", "_column")),
        }
        if isinstance(stage, Pushing):
            assert standing(stage) == [("A", "2"), ("B", "3"), ("D", "1")]
        else:
            text = "\r\n".join([*ROSTER.split("\r\n")[:1], *ROSTER.split("\r\n")[2:], f"D,{DAY.format('10:00')}"])
            assert standing(stage) == hashlib.sha256(text.encode()).hexdigest()

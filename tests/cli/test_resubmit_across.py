"""A row that the remote has keeps its key beside the rows of other files, also while its own file is sent back."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from cli.imports import GROUP, importing, table
from cli.mending import lines_in, mend, rows_of
from cli.program import Outcome
from cli.pushes import Pushing, pushing
from cli.rosters import HEADER
from cli.stage import Stage, staged

STRICT = {
    "validation__on_bad_rows": "drop_rows",
    "validation__duplicates": "error",
    "validation__references": "error",
}
OWN = {**STRICT, "validation__schema": "numbers.toml"}
DAY = "01/07/2024,{},01/07/2024,17:00"
WRONG = {"x": "x", "ok": "1"}
Way = Callable[[Path], AbstractAsyncContextManager[Stage]]


def rejects(stage: Stage, path: str) -> Path:
    return stage.out / "rejects" / path


def put(stage: Stage, path: str, *rows: str) -> None:
    """Each row is a key and whether the rest of it is right: `ann`, `bob!`."""
    pushes = isinstance(stage, Pushing)
    lines = ["id,n" if pushes else HEADER]
    for number, row in enumerate(rows):
        key, is_bad = row.rstrip("!"), row.endswith("!")
        rest = ("x" if is_bad else f"{number}") if pushes else DAY.format("24:00" if is_bad else "09:00")
        lines.append(f"{key},{rest}")
    (stage.folder / path).write_text("\r\n".join(lines), newline="")


def right(stage: Stage) -> Mapping[str, str]:
    return {"n": "7"} if isinstance(stage, Pushing) else {"StartTime": "10:00"}


@asynccontextmanager
async def replaced(root: Path) -> AsyncIterator[Stage]:
    async with staged(root) as stage:
        fields = [f'[[fields]]\nname = "{name}"\n' for name in HEADER.split(",")]
        fields[2] += '[fields.constraints]\npattern = "[01].*"\n'
        (root / "numbers.toml").write_text("\n".join(['name = "numbers"\nprimaryKey = "Reference"', *fields]))
        yield stage


@asynccontextmanager
async def added(root: Path, merged_by: str = "") -> AsyncIterator[Stage]:
    async with pushing(root, {}, key=merged_by) as stage:
        fields = '[[fields]]\nname = "id"\n[[fields]]\nname = "n"\ntype = "integer"'
        (root / "numbers.toml").write_text(f'name = "numbers"\nprimaryKey = "id"\n{fields}')
        yield stage


@asynccontextmanager
async def merged(root: Path) -> AsyncIterator[Stage]:
    async with added(root, "id") as stage:
        yield stage


async def resubmit(stage: Stage, *lists: str, **settings: object) -> Outcome:
    return await stage.call("resubmit", "--json", *lists, **{**OWN, **settings})


@pytest.mark.parametrize("way", [replaced, added, merged])
async def test_a_row_that_was_kept_back_for_one_of_another_file_does_not_take_its_place_when_that_is_sent_back(
    tmp_path: Path, way: Way
) -> None:
    async with way(tmp_path) as stage:
        put(stage, "b.csv", "ann", "bob!")
        assert (await stage.run(**OWN)).ends == {"found": 1, "done": 1}
        put(stage, "a.csv", "ann", "cleo!", "dora")
        assert (await stage.run(**OWN)).ends == {"found": 2, "done": 1, "skipped": 1}
        assert lines_in(rejects(stage, "a.csv")) == [2, 3]
        mend(rejects(stage, "a.csv"), {3: right(stage)})
        mend(rejects(stage, "b.csv"), {3: right(stage)})

        outcome = await resubmit(stage)

        assert (outcome.code, outcome.ends) == (3, {"found": 2, "done": 2}), outcome.err
        (left,) = rows_of(rejects(stage, "a.csv"))
        assert (left["_line"], left["_rule"]) == ("2", "unique")
        assert "the same as in b.csv, line 2" in left["_message"]
        assert not rejects(stage, "b.csv").exists()
        if isinstance(stage, Pushing):
            assert stage.standing == Counter(["ann", "bob", "cleo", "dora"])
            (anns,) = [
                one.data["n"]
                for one in stage.remote.provider.records["crm-contact"].values()
                if one.data["id"] == "ann"
            ]
            assert anns == "0"
        assert (await stage.run(**OWN)).ends == {"found": 2, "skipped": 2}


@pytest.mark.parametrize("way", [replaced, merged])
async def test_a_file_that_changed_keeps_its_keys_beside_one_that_is_new(tmp_path: Path, way: Way) -> None:
    async with way(tmp_path) as stage:
        put(stage, "b.csv", "ann")
        assert (await stage.run(**OWN)).code == 0
        put(stage, "b.csv", "ann", "bob")
        put(stage, "a.csv", "ann", "cleo")

        assert (await stage.run(**OWN)).ends == {"found": 2, "done": 2}

        assert lines_in(rejects(stage, "a.csv")) == [2]
        assert not rejects(stage, "b.csv").exists()


async def test_a_row_that_the_remote_has_is_not_given_up_for_what_it_refers_to_when_its_file_is_sent_back(
    tmp_path: Path,
) -> None:
    people = table("user_username,user_password,user_name", "ann,Secret-1,ann", "eve,Secret-1,eve")
    rows = [f"{name},{GROUP},TEST_TAKER" for name in ("ann", "eve", "")]
    async with importing(tmp_path, {"users.csv": people}) as stage:
        await stage.run(**STRICT)
        (stage.folder / "links.csv").write_text(table("user_username,group_name,group_role", *rows), newline="")
        await stage.run(**STRICT)
        assert lines_in(rejects(stage, "links.csv")) == [4]
        others = people.replace("eve,Secret-1,eve", "eva,Secret-1,eva")
        (stage.folder / "users.csv").write_text(others, newline="")
        assert (await stage.run(**STRICT)).ends == {"found": 2, "done": 1, "skipped": 1}
        mend(rejects(stage, "links.csv"), {4: {"user_username": "eva"}})

        outcome = await stage.call("resubmit", "--json", **STRICT)

        assert (outcome.code, outcome.ends) == (0, {"found": 1, "done": 1}), outcome.err
        assert not rejects(stage, "links.csv").exists()
        assert stage.standing["links"] == Counter(f"{name} {GROUP} TEST_TAKER" for name in ("ann", "eve", "eva"))

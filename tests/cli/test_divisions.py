"""A file in parts, of which one failed, and that would go in other parts now: nothing of it goes twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cli.mending import lines_in
from cli.pushes import people, pushing
from cli.rosters import roster
from cli.stage import scripted, staged
from orchestrator.sandbox import Fault

FILES = {"a.csv": people(1, 6)}
IN_PARTS = {"target__part_rows": 2, "limits__uploads": 1}
FAILED = scripted(Fault(endpoint="upload", kind="fail", nth=2))
DROP = {"validation__on_bad_rows": "drop_rows"}
LARGER = """
name = "larger"
fieldsMatch = "subset"
fields = [{ name = "id", type = "integer", constraints = { minimum = 2 } }]
"""


@pytest.mark.parametrize(
    "other",
    [
        {"target__part_rows": 1},
        {"target__part_rows": 3},
        {"target__part_rows": 250},
        pytest.param({"validation__schema": "larger.toml"}, id="one row fewer in the first part"),
    ],
    ids=str,
)
async def test_what_divides_it_otherwise_sends_no_row_a_second_time_and_what_was_sends_the_rest(
    tmp_path: Path, other: dict[str, object]
) -> None:
    (tmp_path / "larger.toml").write_text(LARGER)
    async with pushing(tmp_path, FILES, profile=FAILED) as stage:
        assert (await stage.run(**IN_PARTS, **DROP)).ends == {"found": 1, "failed": 1}
        assert stage.standing == Counter("1256")

        kept = await stage.run("--retry-failed", **IN_PARTS | DROP | other)

        assert kept.code == 3
        assert kept.ends == {"found": 1, "unsent": 1}
        assert stage.standing == Counter("1256")
        cause = stage.told(kept)["a.csv"]["cause"]
        assert "set target.part_rows" in cause
        assert cause.endswith("line 4 to line 5")

        last = await stage.run("--retry-failed", **IN_PARTS, **DROP)

        assert last.ends == {"found": 1, "done": 1}
        assert stage.standing == Counter("123456")


async def test_it_is_remembered_over_a_rejection_in_between(tmp_path: Path) -> None:
    (tmp_path / "larger.toml").write_text(LARGER)
    async with pushing(tmp_path, FILES, profile=FAILED) as stage:
        await stage.run(**IN_PARTS)
        rejected = await stage.run("--retry-failed", validation__schema="larger.toml", **IN_PARTS)
        kept = await stage.run(**{**IN_PARTS, "target__part_rows": 3})

        assert [rejected.ends, kept.ends] == [{"found": 1, "rejected": 1}, {"found": 1, "unsent": 1}]
        assert stage.standing == Counter("1256")


async def test_a_part_that_would_be_left_over_where_the_others_replace_keeps_the_file_back(tmp_path: Path) -> None:
    """Its rows would stand in another part as well."""
    settings = {"target__sole_writer": True, "limits__uploads": 1}
    failed = scripted(Fault(endpoint="upload", kind="fail", nth=1))
    async with staged(tmp_path, [roster("a.csv", 5)], failed) as stage:
        assert (await stage.run(target__part_rows=2, **settings)).ends == {"found": 1, "failed": 1}

        kept = await stage.run("--retry-failed", target__part_rows=3, **settings)

        assert kept.ends == {"found": 1, "unsent": 1}
        assert stage.told(kept)["a.csv"]["cause"].endswith("line 2 to line 3")
        assert len(stage.uploads) == 3

        last = await stage.run("--retry-failed", target__part_rows=1, **settings)

        assert last.ends == {"found": 1, "done": 1}, "each of the three is replaced"
        assert len(stage.uploads) == 8


async def test_a_bad_row_of_a_part_that_does_not_go_again_is_counted_and_told_by_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "larger.toml").write_text(LARGER)
    settings = {**IN_PARTS, **DROP, "validation__schema": "larger.toml"}
    async with pushing(tmp_path, {"a.csv": people(2, 4)}, key="id") as stage:
        assert (await stage.run(**settings)).code == 0
        (stage.folder / "a.csv").write_text(f"{people(2, 4)}\r\n1,Anna,Riga", newline="")

        outcome = await stage.run(**settings)

        assert (outcome.code, outcome.ends) == (3, {"found": 1, "done": 1}), outcome.err
        book = outcome.summary["rows"]["data"]
        assert (book["read"], book["known"], book["invalid"]) == (5, 4, 1)
        assert lines_in(stage.out / "rejects" / "a.csv") == [6]
        assert (await stage.run(**settings)).code == 0

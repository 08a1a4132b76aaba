"""A file that a mapping leaves rows out of, in parts: a row that the remote refuses is told at its source."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from cli.imports import importing, table
from cli.mending import lines_in, mend, rows_of
from cli.test_resubmit_additions import DROP, rejects, resubmit

PLAN = table(
    "state,login,full,secret",
    "sure,zoe,Zoe,Secret-1",
    "planned,ann,Ann,Secret-2",
    "sure,bo,Bo,",
    "",
    "sure,,Nobody,Secret-3",
    'sure,cy,"Cy, on',
    'two lines",Secret-4',
    "planned,,,",
    'planned,dan,"Dan, on',
    'two lines",',
    "sure,di,Di,",
    "sure,ed,Ed,Secret-5",
    "sure,flo,Flo,Secret-6",
    "planned,gus,Gus,",
    "sure,hal,Hal,",
)
"""Line 6 is not sent; lines 4, 12 and 16 are refused by TAO, which wants a password of a new user."""
MAPPING = """
name = "plan"
[[leave_out]]
column = "state"
unless = ["sure"]
[[columns]]
to = "user_username"
from = "login"
[[columns]]
to = "user_password"
from = "secret"
[[columns]]
to = "user_name"
from = "full"
"""
AT_FIRST = ["zoe", "cy", "ed", "flo"]


@pytest.mark.parametrize("part_rows", [250, 3, 2, 1])
async def test_rows_that_the_remote_refused_are_mended_where_they_stand_in_the_source(
    tmp_path: Path, part_rows: int
) -> None:
    (tmp_path / "plan.toml").write_text(MAPPING)
    settings = {"validation__mapping": "plan.toml", "target__part_rows": part_rows}
    async with importing(tmp_path, {"users.csv": PLAN}) as stage:
        first = await stage.run(**DROP, **settings)

        assert first.code == 3
        book = first.summary["rows"]["data"]
        assert [book[name] for name in ("read", "invalid", "left_out", "accepted", "refused")] == [8, 1, 4, 4, 3]
        assert Counter(entry["rows"] for entry in stage.uploads) == parts_of(7, part_rows)
        assert stage.standing["users"] == Counter(AT_FIRST)
        listed = rows_of(rejects(stage, "users.csv"))
        assert [(row["_line"], row["_rule"], row["login"], row["full"]) for row in listed] == [
            ("4", "refused", "bo", "Bo"),
            ("6", "required", "", "Nobody"),
            ("12", "refused", "di", "Di"),
            ("16", "refused", "hal", "Hal"),
        ]
        assert sorted(told_in(stage.out)) == ["users.csv:12", "users.csv:16", "users.csv:4"]

        mend(rejects(stage, "users.csv"), {4: {"secret": "Secret-7"}, 12: {"secret": "Secret-8"}})
        half = await resubmit(stage, **settings)

        assert half.code == 3
        assert stage.standing["users"] == Counter([*AT_FIRST, "bo", "di"])
        assert lines_in(rejects(stage, "users.csv")) == [6, 16]

        mend(rejects(stage, "users.csv"), {6: {"login": "al"}, 16: {"secret": "Secret-9"}})
        whole = await resubmit(stage, **settings)

        assert whole.code == 0
        assert stage.standing["users"] == Counter([*AT_FIRST, "bo", "di", "al", "hal"])
        assert not rejects(stage, "users.csv").exists()
        assert (await stage.run(**DROP, **settings)).ends == {"found": 1, "skipped": 1}
        assert sum(entry["rows"] for entry in stage.uploads) == 7 + 3 + 2, "what was accepted goes no second time"


def parts_of(rows: int, most: int) -> Counter[int]:
    """How many parts there are of which size."""
    return Counter(min(most, rows - begin) for begin in range(0, rows, most))


def told_in(out: Path) -> list[str]:
    """The lines of the source that the newest results have something against."""
    found = []
    for place in out.glob("results/**/objections.csv"):
        with place.open(newline="") as file:
            found += [row["line"] for row in csv.DictReader(file)]
    return found

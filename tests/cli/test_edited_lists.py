"""What a person wrote into a list of rejects: it is kept and sent, or it is told where it lies."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cli.imports import MEMBER, importing, table
from cli.mending import lines_in, mend
from cli.program import Outcome
from cli.stage import Stage

DROP = {"validation__on_bad_rows": "drop_rows"}


async def resubmit(stage: Stage, *lists: str, **settings: object) -> Outcome:
    return await stage.call("resubmit", "--json", *lists, **{**DROP, **settings})


def rejects(stage: Stage, path: str) -> Path:
    return stage.out / "rejects" / path


GROUPS = table("group_name,group_active", "g1,TRUE", "g1,FALSE")
LINKS = table("user_username,group_name,group_role", f"{MEMBER},g1,TEST_TAKER", "late,g1,GRADER", f"{MEMBER},g1,")
"""The remote refuses line 3, for it knows nobody of that name; line 4 is bad."""


async def test_a_refused_row_that_was_mended_and_not_sent_yet_goes_with_those_that_are_mended_after_it(
    tmp_path: Path,
) -> None:
    async with importing(tmp_path, {"groups.csv": GROUPS, "links.csv": LINKS}) as stage:
        assert (await stage.run(**DROP)).code == 3
        assert lines_in(rejects(stage, "links.csv")) == [3, 4]
        stage.remote.portal.users["dora"] = dict(stage.remote.portal.users[MEMBER])
        mend(rejects(stage, "links.csv"), {3: {"user_username": "dora"}})
        held_up = await resubmit(stage)
        assert held_up.ends["unsent"] == 1, "its group is in a file that is rejected"
        assert lines_in(rejects(stage, "links.csv")) == [4]

        mend(rejects(stage, "links.csv"), {4: {"group_role": "GRADER", "user_username": "dora", "group_name": "night"}})
        again = await resubmit(stage, "links.csv")

        assert again.ends["unsent"] == 1
        assert not rejects(stage, "links.csv").exists(), "nothing of it is left to be mended"
        (stage.folder / "groups.csv").write_text(GROUPS.replace("g1,FALSE", "g2,FALSE"), newline="")
        await stage.run(**DROP)
        assert (await resubmit(stage)).code == 0
        assert stage.standing["links"] == Counter([f"{MEMBER} g1 TEST_TAKER", "dora g1 GRADER", "dora night GRADER"])

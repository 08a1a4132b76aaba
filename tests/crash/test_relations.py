"""SIGKILL at every moment of a run whose files wait for each other: no link comes before its user and its group."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from cli.imports import Importing, importing, table, users
from cli.mending import lines_in
from crash.moments import moments_of
from crash.starts import start
from crash.tally import Tally

MOMENTS = moments_of(
    ("Checked+SendStarted", "Accepted", "Completed"), ("upload", "poll", "fetch of status", "fetch of result")
)
LINKS, PARENTS = "a_links.csv", ("y_groups.csv", "z_users.csv")
FILES = {
    LINKS: table("user_username,group_name,group_role", "user1,north,GRADER", "user2,south,GRADER"),
    "y_groups.csv": table("group_name", "north", "south"),
    "z_users.csv": users(1, 2),
}


def require_in_turn(stage: Importing) -> None:
    """When the links first came, the remote had told us that it has the users and the groups."""
    path_of = {entry["token"]: entry["name"] for entry in stage.uploads if entry["token"]}
    told = {}
    for entry in stage.remote.record.of("poll"):
        if entry["state"] == "processed":
            told.setdefault(path_of[entry["token"]], entry["seq"])
    links = [entry["seq"] for entry in stage.uploads if entry["name"] == LINKS]
    assert links
    assert all(told[parent] < links[0] for parent in PARENTS), (told, links)


@pytest.mark.parametrize("nth", [pytest.param(1, marks=pytest.mark.chaos), pytest.param(2, marks=pytest.mark.chaos), 3])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_at_any_moment_links_still_come_last(tmp_path: Path, tally: Tally, moment: str, nth: int) -> None:
    async with importing(tmp_path, FILES) as stage:
        killed, passed = await start(stage, moment, nth, limits__uploads=2)
        assert killed.code == -signal.SIGKILL
        assert passed.count(moment) == nth
        tally.count("kills")
        tally.hit(moment)
        outcome, _ = await start(stage, limits__uploads=2)

        assert outcome.code == 0
        assert stage.states == dict.fromkeys(FILES, "done")
        assert stage.standing["links"].keys() == {"user1 north GRADER", "user2 south GRADER"}
        require_in_turn(stage)


@pytest.mark.parametrize("nth", [pytest.param(1, marks=pytest.mark.chaos), 2])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_before_the_links_go_a_row_and_who_asks_for_it_are_both_there_or_both_told(
    tmp_path: Path, tally: Tally, moment: str, nth: int
) -> None:
    """TAO refuses user2, who has no password: before the kill, so that the link is kept back, or after it."""
    refused = FILES["z_users.csv"].replace("Secret-2", "")
    strict = {"validation__references": "error", "validation__on_bad_rows": "drop_rows", "limits__uploads": 2}
    async with importing(tmp_path, FILES | {"z_users.csv": refused}) as stage:
        killed, _ = await start(stage, moment, nth, **strict)
        assert killed.code == -signal.SIGKILL
        tally.count("kills")
        tally.hit(moment)
        outcome, _ = await start(stage, **strict)

        assert outcome.code == 3
        assert stage.states == dict.fromkeys(FILES, "done")
        assert stage.standing["links"].keys() == {"user1 north GRADER"}
        for path in (LINKS, "z_users.csv"):
            listed = stage.out / "rejects" / path
            if not listed.exists():  # the run that learnt of it was killed before: it is made when it is asked for
                await stage.call("resubmit", "--json", path, **strict)
            assert lines_in(listed) == [3]

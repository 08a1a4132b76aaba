"""A file of which the program dies: the others go all the same, and it is refused before it kills for ever."""

from __future__ import annotations

import signal
from pathlib import Path

from cli.forks import fork
from cli.imports import importing, table, users
from cli.program import Outcome, attended, environment
from cli.rosters import plain_rosters
from cli.stage import Stage, staged

POISON = "B,POISON"


SOLE = ("--set", "target.sole_writer=true")
"""Another upload may be under way at a death: it goes again, and nobody is in doubt."""


async def run(stage: Stage, *words: str) -> Outcome:
    process = await fork(
        ["run", "--json", "-c", str(stage.config), *words],
        cwd=stage.root,
        env=environment(**stage.secrets),
        prepare="cli.poison",
        given={"cell": POISON},
    )
    async with attended(process) as program:
        await program.wait()
    return program.outcome()


async def test_the_others_are_sent_before_it_kills_again_and_the_third_death_is_the_last(tmp_path: Path) -> None:
    rosters = list(plain_rosters(4))
    async with staged(tmp_path, rosters) as stage:
        poison = stage.folder / rosters[1].path
        healthy = poison.read_bytes()
        poison.write_bytes(healthy + POISON.encode())

        assert (await run(stage, *SOLE)).code == -signal.SIGKILL
        assert (await run(stage, *SOLE)).code == -signal.SIGKILL
        assert sorted(stage.states.values()) == ["done"] * 3, "it comes after all others, and they have ended by then"
        assert (await run(stage, *SOLE)).code == -signal.SIGKILL
        fourth = await run(stage, *SOLE)

        assert fourth.code == 3
        assert fourth.ends == {"found": 4, "skipped": 3, "rejected": 1}
        cause = stage.jobs[rosters[1].path].cause
        assert cause.startswith("poison: the program died 3 times while it read this file: look at it with")
        assert cause.endswith("mend it or take it away. When it changes, or with --retry-failed, it is read again")
        assert (await run(stage, *SOLE)).ends == {"found": 4, "skipped": 3, "rejected": 1}
        assert {entry["name"] for entry in stage.uploads} == {roster.name for roster in rosters} - {rosters[1].name}

        poison.write_bytes(healthy)
        assert (await run(stage, *SOLE)).ends == {"found": 4, "skipped": 3, "done": 1}


async def test_a_run_that_a_person_kills_convicts_nobody(tmp_path: Path) -> None:
    """However often: who is read without a death is cleared."""
    rosters = list(plain_rosters(2))
    async with staged(tmp_path, rosters) as stage:
        poison = stage.folder / rosters[0].path
        healthy = poison.read_bytes()
        for _ in range(2):
            poison.write_bytes(healthy + POISON.encode())
            assert (await run(stage)).code == -signal.SIGKILL
        poison.write_bytes(healthy)

        assert (await run(stage)).code == 0
        assert set(stage.states.values()) == {"done"}
        assert (stage.out / ".orchestrator" / "reading").read_bytes() == b""


async def test_one_death_costs_nothing_where_files_are_looked_at_beside_each_other(tmp_path: Path) -> None:
    """For a person may have killed the run: the same command again is enough."""
    files = {"a_users.csv": users(1, 2), "b_users.csv": f"{users(5, 2)}\r\n{POISON},x"}
    async with importing(tmp_path, files) as stage:
        assert (await run(stage)).code == -signal.SIGKILL

        assert (await stage.run()).ends == {"found": 2, "done": 2}


async def test_who_waits_for_it_is_kept_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    links = table("user_username,group_name,group_role", "user1,night,GRADER")
    files = {"a_links.csv": links, "b_users.csv": users(1, 2), "c_users.csv": users(5, 2) + f"\r\n{POISON},x"}
    async with importing(tmp_path, files) as stage:
        codes = [(await run(stage)).code for _ in range(4)]

        assert codes == [-signal.SIGKILL] * 3 + [3]
        assert stage.states["b_users.csv"] == "done"
        assert stage.states["c_users.csv"] == "rejected"
        assert stage.states["a_links.csv"] == "done", "all that it refers to is known to be there"


async def test_who_refers_to_one_that_was_not_looked_at_waits_until_it_was_read_alone_and_taken(tmp_path: Path) -> None:
    """Nobody knows what it holds: it may be just what they refer to."""
    links = table("user_username,group_name,group_role", "user1,night,GRADER")
    files = {"a_links.csv": links, "b_users.csv": users(1, 2) + f"\r\n{POISON},x"}
    async with importing(tmp_path, files) as stage:
        for _ in range(2):
            assert (await run(stage)).code == -signal.SIGKILL

        alone = await stage.run()

        assert (alone.code, alone.ends) == (5, {"found": 2, "deferred": 1, "unsent": 1})
        assert stage.uploads == []
        report = (stage.out / "runs" / alone.summary["run"] / "files.csv").read_text()
        assert "it was read alone first" in report
        assert "it depends on rows of b_users.csv, which is deferred" in report
        assert (await stage.run()).ends == {"found": 2, "done": 2}


async def test_a_person_may_have_it_read_once_more(tmp_path: Path) -> None:
    async with importing(tmp_path, {"users.csv": users(1, 2) + f"\r\n{POISON},x"}) as stage:
        codes = [(await run(stage)).code for _ in range(4)]
        assert codes == [-signal.SIGKILL] * 3 + [3]
        assert stage.states == {"users.csv": "rejected"}

        for _ in range(2):  # read alone, and then beside the others
            last = await stage.run("--retry-failed")

        assert last.ends == {"found": 1, "done": 1}

"""Mended rows on their way back, killed at every moment: they arrive once, and the others stay as they are."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.imports import MEMBER, Importing, importing, table
from cli.mending import lines_in, mend
from cli.program import Outcome
from cli.pushes import Pushing, pushing
from cli.rosters import HEADER, Roster, Table
from cli.stage import Stage, staged
from cli.test_relations import links
from crash.scene import make_new
from crash.starts import start
from crash.tally import Tally

DROP = {"validation__on_bad_rows": "drop_rows"}
GOOD = tuple(f"N{n},01/07/2024,09:00,01/07/2024,17:00" for n in range(1, 4))
NIGHT = Roster(path="a.csv", data=Table(header=HEADER, rows=(GOOD[0], GOOD[1][2:], GOOD[2]), bad={1: (1, "required")}))
PEOPLE = "id,name\r\n1,Anna\r\n,Bert\r\n3,Cleo"


async def _nothing(stage: Stage) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file whose line 3 was rejected, and how it is mended."""

    name: str
    open: Callable[[Path], AbstractAsyncContextManager[Stage]]
    mended: dict[str, str]
    stands: Callable[[Stage], object]
    """Equal exactly if the remote has the same."""
    again: Callable[[Stage], Awaitable[None]] = _nothing
    """What happens before they are sent back for the last time."""

    def __str__(self) -> str:
        return self.name


def _people(stage: Stage) -> object:
    assert isinstance(stage, Pushing)
    return stage.standing


def _rosters(stage: Stage) -> object:
    return Counter((name, one.data_sha256, one.copies) for name, one in stage.remote.datasets.items())


@asynccontextmanager
async def _keyed(root: Path) -> AsyncIterator[Stage]:
    async with pushing(root, {"a.csv": PEOPLE}, key="id") as stage:
        yield stage


@asynccontextmanager
async def _linking(root: Path) -> AsyncIterator[Stage]:
    async with importing(root, {"a.csv": links(MEMBER, "late")}) as stage:
        yield stage


def _imports(stage: Stage) -> object:
    assert isinstance(stage, Importing)
    first, *later = (entry["rows"] for entry in stage.uploads)
    return stage.standing["links"], first, {*later}  # a lost answer may bring the same row again, and no other


async def _refused_again(stage: Stage) -> None:
    """It is sent back as it is, and refused; what it lacked is there only then."""
    assert isinstance(stage, Importing)
    outcome, _ = await resubmit(stage)
    assert outcome.code == 3
    assert lines_in(stage.out / "rejects" / "a.csv") == [3]
    stage.remote.portal.users["late"] = {}


CASES = (
    Case(name="replaced", open=lambda root: staged(root, [NIGHT]), mended={"Reference": "N2"}, stands=_rosters),
    Case(name="added", open=_keyed, mended={"id": "2"}, stands=_people),
    Case(name="refused", open=_linking, mended={}, stands=_imports, again=_refused_again),
)
SAMPLE = ("before the commit of Checked+SendStarted", "after the upload", "after the commit of Accepted")


async def resubmit(stage: Stage, fatal: str = "", nth: int = 1) -> tuple[Outcome, list[str]]:
    return await start(stage, fatal, nth, command=("resubmit", "a.csv"), fine=True, speed=1.0, **DROP)


@asynccontextmanager
async def night_before(root: Path, case: Case) -> AsyncIterator[Stage]:
    make_new(root)
    async with case.open(root) as stage:
        assert (await stage.run(**DROP)).code == 3
        rejects = stage.out / "rejects" / "a.csv"
        assert lines_in(rejects) == [3]
        mend(rejects, {3: case.mended})
        await case.again(stage)
        yield stage


async def undisturbed(root: Path, case: Case) -> tuple[object, list[tuple[str, int]]]:
    """What stands at the remote then, and every moment on the way there with its number among those of its kind."""
    async with night_before(root, case) as stage:
        outcome, passed = await resubmit(stage)
        assert outcome.code == 0
        seen: Counter[str] = Counter()
        moments = []
        for what in passed:
            seen[what] += 1
            moments.append((what, seen[what]))
        return case.stands(stage), moments


async def kill_at(root: Path, tally: Tally, case: Case, wanted: object, fatal: str, nth: int) -> None:
    async with night_before(root, case) as stage:
        tally.count("schedules")
        struck, _ = await resubmit(stage, fatal, nth)
        assert struck.code == -signal.SIGKILL, f"{fatal} came"
        tally.count("kills")
        tally.hit(fatal)

        again, _ = await resubmit(stage)

        assert again.code == 0, f"killed {fatal} ({nth}): {again.err}"
        assert case.stands(stage) == wanted, f"killed {fatal} ({nth})"
        assert not (stage.out / "rejects" / "a.csv").exists()
        assert not (stage.out / "edited").exists(), "what was written was taken in"
        assert (await stage.run(**DROP)).ends == {"found": 1, "skipped": 1}


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("fatal", SAMPLE)
async def test_killed_on_their_way_back_mended_rows_arrive_once(
    tmp_path: Path, tally: Tally, case: Case, fatal: str
) -> None:
    wanted, _ = await undisturbed(tmp_path / "calm", case)

    await kill_at(tmp_path / "killed", tally, case, wanted, fatal, 1)


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("moment", ["before the rename", "after the rename"])
async def test_killed_while_a_list_is_made_anew_what_somebody_wrote_into_it_is_there(
    tmp_path: Path, tally: Tally, moment: str, nth: int
) -> None:
    """It is copied, the new list is expected, put in place, and noted: four renames."""
    async with night_before(tmp_path, CASES[0]) as stage:
        written = (stage.out / "rejects" / "a.csv").read_bytes()
        source = stage.folder / "a.csv"
        source.write_bytes(source.read_bytes() + GOOD[1][2:].encode())
        tally.count("schedules")
        struck, _ = await start(stage, moment, nth, fine=True, speed=1.0, **DROP)
        assert struck.code == -signal.SIGKILL
        tally.count("kills")
        tally.hit(moment)
        assert written in [place.read_bytes() for place in stage.out.rglob("a.csv")]

        await stage.run(**DROP)

        assert lines_in(stage.out / "rejects" / "a.csv") == [3, 5]
        lists = [place for place in (stage.out / "edited").rglob("*") if place.is_file()]
        assert [place.read_bytes() for place in lists] == [written], "once, and nothing else"


async def test_what_was_mended_goes_though_its_list_was_made_anew_before_the_kill(tmp_path: Path) -> None:
    """Line 3 is refused without a password; line 4, which has the key of line 2, is all that the list is left with."""
    make_new(tmp_path / "scene")
    rows = ("ann,Secret-1,A", "bo,,B", "ann,Secret-3,C")
    async with importing(tmp_path / "scene", {"a.csv": table("user_username,user_password,user_name", *rows)}) as stage:
        assert (await stage.run(**DROP)).code == 3
        rejects = stage.out / "rejects" / "a.csv"
        mend(rejects, {3: {"user_password": "Secret-2"}})
        struck, _ = await resubmit(stage, "before the commit of Checked+SendStarted")
        assert struck.code == -signal.SIGKILL
        assert lines_in(rejects) == [4]

        again, _ = await resubmit(stage)

        assert again.code == 3
        assert stage.standing["users"] == Counter(["ann", "bo"])
        assert lines_in(rejects) == [4]


async def test_refused_rows_of_a_run_that_was_killed_then_are_listed_by_the_next_and_by_no_other(
    tmp_path: Path,
) -> None:
    make_new(tmp_path / "scene")
    async with importing(tmp_path / "scene", {"a.csv": links(MEMBER, "late", "")}) as stage:
        struck, _ = await start(stage, "after the commit of Completed", fine=True, speed=1.0, **DROP)
        assert struck.code == -signal.SIGKILL
        rejects = stage.out / "rejects" / "a.csv"
        assert lines_in(rejects) == [4], "what was kept back is told before anything is sent"

        assert (await stage.run(**DROP)).ends == {"found": 1, "skipped": 1}
        assert lines_in(rejects) == [3, 4]
        mend(rejects, {4: {"user_username": MEMBER}})
        mended = rejects.read_bytes()
        assert (await stage.run(**DROP)).ends == {"found": 1, "skipped": 1}
        assert rejects.read_bytes() == mended


async def test_rows_that_are_refused_once_more_when_it_is_killed_are_listed_when_they_are_sent_back_again(
    tmp_path: Path,
) -> None:
    make_new(tmp_path / "scene")
    async with importing(tmp_path / "scene", {"a.csv": links(MEMBER, "late")}) as stage:
        await stage.run(**DROP)
        struck, _ = await start(
            stage, "after the commit of Completed", command=("resubmit",), fine=True, speed=1.0, **DROP
        )
        assert struck.code == -signal.SIGKILL
        rejects = stage.out / "rejects" / "a.csv"
        assert not rejects.exists()

        for _ in range(2):
            again = await stage.call("resubmit", "--json", **DROP)

            assert again.code == 3
            assert lines_in(rejects) == [3]
        assert [entry["rows"] for entry in stage.uploads] == [2, 1, 1]


@pytest.mark.chaos
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_killed_at_any_moment_of_their_way_back_mended_rows_arrive_once(
    tmp_path: Path, tally: Tally, case: Case
) -> None:
    wanted, moments = await undisturbed(tmp_path / "calm", case)
    assert len(moments) >= 12
    for number, (fatal, nth) in enumerate(moments):
        await kill_at(tmp_path / str(number), tally, case, wanted, fatal, nth)

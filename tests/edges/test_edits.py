"""A list of rejects that somebody wrote into is never written over: it stays, or lies in `edited/`."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import pytest

from edges.places import as_an_ordinary_user, open_folder
from edges.samples import BAD, HEADER, OTHER, ROW, Desk, csv, judge
from orchestrator.edges.edits import Edits
from orchestrator.edges.rejects import Rejects
from orchestrator.model import Digest, Rejected, RelPath
from orchestrator.ports import Moving, Prepared

NIGHT = "2024/night.csv"
ONE, TWO = csv(HEADER, ROW, BAD), csv(HEADER, BAD, ROW, BAD)
WRITTEN = b"what somebody wrote"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def edited(desk: Desk) -> dict[str, bytes]:
    folder = desk.base / "edited"
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


async def judge_as(desk: Desk, content: bytes) -> Path:
    """Where its list is then."""
    await judge(desk.inbox(), desk.put(NIGHT, content))
    return desk.rejects / NIGHT


async def test_a_list_that_would_be_as_it_was_is_left_to_who_wrote_into_it(desk: Desk) -> None:
    place = await judge_as(desk, ONE)
    place.write_bytes(WRITTEN)

    assert (await judge_as(desk, ONE)).read_bytes() == WRITTEN
    assert edited(desk) == {}
    assert list(place.parent.iterdir()) == [place], "nothing unfinished lies beside it"


async def test_a_list_that_would_be_another_is_copied_first_as_often_as_somebody_writes(desk: Desk) -> None:
    contents = [ONE, TWO, ONE, TWO]
    for number, content in enumerate(contents):
        (await judge_as(desk, content)).write_bytes(WRITTEN + b"%d" % number)
    await judge_as(desk, ONE)

    assert edited(desk) == {f"{n + 1}/{NIGHT}": WRITTEN + b"%d" % n for n in range(len(contents))}


async def test_a_list_that_was_put_back_as_the_program_wrote_it_is_no_edited_one(desk: Desk) -> None:
    place = await judge_as(desk, ONE)
    before = place.read_bytes()
    place.write_bytes(WRITTEN)
    place.write_bytes(before)

    await judge_as(desk, TWO)

    assert edited(desk) == {}


async def test_one_that_was_killed_after_the_copy_makes_no_second_one_and_tells_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (await judge_as(desk, ONE)).write_bytes(WRITTEN)
    killed_at(monkeypatch, "expect")
    with pytest.raises(SystemExit):
        await judge_as(desk, TWO)
    assert (desk.rejects / NIGHT).read_bytes() == WRITTEN
    monkeypatch.undo()

    await judge_as(desk, TWO)

    assert edited(desk) == {f"1/{NIGHT}": WRITTEN}


async def test_one_that_was_killed_before_it_noted_what_it_wrote_left_no_edited_list(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (await judge_as(desk, ONE)).read_bytes()
    killed_at(monkeypatch, "written")
    with pytest.raises(SystemExit):
        await judge_as(desk, TWO)
    monkeypatch.undo()

    assert (await judge_as(desk, ONE)).read_bytes() == before
    assert edited(desk) == {}


# What a list was made of


def tells_of(desk: Desk, content: bytes) -> bool:
    digest = Digest(hashlib.sha256(content).hexdigest())
    return Rejects(desk.rejects).is_of(RelPath(NIGHT), digest)


async def test_it_is_known_of_which_content_a_list_was_made_and_of_which_there_is_none(desk: Desk) -> None:
    assert tells_of(desk, ONE), "nobody knows better"
    contents = (ONE, TWO, csv(HEADER, ROW), csv(HEADER, ROW, BAD, OTHER))
    for content in (*contents, ONE, *reversed(contents)):
        await judge_as(desk, content)
        told = [each for each in contents if tells_of(desk, each)]
        assert told == [content]


async def test_a_list_that_somebody_wrote_into_and_that_is_left_is_that_of_the_newest_content(desk: Desk) -> None:
    (await judge_as(desk, ONE)).write_bytes(WRITTEN)
    more = csv(HEADER, ROW, BAD, OTHER)

    assert (await judge_as(desk, more)).read_bytes() == WRITTEN

    assert tells_of(desk, more)
    assert not tells_of(desk, ONE)


@pytest.mark.parametrize("content", [TWO, csv(HEADER, ROW)], ids=["another list", "none"])
@pytest.mark.parametrize("method", ["written", "taken_away"])
async def test_after_a_kill_between_a_list_and_its_note_it_is_that_of_neither_content(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, content: bytes, method: str
) -> None:
    await judge_as(desk, ONE)
    killed_at(monkeypatch, method)
    with suppress(SystemExit):
        await judge_as(desk, content)
    monkeypatch.undo()

    is_noted = (method == "written") == (content != TWO)
    assert (tells_of(desk, ONE), tells_of(desk, content)) == (False, is_noted)


def killed_at(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(Edits, method, die)


async def test_a_list_that_cannot_be_looked_into_holds_its_file_back_and_stays() -> None:
    with open_folder() as base:
        desk = Desk(base)
        place = await judge_as(desk, ONE)
        place.write_bytes(WRITTEN)
        place.chmod(0)
        place.parent.chmod(0o777)
        for content in (TWO, csv(HEADER, ROW)):
            file = desk.put(NIGHT, content)
            with as_an_ordinary_user():
                verdict = await judge(desk.inbox(), file)

            assert isinstance(verdict, Moving)
            assert "may hold what somebody wrote, and this user may not read it: mend its permissions" in verdict.cause
            assert place.read_bytes() == WRITTEN


@pytest.mark.parametrize("kind", ["link", "pipe"])
async def test_what_is_no_file_of_its_own_gives_way(desk: Desk, kind: str) -> None:
    place, elsewhere = await judge_as(desk, ONE), desk.base / "elsewhere"
    elsewhere.write_bytes(WRITTEN)
    place.unlink()
    if kind == "link":
        place.symlink_to(elsewhere)
    else:
        os.mkfifo(place)

    assert isinstance(await judge(desk.inbox(), desk.put(NIGHT, TWO)), Rejected)
    assert isinstance(await judge(desk.inbox(), desk.put(NIGHT, csv(HEADER, ROW))), Prepared)

    assert elsewhere.read_bytes() == WRITTEN
    assert edited(desk) == {}
    assert not any(place.parent.iterdir())


def test_of_many_edited_lists_some_are_told_and_the_others_counted(tmp_path: Path) -> None:
    edits = Edits(tmp_path / "rejects", tmp_path / "lists")
    (tmp_path / "rejects").mkdir()
    for number in range(23):
        (tmp_path / "rejects" / f"{number}.csv").write_bytes(WRITTEN)
        edits.make_way(RelPath(f"{number}.csv"), None)

    told = edits.remark.splitlines()

    assert len(told) == 21
    assert f"lies in {tmp_path}/edited/1/0.csv: take over" in told[0]
    assert told[-1] == "and 3 more: see the log"

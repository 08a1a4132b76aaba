"""Which files that are done need their list made anew: those whose list, or lack of one, is that of another version."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edges.samples import BAD, BAD_EVENT, EVENT, EVENTS_HEADER, HEADER, OTHER, ROW, Desk, csv, judge, read
from orchestrator.edges.rejects import Rejects
from orchestrator.model import Job, RelPath, State
from orchestrator.naming import key_of
from orchestrator.ports import Prepared
from orchestrator.trip import Ending, Trip
from orchestrator.unlisted import has_unlisted

PATH, EVENTS = "a.csv", RelPath("a.events.csv")
GOOD, SOME = csv(HEADER, ROW, OTHER), csv(HEADER, ROW, BAD)
CALLS, SOME_CALLS, OTHER_CALLS = (csv(EVENTS_HEADER, *rows) for rows in ([EVENT], [EVENT, BAD_EVENT], [BAD_EVENT]))
Version = tuple[bytes, bytes | None]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def judged(desk: Desk, version: Version) -> Job:
    """What is done of it then."""
    data, events = version
    if events is None:
        (desk.root / EVENTS).unlink(missing_ok=True)
    else:
        desk.put(EVENTS, events)
    file, inbox = desk.put(PATH, data), desk.inbox(drop_rows=True)
    verdict, source = await judge(inbox, file), (await read(inbox, file)).source
    assert isinstance(verdict, Prepared)
    sheets = verdict.checked.sheets
    name = key_of("a")
    return Job(key=name, version=1, name="a", path=file.path, source=source, checked=sheets, state=State.DONE)


def is_asked_for(desk: Desk, job: Job) -> bool:
    trip = Trip(path=job.path, job=job, ending=Ending.SKIPPED)
    return has_unlisted(trip, desk.folder().companion_of(job.path), Rejects(desk.rejects))


@pytest.mark.parametrize("other", [(GOOD, None), (SOME, None), (GOOD, CALLS), (GOOD, OTHER_CALLS)])
@pytest.mark.parametrize("done", [(SOME, None), (SOME, CALLS), (GOOD, SOME_CALLS), (SOME, SOME_CALLS)])
async def test_rows_that_are_not_at_the_remote_are_missed(desk: Desk, done: Version, other: Version) -> None:
    job = await judged(desk, done)
    assert not is_asked_for(desk, job)
    lists = [place.read_bytes() for place in sorted(desk.rejects.iterdir())]

    await judged(desk, other)

    assert is_asked_for(desk, job) == (lists != [place.read_bytes() for place in sorted(desk.rejects.iterdir())])
    await judged(desk, done)
    assert not is_asked_for(desk, job)


@pytest.mark.parametrize("other", [(SOME, None), (GOOD, SOME_CALLS), (SOME, SOME_CALLS)])
@pytest.mark.parametrize("done", [(GOOD, None), (GOOD, CALLS)])
async def test_rows_that_the_file_has_no_more_are_told_of(desk: Desk, done: Version, other: Version) -> None:
    job = await judged(desk, done)

    await judged(desk, other)

    assert is_asked_for(desk, job)


async def test_a_list_that_somebody_deleted_is_not_missed(desk: Desk) -> None:
    job = await judged(desk, (SOME, SOME_CALLS))
    for place in desk.rejects.iterdir():
        place.unlink()

    assert not is_asked_for(desk, job)


async def test_whoever_writes_into_a_list_makes_it_no_newer_than_what_was_refused_since(desk: Desk) -> None:
    await judged(desk, (SOME, None))
    listed = Rejects(desk.rejects).written(RelPath(PATH))
    place = desk.rejects / PATH
    place.write_bytes(place.read_bytes() + b"\r\n")
    os.utime(place, (listed + 60, listed + 60))

    assert Rejects(desk.rejects).written(RelPath(PATH)) < listed + 1

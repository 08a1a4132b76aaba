"""What a target knows of what was sent: whose rows another version finds again, and whose a result tells of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from contract.remotes import RemoteSubject
from contract.stand import Stand
from contract.subject import Subject
from contract.subjects import REMOTES, SUBJECTS, WAYS
from contract.test_reading import accepted, all_of
from orchestrator.model import Accepted, Completed, Digest, Source, evolve, next_version
from orchestrator.ports import Ended, Fetched
from orchestrator.ranges import NO_RANGES, ranges_of

OTHER = Source(data=Digest("e" * 64), size=1)
ADDING = [each for each in WAYS if each.adds]


async def collected(stand: Stand, *, with_text: bool = True) -> list[Fetched]:
    """As the core does it; without the text as for a file that is gone."""
    ended = await stand.target.check(stand.job.token)
    assert isinstance(ended, Ended)
    if with_text and stand.target.has_forgotten(stand.job):
        await stand.target.recollect(stand.job, stand.body)
    found = []
    for key in ended.results:
        fetched = await stand.target.fetch(stand.job.token, key)
        if fetched.unplaced:
            assert stand.target.has_forgotten(stand.job)
            if with_text:
                await stand.target.recollect(stand.job, stand.body)
            fetched = await stand.target.fetch(stand.job.token, key)
        assert not fetched.unplaced, "to ask once more is enough"
        found.append(fetched)
    return found


def told(found: list[Fetched]) -> list[Any]:
    return [(each.key, each.refused, each.rows, each.objections) for each in found]


@pytest.mark.parametrize("subject", ADDING, ids=str)
async def test_another_version_comes_as_a_copy_unless_its_rows_are_found_again(
    tmp_path: Path, subject: Subject
) -> None:
    """And is kept back for nothing where they are found, and nobody says so."""
    async with subject.stand(tmp_path) as stand:
        await accepted(stand)
        stand.taken()
        stand.job = evolve(stand.job, Completed())
        finds = stand.target.finds_again(stand.job)
        stand.job = evolve(next_version(stand.job, OTHER), stand.checked)

        assert stand.target.finds_again(stand.job) == finds
        assert await stand.said() is Accepted
        stand.taken()
        assert stand.copies() == (1 if finds else 2)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
async def test_to_be_told_once_more_what_was_sent_asks_nothing_and_changes_nothing(
    tmp_path: Path, subject: Subject
) -> None:
    async with subject.stand(tmp_path) as stand:
        token = await accepted(stand)
        stand.taken()
        assert not stand.target.has_forgotten(stand.job), "it has just sent it"
        ended, before = await all_of(stand, token)
        asked = stand.requests()
        if stand.target.has_forgotten(stand.job):
            await stand.target.recollect(stand.job, stand.body)
        assert stand.requests() == asked

        assert told([await stand.target.fetch(token, key) for key in ended.results]) == told(before)


@asynccontextmanager
async def begun_by_another(subject: RemoteSubject, root: Path) -> AsyncIterator[tuple[Stand, Stand]]:
    """The program that sent a file of which rows are refused, and one that goes on with it."""
    async with subject.at_sandbox(root, file=subject.refused, **subject.refusing) as (stand, sandbox):
        await accepted(stand)
        settings = subject.at(root, sandbox.base_url, sandbox.addresses)
        async with subject.facing(root / "again", settings, file=subject.refused) as other:
            other.job = stand.job
            yield stand, other


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_a_program_that_did_not_send_it_names_the_same_rows_when_it_is_told_what_was_sent(
    tmp_path: Path, subject: RemoteSubject
) -> None:
    async with begun_by_another(subject, tmp_path) as (stand, other):
        found = await collected(other)

        assert told(found) == told(await collected(stand))
        assert any(2 in objection.rows for each in found for objection in each.objections)


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_a_program_that_nobody_can_tell_what_was_sent_names_no_row_that_it_may_not_be(
    tmp_path: Path, subject: RemoteSubject
) -> None:
    async with begun_by_another(subject, tmp_path) as (stand, other):
        found = await collected(other, with_text=False)

        assert [each.refused for each in found] == [each.refused for each in await collected(stand)]
        assert {each.rows for each in found} <= {NO_RANGES, ranges_of([2])}
        assert all(not objection.rows or 2 in objection.rows for each in found for objection in each.objections)

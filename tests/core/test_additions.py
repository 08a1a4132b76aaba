"""A file that changed, at a remote that puts what is sent beside what was sent before: no row goes twice unasked."""

from __future__ import annotations

import pytest
from fakes import FakeTarget, World
from journey import A, job_of, run, world

from orchestrator.model import Name, State
from orchestrator.naming import part_name
from orchestrator.trip import Ending

NAMES = [part_name(Name("a"), number) for number in (1, 2, 3)]


def adding(text: str, **target: object) -> World:
    return world(text, target=FakeTarget(finds=False, **target), adds=True)  # type: ignore[arg-type]  # its fields


def sent(w: World) -> dict[Name, list[str]]:
    return {name: [text for text, _ in sends] for name, sends in w.target.remote.copies.items()}


async def test_it_is_kept_back_with_the_version_that_the_remote_took_and_the_remedies() -> None:
    w = adding("good")
    await run(w)
    w.inbox.files[A] = "newer"
    trip = await run(w)

    assert (trip.end, trip.is_kept) == (Ending.UNSENT, True)
    assert "took version 1" in trip.why
    assert all(remedy in trip.why for remedy in ("as it was", "rename it", "target.increments"))
    assert sent(w) == {"a": ["good"]}


async def test_it_is_known_when_it_is_as_it_was_again() -> None:
    w = adding("good")
    for text in ("good", "newer", "good"):
        w.inbox.files[A] = text
        trip = await run(w)

    assert trip.end is Ending.SKIPPED
    assert sent(w) == {"a": ["good"]}


async def test_it_goes_where_the_remote_finds_its_rows_again() -> None:
    w = adding("good")
    w.target.finds = True
    await run(w)
    w.inbox.files[A] = "newer"

    assert (await run(w)).end is Ending.DONE
    assert sent(w) == {"a": ["good", "newer"]}


async def test_it_goes_when_the_remote_refused_the_version_before() -> None:
    w = adding("good", success=False)
    await run(w)
    w.target.success = True
    w.inbox.files[A] = "mended"

    assert (await run(w)).end is Ending.DONE
    assert job_of(w, 1).state is State.FAILED


async def test_a_version_that_was_refused_in_between_does_not_hide_one_that_was_taken() -> None:
    w = adding("good")
    w.target.finds = True
    await run(w)
    w.target.success = False
    w.inbox.files[A] = "newer"
    await run(w)
    w.target.finds, w.target.success = False, True
    w.inbox.files[A] = "newest"
    trip = await run(w)

    assert trip.end is Ending.UNSENT
    assert "took version 1" in trip.why


async def test_of_a_file_in_parts_that_grew_at_its_end_only_the_new_part_goes() -> None:
    w = adding("one|two")
    await run(w)
    w.inbox.files[A] = "one|two|three"

    assert (await run(w)).end is Ending.DONE
    assert sent(w) == {name: [text] for name, text in zip(NAMES, ["one", "two", "three"], strict=True)}


@pytest.mark.parametrize("after", ["one|TWO", "zero|one|two", "one", "onetwo"])
async def test_a_file_in_parts_of_which_one_that_was_taken_changes_is_kept_back(after: str) -> None:
    w = adding("one|two")
    await run(w)
    w.inbox.files[A] = after
    trip = await run(w)

    assert (trip.end, trip.is_kept) == (Ending.UNSENT, True)
    assert sent(w) == {name: [text] for name, text in zip(NAMES, ["one", "two"], strict=False)}

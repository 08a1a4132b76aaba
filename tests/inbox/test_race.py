"""Somebody swaps a file for a link to a foreign one, as fast as he can: no foreign byte is ever read (S-11)."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edges.samples import Desk
from inbox.changes import FOREIGN_ROWS, ROWS, csv
from orchestrator.model import RelPath
from orchestrator.ports import File, Moving, Reading, Unreadable

ROUNDS = 3000
ENOUGH = 20
"""Times that each of the two was met; then the race has been run."""

OURS, FOREIGN = csv(*ROWS[:20]), csv(*FOREIGN_ROWS[:20])


@contextmanager
def swapping(swap: Callable[[int], None]) -> Iterator[threading.Event]:
    """A thread that swaps without a rest, and does not outlast the block; the event is set after every swap."""
    over, swapped = threading.Event(), threading.Event()

    def work() -> None:
        for number in range(10_000_000):
            if over.is_set():
                return
            swap(number)
            swapped.set()

    thread, interval = threading.Thread(target=work), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        yield swapped
    finally:
        over.set()
        thread.join()
        sys.setswitchinterval(interval)


def of_a_file(root: Path, foreign: Path) -> Callable[[int], None]:
    """`sub/a.csv` is a file, then a link to another one, then a file again."""
    place, other = root / "sub" / "a.csv", root / ".other"

    def swap(number: int) -> None:
        if number % 2:
            other.write_bytes(OURS)
        else:
            other.symlink_to(foreign / "a.csv")
        other.replace(place)

    return swap


def of_its_folder(root: Path, foreign: Path) -> Callable[[int], None]:
    """`sub` is a folder, then a link to another one, then a folder again."""
    place, aside = root / "sub", root / ".aside"

    def swap(number: int) -> None:
        if number % 2:
            place.unlink()
            aside.rename(place)
        else:
            place.rename(aside)
            place.symlink_to(foreign)

    return swap


@pytest.mark.parametrize("kind", [of_a_file, of_its_folder])
async def test_a_file_that_is_swapped_for_a_link_without_a_rest_is_read_as_itself_or_not_at_all(
    tmp_path: Path, kind: Callable[[Path, Path], Callable[[int], None]]
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "a.csv").write_bytes(FOREIGN)
    desk = Desk(tmp_path)
    desk.put("sub/a.csv", OURS)
    inbox, met = desk.inbox(), Counter[type]()

    with swapping(kind(desk.root, foreign)) as swapped:
        for number in range(ROUNDS):
            if number % 4 == 0:  # neither of the two may keep the other from its turn
                swapped.clear()
                assert swapped.wait(60)
            outcome = await inbox.read(File(path=RelPath("sub/a.csv"), size=len(OURS)))
            if isinstance(outcome, Reading):
                assert outcome.data == OURS
            met[type(outcome)] += 1
            if met[Reading] >= ENOUGH and met.total() - met[Reading] >= ENOUGH and met.total() >= ROUNDS // 3:
                break

    assert set(met) <= {Reading, Unreadable, Moving}
    assert met[Reading] >= ENOUGH, met
    assert met.total() - met[Reading] >= ENOUGH, met


@pytest.mark.parametrize("kind", [of_a_file, of_its_folder])
def test_whoever_follows_links_would_have_read_the_foreign_file(
    tmp_path: Path, kind: Callable[[Path, Path], Callable[[int], None]]
) -> None:
    """So the race is one that can be lost."""
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "a.csv").write_bytes(FOREIGN)
    desk = Desk(tmp_path)
    desk.put("sub/a.csv", OURS)

    kind(desk.root, foreign)(0)

    assert (desk.root / "sub" / "a.csv").read_bytes() == FOREIGN

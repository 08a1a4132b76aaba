"""Somebody swaps a file for a link to a foreign one, as fast as he can: no foreign byte is ever read (S-11)."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edges.samples import Desk
from inbox.changes import FOREIGN_ROWS, ROWS, csv
from orchestrator.model import RelPath
from orchestrator.ports import File, Moving, Reading, Unreadable

ROUNDS = 1000
PAUSE = 50
"""Rounds between two in which the swapper stands still, so that both of its states are met for certain."""

OURS, FOREIGN = csv(*ROWS[:20]), csv(*FOREIGN_ROWS[:20])


class Swapper:
    """A thread that swaps without a rest, but for the moments in which it is told to stand still."""

    def __init__(self, swap: Callable[[int], None]) -> None:
        self._swap = swap
        self._swaps = 0
        self._free, self._idle, self._swapped = threading.Event(), threading.Event(), threading.Event()
        self._over = False

    def once(self) -> None:
        self._swap(self._swaps)
        self._swaps += 1
        self._swapped.set()

    @property
    def is_link(self) -> bool:
        return self._swaps % 2 == 1

    @contextmanager
    def running(self) -> Iterator[None]:
        thread, interval = threading.Thread(target=self._work), sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        self._free.set()
        thread.start()
        try:
            yield
        finally:
            self._over = True
            self._free.set()
            thread.join()
            sys.setswitchinterval(interval)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        self._idle.clear()
        self._free.clear()
        assert self._idle.wait(60)
        yield
        self._swapped.clear()
        self._free.set()
        assert self._swapped.wait(60), "it goes on before the next read"

    def _work(self) -> None:
        while not self._over:
            self.once()
            if not self._free.is_set():
                self._idle.set()
                self._free.wait()


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


def beside_a_foreign_file(root: Path) -> tuple[Desk, Path]:
    """With a file of ours, and the folder of the other."""
    foreign = root / "foreign"
    foreign.mkdir()
    (foreign / "a.csv").write_bytes(FOREIGN)
    desk = Desk(root)
    desk.put("sub/a.csv", OURS)
    return desk, foreign


@pytest.mark.parametrize("kind", [of_a_file, of_its_folder])
async def test_a_file_that_is_swapped_for_a_link_without_a_rest_is_read_as_itself_or_not_at_all(
    tmp_path: Path, kind: Callable[[Path, Path], Callable[[int], None]]
) -> None:
    desk, foreign = beside_a_foreign_file(tmp_path)
    inbox, file = desk.inbox(), File(path=RelPath("sub/a.csv"), size=len(OURS))
    swapper = Swapper(kind(desk.root, foreign))

    with swapper.running():
        for number in range(ROUNDS):
            outcome = await inbox.read(file)
            assert isinstance(outcome, Unreadable | Moving) or (
                isinstance(outcome, Reading) and outcome.data == OURS
            ), outcome
            if number % PAUSE == 0:
                with swapper.standing_still():
                    for _ in range(2):
                        outcome = await inbox.read(file)
                        assert isinstance(outcome, Unreadable if swapper.is_link else Reading), outcome
                        swapper.once()


@pytest.mark.parametrize("kind", [of_a_file, of_its_folder])
def test_whoever_follows_links_would_have_read_the_foreign_file(
    tmp_path: Path, kind: Callable[[Path, Path], Callable[[int], None]]
) -> None:
    """So the race is one that can be lost."""
    desk, foreign = beside_a_foreign_file(tmp_path)

    kind(desk.root, foreign)(0)

    assert (desk.root / "sub" / "a.csv").read_bytes() == FOREIGN

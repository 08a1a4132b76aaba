"""Who was being read when the program died is known afterwards, and nobody else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from orchestrator.edges.suspects import DEATHS, Suspects
from orchestrator.errors import SourceChanged
from orchestrator.model import RelPath

A, B = RelPath("a.csv"), RelPath('Ä "b"\n.csv')
STAMPS: dict[RelPath, tuple[int, ...]] = {A: (1, 2, 3), B: (4, 5, 6)}


@contextmanager
def suspects(folder: Path) -> Iterator[Suspects]:
    with closing(Suspects(folder, STAMPS.__getitem__)) as found:
        yield found


def die(folder: Path, *paths: RelPath) -> None:
    """Another process reads them, all at once, and does not live to say so."""
    child = os.fork()
    if not child:
        with suspects(folder) as found, ExitStack() as stack:
            for path in paths:
                stack.enter_context(found.reading(path))
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_a_death_is_counted_for_all_who_were_read_just_then(tmp_path: Path) -> None:
    die(tmp_path, A, B)
    die(tmp_path, B)

    with suspects(tmp_path) as found:
        assert (found.deaths(A), found.deaths(B)) == (1, 2)
        assert not found.why_refused(B)


def test_so_many_deaths_are_enough_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(DEATHS):
        die(tmp_path, A)
    with suspects(tmp_path) as found:
        assert found.why_refused(A).startswith("poison: the program died 3 times")
        assert not found.why_refused(B)
        monkeypatch.setitem(STAMPS, A, (1, 2, 4))
        assert not found.why_refused(A)


def test_who_is_read_without_a_death_is_cleared(tmp_path: Path) -> None:
    die(tmp_path, A)
    with suspects(tmp_path) as found:
        with found.reading(A):
            assert found.deaths(A) == 1
        assert found.deaths(A) == 0

    with suspects(tmp_path) as found:
        assert found.deaths(A) == 0


@pytest.mark.parametrize(
    ("error", "deaths"),
    [(SourceChanged("moved"), 0), (OSError("gone"), 0), (KeyboardInterrupt(), 0), (MemoryError(), 1)],
    ids=lambda value: type(value).__name__,
)
def test_what_ends_a_run_without_a_word_of_ours_is_a_death(tmp_path: Path, error: BaseException, deaths: int) -> None:
    with suspects(tmp_path) as found, pytest.raises(type(error)), found.reading(A):
        raise error

    with suspects(tmp_path) as found:
        assert found.deaths(A) == deaths


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a.csv": 1}', b'{"a.csv": ["x", [1]]}', b"\xff"])
def test_a_record_that_is_none_of_ours_holds_nobody_back(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "suspects.json").write_bytes(content)
    (tmp_path / "reading").write_bytes(content)

    with suspects(tmp_path) as found:
        assert found.deaths(A) == 0

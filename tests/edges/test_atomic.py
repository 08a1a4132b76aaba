"""A file is in place whole or not at all, and readable for its owner only."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from edges.places import files_no_larger_than, fill, is_full, small_disk
from orchestrator.edges.atomic import move, put, whole_file
from orchestrator.errors import OutputError, StorageError


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def write_half(place: Path, error: type[BaseException]) -> None:
    before = place.read_bytes() if place.exists() else None
    with whole_file(place) as file:
        file.write(b"half")
        file.flush()
        assert (place.read_bytes() if place.exists() else None) == before
        raise error


@pytest.mark.parametrize("durable", [True, False])
def test_what_is_put_is_there_with_its_folders(tmp_path: Path, durable: bool) -> None:
    put(tmp_path / "a" / "b" / "file.txt", b"content", durable=durable)

    assert (tmp_path / "a" / "b" / "file.txt").read_bytes() == b"content"
    assert everything(tmp_path) == ["a/b/file.txt"]


def test_only_the_owner_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        put(tmp_path / "file", b"")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_until_the_end_it_is_hidden_beside_its_place(tmp_path: Path) -> None:
    with whole_file(tmp_path / "file.txt") as file:
        file.write(b"half")
        file.flush()
        (temporary,) = tmp_path.iterdir()

        assert temporary.name.startswith(".")

    assert everything(tmp_path) == ["file.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        write_half(tmp_path / "file.txt", error)

    assert everything(tmp_path) == []


def test_a_block_that_fails_leaves_what_was_there_before(tmp_path: Path) -> None:
    put(tmp_path / "file.txt", b"old")

    with pytest.raises(ValueError):
        write_half(tmp_path / "file.txt", ValueError)

    assert (tmp_path / "file.txt").read_bytes() == b"old"
    assert everything(tmp_path) == ["file.txt"]


def test_what_a_killed_run_left_behind_does_not_stand_in_the_way(tmp_path: Path) -> None:
    with whole_file(tmp_path / "file.txt"):
        (temporary,) = tmp_path.iterdir()
    temporary.write_bytes(b"much longer than what is to come")

    put(tmp_path / "file.txt", b"new")

    assert (tmp_path / "file.txt").read_bytes() == b"new"
    assert everything(tmp_path) == ["file.txt"]


@pytest.mark.parametrize("at", ["final", "temporary"])
@pytest.mark.parametrize("plant", [Path.symlink_to, Path.hardlink_to])
def test_a_planted_link_is_not_written_through(tmp_path: Path, plant: Callable[[Path, Path], None], at: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    place = tmp_path / "out" / "file.txt"
    with whole_file(place):
        (temporary,) = place.parent.iterdir()
    place.unlink()
    plant(temporary if at == "temporary" else place, victim)

    put(place, b"new")

    assert victim.read_bytes() == b"precious"
    assert place.read_bytes() == b"new"
    assert not place.is_symlink()
    assert everything(tmp_path / "out") == ["file.txt"]


def test_a_regular_file_where_a_folder_belongs_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")

    with pytest.raises(OutputError, match="taken"):
        put(tmp_path / "taken" / "file.txt", b"new")


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127])
def test_a_name_as_long_as_a_file_system_allows_can_be_put(tmp_path: Path, name: str) -> None:
    """255 bytes, which is fewer characters where they are not ASCII."""
    put(tmp_path / name, b"content")

    assert (tmp_path / name).read_bytes() == b"content"


def test_a_disk_that_takes_no_more_is_a_storage_error_and_leaves_nothing(tmp_path: Path) -> None:
    put(tmp_path / "file.txt", b"old")

    with files_no_larger_than(1000):
        put(tmp_path / "fits", b"x" * 1000)
        with pytest.raises(StorageError, match="run the same command again"):
            put(tmp_path / "file.txt", b"x" * 1001)

    assert (tmp_path / "file.txt").read_bytes() == b"old"
    assert everything(tmp_path) == ["file.txt", "fits"]


@pytest.mark.parametrize("durable", [True, False])
def test_a_full_disk_is_a_storage_error_and_leaves_nothing(durable: bool) -> None:
    with small_disk(64) as disk:
        put(disk / "file.txt", b"old")
        fill(disk)

        with pytest.raises(StorageError, match="Make room"):
            put(disk / "file.txt", b"x" * 100_000, durable=durable)

        assert is_full(disk)
        assert (disk / "file.txt").read_bytes() == b"old"
        assert everything(disk) == ["file.txt", "filler"]


def test_a_finished_file_is_moved_into_its_place(tmp_path: Path) -> None:
    (tmp_path / "spilled").write_bytes(b"large")
    put(tmp_path / "results" / "name" / "feedback.txt", b"old")

    move(tmp_path / "spilled", tmp_path / "results" / "name" / "feedback.txt")

    assert (tmp_path / "results" / "name" / "feedback.txt").read_bytes() == b"large"
    assert everything(tmp_path) == ["results/name/feedback.txt"]


def test_a_file_that_cannot_be_moved_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "spilled").write_bytes(b"large")
    (tmp_path / "taken").write_bytes(b"")

    with pytest.raises(OutputError):
        move(tmp_path / "spilled", tmp_path / "taken" / "feedback.txt")

    assert (tmp_path / "spilled").read_bytes() == b"large"

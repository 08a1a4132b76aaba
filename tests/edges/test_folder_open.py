"""Opening a file of the folder: the file itself or nothing, whatever was planted meanwhile."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from edges.places import as_an_ordinary_user, open_folder
from orchestrator.edges.folder import Folder, FolderConfig
from orchestrator.model import RelPath


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "inbox"
    (root / "2024" / "07").mkdir(parents=True)
    (root / "2024" / "07" / "a.csv").write_bytes(b"content")
    return root


def read(root: Path, path: str) -> bytes:
    with os.fdopen(Folder(FolderConfig(root=root)).open(RelPath(path)), "rb") as file:
        return file.read()


def open_files() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_a_regular_file_is_opened(root: Path) -> None:
    assert read(root, "2024/07/a.csv") == b"content"


@pytest.mark.parametrize("planted", ["2024/07/a.csv", "2024/07", "2024"])
def test_a_link_anywhere_on_the_way_is_refused(root: Path, tmp_path: Path, planted: str) -> None:
    """Also when it leads to the very same place."""
    (root / planted).rename(tmp_path / "moved")
    (root / planted).symlink_to(tmp_path / "moved")
    assert (root / "2024/07/a.csv").read_bytes() == b"content"

    before = open_files()
    with pytest.raises(OSError):
        read(root, "2024/07/a.csv")

    assert open_files() == before


def make_device(place: Path) -> None:
    try:
        os.mknod(place, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("making a device needs a right that is missing")


@pytest.mark.parametrize(
    "plant", [os.mkfifo, Path.mkdir, lambda place: os.mknod(place, stat.S_IFSOCK | 0o600), make_device]
)
def test_what_is_no_regular_file_is_refused_at_once(root: Path, plant: Callable[[Path], None]) -> None:
    """A pipe without a writer would block for ever."""
    (root / "2024/07/a.csv").unlink()
    plant(root / "2024/07/a.csv")

    before = open_files()
    with pytest.raises(OSError):
        read(root, "2024/07/a.csv")

    assert open_files() == before


@pytest.mark.parametrize("path", ["2024/07/b.csv", "2023/07/a.csv"])
def test_what_is_gone_is_told_as_gone(root: Path, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        read(root, path)


def test_a_file_without_the_right_to_read_is_refused() -> None:
    with open_folder() as root:
        (root / "a.csv").touch(mode=0o000)
        with as_an_ordinary_user(), pytest.raises(PermissionError):
            read(root, "a.csv")


def test_the_folder_itself_may_be_reached_through_a_link(root: Path, tmp_path: Path) -> None:
    """It is named by the user; only what lies in it is written by others."""
    (tmp_path / "link").symlink_to(root)

    assert read(tmp_path / "link", "2024/07/a.csv") == b"content"

"""In which order a file that is put in place reaches the disk. A kill cannot tell: only a power cut would."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from orchestrator.edges.atomic import move, put


class Disk:
    """Looks on while the real calls are made, and notes what each did to which file or folder."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.acts: list[tuple[str, str]] = []
        self._root = root
        self._fsync, self._replace = os.fsync, os.replace
        patch.setattr(os, "fsync", self.fsync)
        patch.setattr(os, "replace", self.replace)

    def fsync(self, fd: int) -> None:
        kind = "sync folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else f"sync {os.fstat(fd).st_size} bytes of"
        self.acts.append((kind, self._shown(os.readlink(f"/proc/self/fd/{fd}"))))
        self._fsync(fd)

    def replace(self, source: Any, place: Any) -> None:
        self.acts.append(("rename to", self._shown(place)))
        self._replace(source, place)

    def _shown(self, path: Any) -> str:
        return str(Path(path).relative_to(self._root))


def test_a_file_is_on_the_disk_before_it_takes_its_name_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(tmp_path, monkeypatch)

    put(tmp_path / "runs" / "summary.json", b"content")

    (written, temporary), *rest = disk.acts
    assert written == "sync 7 bytes of"
    assert temporary.startswith("runs/.~")
    assert rest == [("rename to", "runs/summary.json"), ("sync folder", "runs")]


def test_what_the_ledger_holds_as_well_is_put_in_place_without_waiting_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(tmp_path, monkeypatch)

    put(tmp_path / "results" / "feedback.txt", b"content", durable=False)

    assert disk.acts == [("rename to", "results/feedback.txt")]


def test_a_large_result_is_on_the_disk_before_the_ledger_may_say_that_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spilled").write_bytes(b"large")
    disk = Disk(tmp_path, monkeypatch)

    move(tmp_path / "spilled", tmp_path / "results" / "feedback.txt")

    assert disk.acts == [
        ("sync 5 bytes of", "spilled"),
        ("rename to", "results/feedback.txt"),
        ("sync folder", "results"),
    ]

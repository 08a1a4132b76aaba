"""The k-th system call on the ledger's own files fails, which only strace can do: SQLite does its I/O itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import pytest

from cli.rosters import plain_rosters
from cli.stage import Stage, staged
from disk.story import require_results, require_the_data_once

ROSTERS = plain_rosters(2)


def _can_inject() -> bool:
    strace = shutil.which("strace")
    works = [strace or "", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO", "-o", os.devnull, "true"]
    return strace is not None and subprocess.run(works, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(
        not _can_inject(), reason="system calls can be made to fail with strace only, and it is missing"
    ),
]


@pytest.mark.parametrize("when", ["{}", "{}+"], ids=["once", "for ever"])
@pytest.mark.parametrize(
    ("call", "error", "mode"),
    [
        ("fdatasync", "EIO", {}),
        ("fdatasync", "EIO", {"target__sole_writer": True}),
        ("pwrite64", "EIO", {"target__sole_writer": True}),
        ("pwrite64", "ENOSPC", {"target__sole_writer": True}),
        ("openat", "EACCES", {}),
        ("ftruncate", "EIO", {}),
    ],
    ids=lambda value: ("replaceable" if value else "plain") if isinstance(value, dict) else value,
)
async def test_whatever_the_disk_does_to_the_ledger_nothing_is_lost_or_sent_twice(
    tmp_path: Path, call: str, error: str, mode: dict[str, object], when: str
) -> None:
    for nth in count(1):
        root = tmp_path / str(nth)
        make(root)
        async with staged(root, ROSTERS) as stage:
            log = root / "strace.log"
            injection = f"inject={call}:error={error}:when={when.format(nth)}"
            outcome = await stage.call("run", "--json", by=under_strace(stage, log, injection), **mode)
            fired = "(INJECTED)" in log.read_text()
            story = f"{call} {nth}: fired {fired}, {outcome.code}, {outcome.json.get('message')}, {stage.states}"
            print(story)  # pytest shows it when the round fails
            if not fired:
                assert outcome.code == 0
                break
            assert outcome.code in {0, 2, 5}
            assert outcome.code == 0 or "out/" in outcome.json["message"]
            require_write_ahead(stage)
            again = await stage.run(**mode)
            doubtful = [line for line in stage.ledger if line.state == "in_doubt"]
            assert again.code == (4 if doubtful else 0), again.err
            assert not (doubtful and mode)
            require_no_second_send(stage)
            if not doubtful:
                require_the_data_once(stage, ROSTERS)
                require_results(stage, ROSTERS)
    assert nth > 1, "nothing was ever made to fail"


def make(root: Path) -> None:
    root.mkdir()


def under_strace(stage: Stage, log: Path, injection: str) -> list[str]:
    ledger = stage.out / ".orchestrator" / "ledger.sqlite3"
    paths: Iterable[str] = (word for end in ("", "-wal", "-shm") for word in ("-P", f"{ledger}{end}"))
    call = injection.partition("=")[2].partition(":")[0]
    return ["strace", "-f", "-qq", "-o", str(log), *paths, "-e", f"trace={call}", "-e", injection]


def require_write_ahead(stage: Stage) -> None:
    """Whatever arrived was noted before, and whatever was polled for had its token in the ledger."""
    lines = stage.ledger
    sent = {line.name for line in lines if line.attempts}
    tokens = {line.token for line in lines}
    assert {entry["name"] for entry in stage.uploads} <= sent
    assert {entry["token"] for entry in stage.remote.record.of("poll")} <= tokens


def require_no_second_send(stage: Stage) -> None:
    plain = Counter(entry["name"] for entry in stage.uploads if entry["applied"] and not entry["overwrite"])
    assert max(plain.values(), default=0) <= 1

"""A disk that does not give a file any more (EIO), at each reading of it: it is told, and the next run has it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from inbox.night import ORIGINAL, as_sent, night
from inbox.test_moving import require_told
from orchestrator.edges import contents
from orchestrator.edges.folder import Folder
from orchestrator.trip import Ending


def fail_from_reading(nth: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Has every read of the file fail when it is opened for the *nth* time; the list says on which descriptor."""
    opening, stamping = Folder.open, contents.stamp_of
    count, struck = [0], list[int]()

    def strike(descriptor: int) -> None:
        source = os.open("/proc/self/mem", os.O_RDONLY)  # at its beginning the kernel itself answers EIO
        os.dup2(source, descriptor, inheritable=False)
        os.close(source)

    def opened(self: Folder, path: Any) -> int:
        descriptor = opening(self, path)
        count[0] += 1
        if count[0] == nth:
            struck.append(descriptor)
            if nth > 1:
                strike(descriptor)
        return descriptor

    def stamped(info: os.stat_result) -> Any:
        if nth == 1 and len(struck) == 1:  # only now: before it, it would be another file
            strike(struck[0])
            struck.append(struck[0])
        return stamping(info)

    monkeypatch.setattr(Folder, "open", opened)
    monkeypatch.setattr(contents, "stamp_of", stamped)
    return struck


@pytest.mark.parametrize(
    ("streamed", "nth", "says"),
    [
        pytest.param(False, 1, "it cannot be read (Input/output error)", id="held, while it is recognised"),
        pytest.param(True, 1, "it cannot be read (Input/output error)", id="streamed, while it is recognised"),
        pytest.param(True, 2, "while it was checked (Input/output error)", id="streamed, while it is checked"),
    ],
)
async def test_a_file_that_the_disk_does_not_give_is_told_and_the_next_run_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streamed: bool, nth: int, says: str
) -> None:
    async with night(tmp_path, monkeypatch, streamed=streamed) as made:
        with monkeypatch.context() as broken:
            fail_from_reading(nth, broken)
            finished = await made.run()

        (trip,) = made.watcher.trips
        assert says in trip.why
        assert trip.tries == 0
        require_told(made, finished.exit_code)
        await made.run()
        assert made.stands == as_sent(ORIGINAL)


async def test_an_upload_that_the_disk_breaks_off_is_sent_again_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with night(tmp_path, monkeypatch, streamed=True) as made:
        struck = fail_from_reading(3, monkeypatch)
        await made.run()

        (trip,) = made.watcher.trips
        assert (trip.end, trip.tries, len(struck)) == (Ending.DONE, 2, 1)
        made.require_only_validated_bytes()
        assert made.stands == as_sent(ORIGINAL)

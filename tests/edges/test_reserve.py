"""Room that is kept for what was accepted when the disk is full."""

from __future__ import annotations

from pathlib import Path

from orchestrator.edges.reserve import Reserve


def test_it_makes_room_once_and_says_when_there_is_none_to_make(tmp_path: Path) -> None:
    place = tmp_path / "reserve"
    reserve = Reserve(place)
    blocks = place.stat().st_blocks

    assert blocks * 512 >= place.stat().st_size > 0, "really allocated"
    assert reserve.give_up()
    assert not place.exists()
    assert not reserve.give_up()


def test_what_is_there_already_is_kept_and_what_is_too_small_is_filled_up(tmp_path: Path) -> None:
    place = tmp_path / "reserve"
    Reserve(place)
    first = place.stat()
    Reserve(place)
    assert place.stat().st_mtime_ns == first.st_mtime_ns

    place.write_bytes(b"half")
    Reserve(place)
    assert place.stat().st_size == first.st_size

"""What may happen to a file while somebody else is at work with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cli.rosters import HEADER

ROWS = tuple(f"N{number:04},01/07/2024,09:00,01/07/2024,17:00" for number in range(300))
OTHER_ROWS = tuple(row.replace("09:00", "10:30") for row in ROWS)
FOREIGN_ROWS = tuple(f"Foreign {number},01/07/2024,09:00,01/07/2024,17:00" for number in range(300))

Change = Callable[[Path], None]


def csv(*rows: str) -> bytes:
    return "".join(f"{row}\r\n" for row in (HEADER, *rows)).encode()


def overwrite(place: Path) -> None:
    """In place, with as many bytes, and the clock of the file turned back: only its content tells."""
    before = place.stat()
    with place.open("r+b") as file:
        file.write(csv(*OTHER_ROWS))
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))


def overwrite_the_end(place: Path) -> None:
    with place.open("r+b") as file:
        file.seek(-len("17:00\r\n"), os.SEEK_END)
        file.write(b"17:30\r\n")


def truncate(place: Path) -> None:
    """In the middle of a row."""
    os.truncate(place, place.stat().st_size // 2 - 7)


def empty(place: Path) -> None:
    os.truncate(place, 0)


def take_rows_off(place: Path) -> None:
    os.truncate(place, len(csv(*ROWS[:150])))


def grow(place: Path) -> None:
    with place.open("ab") as file:
        file.write(csv(*OTHER_ROWS)[len(csv()) :])


def replace(place: Path) -> None:
    """By another file of the same size, as whoever delivers ought to do it."""
    other = place.with_name(".delivery")
    other.write_bytes(csv(*OTHER_ROWS))
    other.replace(place)


def delete(place: Path) -> None:
    place.unlink()


def link_elsewhere(place: Path) -> None:
    """To a roster that is nobody's business here."""
    foreign = place.parent.parent / "foreign.csv"
    foreign.write_bytes(csv(*FOREIGN_ROWS))
    place.unlink()
    place.symlink_to(foreign)


def pipe(place: Path) -> None:
    place.unlink()
    os.mkfifo(place)


def folder(place: Path) -> None:
    place.unlink()
    place.mkdir()


ALL: tuple[Change, ...] = (
    overwrite,
    overwrite_the_end,
    truncate,
    empty,
    take_rows_off,
    grow,
    replace,
    delete,
    link_elsewhere,
    pipe,
    folder,
)

"""Files for each remote, and what of them it refuses: rosters, users, sessions, records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from cli.rosters import HEADER, Roster, Table, plain_rosters, roster

Which = Literal["clean", "other", "mended", "dirty", "refused"]

GROUP = "night"
"""That TAO has already."""
PASSWORD = "Secret-1"  # of nobody


Make = Callable[[str, int, int], Roster]
"""A clean file by its path, the number of its rows, and its edition."""


@dataclass(frozen=True, kw_only=True)
class Content:
    make: Make
    plain: Callable[[int], tuple[Roster, ...]]
    """So many clean files, f00.csv, f01.csv …"""
    files: Mapping[Which, Roster]
    """*other* is `f01.csv`, all else editions of `f00.csv`."""

    def of(self, which: Which) -> Roster:
        return self.files[which]


def _content(make: Make, refused: Roster) -> Content:
    clean = make("f00.csv", 3, 1)
    ragged = replace(clean.data, rows=(*clean.data.rows, "a row of one cell"), bad={3: (1, "columns")})
    files: dict[Which, Roster] = {
        "clean": clean,
        "other": make("f01.csv", 4, 1),
        "mended": make("f00.csv", 3, 2),
        "dirty": Roster(path=clean.path, data=ragged),
        "refused": refused,
    }
    return Content(make=make, plain=partial(_plain, make), files=files)


def _plain(make: Make, count: int) -> tuple[Roster, ...]:
    return tuple(make(f"f{nth:02}.csv", 3 + nth, 1) for nth in range(count))


def _of(header: str, row: str) -> Make:
    """The cells of *row* tell the file, the number and the edition: nothing is in two files."""

    def make(path: str, rows: int, edition: int) -> Roster:
        file = path.removesuffix(".csv")
        lines = (row.format(who=f"{file}-{number}", edition=edition) for number in range(1, rows + 1))
        return Roster(path=path, data=Table(header=header, rows=tuple(lines)))

    return make


_of_users = _of("user_username,user_password,user_name", f"{{who}},{PASSWORD},Edition {{edition}}")
_of_sessions = _of("session_deliveryId,session_name,group_name", f"delivery-{{edition}},{{who}},{GROUP}")
_of_records = _of("id,name,address.city", "{who},Edition {edition},Riga")

MOST_ROWS, MOST_BYTES = 4, 2000
"""What TAO and Endgrate take, where a file is to be refused."""
_too_many = MOST_ROWS + 1, 1
_LONG_RECORD = f"f00-1,{'Anna ' * MOST_BYTES},Riga"

_PLAIN_ROSTER = roster("f00.csv", 3)
_BACKWARDS = Table(header=HEADER, rows=("N1,02/07/2024,09:00,01/07/2024,17:00", *_PLAIN_ROSTER.data.rows))
"""Its first row ends before it starts: clean to us, and not to a remote that looks at that."""

ROSTERS = Content(
    make=lambda path, rows, edition: roster(path, rows, edition=edition),
    plain=lambda count: tuple(plain_rosters(count)),
    files={
        "clean": _PLAIN_ROSTER,
        "other": roster("f01.csv", 4),
        "mended": roster("f00.csv", 3, edition=2),
        "dirty": roster("f00.csv", 3, bad=1),
        "refused": Roster(path="f00.csv", data=_BACKWARDS),
    },
)
USERS = _content(_of_users, _of_users("f00.csv", *_too_many))
SESSIONS = _content(_of_sessions, _of_sessions("f00.csv", *_too_many))
RECORDS = _content(
    _of_records,
    Roster(path="f00.csv", data=replace(_of_records("f00.csv", 1, 1).data, rows=(_LONG_RECORD,))),
)


def parts_of(file: Roster, rows: int) -> dict[str, Table]:
    """The submissions that a file of so many rows a part goes in, by their names."""
    all_rows = file.data.rows
    cuts = range(0, len(all_rows), rows)
    return {
        f"{file.name}#{number:04}": replace(file.data, rows=all_rows[at : at + rows])
        for number, at in enumerate(cuts, 1)
    }

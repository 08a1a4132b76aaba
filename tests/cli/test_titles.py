"""Exports with titles above the table, from inspect to the rows that were mended."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from cli.mending import lines_in, mend
from cli.program import call
from cli.pushes import people, pushing
from cli.rosters import EVENTS_HEADER, HEADER, Roster, Table
from cli.stage import staged

GOOD = tuple(f"N{n},01/07/2024,09:00,01/07/2024,17:00" for n in range(1, 7))
TITLES = 'Roster of "July\r\n\r\nmade,today\r\n'
SKIP = {"validation__skip_rows": 3}
DROP = {"validation__on_bad_rows": "drop_rows"}
EVENTS = Table(header=EVENTS_HEADER, rows=("N1,01/07/2024,09:05,01/07/2024,09:30,Call,0",))
LATE = GOOD[3].replace("09:00", "24:00")
NIGHT = Roster(
    path="night.csv", data=Table(header=HEADER, rows=(*GOOD[:3], LATE, *GOOD[4:]), bad={3: (3, "time")}), events=EVENTS
)


def put_titles(place: Path, titles: str = TITLES) -> None:
    place.write_bytes(titles.encode() + place.read_bytes())


async def test_inspect_proposes_how_many_lines_to_skip_and_without_them_the_fault_says_which_key(
    tmp_path: Path,
) -> None:
    (tmp_path / "inbox").mkdir()
    place = tmp_path / "inbox" / "users.csv"
    place.write_text("Users of the school\n\nuser_username,user_email,user_active\nzoe,z@x.org,TRUE\n")
    taken = ("--set", "target.kind=tao")

    proposed = json.loads((await call("inspect", "--json", str(place), *taken, cwd=tmp_path)).out)
    told = await call("validate", "inbox", *taken, cwd=tmp_path)
    skipped = await call("validate", "inbox", *taken, "--set", "validation.skip_rows=2", cwd=tmp_path)

    assert (proposed["validation"]["skip_rows"], proposed["kind"]) == (2, "tao.users")
    assert told.code == 3
    assert b"set validation.skip_rows to the number of lines that stand above them" in told.out
    assert (skipped.code, skipped.out) == (0, b"")


async def test_a_file_goes_without_its_titles_and_its_companion_has_none(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        put_titles(stage.folder / NIGHT.path)

        outcome = await stage.run(**SKIP, **DROP)

        assert outcome.ends == {"found": 1, "done": 1}
        dataset = stage.remote.datasets["night"]
        assert (dataset.data_sha256, dataset.events_sha256) == NIGHT.digests
        assert lines_in(stage.out / "rejects" / NIGHT.path) == [8]

        mend(stage.out / "rejects" / NIGHT.path, {8: {"StartTime": "09:00"}})
        mended = await stage.call("resubmit", "--json", **SKIP, **DROP)

        assert mended.code == 0
        whole = Table(header=HEADER, rows=GOOD)
        assert stage.remote.datasets["night"].data_sha256 == whole.sha256


@pytest.mark.parametrize("with_header", [True, False])
async def test_parts_begin_below_the_titles(tmp_path: Path, with_header: bool) -> None:
    night = Roster(path="night.csv", data=Table(header=HEADER, rows=NIGHT.data.rows, with_header=with_header))
    async with staged(tmp_path, [night]) as stage:
        put_titles(stage.folder / night.path, "Roster\r\n\r\nmade,today\r\n")

        outcome = await stage.run(**SKIP, **DROP, target__part_rows=2)

        assert outcome.ends == {"found": 1, "done": 1}
        sent = {name: one.data_sha256 for name, one in stage.remote.datasets.items()}
        kept = [*GOOD[:3], *GOOD[4:]]
        expected = [Table(header=HEADER, rows=tuple(kept[at : at + 2])).sha256 for at in (0, 2, 4)]
        assert sent == {f"night#{number:04}": digest for number, digest in enumerate(expected, 1)}
        assert lines_in(stage.out / "rejects" / night.path) == [7 + with_header]


async def test_what_the_remote_refuses_is_told_at_the_line_below_the_titles(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"a.csv": "All people\r\n" + people(1, 5)}, key="id", batch=2, failing=2) as stage:
        outcome = await stage.run(validation__skip_rows=1)

        assert outcome.code == 3
        assert stage.standing == Counter("125")
        assert lines_in(stage.out / "rejects" / "a.csv") == [5, 6]


async def test_a_list_of_rejects_is_refused_although_its_names_would_be_skipped(tmp_path: Path) -> None:
    async with pushing(
        tmp_path, {"a.csv": "id,name,_line,_column,_rule,_message,_raw\r\n1,Anna,2,id,type,wrong,\r\n"}
    ) as stage:
        outcome = await stage.run(validation__skip_rows=1)

        assert outcome.ends == {"found": 1, "rejected": 1}
        assert "a list of rejects, not a file to send" in stage.jobs["a.csv"].cause

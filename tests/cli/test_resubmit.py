"""Rows that were rejected, mended in their list, and sent with the rest of their file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from cli.mending import lines_in, mend, rows_of, write_rows
from cli.program import Outcome
from cli.rosters import EVENTS_HEADER, HEADER, Roster, Table
from cli.stage import Stage, held, scripted, staged

GOOD = tuple(f"N{n},01/07/2024,09:00,01/07/2024,17:00" for n in range(1, 7))
BLANK, LATE, SHORT = ",01/07/2024,09:00,01/07/2024,17:00", "N4,01/07/2024,24:00,01/07/2024,17:00", "N6,01/07/2024,09:00"
ROWS = (GOOD[0], BLANK, GOOD[2], LATE, GOOD[4], SHORT)
"""Lines 3, 5 and 7 are bad."""
BAD = {1: (1, "required"), 3: (3, "time"), 5: (4, "columns")}
NIGHT = Roster(path="2024/night.csv", data=Table(header=HEADER, rows=ROWS, bad=BAD))


def rejects(stage: Stage, path: str = NIGHT.path) -> Path:
    return stage.out / "rejects" / path


async def dropped(stage: Stage) -> None:
    """The night before: the three good rows are at the remote."""
    outcome = await stage.run(**DROP)
    assert outcome.code == 3
    assert lines_in(rejects(stage)) == [3, 5, 7]
    assert stands(stage, GOOD[0], GOOD[2], GOOD[4])


def stands(stage: Stage, *rows: str) -> bool:
    """Whether the remote has just these rows under the Name now."""
    text = "\r\n".join([HEADER, *rows])
    return stage.remote.datasets["2024/night"].data_sha256 == hashlib.sha256(text.encode()).hexdigest()


DROP = {"validation__on_bad_rows": "drop_rows"}


async def resubmit(stage: Stage, *lists: str, **settings: object) -> Outcome:
    return await stage.call("resubmit", "--json", *lists, **{**DROP, **settings})


async def test_mended_rows_are_sent_in_their_places_until_none_is_left(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        mend(rejects(stage), {3: {"Reference": "N2"}, 5: {"StartTime": "09:00"}})

        first = await resubmit(stage)

        assert first.code == 3
        assert first.ends == {"found": 1, "done": 1}
        assert first.summary["command"] == "resubmit"
        assert stands(stage, *GOOD[:5])
        assert lines_in(rejects(stage)) == [7]
        assert "bad rows by version: 1: 3, 2: 1" in first.err

        write_rows(rejects(stage), [{**rows_of(rejects(stage))[0], "_raw": GOOD[5]}])
        second = await resubmit(stage)

        assert second.code == 0
        assert stands(stage, *GOOD)
        assert not rejects(stage).exists()
        assert "bad rows by version: 1: 3, 2: 1, 3: 0" in second.err
        assert [entry["overwrite"] for entry in stage.uploads] == [False, True, True]

        again = await resubmit(stage)
        night = await stage.run(**DROP)

        assert (again.code, night.code) == (0, 0)
        assert night.ends == {"found": 1, "skipped": 1}
        assert len(stage.uploads) == 3


async def test_a_rejected_file_is_sent_whole_as_soon_as_its_list_is_mended(tmp_path: Path) -> None:
    mended = {3: {"Reference": "N2"}, 5: {"StartTime": "09:00"}, 7: {"_raw": GOOD[5]}}
    async with staged(tmp_path, [NIGHT]) as stage:
        assert (await stage.run()).ends == {"found": 1, "rejected": 1}
        mend(rejects(stage), {line: mended[line] for line in (3, 5)})

        again = await stage.run()
        assert again.ends == {"found": 1, "rejected": 1}
        assert "exit code 3: some files or rows are rejected" in again.err, "that they were so by this run is not said"

        half = await resubmit(stage, validation__on_bad_rows="reject_file")

        assert half.code == 3
        assert half.ends == {"found": 1, "rejected": 1}
        assert not stage.uploads
        assert lines_in(rejects(stage)) == [7], "what was mended is kept, and need not be mended again"
        mend(rejects(stage), {7: mended[7]})

        whole = await resubmit(stage, NIGHT.path, validation__on_bad_rows="reject_file")

        assert whole.code == 0
        assert whole.ends == {"found": 1, "done": 1}
        assert stands(stage, *GOOD)
        assert (await stage.run()).ends == {"found": 1, "skipped": 1}


async def test_what_no_list_is_of_holds_no_list_up(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        (stage.folder / "elsewhere").symlink_to(tmp_path)
        (stage.folder / "2024").rename(stage.folder / "kept")
        (stage.folder / "2024").symlink_to(stage.folder / "kept")
        missed = await resubmit(stage)
        (stage.folder / "2024").unlink()
        (stage.folder / "kept").rename(stage.folder / "2024")
        mend(rejects(stage), {3: {"Reference": "N2"}, 5: {"StartTime": "09:00"}, 7: {"_raw": GOOD[5]}})
        outcome = await resubmit(stage, str(rejects(stage)))

        assert (missed.code, missed.ends) == (3, {"found": 1, "rejected": 1}), "the link may hide the file of the list"
        assert (outcome.code, outcome.ends) == (0, {"found": 1, "done": 1})
        assert (await stage.run(**DROP)).code == 3


async def test_what_is_still_wrong_comes_back_as_the_person_left_it(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        mend(rejects(stage), {3: {"Reference": "N2"}, 5: {"StartTime": "9:00", "Reference": "N four"}})

        await resubmit(stage)

        left = {row["_line"]: row for row in rows_of(rejects(stage))}
        assert set(left) == {"5", "7"}
        assert left["5"]["Reference"] == "N four"
        assert left["5"]["_rule"] == "time"


async def test_rows_are_kept_in_a_place_of_their_own_that_nobody_else_can_read(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        mend(rejects(stage), {3: {"Reference": "N2"}})
        await resubmit(stage)

        (kept,) = (file for file in (stage.out / "mended").rglob("*") if file.is_file())
        assert kept.stat().st_mode & 0o777 == 0o600
        assert kept.parent.name == "2024"

        kept.unlink()
        night = await stage.run(**DROP)

        assert stands(stage, GOOD[0], GOOD[1], GOOD[2], GOOD[4])
        assert night.ends == {"found": 1, "skipped": 1}, "without it the remote would lose what it has"


async def test_a_file_that_changes_afterwards_is_sent_as_it_is_then(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        mend(rejects(stage), {3: {"Reference": "N2"}})
        await resubmit(stage)
        (stage.folder / NIGHT.path).write_text("\r\n".join([HEADER, *GOOD]))

        night = await stage.run(**DROP)

        assert night.code == 0
        assert stands(stage, *GOOD)
        assert not rejects(stage).exists()
        assert "mended_rows_left_out" in night.err
        assert "none of this one: mend them in the file itself" in night.err


async def test_mended_events_travel_with_their_file(tmp_path: Path) -> None:
    call = "N1,01/07/2024,09:05,01/07/2024,09:30,{},0"
    events = Table(header=EVENTS_HEADER, rows=(call.format("Call"), call.format("")), bad={1: (6, "required")})
    async with staged(tmp_path, [replace(NIGHT, data=Table(header=HEADER, rows=GOOD), events=events)]) as stage:
        assert (await stage.run(**DROP)).ends == {"found": 1, "done": 1}
        mend(rejects(stage, NIGHT.events_path), {3: {"Description": "Walk"}})

        outcome = await resubmit(stage)

        assert outcome.code == 0
        assert stands(stage, *GOOD)
        text = "\r\n".join([EVENTS_HEADER, call.format("Call"), call.format("Walk")])
        assert stage.remote.datasets["2024/night"].events_sha256 == hashlib.sha256(text.encode()).hexdigest()


# What is refused


async def refused(stage: Stage, *lists: str) -> str:
    """Why nothing was sent; the list stays as it was."""
    before = {place: place.read_bytes() for place in (stage.out / "rejects").rglob("*.csv")}
    sent = len(stage.uploads)
    outcome = await resubmit(stage, *lists)
    assert outcome.code == 3, outcome.err
    assert len(stage.uploads) == sent
    assert before == {place: place.read_bytes() for place in (stage.out / "rejects").rglob("*.csv")}
    return str(outcome.summary["message"])


async def test_a_row_that_was_accepted_before_is_refused_with_its_whole_list(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        mend(rejects(stage), {3: {"Reference": "N2", "_line": "2"}})

        assert await refused(stage) == (
            "2024/night.csv: the row of line 2 was accepted in version 1: take it out of the list"
        )


async def test_a_row_that_was_mended_and_accepted_is_refused_when_it_comes_again(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        before = rejects(stage).read_bytes()
        mend(rejects(stage), {3: {"Reference": "N2"}})
        await resubmit(stage)
        rejects(stage).write_bytes(before)

        assert "the row of line 3 was accepted in version 2" in await refused(stage)


async def test_a_list_in_which_nothing_is_right_yet_is_told_and_left(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)

        assert "none of its 3 rows is right yet: mend them" in await refused(stage)


async def test_a_list_that_was_spoiled_names_the_line_and_the_remedy(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        place = rejects(stage)
        rows, whole = rows_of(place), place.read_bytes()

        def spoiled(**cells: str) -> list[dict[str, str]]:
            return [{**rows[0], **cells}, *rows[1:]]

        write_rows(place, spoiled(_line="5"))
        assert "line 5 of the file is there twice" in await refused(stage)
        write_rows(place, spoiled(_line="three"))
        assert "line 2: _line does not say which line of the file it is" in await refused(stage)
        write_rows(place, [{name: cell for name, cell in row.items() if name != "_line"} for row in rows])
        assert "line 1: the column _line is missing" in await refused(stage)
        write_rows(place, [{name: cell for name, cell in row.items() if name != "EndDate"} for row in rows])
        assert "its columns are not those of its file" in await refused(stage)
        write_rows(place, spoiled(Reference="N\u00e9"), encoding="latin-1")
        assert "it is not UTF-8" in await refused(stage)
        place.write_bytes(whole.replace(b",", b";"))
        assert "the column _line is missing: keep all columns of the list, with commas" in await refused(stage)
        place.write_bytes(whole + b'"N2')
        assert "save it as CSV" in await refused(stage)
        place.write_bytes(whole + b"N2,01/07/2024\r\n")
        assert "line 5: it has 2 cells, and the list 10 columns" in await refused(stage)


async def test_columns_in_another_order_are_put_back_in_theirs(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        mend(rejects(stage), {3: {"Reference": "N2"}})
        names = ["EndTime", "EndDate", "Reference", "StartDate", "StartTime"]
        rows = rows_of(rejects(stage))
        write_rows(rejects(stage), [{name: row[name] for name in [*names, "_line", "_raw"]} for row in rows])

        await resubmit(stage)

        assert stands(stage, GOOD[0], GOOD[1], GOOD[2], GOOD[4])


async def test_a_list_whose_file_is_gone_or_another_is_told(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        mend(rejects(stage), {3: {"Reference": "N2"}})
        source = stage.folder / NIGHT.path
        whole = source.read_bytes()

        source.write_bytes(whole + b"more")
        assert "its file as it is now has not been sent: run first" in await refused(stage)
        source.unlink()
        assert "its file is not in the input folder any more: put it back" in await refused(stage)
        gone = await stage.call("resubmit", "-q", **DROP)
        assert gone.err.count("its file is not in the input folder any more") == 1
        source.write_bytes(whole)
        assert (await resubmit(stage, str(rejects(stage)))).ends == {"found": 1, "done": 1}


async def test_a_list_of_a_file_that_is_gone_keeps_no_other_back_and_is_told_until_it_is_deleted(
    tmp_path: Path,
) -> None:
    others = [replace(NIGHT, path=path) for path in ("2024/other.csv", "2024/third.csv")]
    async with staged(tmp_path, [NIGHT, *others]) as stage:
        assert (await stage.run(**DROP)).ends == {"found": 3, "done": 3}
        for each in others:
            mend(rejects(stage, each.path), {3: {"Reference": "N2"}, 5: {"StartTime": "09:00"}, 7: {"_raw": GOOD[5]}})
        (stage.folder / NIGHT.path).unlink()

        named = await resubmit(stage, others[0].path)
        every = await resubmit(stage)

        assert (named.code, named.ends) == (0, {"found": 1, "done": 1})
        assert (every.code, every.ends) == (3, {"found": 1, "done": 1})
        assert [*every.summary["message"].splitlines()] == [
            f"{NIGHT.path}: its file is not in the input folder any more: put it back, or give up its rows and delete "
            f"the list, out/rejects/{NIGHT.path}. Lists that are named go without a look at it"
        ]
        assert (await resubmit(stage)).code == 3, "as long as its rows are nowhere else"
        rejects(stage).unlink()
        assert (await resubmit(stage)).code == 0


async def test_a_fault_of_the_whole_file_is_mended_in_the_file(tmp_path: Path) -> None:
    faulty = Roster(path=NIGHT.path, data=Table(header=HEADER, rows=(*ROWS, '"open')))
    async with staged(tmp_path, [faulty]) as stage:
        await stage.run(**DROP)
        mend(rejects(stage), {3: {"Reference": "N2"}})

        assert "line 8 has a fault of the whole file: mend the file in its place" in await refused(stage)


@pytest.mark.parametrize("fault", ["of the file", "of its events"])
async def test_a_list_with_nothing_but_a_fault_of_its_file_holds_no_other_up_and_ends_with_3(
    tmp_path: Path, fault: str
) -> None:
    name = "2024/faulty.csv"
    whole, broken = Table(header=HEADER, rows=GOOD[:1]), Table(header=HEADER, rows=(GOOD[0], '"open'))
    faulty = Roster(path=name, data=broken)
    if fault == "of its events":
        faulty = Roster(path=name, data=whole, events=Table(header=EVENTS_HEADER, rows=()))
    listed = faulty.events_path if faulty.events else name
    async with staged(tmp_path, [faulty, NIGHT]) as stage:
        assert (await stage.run(**DROP)).ends == {"found": 2, "rejected": 1, "done": 1}
        mended = {3: {"Reference": "N2"}, 5: {"StartTime": "09:00"}, 7: {"_raw": GOOD[5]}}
        mend(rejects(stage), mended)

        every = await resubmit(stage)

        assert (every.code, every.ends) == (3, {"found": 1, "done": 1})
        assert stands(stage, *GOOD)
        assert every.summary["message"].startswith(f"{listed}: line {1 if faulty.events else 3} has a fault")
        assert await refused(stage) == await refused(stage, listed) == every.summary["message"]


async def test_what_never_was_a_list_or_a_file_is_told_with_what_to_name(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)

        told = await refused(stage, "nowhere.csv")

        assert "nowhere.csv: neither a list of rejects nor a file of the input folder is called that" in told
        assert f"name a list by its path below {stage.out.name}/rejects" in told
        assert "neither a list of rejects" in await refused(stage, "2024"), "a folder of lists is no list"


@pytest.mark.parametrize("gone", ["", "_raw", "_column"])
@pytest.mark.parametrize("delimiter", [",", ";"])
async def test_a_list_of_rejects_in_the_inbox_is_refused_with_the_way_to_send_it(
    tmp_path: Path, gone: str, delimiter: str
) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        kept = [{name: cell for name, cell in row.items() if name != gone} for row in rows_of(rejects(stage))]
        write_rows(stage.folder / NIGHT.path, kept)

        outcome = await stage.run(**DROP, validation__delimiter=delimiter)

        assert outcome.ends == {"found": 1, "rejected": 1}
        assert "a list of rejects, not a file to send" in stage.jobs[NIGHT.path].cause
        assert "run orchestrator resubmit" in stage.jobs[NIGHT.path].cause
        assert stands(stage, GOOD[0], GOOD[2], GOOD[4]), "the rest is not wiped"


async def test_where_nobody_said_whether_versions_replace_nothing_is_sent(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.config.write_text('[target]\nkind = "stash:Stash"\nbase_url = "http://127.0.0.1:9"\n')

        outcome = await stage.call("resubmit")

        assert outcome.code == 2
        assert "target.replaces: is missing. Say true if a new version takes the place" in outcome.err


# Kill it anywhere


async def test_killed_while_mended_rows_are_on_their_way_the_next_run_goes_on(tmp_path: Path) -> None:
    for kind in ("hold_before", "hold_after"):
        root = tmp_path / kind
        root.mkdir()
        profile = scripted(held("upload", kind, nth=2))
        async with staged(root, [NIGHT], profile) as stage:
            await dropped(stage)
            mend(rejects(stage), {3: {"Reference": "N2"}})
            async with stage.start("resubmit", **DROP) as program:
                await stage.remote.until_held(1)
                program.kill()
                await program.wait()
            stage.remote.release()

            outcome = await stage.run(**DROP)

            assert outcome.ends == {"adopted": 1, "done": 1}
            assert stands(stage, GOOD[0], GOOD[1], GOOD[2], GOOD[4])
            assert (await resubmit(stage, NIGHT.path)).code == 3, "two rows are still to be mended"
            assert stage.jobs[NIGHT.path].version == 2

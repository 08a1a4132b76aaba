"""Where a mended row belongs: a row that a quote made of several becomes as many again, and none falls between."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from cli.mending import lines_in, rows_of, write_rows
from cli.program import Outcome
from cli.pushes import pushing
from cli.rosters import EVENTS_HEADER, HEADER, Roster, Table
from cli.stage import Stage, staged

DROP = {"validation__on_bad_rows": "drop_rows"}
GOOD = tuple(f"N{n},01/07/2024,09:00,01/07/2024,17:00" for n in range(1, 8))
STRAY = f'"{GOOD[2]}\r\n{GOOD[3]}\r\n{GOOD[4]}\r\n{GOOD[5][:-5]}"17:00'
"""A stray quote on line 4 makes one bad row of four; it is closed by another on line 7."""
NIGHT = Roster(path="2024/night.csv", data=Table(header=HEADER, rows=(GOOD[0], GOOD[1], STRAY, GOOD[6])))


def rejects(stage: Stage, path: str = NIGHT.path) -> Path:
    return stage.out / "rejects" / path


def stands(stage: Stage, *rows: str) -> bool:
    text = "\r\n".join([HEADER, *rows])
    return stage.remote.datasets["2024/night"].data_sha256 == hashlib.sha256(text.encode()).hexdigest()


async def dropped(stage: Stage) -> None:
    assert (await stage.run(**DROP)).code == 3
    assert lines_in(rejects(stage)) == [4]
    assert stands(stage, GOOD[0], GOOD[1], GOOD[6])


def write(stage: Stage, rows: dict[int, str], *, raw: bool = False) -> None:
    """These rows on these lines stand in the list then."""
    first = dict.fromkeys(rows_of(rejects(stage))[0], "")
    names = HEADER.split(",")
    cells = {
        line: {"_raw": row} if raw else dict(zip(names, row.split(","), strict=True)) for line, row in rows.items()
    }
    write_rows(rejects(stage), [{**first, **row, "_line": str(line)} for line, row in cells.items()])


async def resubmit(stage: Stage, **settings: object) -> Outcome:
    return await stage.call("resubmit", "--json", **{**DROP, **settings})


async def refused(stage: Stage, path: str = NIGHT.path) -> str:
    """Why nothing was sent; the list stays as it was."""
    before, sent = rejects(stage, path).read_bytes(), len(stage.uploads)
    outcome = await resubmit(stage)
    assert outcome.code == 3, outcome.err
    assert (len(stage.uploads), rejects(stage, path).read_bytes()) == (sent, before)
    return str(outcome.summary["message"])


SPLIT = dict(zip(range(4, 8), GOOD[2:6], strict=True))


@pytest.mark.parametrize("raw", [False, True])
async def test_a_row_that_a_quote_made_of_four_is_mended_into_four(tmp_path: Path, *, raw: bool) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        write(stage, SPLIT, raw=raw)

        outcome = await resubmit(stage)

        assert outcome.code == 0
        assert stands(stage, *GOOD)
        assert not rejects(stage).exists()
        assert (await stage.run(**DROP)).ends == {"found": 1, "skipped": 1}


async def test_four_rows_below_each_other_in_the_words_of_one_are_four(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        write(stage, {4: "\r\n".join(GOOD[2:6]) + "\r\n"}, raw=True)

        assert (await resubmit(stage)).code == 0
        assert stands(stage, *GOOD)


async def test_those_of_the_four_that_are_not_right_yet_come_back_on_their_own_lines(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        write(stage, {**SPLIT, 5: "N 4,01/07/2024,24:00,01/07/2024,17:00"})

        half = await resubmit(stage)

        assert half.code == 3
        assert stands(stage, *GOOD[:3], *GOOD[4:])
        assert [(row["_line"], row["Reference"]) for row in rows_of(rejects(stage))] == [("5", "N 4")]
        write(stage, {5: GOOD[3]})
        assert (await resubmit(stage)).code == 0
        assert stands(stage, *GOOD)


async def test_a_line_that_none_of_them_takes_stays_in_the_list(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        write(stage, {5: GOOD[3], 7: GOOD[5]})

        half = await resubmit(stage)

        assert half.code == 3
        assert stands(stage, *GOOD[:2], GOOD[3], *GOOD[5:])
        assert [(row["_line"], row["_raw"].count("\n")) for row in rows_of(rejects(stage))] == [("4", 3)]


LOST = (
    "the row of line 4 takes the place of lines 4 to 7, and what stood on line {} would be lost: write each row with "
    "its own _line, or all below each other in _raw, with nothing in the columns"
)


@pytest.mark.parametrize(
    ("rows", "lost"),
    [
        ({4: GOOD[2]}, "5 and of 2 more"),
        ({4: GOOD[2], 5: GOOD[3], 7: GOOD[5]}, "6"),
        ({4: GOOD[2], 6: GOOD[4]}, "5 and of 1 more"),
    ],
)
@pytest.mark.parametrize("raw", [False, True])
async def test_where_rows_are_given_for_some_of_the_lines_only_the_others_are_told(
    tmp_path: Path, rows: dict[int, str], lost: str, *, raw: bool
) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        write(stage, rows, raw=raw)

        assert LOST.format(lost) in await refused(stage)

        write(stage, {**SPLIT, 5: "N 4,,,,"})
        assert (await resubmit(stage)).code == 3
        assert stands(stage, *GOOD[:3], *GOOD[4:])
        assert lines_in(rejects(stage)) == [5], "what is not to go is left as it is, and stays"


async def test_a_line_that_was_left_behind_is_told_when_the_first_one_is_mended_after_the_others(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        write(stage, {5: GOOD[3], 7: GOOD[5]})
        assert (await resubmit(stage)).code == 3
        write(stage, {4: GOOD[2]})

        assert LOST.format("6") in await refused(stage)

        write(stage, {4: GOOD[2], 6: GOOD[4]})
        assert (await resubmit(stage)).code == 0
        assert stands(stage, *GOOD)


SHARED = 'id,name\r\n1,Anna\r\n2,"Bert\r\n\r\nof {}"{}\r\n3,Cleo'
"""Line 3 is one row of three lines, of which one is blank."""


@pytest.mark.parametrize(("where", "behind"), [("Riga", ",x"), ("Riga", "s")], ids=["a cell too many", "a quote"])
async def test_one_row_of_several_lines_is_mended_into_one(tmp_path: Path, where: str, behind: str) -> None:
    async with pushing(tmp_path, {"people.csv": SHARED.format(where, behind)}, key="id") as stage:
        assert (await stage.run(**DROP)).code == 3
        place = rejects(stage, "people.csv")
        assert lines_in(place) == [3]
        row = rows_of(place)[0]
        write_rows(place, [{**row, "id": "2", "name": "Bert of Riga"}])
        assert "what stood on line 5 would be lost" in await refused(stage, "people.csv")
        write_rows(place, [{**row, "id": "2", "name": "Bert\n\nof Riga"}])

        assert (await resubmit(stage)).code == 0
        assert stage.standing == Counter("123")


async def test_a_row_of_several_lines_that_could_be_read_is_one_row_however_it_is_mended(tmp_path: Path) -> None:
    people = 'id,name\r\n1,Anna\r\n,"Bert\r\nof Riga"\r\n3,Cleo'
    async with pushing(tmp_path, {"people.csv": people}, key="id") as stage:
        assert (await stage.run(**DROP)).code == 3
        place = rejects(stage, "people.csv")
        write_rows(place, [{**rows_of(place)[0], "id": "2", "name": "Bert"}])

        assert (await resubmit(stage)).code == 0
        assert stage.standing == Counter("123")


async def test_a_row_on_a_line_where_none_begins_is_refused_with_the_remedy(tmp_path: Path) -> None:
    spread = "N1,01/07/2024,09:00,01/07/2024,09:30,{},0"
    events = [spread.format('"a\r\nb"'), spread.format(""), "", spread.format("c")]
    whole = Roster(
        path=NIGHT.path, data=Table(header=HEADER, rows=GOOD), events=Table(header=EVENTS_HEADER, rows=tuple(events))
    )
    async with staged(tmp_path, [whole]) as stage:
        await stage.run(**DROP)
        place = rejects(stage, whole.events_path)
        assert lines_in(place) == [4]
        row = {**rows_of(place)[0], "Description": "d"}
        sent = len(stage.uploads)
        told = {
            "5": "no row of the file begins on line 5: mend it in the file itself, and run",
            "3": "no row of the file begins on line 3: it belongs to the row of line 2, which is right. Take it "
            "out of the list, or mend it in the file itself, and run",
        }
        for line, words in told.items():
            write_rows(place, [row, {**row, "_line": line}])
            before = place.read_bytes()

            outcome = await resubmit(stage)

            assert outcome.code == 3
            assert outcome.summary["message"].endswith(words)
            assert (len(stage.uploads), place.read_bytes()) == (sent, before)


async def test_more_rows_in_the_words_of_one_than_it_has_lines_are_told(tmp_path: Path) -> None:
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        write(stage, {4: "\r\n".join(GOOD[2:7])}, raw=True)
        assert "_raw of line 4 holds 5 rows, and stands for lines 4 to 7: mend it in the file" in await refused(stage)

        rows = rows_of(rejects(stage))
        write_rows(rejects(stage), [{**rows[0], "_raw": "\r\n".join(GOOD[2:6])}, {**rows[0], "_line": "6"}])
        assert "what it holds for line 6 stands in the list as well" in await refused(stage)


async def test_in_parts_none_begins_between_the_rows_that_were_one(tmp_path: Path) -> None:
    parts = {"target__part_rows": 5}
    async with staged(tmp_path, [NIGHT]) as stage:
        await dropped(stage)
        write(stage, SPLIT)

        outcome = await resubmit(stage, **parts)

        assert outcome.code == 3
        assert "the remote still has rows of version 1" in outcome.err, "which went whole"
        sent = {name: one.data_sha256 for name, one in stage.remote.datasets.items() if "#" in name}
        texts = ("\r\n".join([HEADER, *rows]) for rows in (GOOD[:2], GOOD[2:]))
        assert [*sent.values()] == [hashlib.sha256(text.encode()).hexdigest() for text in texts]


PEOPLE = 'id,name\r\n1,Anna\r\n"2,Bert\r\n3,Cleo\r\n4,"Dora\r\n5,Egon'
"""Line 3 is a row of three, of which two wait for their names in vain."""


@pytest.mark.parametrize("part_rows", [250, 3])
async def test_where_rows_are_added_each_of_them_is_sent_once_and_no_part_begins_between_them(
    tmp_path: Path, part_rows: int
) -> None:
    settings = {"target__part_rows": part_rows}
    async with pushing(tmp_path, {"people.csv": PEOPLE}, key="id") as stage:
        assert (await stage.run(**DROP, **settings)).code == 3
        assert stage.standing == Counter("15")
        place = rejects(stage, "people.csv")
        row = rows_of(place)[0]
        write_rows(place, [{**row, "_raw": "2,Bert\r\n,Cleo\r\n4,Dora"}])

        half = await resubmit(stage, **settings)

        assert half.code == 3
        assert stage.standing == Counter("1245"), half.err
        assert [(each["_line"], each["name"]) for each in rows_of(place)] == [("4", "Cleo")]
        write_rows(place, [{**rows_of(place)[0], "id": "3"}])
        assert (await resubmit(stage, **settings)).code == 0
        assert stage.standing == Counter("12345")
        assert sum(entry["records"] for entry in stage.pushes) == 5

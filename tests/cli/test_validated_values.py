"""What `validate` tells of files that are wrong in more than one way, or written in more than one."""

from __future__ import annotations

from pathlib import Path

from cli.program import call
from validation.samples import lines

PEOPLE = """
name = "people"
primaryKey = "id"
fields = [{ name = "id", type = "integer" }, { name = "born", type = "date" }]
"""
VISITS = """
name = "visits"
fields = [{ name = "who", type = "integer" }, { name = "day", type = "date" }]
foreignKeys = [{ fields = "who", reference = { resource = "people", fields = "id" } }]
"""


def put(folder: Path, **files: str) -> None:
    (folder / "inbox").mkdir()
    for name, text in files.items():
        (folder / "inbox" / f"{name}.csv").write_text(text, newline="")


async def told(folder: Path, **settings: str) -> list[str]:
    """What is wrong, by file, line and column, and up to the words of the remedy."""
    words = [f"--set=validation.{key}={value}" for key, value in settings.items()]
    outcome = await call("validate", "inbox", *words, cwd=folder)
    assert outcome.code == (3 if outcome.out else 0), outcome.err
    return outcome.out.decode().splitlines()


async def test_numbers_are_the_same_key_in_one_file_and_in_two_however_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "people.toml").write_text(PEOPLE)
    (tmp_path / "visits.toml").write_text(VISITS)
    put(
        tmp_path,
        a=lines("id,born", "1,2001-01-01", "+01,2001-01-01"),
        b=lines("id,born", "020,2002-02-02", "3,2002-02-02"),
        c=lines("id,born", "20,2003-03-03"),
        d=lines("who,day", "003,2024-07-01", "-3,2024-07-01"),
    )

    twice = await told(tmp_path, schema='["people.toml", "visits.toml"]', duplicates="error")
    (tmp_path / "inbox" / "a.csv").unlink()
    (tmp_path / "inbox" / "c.csv").unlink()
    dangling = await told(tmp_path, schema='["people.toml", "visits.toml"]', references="error")

    assert [line.split(": let")[0].split(": take")[0] for line in twice] == [
        "a.csv:3:1: unique (id): the same as in line 2",
        "c.csv:2:1: unique (id): the same as in b.csv, line 2",
    ]
    assert [line.split(": add")[0] for line in dangling] == ["d.csv:3:1: reference (who): no good row of people has it"]


async def test_a_row_with_a_bad_cell_and_the_key_of_another_is_told_both(tmp_path: Path) -> None:
    (tmp_path / "people.toml").write_text(PEOPLE)
    put(tmp_path, a=lines("id,born", "1,2001-01-01", "1,tomorrow", "x,tomorrow"))

    assert [line.split(":")[:4] for line in await told(tmp_path, schema="people.toml")] == [
        ["a.csv", "3", "2", " date (born)"],
        ["a.csv", "3", "1", " unique (id)"],
        ["a.csv", "4", "1", " integer (id)"],
        ["a.csv", "4", "2", " date (born)"],
    ]


MAPPING = """
columns = [
    { to = "Reference", from = "who" },
    { to = "StartDate", moment = "start", format = "%d/%m/%Y" },
    { to = "StartTime", moment = "start", format = "%H:%M" },
    { to = "EndDate", moment = "end", format = "%d/%m/%Y" },
    { to = "EndTime", moment = "end", format = "%H:%M" },
]
moments = [
    { name = "start", from = { from = "%Y-%m-%d %H:%M" } },
    { name = "end", from = { until = "%Y-%m-%d %H:%M" } },
]
"""


async def test_what_two_columns_that_are_made_of_one_say_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MAPPING)
    put(tmp_path, a=lines("who,from,until", "N1,,2024-07-01 17:00"))

    assert await told(tmp_path, mapping="m.toml") == ["a.csv:2:2: required (from): must not be blank: fill the cell"]


async def test_a_blank_cell_makes_blank_what_it_is_joined_with_unless_the_mapping_says_otherwise(
    tmp_path: Path,
) -> None:
    joined = 'from = ["line", "number"], join = "-"'
    put(tmp_path, a=lines("line,number,from,until", "AB,,2024-07-01 09:00,2024-07-01 17:00"))
    (tmp_path / "m.toml").write_text(MAPPING.replace('from = "who"', joined))
    strict = await told(tmp_path, mapping="m.toml")
    (tmp_path / "m.toml").write_text(MAPPING.replace('from = "who"', f'{joined}, blank = "skip"'))
    lenient = await told(tmp_path, mapping="m.toml")

    assert strict == ["a.csv:2:2: required (number): must not be blank: fill the cell"]
    assert lenient == []

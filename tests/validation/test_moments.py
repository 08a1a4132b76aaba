"""Dates and times as sources write them, and as they are sent."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import ConfigError
from orchestrator.validation import Rule, Rules, read_mapping, read_schema
from validation.samples import judge_with, lines

ONE = read_schema({"fields": [{"name": "a"}, {"name": "b"}]}, "one")
FULL = "%Y-%m-%d %H:%M:%S"


def written(cells: str, wanted: str = FULL, **moment: Any) -> tuple[str, str]:
    """What is made of a moment and what is told instead; its columns are x, y and so on."""
    made = {"to": "a", "moment": "m", "format": wanted}
    values = {"moments": [{"name": "m", **moment}], "columns": [made, {"to": "b", "value": "."}]}
    rules = Rules(schemas=(ONE,), mapping=read_mapping(values, "mine"))
    names = ",".join("xyz"[: cells.count(",") + 1])
    judged = judge_with(rules, [lines(names, cells).encode()])
    if judged.bad:
        (problem,) = judged.bad[0].problems
        assert problem.rule is Rule.MAPPING
        return "", f"{problem.name}: {problem.message}"
    return judged.text.split("\r\n")[1].removesuffix(",."), ""


@pytest.mark.parametrize(
    ("cell", "how", "short", "expected"),
    [
        ("2024-07-01 09:05:06", "%Y-%m-%d %H:%M:%S", False, "2024-07-01 09:05:06"),
        ("01.07.2024", "%d.%m.%Y", False, "2024-07-01 00:00:00"),
        ("20240701T0905", "%Y%m%dT%H%M", False, "2024-07-01 09:05:00"),
        ("7/1/2024 9:05", "%m/%d/%Y %H:%M", True, "2024-07-01 09:05:00"),
        ("1-jul-2024 9:05 pm", "%d-%b-%Y %I:%M %p", True, "2024-07-01 21:05:00"),
        ("01-Jul-2024 12:05 AM", "%d-%b-%Y %I:%M %p", False, "2024-07-01 00:05:00"),
        ("01-Jul-2024 12:05 PM", "%d-%b-%Y %I:%M %p", False, "2024-07-01 12:05:00"),
        ("2024-12-31 24:00:00", "%Y-%m-%d %H:%M:%S", False, "2025-01-01 00:00:00"),
        ("2024-02-28 2400", "%Y-%m-%d %H%M", False, "2024-02-29 00:00:00"),
        ("2024-07-01 517", "%Y-%m-%d %H%M", True, "2024-07-01 05:17:00"),
        ("2024-07-01 3", "%Y-%m-%d %H%M", True, "2024-07-01 00:03:00"),
        ("2024-07-01 0", "%Y-%m-%d %H%M", True, "2024-07-01 00:00:00"),
        ("0001-01-01 00:00:00", "%Y-%m-%d %H:%M:%S", False, "0001-01-01 00:00:00"),
    ],
)
def test_a_moment_is_read_as_it_is_written(cell: str, how: str, short: bool, expected: str) -> None:
    assert written(cell, **{"from": {"x": how}, "short": short}) == (expected, "")


@pytest.mark.parametrize(
    ("cell", "how", "told"),
    [
        ("2024-7-01", "%Y-%m-%d", "x: cannot be read as %Y-%m-%d: correct it"),
        ("2024-07-01 ", "%Y-%m-%d", "x: cannot be read as %Y-%m-%d"),
        ("NA", "%Y-%m-%d", "x: cannot be read as %Y-%m-%d"),
        ("٢٠٢٤-07-01", "%Y-%m-%d", "x: cannot be read as %Y-%m-%d"),
        ("2024-02-30", "%Y-%m-%d", "x: no day of the calendar"),
        ("2024-13-01", "%Y-%m-%d", "x: no day of the calendar"),
        ("0000-01-01", "%Y-%m-%d", "x: no day of the calendar"),
        ("2024-07-01 24:01", "%Y-%m-%d %H:%M", "x: no time of a day"),
        ("2024-07-01 09:60", "%Y-%m-%d %H:%M", "x: no time of a day"),
        ("2024-07-01 00:10 AM", "%Y-%m-%d %I:%M %p", "x: no time of a day"),
        ("2024-07-01 13:10 PM", "%Y-%m-%d %I:%M %p", "x: no time of a day"),
        ("9999-12-31 24:00", "%Y-%m-%d %H:%M", "x: further away than the calendar goes"),
    ],
)
def test_what_is_no_moment_is_told_without_the_cell(cell: str, how: str, told: str) -> None:
    text, problem = written(cell, **{"from": {"x": how}})

    assert text == ""
    assert problem.startswith(told)
    assert problem.endswith(": correct it, or leave such rows out in the mapping")


@pytest.mark.parametrize(
    ("cell", "how"),
    [("1.7.24", "%d.%m.%Y"), ("240701", "%Y%m%d"), ("24-7-1", "%Y-%m-%d"), ("124", "%d%m%Y")],
)
def test_a_year_of_two_digits_is_none_although_zeros_may_be_missing(cell: str, how: str) -> None:
    told = written(cell, **{"from": {"x": how}, "short": True})[1]

    assert told.startswith(f"x: cannot be read as {how}, with or without the zeros in front")


def test_before_a_year_zeros_may_be_missing() -> None:
    assert written("1072024", **{"from": {"x": "%d%m%Y"}, "short": True})[0] == "2024-07-01 00:00:00"


def test_a_moment_of_several_cells_is_told_at_the_one_that_is_wrong() -> None:
    parts = {"x": "%Y", "y": "%m-%d", "z": "%H:%M"}

    assert written("2024,07-01,09:05", **{"from": parts})[0] == "2024-07-01 09:05:00"
    assert written("2024,02-30,09:05", **{"from": parts})[1].startswith("y: no day of the calendar")
    assert written("2024,07-01,25:05", **{"from": parts})[1].startswith("z: no time of a day")
    assert written("24,07-01,09:05", **{"from": parts})[1].startswith("x: cannot be read as %Y")


def test_a_blank_cell_makes_a_blank_one() -> None:
    assert written("2024, ,09:05", **{"from": {"x": "%Y", "y": "%m-%d", "z": "%H:%M"}}) == ("", "")


def test_a_time_alone_may_be_written_anew_but_has_no_24_00() -> None:
    assert written("905", "%H:%M", **{"from": {"x": "%H%M"}, "short": True})[0] == "09:05"
    assert written("2400", "%H:%M", **{"from": {"x": "%H%M"}})[1].startswith("x: no time of a day")


@pytest.mark.parametrize(
    ("cell", "moment", "wanted", "expected"),
    [
        ("2024-07-01 12:00", {"zone": "America/New_York", "to_zone": "UTC"}, "%Y-%m-%d %H:%M", "2024-07-01 16:00"),
        ("2024-01-01 20:00", {"zone": "America/New_York", "to_zone": "UTC"}, "%Y-%m-%d %H:%M", "2024-01-02 01:00"),
        ("2024-07-01 12:00", {"zone": "Europe/Paris"}, "%H:%M%z", "12:00+02:00"),
        ("2024-07-01 12:00", {"zone": "UTC"}, "%H:%M%z", "12:00Z"),
        ("2024-10-27 02:30", {"zone": "Europe/Paris", "twice": "first"}, "%H:%M%z", "02:30+02:00"),
        ("2024-10-27 02:30", {"zone": "Europe/Paris", "twice": "second"}, "%H:%M%z", "02:30+01:00"),
    ],
)
def test_zones_are_those_of_the_day(cell: str, moment: dict[str, Any], wanted: str, expected: str) -> None:
    assert written(cell, wanted, **{"from": {"x": "%Y-%m-%d %H:%M"}, **moment}) == (expected, "")


def test_a_zone_in_the_cell_wins() -> None:
    how = {"from": {"x": "%Y-%m-%dT%H:%M%z"}, "zone": "Europe/Paris", "to_zone": "UTC"}

    assert written("2024-07-01T12:00-04:00", "%H:%M", **how)[0] == "16:00"
    assert written("2024-07-01T12:00Z", "%H:%M", **how)[0] == "12:00"


def test_what_no_clock_or_two_clocks_showed_is_told() -> None:
    how = {"from": {"x": "%Y-%m-%d %H:%M"}, "zone": "Europe/Paris"}

    assert written("2024-03-31 02:30", **how)[1].startswith("x: was skipped by the clocks of Europe/Paris that day")
    assert "was there twice on the clocks of Europe/Paris" in written("2024-10-27 02:30", **how)[1]


def night(start: str, end: str, **moment: Any) -> str:
    moments = [
        {"name": "start", "from": {"d": "%Y-%m-%d", "s": "%H:%M"}, **moment},
        {"name": "end", "from": {"d": "%Y-%m-%d", "e": "%H:%M"}, "not_before": "start", **moment},
    ]
    columns = [{"to": to, "moment": name, "format": "%d %H:%M"} for to, name in (("a", "start"), ("b", "end"))]
    rules = Rules(schemas=(ONE,), mapping=read_mapping({"moments": moments, "columns": columns}, "night"))
    judged = judge_with(rules, [lines("d,s,e", f"2024-03-30,{start},{end}").encode()])
    return judged.text.split("\r\n")[1]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("22:00", "06:00", "30 22:00,31 06:00"),
        ("22:00", "23:00", "30 22:00,30 23:00"),
        ("22:00", "22:00", "30 22:00,30 22:00"),
        ("22:00", "24:00", "30 22:00,31 00:00"),
        ("24:00", "04:00", "31 00:00,31 04:00"),
        ("24:00", "24:00", "31 00:00,31 00:00"),
    ],
)
def test_an_end_that_would_be_before_the_start_is_on_the_next_day(start: str, end: str, expected: str) -> None:
    assert night(start, end) == expected


def test_a_night_in_which_the_clocks_are_changed_ends_on_its_own_clock() -> None:
    assert night("22:00", "06:00", zone="Europe/Paris") == "30 22:00,31 06:00"
    assert night("22:00", "06:00", zone="Europe/Paris", to_zone="UTC") == "30 21:00,31 04:00"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "columns: is missing."),
        ({"columns": [{"to": "a"}]}, 'columns "a": needs one of from, moment, value.'),
        ({"columns": [{"to": "a", "from": "x", "value": "y"}]}, 'columns "a": needs one of from, moment, value.'),
        ({"columns": [{"from": "x"}]}, "columns number 1.to: is missing."),
        ({"columns": [{"to": "a", "value": ""}, {"to": "a", "value": ""}]}, 'columns: "a" is made twice.'),
        ({"columns": [{"to": "a", "from": ["x", "y"]}]}, 'columns "a".join: is missing.'),
        ({"columns": [{"to": "a", "value": "", "trim": True}]}, 'columns "a".trim: has a meaning for cells only.'),
        (
            {"columns": [{"to": "a", "from": "x", "blank": "skip"}]},
            'columns "a".blank: has a meaning for cells that are joined only. Take it out, or name several in from.',
        ),
        (
            {"columns": [{"to": "a", "from": ["x", "y"], "join": "", "blank": "skipp"}]},
            'columns "a".blank: "skipp" is not known. Did you mean skip?',
        ),
        ({"columns": [{"to": "a", "from": "x", "part": 0}]}, 'columns "a".part: counts from 1, or from -1'),
        (
            {"columns": [{"to": "a", "from": "x", "format": "%Y"}]},
            'columns "a".format: has a meaning for a moment',
        ),
        ({"columns": [{"to": "a", "from": "x", "values": {"1": 1}}]}, 'columns "a".values: is not a table of texts.'),
        ({"columns": [{"to": "a", "moment": "m"}]}, 'columns "a".moment: there is no moment "m". Write [[mom'),
        ({"colums": []}, "colums: is not a known key here. Did you mean columns?"),
        ({"leave_out": [{"among": ["1"]}]}, "leave_out number 1.column: is missing."),
        ({"leave_out": [{"column": "x"}]}, 'leave_out "x": needs either among or unless.'),
        ({"leave_out": [{"column": "x", "among": "1", "unless": "2"}]}, 'leave_out "x": needs either among or unless.'),
        ({"moments": [{}]}, "moments number 1.name: is missing"),
        ({"moments": [{"name": "m"}]}, 'moments "m".from: is missing.'),
        (
            {"moments": [{"name": "m", "from": {"x": "%Q"}}]},
            'moments "m".from: "%Q" for x holds %Q, which is not known',
        ),
        (
            {"moments": [{"name": "m", "from": {"x": "HHMM"}}]},
            'moments "m".from: "HHMM" for x holds no directive. Known',
        ),
        ({"moments": [{"name": "m", "from": {"x": "%Y-%m"}}]}, 'moments "m".from: does not tell a day.'),
        ({"moments": [{"name": "m", "from": {"x": "%H", "y": "%H"}}]}, 'moments "m".from: tells one thing twice.'),
        ({"moments": [{"name": "m", "from": {"x": "%I:%M"}}]}, 'moments "m".from: hours up to 12 need AM or PM'),
        ({"moments": [{"name": "m", "zone": "Mars/X"}]}, 'moments "m".zone: "Mars/X" is not known here.'),
        ({"moments": [{"name": "m", "zone": "../x"}]}, 'moments "m".zone: "../x" is no time zone.'),
        ({"moments": [{"name": "m", "to_zone": "UTC"}]}, 'moments "m".to_zone: needs to know where from.'),
        ({"moments": [{"name": "m", "not_before": "n"}]}, 'moments "m".not_before: there is no moment "n" above'),
        (
            {
                "moments": [
                    {"name": "m", "from": {"x": "%Y-%m-%d"}, "zone": "UTC"},
                    {"name": "n", "from": {"x": "%Y-%m-%d"}, "not_before": "m"},
                ]
            },
            'moments "n".not_before: one of the two has a zone and the other has none.',
        ),
        (
            {
                "moments": [{"name": "m", "from": {"x": "%H:%M"}}],
                "columns": [{"to": "a", "moment": "m", "format": "%d %H"}],
            },
            'columns "a".format: writes a day, and the moment has none.',
        ),
        (
            {
                "moments": [{"name": "m", "from": {"x": "%H:%M"}}],
                "columns": [{"to": "a", "moment": "m", "format": "%H%z"}],
            },
            'columns "a".format: writes a zone, and the moment has none.',
        ),
        (
            {
                "moments": [{"name": "m", "from": {"x": "%H:%M"}}],
                "columns": [{"to": "a", "moment": "m", "format": "hh:mm"}],
            },
            'columns "a".format: "hh:mm" holds no directive. Known are %H, %M',
        ),
    ],
)
def test_a_mistake_in_a_mapping_is_told_with_its_place_and_remedy(values: object, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_mapping(values, "mine")

    assert [problem for problem in caught.value.problems if told in problem], caught.value.problems


MADE = {"to": "a", "moment": "m", "format": "%H"}
READ = {"name": "m", "from": {"x": "%H:%M"}}


@pytest.mark.parametrize(
    ("moments", "made", "told"),
    [
        ([{**READ, "from": "%H:%M"}], {}, 'moments "m".from: is not a table of texts. Write it as in { dep_time = '),
        ([{**READ, "from": {"x": 3}}], {}, 'moments "m".from: is not a table of texts. Write it as in { dep_time = '),
        ([{**READ, "twice": "third"}], {}, 'moments "m".twice: "third" is not known. Known are first, second.'),
        ([{**READ, "zonee": "UTC"}], {}, 'moments "m".zonee: is not a known key here. Did you mean zone?'),
        ([READ, READ], {}, 'moments "m".name: there is a moment of this name already. Give it one of its own.'),
        ([READ], {"moment": "mm"}, 'columns "a".moment: there is no moment "mm". Name one of m.'),
        ([READ], {"moment": 3}, 'columns "a".moment: 3 is not text. Write it in quotes.'),
        ([READ], {"format": ""}, 'columns "a".format: is missing. Say how the moment is written, as in '),
        ([], {}, 'columns "a".moment: there is no moment "m". Write [[moments]] with name = "m".'),
    ],
)
def test_one_mistake_about_a_moment_is_told_once_with_what_is_allowed(
    moments: list[object], made: dict[str, object], told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_mapping({"moments": moments, "columns": [{**MADE, **made}]}, "mine")

    (problem,) = caught.value.problems
    assert problem.startswith(told)

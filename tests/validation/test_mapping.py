"""A source with columns of its own becomes what a schema asks for, and its problems stay its own."""

from __future__ import annotations

import csv
import io
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ConfigError
from orchestrator.validation import (
    Dialect,
    Judge,
    Mapping,
    Rule,
    Rules,
    SourceLines,
    explain,
    read_mapping,
    read_schema,
    rules_digest,
)
from validation.samples import HEADER, PLATFORM_DATA, Judged, judge_with, lines
from validation.strategies import cut, damage

FLIGHTS = Path(__file__).parents[2] / "config" / "mappings" / "flights.toml"
EXTRACT = Path(__file__).parent / "extract.csv"
TEXTS = read_schema({"fields": [{"name": "a", "constraints": {"required": True}}, {"name": "b"}]}, "texts")


def mapping(*columns: dict[str, Any], **more: Any) -> Mapping:
    return read_mapping({"columns": list(columns), **more}, "mine")


def judge(source: str, wanted: Mapping, **how: Any) -> Judged:
    """As one, and in pieces."""
    rules = Rules(schemas=(how.pop("schema", TEXTS),), mapping=wanted, **how)
    judged = judge_with(rules, [source.encode()])
    assert judge_with(rules, cut(source.encode(), random.Random(1))) == judged
    return judged


def flights() -> Mapping:
    return read_mapping(tomllib.loads(FLIGHTS.read_text()), "flights")


A = {"to": "a", "from": "x"}


def test_columns_are_renamed_and_put_in_the_order_of_the_schema() -> None:
    judged = judge(lines("y,z,x", "1,2,3", '4,5,"6,7"'), mapping(A, {"to": "b", "from": "y"}))

    assert judged.text == 'a,b\r\n3,1\r\n"6,7",4'
    assert (judged.verdict.schema, judged.verdict.header, judged.verdict.rows) == ("texts", True, 2)


@pytest.mark.parametrize(
    ("made", "row", "result"),
    [
        ({"from": ["x", "y"], "join": " "}, "Ada,Byron", "Ada Byron"),
        ({"from": ["y", "x"], "join": ""}, "1,2", "21"),
        ({"from": "x", "split": "/"}, "a/b/c,", "a"),
        ({"from": "x", "split": "/", "part": 2}, "a/b/c,", "b"),
        ({"from": "x", "split": "/", "part": -1}, "a/b/c,", "c"),
        ({"from": "x", "split": "/", "part": 4}, "a/b/c,", ""),
        ({"from": "x", "split": "/", "part": -4}, "a/b/c,", ""),
        ({"from": ["x", "y"], "join": "-"}, "AB,", ""),
        ({"from": ["x", "y"], "join": "-"}, " ,12", ""),
        ({"from": ["x", "y"], "join": "-", "values": {"": "none"}}, ",", "none"),
        ({"from": ["x", "y"], "join": "-", "blank": "skip"}, "AB,", "AB"),
        ({"from": ["x", "y", "x"], "join": "-", "blank": "skip"}, "AB, ", "AB-AB"),
        ({"from": ["x", "y"], "join": "-", "blank": "skip"}, " ,", ""),
        ({"from": ["x", "y"], "join": "-", "blank": "keep"}, "AB,", "AB-"),
        ({"value": "always"}, "1,2", "always"),
        ({"from": "x", "trim": True}, "  a b ,", "a b"),
        ({"from": "x"}, "  a ,", "  a "),
        ({"from": "x", "values": {"M": "male", "F": "female"}}, "F,", "female"),
        ({"from": "x", "values": {"M": "male"}}, "X,", "X"),
        ({"from": "x", "trim": True, "values": {"NA": ""}}, " NA,", ""),
        ({"from": ["x", "y"], "join": "-", "split": "-", "part": 2, "values": {"2": "two"}}, "1,2", "two"),
    ],
)
def test_a_column_is_made_step_by_step(made: dict[str, Any], row: str, result: str) -> None:
    judged = judge(lines("x,y", row), mapping({"to": "a", "value": "k"}, {"to": "b", **made}))

    assert list(csv.reader(io.StringIO(judged.text, newline=""))) == [["a", "b"], ["k", result]]


def test_a_problem_is_told_at_the_line_and_column_of_the_source() -> None:
    source = lines("z,first,second", 'ok,"a\nb",c', '1,2,""', "1,2", '1,2,"3"x', "1,2\r,3")
    wanted = mapping({"to": "a", "from": "second"}, {"to": "b", "from": "first"})

    judged = judge(source, wanted)

    assert judged.found == [
        (Rule.REQUIRED, 4, 3),
        (Rule.COLUMNS, 5, 3),
        (Rule.QUOTE, 6, 3),
        (Rule.CARRIAGE_RETURN, 7, 2),
    ]
    assert [row.problems[0].name for row in judged.bad] == ["second", "second", "second", "first"]
    assert judged.bad[0].cells == ("1", "2", "")
    assert judged.text == 'a,b\r\nc,"a\nb"'


def test_what_is_blank_because_of_one_cell_is_told_at_that_cell() -> None:
    moment = {"name": "start", "from": {"day": "%Y-%m-%d", "time": "%H:%M"}}
    wanted = mapping(
        {"to": "a", "from": ["x", "y"], "join": "-"},
        {"to": "b", "moment": "start", "format": "%d"},
        moments=[moment],
    )
    both = read_schema({"fields": [{"name": name, "constraints": {"required": True}} for name in "ab"]}, "both")
    source = lines("x,y,day,time", "1,2,,09:00", ',"2\n2",2024-07-01,', '"1\n1",,,', ",,2024-07-01,09:00")

    judged = judge(source, wanted, schema=both)

    assert judged.found == [
        *[(Rule.REQUIRED, 2, 3)],
        *[(Rule.REQUIRED, 3, 1), (Rule.REQUIRED, 4, 4)],
        *[(Rule.REQUIRED, 6, 2), (Rule.REQUIRED, 6, 3)],
        *[(Rule.REQUIRED, 7, 1)],
    ]


def test_where_blanks_are_skipped_what_is_wrong_is_told_at_the_last_that_was_joined() -> None:
    schema = read_schema({"fields": [{"name": "a", "constraints": {"required": True, "maxLength": 2}}]}, "short")
    wanted = mapping({"to": "a", "from": ["x", "y"], "join": "-", "blank": "skip"})

    judged = judge(lines("x,y", ",abc", "1,", ",", ",ab"), wanted, schema=schema)

    assert judged.found == [(Rule.MAX_LENGTH, 2, 2), (Rule.REQUIRED, 4, 2)]
    assert judged.text == "a\r\n1\r\nab"


def test_what_several_columns_say_of_one_cell_is_told_once() -> None:
    """Two that are made of one moment, two of one cell, and whatever says something else besides."""
    schema = read_schema(
        {
            "fields": [
                {"name": "day", "type": "date", "constraints": {"required": True}},
                {"name": "at", "type": "time", "constraints": {"required": True}},
                {"name": "low", "constraints": {"pattern": "[a-z]*", "severity": "warning"}},
                {"name": "letters", "constraints": {"pattern": "[a-z]*"}},
                {"name": "word", "constraints": {"maxLength": 3}},
                {"name": "short", "constraints": {"maxLength": 3, "severity": "warning"}},
                {"name": "brief", "constraints": {"maxLength": 3, "severity": "warning"}},
            ]
        },
        "seven",
    )
    wanted = mapping(
        {"to": "day", "moment": "start", "format": "%Y-%m-%d"},
        {"to": "at", "moment": "start", "format": "%H:%M:%S"},
        *[{"to": name, "from": "x"} for name in ("low", "letters")],
        *[{"to": name, "from": "y"} for name in ("word",)],
        *[{"to": name, "from": "z"} for name in ("short", "brief")],
        moments=[{"name": "start", "from": {"w": "%Y-%m-%d %H:%M"}}],
    )

    judged = judge(lines("x,y,z,w", "A1,abcd,abcd,", "a,b,abcd,2024-07-01 09:00"), wanted, schema=schema)

    assert judged.found == [(Rule.REQUIRED, 2, 4), (Rule.PATTERN, 2, 1), (Rule.MAX_LENGTH, 2, 2)]
    assert [(one.problem.column, one.count) for one in judged.verdict.warnings] == [(3, 2)]
    assert judged.verdict.warned == 2


NIGHTS = read_schema(
    {
        "fields": [
            {"name": "who", "constraints": {"required": True}},
            {"name": "from", "type": "date"},
            {"name": "to", "type": "date"},
        ],
        "primaryKey": "who",
        "checks": [{"left": "to", "is": "==", "right": "from"}],
    },
    "nights",
)


def test_what_can_be_read_of_a_row_is_judged_beside_what_cannot() -> None:
    """What hangs on a moment that cannot be read is neither compared nor a key, be it by way of another moment."""
    wanted = mapping(
        {"to": "who", "from": "n"},
        {"to": "from", "moment": "start", "format": "%Y-%m-%d"},
        {"to": "to", "moment": "end", "format": "%Y-%m-%d"},
        moments=[
            {"name": "start", "from": {"d": "%Y-%m-%d", "s": "%H:%M"}},
            {"name": "end", "from": {"d": "%Y-%m-%d", "e": "%H:%M"}, "not_before": "start"},
        ],
    )
    day = "2024-07-01,22:00,23:00"
    source = lines("n,d,s,e", f"1,{day}", f"1,{day.replace('22', '25')}", f",{day.replace('23', '24:')}", f"2,{day}")

    judged = judge(source, wanted, schema=NIGHTS)

    assert judged.found == [
        *[(Rule.MAPPING, 3, 3), (Rule.UNIQUE, 3, 1)],
        *[(Rule.MAPPING, 4, 4), (Rule.REQUIRED, 4, 1)],
    ]
    assert judged.text == "who,from,to\r\n1,2024-07-01,2024-07-01\r\n2,2024-07-01,2024-07-01"
    by_day = read_schema({"fields": [{"name": name} for name in ("who", "from", "to")], "primaryKey": "to"}, "days")
    assert judge(source, wanted, schema=by_day).found == [
        *[(Rule.MAPPING, 3, 3)],
        *[(Rule.MAPPING, 4, 4)],
        *[(Rule.UNIQUE, 5, 4)],
    ]


@pytest.mark.parametrize("header", [",x,y", " ,x,y", "y\u00a0,x,y", f"{'z' * 300},x,y", '"a\nb",x,y'])
def test_a_column_that_the_mapping_does_not_know_may_be_called_as_it_likes(header: str) -> None:
    judged = judge(lines(header, "0,1,2", "1,3"), mapping(A, {"to": "b", "from": "y"}))

    assert judged.text == "a,b\r\n1,2"
    assert [rule for rule, *_ in judged.found] == [Rule.COLUMNS]


def test_names_that_come_twice_are_no_fault_unless_the_mapping_asks_for_them() -> None:
    wanted = mapping(A, {"to": "b", "from": "y"})
    judged = judge(lines("z,x,,z,y,", "1,2,3,4,5,6", "1,,3,4,5,6"), wanted)

    assert judged.text == "a,b\r\n2,5"
    assert judged.found == [(Rule.REQUIRED, 3, 2)]
    assert judged.bad[0].cells == ("1", "", "3", "4", "5", "6")
    for header, column in (("x,z,z,x,y", 4), ("y,x,,y", 4)):
        verdict = judge(lines(header, "1,2,3,4,5"), wanted).verdict
        assert verdict.fault is not None
        assert (verdict.fault.rule, verdict.fault.column) == (Rule.HEADER, column)
        assert f"{verdict.fault.name} is there twice: keep one of them" in verdict.fault.message


def test_rows_that_are_left_out_are_counted_apart_and_are_no_bad_rows() -> None:
    wanted = mapping(
        A, {"to": "b", "from": "y"}, leave_out=[{"column": "y", "among": ["no", ""]}, {"column": "z", "unless": ["1"]}]
    )

    judged = judge(lines("x,y,z", "p,yes,1", "q,no,1", ",no,1", "r,,1", "s,yes,2", ",yes,1", "t,yes,1"), wanted)

    assert (judged.verdict.rows, judged.verdict.bad, judged.verdict.left_out) == (3, 1, 4)
    assert judged.found == [(Rule.REQUIRED, 7, 1)]
    assert judged.text == "a,b\r\np,yes\r\nt,yes"


def test_a_row_that_was_sent_is_found_again_across_those_that_were_left_out() -> None:
    source = lines("x,y", "1,", "", "2,no", '3,"\n"', "4,", "5,no", ",", "6,")
    wanted = mapping(A, leave_out=[{"column": "y", "among": ["no"]}])

    verdict = judge(source, wanted, schema=read_schema({"fields": [{"name": "a"}]}, "one")).verdict

    found = [SourceLines(verdict.header, verdict.gaps)[row] for row in range(1, verdict.rows - verdict.bad + 1)]
    assert found == [2, 5, 7, 9, 10]


def test_a_file_of_which_everything_is_left_out_says_so() -> None:
    only = read_schema({"fields": [{"name": "a"}]}, "only")
    judged = judge(lines("x,y", "1,no"), mapping(A, leave_out=[{"column": "y", "among": ["no"]}]), schema=only)

    assert judged.found == [(Rule.ALL_LEFT_OUT, 1, 1)]


def test_a_source_without_a_column_that_is_needed_is_told_which() -> None:
    judged = judge(lines("x,yy,z", "1,2,3"), mapping(A, {"to": "b", "from": "y"}))

    assert judged.found == [(Rule.HEADER, 1, 4)]
    assert judged.verdict.fault is not None
    assert judged.verdict.fault.message.startswith("y is missing, which the mapping reads (nearest is yy): add")


def test_columns_that_make_no_file_of_the_schema_are_a_mistake_of_the_mapping() -> None:
    for columns in ([A], [A, {"to": "c", "value": ""}], [{"to": "B", "value": ""}, A], [{"to": "q", "value": ""}]):
        with pytest.raises(ConfigError, match="The mapping has to make the columns of the schema"):
            Judge(TEXTS, mapping=mapping(*columns))


def test_a_mapping_reads_other_dialects_and_writes_what_is_sent() -> None:
    judged = judge("x;y\n1,5;'a;b'\n", mapping(A, {"to": "b", "from": "y"}), dialect=Dialect(delimiter=";", quote="'"))

    assert judged.text == 'a,b\r\n"1,5",a;b'


def test_keys_checks_and_warnings_hold_for_the_result_and_are_told_at_the_source() -> None:
    schema = read_schema(
        {
            "fields": [{"name": "a"}, {"name": "b", "constraints": {"enum": ["1"], "severity": "warning"}}],
            "primaryKey": "a",
            "checks": [{"left": "b", "is": "!=", "right": "a"}],
        },
        "keyed",
    )
    wanted = mapping({"to": "a", "from": "y", "trim": True}, {"to": "b", "from": "x"})

    judged = judge(lines("x,y", "1,k", "2, k", "3,3"), wanted, schema=schema)

    assert judged.found == [(Rule.UNIQUE, 3, 2), (Rule.CHECK, 4, 1)]
    (warned,) = judged.verdict.warnings
    assert (warned.problem.name, warned.problem.line, warned.count) == ("x", 3, 2)


def test_damaged_sources_are_judged_the_same_however_they_are_cut() -> None:
    rng = random.Random(3)
    rules = Rules(schemas=(PLATFORM_DATA,), mapping=flights())
    data = EXTRACT.read_bytes()
    for _ in range(200):
        broken = damage(damage(data, rng), rng)
        judged = judge_with(rules, [broken])
        assert judge_with(rules, cut(broken, rng)) == judged
        sent = list(csv.reader(io.StringIO(judged.text, newline="")))[1:]
        assert len(sent) == judged.verdict.rows - judged.verdict.bad
        assert judge_with(Rules(schemas=(PLATFORM_DATA,)), [judged.text.encode()]).bad == ()


def test_another_mapping_is_another_set_of_rules() -> None:
    ones = [None, mapping(A), mapping({**A, "trim": True}), mapping(A, leave_out=[{"column": "x", "among": ["1"]}])]

    assert len({rules_digest([TEXTS], "utf-8", "", Dialect(), one) for one in ones}) == len(ones)


# The example that comes with the program


def test_a_public_table_of_flights_becomes_rosters() -> None:
    source = list(csv.DictReader(io.StringIO(EXTRACT.read_text(), newline="")))

    judged = judge(EXTRACT.read_text(), flights(), schema=PLATFORM_DATA)

    flown = [row for row in source if "NA" not in (row["dep_time"], row["arr_time"])]
    verdict = judged.verdict
    assert (verdict.rows, verdict.bad, verdict.left_out) == (len(flown), 0, len(source) - len(flown))
    header, *rows = list(csv.reader(io.StringIO(judged.text, newline="")))
    assert ",".join(header) == HEADER
    assert [row[0] for row in rows] == [row["tailnum"] for row in flown]
    by_name = {row[0]: row[1:] for row in rows}
    assert by_name["N14228"] == ["01/01/2013", "05:17", "01/01/2013", "08:30"]
    assert by_name["N216JB"] == ["01/01/2013", "22:09", "02/01/2013", "00:00"], "midnight is that of the next day"
    assert by_name["N559JB"] == ["08/02/2013", "00:00", "08/02/2013", "04:32"], "and begins that day"
    assert by_name["N27205"] == ["01/01/2013", "19:29", "02/01/2013", "00:03"], "a night ends on the next day"
    assert by_name["N580JB"] == ["02/01/2013", "00:42", "02/01/2013", "05:18"]


def test_what_is_sent_of_a_flight_is_found_again_in_the_table() -> None:
    table = EXTRACT.read_text().split("\n")
    judged = judge(EXTRACT.read_text(), flights(), schema=PLATFORM_DATA)

    for number, row in enumerate(judged.text.split("\r\n")[1:], 1):
        line = SourceLines(judged.verdict.header, judged.verdict.gaps)[number]
        assert f",{row.split(',')[0]}," in table[line - 1]


# Before and after


def test_the_first_rows_are_shown_before_and_after_with_the_reason_where_there_is_no_after() -> None:
    wanted = mapping(A, {"to": "b", "value": "k"}, leave_out=[{"column": "y", "among": ["no"]}])
    source = lines("x,y", "1,", "2,no", "", ",3", '"4\n5",', "6,")

    shown = list(explain(source.encode(), Rules(schemas=(TEXTS,), mapping=wanted), 4))

    assert [(one.line, one.before, one.after) for one in shown] == [
        (1, "x,y", "a,b"),
        (2, "1,", "1,k"),
        (3, "2,no", ""),
        (5, ",3", ""),
        (6, '"4\n5",', '"4\n5",k'),
    ]
    reasons = [one.reason for one in shown if one.reason]
    assert reasons == ["left out by the mapping", "x: must not be blank: fill the cell"]


def test_a_file_at_fault_is_shown_up_to_there() -> None:
    (only,) = explain(
        lines("q", "1").encode(), Rules(schemas=(TEXTS,), mapping=mapping(A, {"to": "b", "value": ""})), 5
    )

    assert only.reason.startswith("the file is not sent: header: ")


def test_without_a_mapping_the_rows_are_shown_as_they_are_sent() -> None:
    data = lines("a;b", "1;2").encode("utf-16")

    shown = list(explain(data, Rules(schemas=(TEXTS,), encoding="utf-16", dialect=Dialect(delimiter=";")), 5))

    assert [(one.before, one.after) for one in shown] == [("a;b", "a,b"), ("1;2", "1,2")]

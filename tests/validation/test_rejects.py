"""What a person finds in the rejects file, and when a rejection no longer holds."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from orchestrator.validation import (
    Column,
    Constraints,
    Header,
    Match,
    Reference,
    Schema,
    Severity,
    Type,
    reject_header,
    reject_line,
    rules_digest,
)
from validation.kinds import SHIFTS
from validation.samples import HEADER, PLATFORM_DATA, PLATFORM_EVENTS, ROW, judge, lines


def test_the_header_is_that_of_the_source_and_what_is_wrong() -> None:
    assert reject_header(PLATFORM_DATA.names) == [
        *HEADER.split(","),
        *["_line", "_column", "_rule", "_message", "_raw"],
    ]


def test_the_problems_of_a_row_share_a_line_in_one_order() -> None:
    (bad,) = judge(lines(HEADER, ROW, '"N ""1""",1/7/2024,09:00,01/07/2024,24:00')).bad

    assert reject_line(bad, PLATFORM_DATA.names) == [
        *['N "1"', "1/7/2024", "09:00", "01/07/2024", "24:00"],
        "3",
        "StartDate; EndTime",
        "date; time",
        "; ".join(problem.message for problem in bad.problems),
        "",
    ]


def test_a_row_in_doubt_stands_as_it_was() -> None:
    ragged, surplus, misquoted = judge(lines(HEADER, "N1,x", ROW + ",z", '"a\nb"c,d')).bad

    assert reject_line(ragged, PLATFORM_DATA.names)[:8] == [""] * 5 + ["2", "StartTime", "columns"]
    assert reject_line(ragged, PLATFORM_DATA.names)[-1] == "N1,x"
    assert reject_line(surplus, PLATFORM_DATA.names)[5:8] == ["3", "6", "columns"]
    assert reject_line(misquoted, PLATFORM_DATA.names)[5:8] == ["4", "Reference", "quote"]
    assert reject_line(misquoted, PLATFORM_DATA.names)[-1] == '"a\nb"c,d'


def test_every_line_is_as_wide_as_the_header_and_survives_a_csv_file() -> None:
    bad = judge(lines(HEADER, "x", "\r" + ROW, '"', ROW + '"', " ,,,,")).bad
    table = [reject_header(PLATFORM_DATA.names), *[reject_line(row, PLATFORM_DATA.names) for row in bad]]
    file = io.StringIO(newline="")
    csv.writer(file).writerows(table)
    file.seek(0)

    assert list(csv.reader(file, strict=True)) == table
    assert {len(line) for line in table} == {10}


def test_the_digest_changes_with_every_rule_and_with_nothing_else() -> None:
    first = rules_digest([PLATFORM_DATA, PLATFORM_EVENTS], "utf-8", "reject_file")
    columns = PLATFORM_DATA.columns

    assert rules_digest((PLATFORM_DATA, PLATFORM_EVENTS), "UTF8", "reject_file") == first
    assert len(first) == 64
    digests = {
        first,
        rules_digest([PLATFORM_DATA], "utf-8", "reject_file"),
        rules_digest([PLATFORM_EVENTS, PLATFORM_DATA], "utf-8", "reject_file"),
        rules_digest([PLATFORM_DATA, PLATFORM_EVENTS], "cp1252", "reject_file"),
        rules_digest([PLATFORM_DATA, PLATFORM_EVENTS], "utf-8", "drop_rows"),
        rules_digest([replace(PLATFORM_DATA, header=Header.REQUIRED)], "utf-8", "reject_file"),
        rules_digest([replace(PLATFORM_DATA, columns=columns[1:])], "utf-8", "reject_file"),
        rules_digest([replace(PLATFORM_DATA, columns=(Column(name="Id"), *columns[1:]))], "utf-8", "reject_file"),
        rules_digest(
            [replace(PLATFORM_DATA, columns=(replace(columns[0], constraints=Constraints()), *columns[1:]))],
            "utf-8",
            "reject_file",
        ),
    }
    assert len(digests) == 9


def test_the_digest_changes_with_every_word_of_a_schema() -> None:
    to = Reference(fields=("Id",), kinds=("other",), keys=("Id",))
    changed = {
        "key": ("Id",),
        "references": (to,),
        "checks": (),
        "blank_deletes": True,
        "nests": True,
        "match": Match.PARTIAL,
        "name": "other",
    }
    limits = {
        "unique": True,
        "min_length": 9,
        "max_length": 9,
        "minimum": "9",
        "maximum": "9",
        "pattern": "9",
        "enum": ("9",),
        "required": True,
        "severity": Severity.WARNING,
    }
    column = SHIFTS.columns[0]
    others = {"type": Type.DATE, "format": "%Y", "delimiter": "!", "true_values": ("9",), "false_values": ("9",)}
    columns = [replace(column, constraints=replace(Constraints(), **{word: what})) for word, what in limits.items()]
    columns += [replace(column, **{word: what}) for word, what in others.items()]
    schemas = [SHIFTS, *[replace(SHIFTS, **{word: what}) for word, what in changed.items()]]
    schemas += [replace(SHIFTS, columns=(one, *SHIFTS.columns[1:])) for one in columns]

    assert {*limits} == {*Constraints.__dataclass_fields__}
    assert {*others, "name", "constraints"} == {*Column.__dataclass_fields__}
    assert {*changed, "columns", "header"} == {*Schema.__dataclass_fields__}
    assert len({rules_digest([schema], "utf-8", "") for schema in schemas}) == len(schemas)

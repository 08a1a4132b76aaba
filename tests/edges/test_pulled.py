"""Records on their way into two files: what becomes a column, and that a file is there whole or not at all."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.edges.pulled import PulledRecords, fields_of
from orchestrator.errors import OutputError


def record(**data: Any) -> dict[str, Any]:
    return {"data": data}


async def write(folder: Path, *pages: list[dict[str, Any]]) -> PulledRecords:
    async with PulledRecords(folder) as records:
        for page in pages:
            await records.add(page, b"".join(json.dumps(item).encode() + b"\n" for item in page))
    return records


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "records.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_field_in_a_field_and_an_item_of_a_list_become_columns() -> None:
    item = {
        "id": "5f0d",
        "data": {"name": "Zoë", "emails": [{"address": "a@x"}, {"address": "b@x", "type": None}], "a": {"b": {"c": 1}}},
        "associations": {"crm-company": ["7", "8"]},
    }

    assert dict(fields_of(item)) == {
        "_id": "5f0d",
        "name": "Zoë",
        "emails.0.address": "a@x",
        "emails.1.address": "b@x",
        "a.b.c": "1",
        "_associations.crm-company.0": "7",
        "_associations.crm-company.1": "8",
    }


@pytest.mark.parametrize(
    ("value", "cell"), [(True, "true"), (0, "0"), (1.5, "1.5"), ("", ""), ("true", "true"), (10**30, "1" + "0" * 30)]
)
def test_what_is_no_text_stands_as_in_json(value: object, cell: str) -> None:
    assert dict(fields_of(record(x=value))) == {"x": cell}


@pytest.mark.parametrize("value", [None, [], {}, [[]], {"a": None}])
def test_what_is_nothing_is_no_field(value: object) -> None:
    assert dict(fields_of(record(x=value))) == {}


def test_what_lies_too_deep_stands_in_its_cell_as_json() -> None:
    value: Any = "end"
    for _ in range(500):
        value = {"a": value}
    ((name, cell),) = fields_of(record(x=value))

    assert name.count(".") == 15
    assert cell.count("a") == 485


async def test_the_columns_are_those_of_all_records_of_the_first_page(tmp_path: Path) -> None:
    records = await write(tmp_path, [record(a="1"), record(b="2,\r\n")], [record(a="3", c="4"), record(c="5", d="6")])

    assert records.columns == ["a", "b"]
    assert records.left_out == {"c": 2, "d": 1}
    assert table(tmp_path) == [{"a": "1", "b": ""}, {"a": "", "b": "2,\r\n"}, {"a": "3", "b": ""}, {"a": "", "b": ""}]
    lines = (tmp_path / "records.jsonl").read_text().splitlines()
    assert [json.loads(line)["data"] for line in lines][2:] == [{"a": "3", "c": "4"}, {"c": "5", "d": "6"}]
    assert records.count == 4


async def test_fields_without_a_column_are_counted_by_name_as_long_as_they_are_not_too_many(tmp_path: Path) -> None:
    later = [record(**{f"n{nth}": "x"}) for nth in range(1_500)]
    records = await write(tmp_path, [record(a="1")], later)

    assert len(records.left_out) == 1_001
    assert records.left_out[""] == 500


async def test_a_field_that_is_called_like_another_of_its_record_is_told_and_the_first_kept(tmp_path: Path) -> None:
    named: dict[str, Any] = {"id": "5f0d", "data": {"_id": "7", "a.b": 1, "a": {"b": 2, "c": 3}}}
    joined: dict[str, Any] = {"id": "5f0e", "data": {"_associations": {"x": ["8"]}}, "associations": {"x": ["9"]}}
    records = await write(tmp_path, [named, joined], [named])

    assert table(tmp_path) == [
        {"_id": "5f0d", "a.b": "1", "a.c": "3", "_associations.x.0": ""},
        {"_id": "5f0e", "a.b": "", "a.c": "", "_associations.x.0": "9"},
        {"_id": "5f0d", "a.b": "1", "a.c": "3", "_associations.x.0": ""},
    ]
    assert records.left_out == {"_id": 2, "a.b": 2, "_associations.x.0": 1}


async def test_what_has_no_name_has_no_column_and_is_told(tmp_path: Path) -> None:
    records = await write(tmp_path, [record(**{"": "x", "a": "1"}), {"data": "no object"}])

    assert table(tmp_path) == [{"a": "1"}, {"a": ""}]
    assert records.left_out == {"": 2}


@pytest.mark.parametrize("later", [{"a": "1"}, {"a": "1", "b": "2"}])
async def test_records_without_any_field_are_rows_below_the_header(tmp_path: Path, later: dict[str, str]) -> None:
    records = await write(tmp_path, [record(), record(x=None)], [], [record()], [record(**later)], [record()])

    nothing = dict.fromkeys(later, "")
    assert table(tmp_path) == [nothing, nothing, nothing, later, nothing]
    assert (records.columns, records.count, records.left_out) == (list(later), 5, {})


async def test_where_no_record_has_a_field_there_are_as_many_rows_all_the_same(tmp_path: Path) -> None:
    records = await write(tmp_path, [record(), record()], [record()])

    assert table(tmp_path) == [{"_id": ""}] * 3
    assert records.columns == ["_id"]


async def test_a_cell_stays_as_it_came_even_if_a_spreadsheet_would_calculate_it(tmp_path: Path) -> None:
    """It is data, not a report of ours (S-9): a sign in front of it would be a wrong value."""
    await write(tmp_path, [record(a="=1+1", b="-1", c="\t=1")])

    assert table(tmp_path) == [{"a": "=1+1", "b": "-1", "c": "\t=1"}]


async def test_half_of_a_character_does_not_stop_anything(tmp_path: Path) -> None:
    await write(tmp_path, [record(a="\ud800x")])

    assert table(tmp_path) == [{"a": "\\ud800x"}]


async def test_nothing_is_there_before_the_end_and_nothing_after_an_error(tmp_path: Path) -> None:
    async def broken_off() -> None:
        async with PulledRecords(tmp_path) as records:
            await records.add([record(a="1")], b"{}\n")
            assert all(name.startswith(".~") for name in names(tmp_path))
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await broken_off()

    assert names(tmp_path) == []


async def test_what_a_killed_one_left_behind_is_no_hindrance(tmp_path: Path) -> None:
    left: list[str] = []
    async with PulledRecords(tmp_path) as records:
        await records.add([record(a="old")], b"{}\n")
        left += names(tmp_path)
    for name in left:
        (tmp_path / name).write_text("half a line")
    await write(tmp_path, [record(a="new")])

    assert table(tmp_path) == [{"a": "new"}]
    assert names(tmp_path) == ["records.csv", "records.jsonl"]


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        await write(tmp_path / "file" / "pulls", [])

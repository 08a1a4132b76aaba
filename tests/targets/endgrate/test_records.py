"""Rows as records: what becomes a field, an object or a list, and what is left out (contracts C.3)."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.targets.endgrate.records import records_of, request_of


def data_of(*lines: str) -> list[Any]:
    return [record["data"] for record in records_of("\r\n".join(lines).encode(), "")]


def test_each_column_becomes_a_field_of_its_name() -> None:
    assert data_of("first_name,City of birth", "Zoë,Łódź", '"O""Hara, A.","a\r\nb"') == [
        {"first_name": "Zoë", "City of birth": "Łódź"},
        {"first_name": 'O"Hara, A.', "City of birth": "a\r\nb"},
    ]


def test_a_dot_makes_a_field_of_a_field_and_a_number_an_item_of_a_list() -> None:
    header = "address.city,emails.1.address,address.street.name,emails.0.address,emails.10.address,phones.0"

    assert data_of(header, "Riga,b@x,Long,a@x,c@x,1") == [
        {
            "address": {"city": "Riga", "street": {"name": "Long"}},
            "emails": [{"address": "a@x"}, {"address": "b@x"}, {"address": "c@x"}],
            "phones": ["1"],
        }
    ]


def test_what_is_blank_is_left_out_and_so_is_what_holds_nothing_else() -> None:
    header = "name,address.city,address.zip,emails.0.address,emails.1.address"

    assert data_of(header, "A,,1, ,b@x", "B,,,,", "\t,x,,,") == [
        {"name": "A", "address": {"zip": "1"}, "emails": [{"address": "b@x"}]},
        {"name": "B"},
        {"address": {"city": "x"}},
    ]


@pytest.mark.parametrize("name", [".a", "a.", "a..b", ".", "2024", "a.b c"])
def test_names_that_only_look_like_paths_are_fields(name: str) -> None:
    wanted = {"a": {"b c": "x"}} if name == "a.b c" else {name: "x"}

    assert data_of(f"{name},z", "x,y") == [wanted | {"z": "y"}]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("a,a.b", "the column a cannot hold a value and the field a.b, too"),
        ("x.a.b,x.a", "the column x.a cannot hold a value and the field x.a.b, too"),
        ("x.0.b,x.c", "the columns below x make it a list and an object"),
        ("x.0,x.00", "the columns below x make it a list and an object"),
    ],
)
def test_columns_that_cannot_stand_beside_each_other_are_told(header: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        data_of(header, "1,2")


def test_the_key_is_a_field_like_any_other_and_our_own_key_of_the_record() -> None:
    assert list(records_of(b"id,name\r\n 7,Anna\r\nB,\r\n", "id")) == [
        {"data": {"id": " 7", "name": "Anna"}, "internal_id": " 7"},
        {"data": {"id": "B"}, "internal_id": "B"},
    ]


@pytest.mark.parametrize(("text", "words"), [("name\r\nA", "id of target.key is missing"), ("id,n\r\n ,A", "no id")])
def test_a_record_without_the_key_that_was_asked_for_is_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(records_of(text.encode(), "id"))


def test_a_cell_that_a_mapping_joined_may_be_longer_than_any_of_a_file() -> None:
    text = "x, " * 100_000

    assert data_of("a,b", f'"{text}",{"y" * 300_000}') == [{"a": text, "b": "y" * 300_000}]


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_a_cell_arrives_as_it_was_written(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])

    assert data_of(text.getvalue()) == [
        {name: cell for name, cell in zip("ab", row, strict=True) if cell.strip()} for row in rows
    ]


def test_a_request_takes_little_more_memory_than_its_bytes() -> None:
    text = b"id,name,city\r\n" + b"".join(b"%d,Anna number %d,Riga\r\n" % (n, n) for n in range(10_000))
    tracemalloc.start()
    try:
        pieces, rows = request_of(text, "", {"session_id": "s"})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert rows == {}
    assert len(json.loads(b"".join(pieces))["transfer_data"]) == 10_000
    assert peak < 2 * len(b"".join(pieces))


def test_records_that_are_too_much_for_one_request_are_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.targets.endgrate.records.LARGEST", 1 << 20)
    text = "a column with a name that is long\r\n" + "x\r\n" * 20_000
    with pytest.raises(ValueError, match=r"more than 1 MB, .* target\.part_rows"):
        request_of(text.encode(), "", {})

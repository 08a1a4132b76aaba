"""How many lists of rejects lie there, and how many rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from edges.places import as_an_ordinary_user, open_folder
from orchestrator.edges import lists
from orchestrator.edges.lists import Lists, count_lists
from orchestrator.edges.rejects import Rejects
from orchestrator.model import Digest, RelPath
from orchestrator.validation import BadRow, Problem, Rule

FAULT = Problem(line=1, column=0, name="", rule=Rule.HEADER, message="it is another one")
BAD = Problem(line=2, column=1, name="id", rule=Rule.REQUIRED, message="is blank")


def add_list(folder: Path, path: str, *rows: BadRow, fault: bool = False) -> None:
    with Rejects(folder).open(RelPath(path), Digest("a" * 64)) as file:
        for row in rows:
            file.add(row, ["id", "name"])
        if fault:
            file.add_fault(FAULT, ["id", "name"])


def bad(line: int, *cells: str) -> BadRow:
    return BadRow(line=line, last_line=line, raw="", cells=cells, problems=(BAD,))


def ragged(line: int, raw: str) -> BadRow:
    return BadRow(line=line, last_line=line, raw=raw, cells=None, problems=(BAD,))


def test_rows_are_counted_and_neither_lines_of_them_nor_faults_of_whole_files(tmp_path: Path) -> None:
    folder = tmp_path / "rejects"
    add_list(folder, "a.csv", bad(2, "", "two\nlines"), bad(4, "", 'a "word"'))
    add_list(folder, "2024/b.csv", ragged(7, "x,y,z"))
    add_list(folder, "c.csv", fault=True)
    (folder / ".hidden").write_text("x")
    (folder / "2024" / "of-a-folder.csv").mkdir()

    assert count_lists(folder) == Lists(count=3, rows=3)


def test_no_lists_are_none(tmp_path: Path) -> None:
    assert count_lists(tmp_path) == Lists(count=0, rows=0)


def test_of_lists_that_are_too_large_to_be_read_only_the_number_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_list(tmp_path / "rejects", "a.csv", bad(2, "", "x"))
    monkeypatch.setattr(lists, "_READ", 10)

    assert count_lists(tmp_path / "rejects") == Lists(count=1, rows=None)


@pytest.mark.parametrize("made", ["", "id;name;_line;_raw\n", "id,_line,_raw\n" + "x" * 200_000])
def test_so_it_is_where_somebody_made_something_else_of_one(tmp_path: Path, made: str) -> None:
    (tmp_path / "a.csv").write_text(made)

    assert count_lists(tmp_path) == Lists(count=1, rows=None)


def test_who_may_not_read_the_lists_is_told_their_number_and_who_may_not_look_for_them_nothing() -> None:
    with open_folder() as folder:
        add_list(folder, "a.csv", bad(2, "", "x"))
        (folder / "a.csv").chmod(0)
        with as_an_ordinary_user():
            assert count_lists(folder) == Lists(count=1, rows=None)
        folder.chmod(0)
        with as_an_ordinary_user():
            assert count_lists(folder) is None
        folder.chmod(0o755)
    assert count_lists(folder) is None


def test_nor_are_more_lists_read_than_can_be_opened_in_a_moment(tmp_path: Path) -> None:
    for number in range(4097):
        (tmp_path / f"{number}.csv").write_text("id,_line,_raw\n")

    assert count_lists(tmp_path) == Lists(count=4097, rows=None)

"""`validate` tells all for which a run would not send a file, and not only what is wrong with single rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.program import Outcome, call
from cli.rosters import HEADER, roster, write_all
from orchestrator import survey
from orchestrator.config import Settings, load
from orchestrator.edges.inbox import FolderInbox
from orchestrator.ports import Reading, Verdict

DIVIDED = ("--set", "target.part_rows=2")
WITH_EVENTS = "it has events, and what belongs together cannot be sent in parts: make it smaller"
NOT_DIVISIBLE = "it is larger than one part, and its encoding cannot be divided: save it as UTF-8"


async def validate(root: Path, *words: str) -> Outcome:
    return await call("validate", "inbox", *words, cwd=root, by=())


async def test_a_file_that_cannot_be_divided_is_told_as_a_run_refuses_it(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", [roster("a.csv", 3, events=1), roster("c.csv", 2)])
    row = "N1,01/07/2024,09:00,01/07/2024,17:00\n"
    (tmp_path / "inbox" / "b.csv").write_text(f"{HEADER}\n{row * 3}", encoding="utf-16")

    said = await validate(tmp_path, *DIVIDED)
    as_json = (await validate(tmp_path, "--json", *DIVIDED)).json

    assert said.code == 3
    assert said.out.decode().splitlines() == [f"a.csv: refused: {WITH_EVENTS}", f"b.csv: refused: {NOT_DIVISIBLE}"]
    assert "3 files looked at, 2 problems in 2 files" in said.err
    assert [(one["path"], one["rule"], one["message"], one["severity"]) for one in as_json["problems"]] == [
        ("a.csv", "refused", WITH_EVENTS, "error"),
        ("b.csv", "refused", NOT_DIVISIBLE, "error"),
    ]
    assert (await validate(tmp_path)).code == 0


async def test_why_the_good_rows_of_a_file_do_not_go_is_told_beside_its_bad_ones(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", [roster("a.csv", 3, bad=1, events=1)])

    dropped = await validate(tmp_path, *DIVIDED, "--set", "validation.on_bad_rows=drop_rows")
    rejected = await validate(tmp_path, *DIVIDED)

    assert rejected.out.decode().count("\n") == 1, "it is rejected for its bad rows, as long as it has any"
    assert dropped.out.decode().splitlines() == [
        f"a.csv: refused: {WITH_EVENTS}",
        *rejected.out.decode().splitlines(),
    ]


async def test_what_a_file_ends_in_is_told_once(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", [roster("a.csv", 3)])
    (tmp_path / "inbox" / "a.events.csv").write_text("")

    outcome = await validate(tmp_path, "--set", "validation.on_bad_rows=drop_rows")

    (line,) = outcome.out.decode().splitlines()
    assert line.startswith("a.events.csv:1:1: empty: ")


async def test_a_file_that_somebody_writes_to_while_it_is_checked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "inbox" / "a.csv"
    large.parent.mkdir()
    large.write_text(f"{HEADER}\n" + "N1,01/07/2024,09:00,01/07/2024,17:00\n" * 240_000)
    make_inbox = survey.make_inbox

    def made(settings: Settings, *parts: object, **more: object) -> FolderInbox:
        inbox = make_inbox(settings, *parts, **more)  # type: ignore[arg-type]  # as it was given them
        judge = inbox.judge

        async def written_on(reading: Reading) -> Verdict:
            with large.open("a") as file:
                file.write("N2,01/07/2024,09:00,01/07/2024,17:00\n")
            return await judge(reading)

        inbox.judge = written_on  # type: ignore[method-assign]  # between its two readings
        return inbox

    monkeypatch.setattr(survey, "make_inbox", made)
    found: list[survey.Found] = []

    await survey.survey(load(None, environ={}, folder=large.parent, output=tmp_path / "out"), found.append)

    (finding,) = found
    assert finding.text == "a.csv: moving: it changed while it was checked: validate again when nobody writes to it"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (0, ""),
        (3, "validate: shown are at most 5 rows of each file\n"),
        (4, "validate: shown are at most 5 rows of 3 of 4 files; --set input.pattern=NAME shows others\n"),
    ],
)
async def test_it_is_told_of_how_much_the_first_rows_are_shown(tmp_path: Path, files: int, told: str) -> None:
    write_all(tmp_path / "inbox", [roster(f"f{nth}.csv", 7) for nth in range(files)])

    outcome = await validate(tmp_path, "--explain")
    last = await validate(tmp_path, "--explain", "--set", "input.pattern=f3.csv")

    assert outcome.err == f"{told}validate: {files} files looked at, 0 problems in 0 files\n" + (
        ""
        if files
        else "validate: inbox: fewer files were found than input.minimum expects, which is 1. Looked for is what "
        "input.pattern (**/*.csv) and the dates of a backfill pick out; what is packed has to be unpacked.\n"
    )
    assert outcome.out.decode().count("->") == min(files, 3) * 6, "of each the header and five rows"
    assert ("f3.csv\n" in last.out.decode()) == (files == 4)

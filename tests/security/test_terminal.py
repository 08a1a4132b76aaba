"""What others name and say reaches a terminal or a log as plain words, whatever it holds (S-13)."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from cli.rosters import roster
from orchestrator.cli.terminal import Terminal
from orchestrator.model import RelPath
from orchestrator.sandbox import Fault, Profile
from orchestrator.trip import Trip
from security.program import program

HOSTILE = [
    "\x1b[2J",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]0;title\x07",
    "a\rb",
    "a\nb",
    "\x85",
    "\x9b31m",
    "\u202egnp.csv",
    "\u2066x\u2069",
    "\u200b",
    "\u2028",
    "\ufeff",
    "\udcff",
]
SHOWN_AS_MARKUP = ["a[/b].csv", "[link=http://evil.example]a.csv", "[red]a.csv", "a[/", "[bold", "\\[x]"]


WORD = "\x1b]0;title\x07\u202e\r"
SPEAKING = Profile(
    job_base=0.0, unknown_word=WORD, script=(Fault(endpoint="poll", kind="unknown_status", name="plain", times=99),)
)


def drives_nothing(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_name_and_no_answer_drives_a_terminal_or_breaks_a_line_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    rosters = [roster("plain.csv"), *(roster(f"{name.replace('/', '')}.csv") for name in SHOWN_AS_MARKUP)]
    with program(tmp_path, monkeypatch, capsys, rosters, SPEAKING) as night:
        for number, text in enumerate(HOSTILE):
            name = os.fsencode(f"{number}{text.replace('/', '')}.csv")
            (tmp_path / "inbox" / os.fsdecode(name)).write_bytes(rosters[0].data.source)
        spoken = night.run("-v", "--log-format", log_format, polling__deadline=0.2, target__sole_writer=True)

        files = json.loads(spoken.out)["files"]
        assert (files["rejected"], files["done"], files["waiting"]) == (len(HOSTILE), len(SHOWN_AS_MARKUP), 1)
        assert drives_nothing(spoken.out)
        assert drives_nothing(spoken.err)
        if log_format == "json":
            told = [json.loads(line) for line in spoken.err.splitlines() if line.startswith("{")]
            assert sum(line["event"] == "file" for line in told) == sum(files.values()) - files["found"]
        (report,) = (tmp_path / "out" / "runs").glob("*/files.csv")
        with report.open(newline="") as table:
            cells = [cell for row in csv.reader(table, strict=True) for cell in row]
        assert all(map(str.isprintable, cells))


@pytest.mark.parametrize("path", SHOWN_AS_MARKUP)
def test_a_file_name_that_looks_like_markup_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Markup could hide a link behind a name, or end the display with an error."""
    screen = io.StringIO()
    monkeypatch.setattr("rich.console.Console.file", screen)
    shown = Terminal(shown=True, as_json=False)
    with shown:
        shown.planned(1)
        shown.began(Trip(path=RelPath(path)))
        assert shown._progress is not None
        Console(file=screen, width=120).print(shown._progress.get_renderable())
        shown.ended(Trip(path=RelPath(path)))

    assert path in screen.getvalue()
    assert "\x1b]8" not in screen.getvalue()

"""Every seeded bug still fits the program, and the test that answers for it is there. `make mutants` does the rest."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from .__main__ import numbers_in
from .bug import Bug, DoesNotFitError
from .bugs import BUGS

TESTS = Path(__file__).parent.parent
PROGRAM = TESTS.parent / "orchestrator"


def test_every_bug_fits_the_program_and_leaves_it_python() -> None:
    for bug in BUGS:
        assert bug.changed((PROGRAM / bug.file).read_text()) != (PROGRAM / bug.file).read_text(), bug.wrong


def test_the_numbers_of_bugs_are_asked_for_in_words() -> None:
    assert numbers_in(["3", "1"]) == [3, 1]
    assert numbers_in([]) == list(range(1, len(BUGS) + 1))
    for words, code in ((["--help"], 0), (["0"], 2), (["one"], 2)):
        with pytest.raises(SystemExit) as ended:
            numbers_in(words)
        assert ended.value.code == code


def test_no_bug_uses_a_name_that_its_file_does_not_know(tmp_path: Path) -> None:
    """Any test that comes there would catch it by a NameError, whether or not it answers for what is wrong."""
    assert undefined_names(BUGS, tmp_path) == []


def test_a_bug_that_uses_an_unknown_name_is_told(tmp_path: Path) -> None:
    bug = Bug(wrong="", file="run.py", old="from __future__ import annotations\n", new="unheard_of()\n", test="")

    assert undefined_names([bug], tmp_path) == ["run.py: Undefined name `unheard_of`: unheard_of()"]


def undefined_names(bugs: Iterable[Bug], root: Path) -> list[str]:
    """One line each, with the text that brings it in; looked for all at once in a copy of each changed file."""
    planted = {}
    for nth, bug in enumerate(bugs):
        changed = root / f"{nth}.py"
        changed.write_text(bug.changed((PROGRAM / bug.file).read_text()))
        planted[str(changed)] = bug
    look = ("ruff", "check", "--isolated", "--no-cache", "--quiet", "--select=F821", "--output-format=json", *planted)
    found = subprocess.run((sys.executable, "-m", *look), stdout=subprocess.PIPE, check=False)
    assert found.returncode in (0, 1), "0 and 1 are verdicts, all else is trouble"
    return [
        f"{(bug := planted[one['filename']]).file}: {one['message']}: {bug.new.strip()}"
        for one in json.loads(found.stdout)
    ]


def test_every_test_that_answers_for_a_bug_exists() -> None:
    for bug in BUGS:
        file, _, name = bug.test.partition("[")[0].partition("::")
        assert re.search(rf"^(?:async )?def {name}\(", (TESTS / file).read_text(), re.MULTILINE), bug.test


def test_there_are_at_least_forty_and_none_is_there_twice() -> None:
    assert len(BUGS) >= 40
    assert len({(bug.file, bug.old, bug.new) for bug in BUGS}) == len({bug.wrong for bug in BUGS}) == len(BUGS)


@pytest.mark.parametrize(("old", "new"), [("gone", "new"), ("twice", "new"), ("once", "(")])
def test_a_bug_that_does_not_fit_is_told(old: str, new: str) -> None:
    bug = Bug(wrong="", file="a.py", old=old, new=new, test="")

    with pytest.raises(DoesNotFitError, match=r"a\.py"):
        bug.changed("twice, twice, once\n")

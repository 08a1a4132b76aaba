"""Every seeded bug still fits the program, and the test that answers for it is there. `make mutants` does the rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .bug import Bug, DoesNotFitError
from .bugs import BUGS

TESTS = Path(__file__).parent.parent
PROGRAM = TESTS.parent / "orchestrator"


def test_every_bug_fits_the_program_and_leaves_it_python() -> None:
    for bug in BUGS:
        assert bug.changed((PROGRAM / bug.file).read_text()) != (PROGRAM / bug.file).read_text(), bug.wrong


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

"""A clone is enough: each target of the Makefile makes .venv itself before it uses it. Told by a dry run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OWN = {
    "demo": ".venv/bin/orchestrator demo",
    "test": ".venv/bin/pytest",
    "chaos": ".venv/bin/pytest",
    "coverage": ".venv/bin/coverage erase",
    "mutants": ".venv/bin/python -m tests.mutants",
    "check": ".venv/bin/ruff format --check .",
    "bench": ".venv/bin/python -m tests.bench",
}
"""What each of them is there for begins so."""
MADE_BY = ("-m venv .venv", "pip install", "pip install", "compileall", "touch .venv/ready")

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Of it the Makefile, and what it compares .venv with."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    return tmp_path


def make(clone: Path, *words: str) -> list[str]:
    """As a shell starts it, and not the make that may be running these tests."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))}
    told = subprocess.run(["make", *words], cwd=clone, env=env, capture_output=True, text=True, check=True)
    return told.stdout.splitlines()


def planned(clone: Path, target: str) -> list[str]:
    """The commands that would be carried out, none of which is."""
    before = {*clone.rglob("*")}
    commands = make(clone, "-n", target)
    assert {*clone.rglob("*")} == before
    return commands


@pytest.mark.parametrize("target", OWN)
def test_every_target_makes_the_environment_first_when_it_is_missing(clone: Path, target: str) -> None:
    commands = planned(clone, target)

    own = next(at for at, command in enumerate(commands) if command.startswith(OWN[target]))
    makes = [at for words in ("-m venv .venv", "touch .venv/ready") for at, c in enumerate(commands) if words in c]
    assert makes == sorted(makes)
    assert len(makes) == 2
    assert makes[-1] < own
    made = commands[makes[0] : makes[1] + 1]
    assert all(words in command for words, command in zip(MADE_BY, made, strict=True)), made
    assert "--require-hashes -r requirements.txt" in made[1]


@pytest.mark.parametrize("target", OWN)
def test_an_environment_that_is_there_is_made_again_only_for_newer_requirements(clone: Path, target: str) -> None:
    ready = clone / ".venv" / "ready"
    ready.parent.mkdir()
    ready.touch()
    os.utime(ready, (2e9, 2e9))
    assert planned(clone, target)[0].startswith(OWN[target])

    os.utime(clone / "requirements.txt", (2e9 + 1, 2e9 + 1))

    assert any("-m venv .venv" in command for command in planned(clone, target))


def test_help_needs_no_environment_and_names_every_target(clone: Path) -> None:
    assert not any("venv" in command for command in planned(clone, "help"))

    assert {line.split()[0] for line in make(clone, "help")} == {"help", "clean", *OWN}
    assert not (clone / ".venv").exists()

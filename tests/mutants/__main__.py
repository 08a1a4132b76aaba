"""`python -m tests.mutants [NUMBER …]`: plant every bug in a copy of the program, one at a time.

Only the test that claims to catch it is run there, after it was seen to pass without the bug. The exit code is
1 when a bug was not caught, for whatever reason.
"""

from __future__ import annotations

import argparse
import enum
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from .bug import Bug, DoesNotFitError
from .bugs import BUGS

ROOT = Path(__file__).parents[2]
LIMIT = 60.0
"""Seconds for one test; a test that hangs is not one that catches something."""
AT_ONCE = 2


class Fate(enum.StrEnum):
    CAUGHT = "caught"
    SURVIVED = "SURVIVED"
    DID_NOT_FIT = "did not fit"
    UNPROVEN = "unproven: its test does not pass without it"
    BROKEN = "broken: its test could not be run to its end"


_FATES: dict[int | None, Fate] = {0: Fate.SURVIVED, 1: Fate.CAUGHT}
"""By pytest's exit code."""


@contextmanager
def copied() -> Iterator[Path]:
    """The program and its tests as they are now, in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="orchestrator-mutant-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        for folder in ("orchestrator", "tests"):
            shutil.copytree(ROOT / folder, root / folder)
        shutil.copy2(ROOT / "pyproject.toml", root)
        yield root


def run(test: str, root: Path) -> int | None:
    """The exit code of pytest in the copy under *root*; None when it took too long."""
    command = [sys.executable, "-m", "pytest", "-x", "--tb=no", "-p", "no:cacheprovider", f"tests/{test}"]
    env = {**os.environ, "PYTHONPATH": str(root)}  # before the program that is installed, in every process of the test
    with subprocess.Popen(
        command, cwd=root, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            return process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None


def fate_of(bug: Bug) -> Fate:
    with copied() as root:
        try:
            bug.plant(root)
        except DoesNotFitError:
            return Fate.DID_NOT_FIT
        return _FATES.get(run(bug.test, root), Fate.BROKEN)


def numbers_in(arguments: Sequence[str]) -> list[int]:
    """Of all bugs where none is named. Ends the process, in words, at what is no number of one."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Plant bugs, and see each caught.")
    every = range(1, len(BUGS) + 1)
    said = f"of bugs, from 1 to {len(BUGS)}; all if none is given"
    parser.add_argument("numbers", nargs="*", type=int, metavar="NUMBER", help=said)
    given: list[int] = parser.parse_args(arguments).numbers
    if strange := [number for number in given if number not in every]:
        parser.error(f"there is no bug {strange[0]}: give numbers from 1 to {len(BUGS)}")
    return given or list(every)


def main(arguments: Sequence[str]) -> int:
    chosen = {number: BUGS[number - 1] for number in numbers_in(arguments)}
    began = time.monotonic()
    fates: Counter[Fate] = Counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tests = list(dict.fromkeys(bug.test for bug in chosen.values()))
        with copied() as untouched:
            passes = dict(zip(tests, pool.map(lambda test: run(test, untouched) == 0, tests), strict=True))
        tried = pool.map(lambda bug: fate_of(bug) if passes[bug.test] else Fate.UNPROVEN, chosen.values())
        for (number, bug), fate in zip(chosen.items(), tried, strict=True):
            fates[fate] += 1
            print(f"{number:3} {fate}: {bug.wrong}\n      {bug.test}", flush=True)
    told = ", ".join(f"{count} {fate}" for fate, count in fates.items())
    print(f"{len(chosen)} seeded bugs: {told}; {time.monotonic() - began:.0f} s")
    return 0 if set(fates) <= {Fate.CAUGHT} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The real program, which stops itself at a moment at which a power cut would matter.

    python driver.py LAST MOMENTS FOLDER VARIANT ARGUMENT…

Moments are before and after everything that is done to FOLDER and every commit of the ledger; they are listed in
the file MOMENTS. LAST is the number of the one to stop at, or how it begins. VARIANT is `sound`, or says what the
program is robbed of to prove that it would be missed.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from orchestrator.cli import main
from orchestrator.edges import answer, ledger

RESULTS = re.compile("/(results|spill)/")
"""Where a result that is too large for the ledger lies while it comes, and in the end."""


class Moments:
    def __init__(self, last: str, log: str, folder: str) -> None:
        self._last = last
        self._folder = folder
        self._seen = 0
        self._log = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self._lock = threading.Lock()

    def around(self, act: Callable[..., Any], name: str, place: Callable[..., str]) -> Callable[..., Any]:
        def acting(*given: Any, **how: Any) -> Any:
            told = place(*given)
            if not told.startswith(self._folder):
                return act(*given, **how)
            told = f"{name} {os.path.relpath(told, self._folder)}"
            self._pass(f"before {told}")
            outcome = act(*given, **how)
            self._pass(f"after {told}")
            return outcome

        return acting

    def _pass(self, moment: str) -> None:
        with self._lock:
            self._seen += 1
            os.write(self._log, f"{self._seen} {moment}\n".encode())
            if str(self._seen) == self._last or moment.startswith(self._last) or fnmatchcase(moment, self._last):
                os.kill(os.getpid(), signal.SIGSTOP)


def place_of(fd: int) -> str:
    return os.readlink(f"/proc/self/fd/{fd}")


def rob_of(variant: str) -> None:
    if variant == "without fsync of results":
        fsync = os.fsync
        os.fsync = lambda fd: None if RESULTS.search(place_of(fd)) else fsync(fd)
    if variant == "without synchronous":
        opened = ledger.open_database

        def careless(*given: Any, **how: Any) -> sqlite3.Connection:
            db = opened(*given, **how)
            db.execute("PRAGMA synchronous = OFF")
            return db

        ledger.open_database = careless


def place_moments(moments: Moments, folder: str) -> None:
    def first(path: Any, *_: Any) -> str:
        return os.fspath(path)

    def created(path: Any, flags: int, *_: Any) -> str:
        return os.fspath(path) if flags & os.O_CREAT else ""

    os.fsync = moments.around(os.fsync, "fsync", place_of)
    os.open = moments.around(os.open, "create", created)
    os.replace = moments.around(os.replace, "rename", lambda _, path: os.fspath(path))
    os.mkdir = moments.around(os.mkdir, "mkdir", first)
    os.unlink = moments.around(os.unlink, "unlink", first)
    commit = ledger.SqliteLedger._transact
    around = moments.around(commit, "commit", lambda *_: f"{folder}/ledger")
    ledger.SqliteLedger._transact = around  # type: ignore[method-assign]  # in this process only
    ledger.open_database = moments.around(ledger.open_database, "open", lambda path, _: os.fspath(path))


if __name__ == "__main__":
    last, log, folder, variant, *arguments = sys.argv[1:]
    answer.SPILL_FROM = 1000
    rob_of(variant)
    place_moments(Moments(last, log, folder), folder)
    sys.argv[1:] = arguments
    main()

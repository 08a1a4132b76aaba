"""Exit codes: what a script may do next. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from orchestrator.books import Books
from orchestrator.errors import (
    ConfigError,
    Denied,
    Interrupted,
    Locked,
    Misdirected,
    OrchestratorError,
    OutputError,
    StorageError,
    TargetError,
)
from orchestrator.run import Halt, Stop
from orchestrator.trip import Ending


class Exit(enum.IntEnum):
    OK = 0
    BUG = 1
    USAGE = 2
    """Usage, configuration, wrong URL, unwritable output."""
    REJECTS = 3
    """Files that are rejected or failed, since this run or an earlier one, too few files, or rows of this run that are
    bad or that the remote tells nothing of."""
    IN_DOUBT = 4
    """A person must look."""
    UNFINISHED = 5
    """Run the same command again."""
    LOCKED = 75
    DENIED = 77
    SIGINT = 130
    SIGTERM = 143


_STOPS = {
    Stop.MISDIRECTED: Exit.USAGE,
    Stop.DENIED: Exit.DENIED,
    Stop.SIGINT: Exit.SIGINT,
    Stop.SIGTERM: Exit.SIGTERM,
    Stop.UNREACHABLE: Exit.UNFINISHED,
    Stop.STORAGE: Exit.UNFINISHED,
    Stop.OUTPUT: Exit.USAGE,
    Stop.DEADLINE: Exit.UNFINISHED,
    Stop.CANARY: Exit.UNFINISHED,
}

_PRECEDENCE = (
    Exit.BUG,
    Exit.USAGE,
    Exit.DENIED,
    Exit.LOCKED,
    Exit.SIGINT,
    Exit.SIGTERM,
    Exit.IN_DOUBT,
    Exit.UNFINISHED,
    Exit.REJECTS,
    Exit.OK,
)


def exit_of(books: Books, halts: Iterable[Halt], *, enough: bool) -> Exit:
    """The one code for a run; when several apply, the one that asks for the most attention.

    *enough*: at least as many files were found as `input.minimum` expects.
    """
    ends = books.endings
    reasons = {Exit.OK} | {_STOPS[halt.stop] for halt in halts}
    if not books.balance:
        reasons.add(Exit.BUG)
    if ends[Ending.IN_DOUBT]:
        reasons.add(Exit.IN_DOUBT)
    # What another file keeps back is not sent by running the same command again.
    if ends[Ending.WAITING] or ends[Ending.UNSENT] > books.kept or ends[Ending.DEFERRED] or books.overtaken:
        reasons.add(Exit.UNFINISHED)
    rows = books.dropped or books.refused or books.untold or books.owed or books.left
    if ends[Ending.REJECTED] or ends[Ending.FAILED] or books.kept or rows or not enough:
        reasons.add(Exit.REJECTS)
    return most_urgent(reasons)


def most_urgent(codes: Iterable[Exit]) -> Exit:
    """The one that asks for the most attention."""
    return min(codes, key=_PRECEDENCE.index)


def exit_for(error: OrchestratorError) -> Exit:
    """For an error that kept a command from beginning."""
    match error:
        case ConfigError() | OutputError() | Misdirected():
            return Exit.USAGE
        case Denied():
            return Exit.DENIED
        case Locked():
            return Exit.LOCKED
        case Interrupted(signum=signum):
            return Exit(128 + signum)
        case StorageError() | TargetError():
            return Exit.UNFINISHED
        case _:
            return Exit.BUG

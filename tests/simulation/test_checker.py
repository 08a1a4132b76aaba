"""The checker objects when it should: one sound night, one thing in it tampered with, and the objection to that."""

from __future__ import annotations

import copy
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from orchestrator.model import State
from tests.remotes.line import Call, Ending
from tests.simulation.checker import Checker
from tests.simulation.history import Attempt, Version, read_history
from tests.simulation.kinds import KINDS
from tests.simulation.night import Night
from tests.simulation.permits import Hands
from tests.simulation.seeds import carry_out

NAME = "replacing, held back"
FIRST = [kind.name for kind in KINDS].index(NAME)
ENOUGH = 40
"""Nights among which one has all that is tampered with below."""


@contextmanager
def copy_of(night: Night) -> Iterator[Night]:
    """One to tamper with."""
    with closing(sqlite3.connect(":memory:")) as db:
        night.ledger.backup(db)
        case = copy.copy(night)
        case.ledger, case.unsound = db, []
        case.line = replace(night.line, exchanges=[copy.copy(one) for one in night.line.exchanges])
        case.remote = replace(night.remote, by_item={item: [*found] for item, found in night.remote.by_item.items()})
        case.processes = [copy.copy(process) for process in night.processes]
        yield case


def objection(night: Night) -> str:
    """The name of the check that objects."""
    try:
        Checker(night).require_sound()
    except AssertionError as error:
        return traceback.extract_tb(error.__traceback__)[-1].name.strip("_")
    return ""


def doubts(night: Night) -> list[tuple[Version, Attempt]]:
    """What arrived and is in doubt since its only attempt, in the same run."""
    return [
        (version, attempts[0])
        for version in read_history(night.ledger)
        if version.job.state is State.IN_DOUBT and night.remote.by_item.get((version.job.key, version.job.version))
        if len(attempts := [*version.attempts()]) == 1 and attempts[0].outcome == version.entries[-1]
        if attempts[0].outcome.run == attempts[0].run
    ]


def let_go(night: Night) -> list[Version]:
    """What was accepted after its last bytes had been held back."""
    return [
        version
        for version in read_history(night.ledger)
        if [entry.name for entry in version.entries[:4]] == ["Checked", "SendStarted", "TailReleased", "Accepted"]
    ]


def number_of(night: Night, version: Version) -> int:
    query = "SELECT id FROM jobs WHERE key = ? AND version = ?"
    number: int = night.ledger.execute(query, (version.job.key, version.job.version)).fetchone()[0]
    return number


def an_upload_before_its_intent(night: Night) -> None:
    night.fault(Call.SUBMIT, (*next(iter(night.remote.by_item)), 99))


def a_poll_before_its_token(night: Night) -> None:
    night.fault(Call.CHECK, "token-of-nobody")


def last_bytes_before_their_record(night: Night) -> None:
    night.tail_leaves((*next(iter(night.remote.by_item)), 99))


def an_upload_that_the_ledger_forgot(night: Night) -> None:
    one = next(one for one in night.line.exchanges if one.call is Call.SUBMIT)
    night.line.exchanges.append(replace(one, about=("00", 1, 99)))


def a_request_too_many(night: Night) -> None:
    night.line.exchanges.append(next(one for one in night.line.exchanges if one.call is Call.SUBMIT))


def a_second_copy(night: Night) -> None:
    effects = next(effects for effects in night.remote.by_item.values() if effects[-1].fate.success)
    effects.append(replace(effects[-1], request=replace(effects[-1].request, overwrite=False)))


def a_wait_with_a_permit(night: Night) -> None:
    night.processes[0].hands = Hands(waited=["somebody"])


def a_commit_taken_for_none(night: Night) -> None:
    process = next(process for process in night.processes if process.finished is not None)
    process.mistaken = [doubts(night)[0][0].job]


def a_record_that_the_last_bytes_leave_is_missing(night: Night) -> None:
    number = number_of(night, let_go(night)[0])
    night.ledger.execute("DELETE FROM events WHERE job = ? AND event = 'TailReleased'", (number,))


def a_doubt_that_was_forgotten(night: Night) -> None:
    """For as long as it takes to ask: after a second death nobody would know of it."""
    version, attempt = doubts(night)[0]
    number = number_of(night, version)
    undone = "UPDATE events SET event = 'SendUndone', detail = '{\"cause\": \"\"}' WHERE job = ? AND event = 'Doubted'"
    again = "INSERT INTO events (job, at, run, event, detail) VALUES (?, 0.0, ?, 'Doubted', json_object('cause', ?))"
    night.ledger.execute(undone, (number,))
    night.ledger.execute(again, (number, attempt.run, version.job.cause))
    night.ledger.execute("UPDATE jobs SET lost_at = NULL WHERE id = ?", (number,))


def a_failure_that_the_remote_has(night: Night) -> None:
    version, attempt = doubts(night)[0]
    job, number = version.job, number_of(night, version)
    failed = "UPDATE events SET event = 'Failed', detail = json_object('cause', ?) WHERE job = ? AND event = 'Doubted'"
    night.ledger.execute(failed, (job.cause, number))
    night.ledger.execute("UPDATE jobs SET state = 'failed', lost_at = NULL WHERE id = ?", (number,))
    about = (job.key, job.version, attempt.number)
    next(one for one in night.line.exchanges if one.about == about).ending = Ending.REFUSED


TAMPERED: list[tuple[Callable[[Night], None], str]] = [
    (an_upload_before_its_intent, "nothing_is_sent_or_asked_before_it_is_durable"),
    (a_poll_before_its_token, "nothing_is_sent_or_asked_before_it_is_durable"),
    (last_bytes_before_their_record, "nothing_is_sent_or_asked_before_it_is_durable"),
    (an_upload_that_the_ledger_forgot, "nothing_is_sent_or_asked_before_it_is_durable"),
    (a_request_too_many, "nothing_is_sent_or_asked_before_it_is_durable"),
    (a_second_copy, "is_there_once"),
    (a_wait_with_a_permit, "limits_hold"),
    (a_commit_taken_for_none, "the_books_balance"),
    (a_record_that_the_last_bytes_leave_is_missing, "attempt_is_explained"),
    (a_doubt_that_was_forgotten, "attempt_is_explained"),
    (a_failure_that_the_remote_has, "end_is_as_at_the_remote"),
]


def test_it_objects_to_each_thing_that_is_tampered_with_and_to_nothing_before() -> None:
    found: dict[str, str] = {}

    def tamper(night: Night) -> None:
        left = sum(version.job.state is State.IN_DOUBT for version in read_history(night.ledger))
        if left < 2 or not doubts(night) or not let_go(night):
            return
        for change, _ in TAMPERED:
            with copy_of(night) as case:
                assert not objection(case)
                change(case)
                found[change.__name__] = objection(case)

    for nth in range(ENOUGH):
        if not found:
            carry_out(FIRST + nth * len(KINDS), check=tamper)

    assert found == {change.__name__: check for change, check in TAMPERED}

"""The checker objects when it should: one sound night, one thing in it tampered with, and the objection to that."""

from __future__ import annotations

import copy
import shutil
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from tests.simulation import tampering
from tests.simulation.checker import Checker
from tests.simulation.kinds import KINDS
from tests.simulation.night import Night
from tests.simulation.seeds import carry_out, memory_folder

NAME = "replacing, held back"
FIRST = [kind.name for kind in KINDS].index(NAME)
ENOUGH = 40
"""Nights among which one has all that is tampered with below."""


@contextmanager
def copy_of(night: Night) -> Iterator[Night]:
    """One to tamper with."""
    with closing(sqlite3.connect(":memory:")) as db, memory_folder() as root:
        night.ledger.backup(db)
        case = copy.copy(night)
        case.root, case.ledger, case.unsound = root, db, []
        shutil.copytree(night.out / "results", case.out / "results")
        case.line = replace(night.line, exchanges=[copy.copy(one) for one in night.line.exchanges])
        remote = night.remote
        case.remote = replace(
            remote,
            by_item={item: [*found] for item, found in remote.by_item.items()},
            by_name={name: [*found] for name, found in remote.by_name.items()},
        )
        case.processes = [copy.copy(process) for process in night.processes]
        yield case


def objection(night: Night) -> str:
    """The name of the check that objects."""
    try:
        Checker(night).require_sound()
    except AssertionError as error:
        return traceback.extract_tb(error.__traceback__)[-1].name.strip("_")
    return ""


TAMPERED: list[tuple[Callable[[Night], None], str]] = [
    (tampering.a_file_that_nobody_wrote_down, "nothing_is_lost"),
    (tampering.a_file_that_is_left_open, "nothing_is_lost"),
    (tampering.an_end_without_a_cause, "nothing_is_lost"),
    (tampering.new_bytes_that_nobody_looked_at, "nothing_is_lost"),
    (tampering.an_upload_before_its_intent, "nothing_is_sent_or_asked_before_it_is_durable"),
    (tampering.a_poll_before_its_token, "nothing_is_sent_or_asked_before_it_is_durable"),
    (tampering.last_bytes_before_their_record, "nothing_is_sent_or_asked_before_it_is_durable"),
    (tampering.an_upload_that_the_ledger_forgot, "nothing_is_sent_or_asked_before_it_is_durable"),
    (tampering.a_request_too_many, "nothing_is_sent_or_asked_before_it_is_durable"),
    (tampering.a_second_copy, "is_there_once"),
    (tampering.a_wait_with_a_permit, "limits_hold"),
    (tampering.a_commit_taken_for_none, "the_books_balance"),
    (tampering.a_request_without_need, "nothing_is_done_without_need"),
    (tampering.an_event_without_need, "nothing_is_done_without_need"),
    (tampering.a_result_that_is_written_without_need, "nothing_is_done_without_need"),
    (tampering.a_token_that_no_event_gave, "history_is_legal"),
    (tampering.an_attempt_that_no_event_made, "history_is_legal"),
    (tampering.a_first_version_that_replaced_what_was_there, "only_what_is_ours_is_replaced"),
    (tampering.a_new_version_that_did_not_replace_the_old, "only_what_is_ours_is_replaced"),
    (tampering.a_result_that_was_never_served, "results_are_as_served"),
    (tampering.a_result_that_was_not_kept, "results_are_as_served"),
    (tampering.a_result_that_differs_on_disk, "results_are_as_served"),
    (tampering.an_old_version_that_came_back, "the_newest_version_stands"),
    (tampering.a_record_that_the_last_bytes_leave_is_missing, "attempt_is_explained"),
    (tampering.a_doubt_that_was_forgotten, "attempt_is_explained"),
    (tampering.a_failure_that_the_remote_has, "end_is_as_at_the_remote"),
]


def test_it_objects_to_each_thing_that_is_tampered_with_and_to_nothing_before() -> None:
    found: dict[str, str] = {}

    def tamper(night: Night) -> None:
        if not tampering.has_all(night):
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


def test_each_of_its_checks_objects_to_something() -> None:
    checks = {name.strip("_") for name, value in vars(Checker).items() if callable(value) and name not in _NO_CHECKS}

    assert {check for _, check in TAMPERED} == checks


_NO_CHECKS = {"__init__", "require_sound", "_effects"}

"""What is tampered with in a sound night: one thing in what the ledger, the remote, the line or a process tells."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from orchestrator.model import State
from orchestrator.naming import slug_of
from tests.remotes.line import Call, Ending
from tests.simulation.history import Attempt, Version, read_history
from tests.simulation.night import Night
from tests.simulation.permits import Hands


def has_all(night: Night) -> bool:
    """That is tampered with below."""
    left = sum(version.job.state is State.IN_DOUBT for version in read_history(night.ledger))
    return left > 1 and bool(doubts(night) and let_go(night) and replacements(night))


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


def done_at_once(night: Night) -> Version:
    """The newest of its Name, by one attempt, and with its results."""
    newest = {version.job.key: version for version in read_history(night.ledger)}
    return next(one for one in newest.values() if one.job.state is State.DONE and one.job.attempts == 1 and one.results)


def replacements(night: Night) -> list[Version]:
    """What was sent after an older version had been taken."""
    return [version for version in read_history(night.ledger) if version.first.owns and version.job.attempts == 1]


def number_of(night: Night, version: Version) -> int:
    query = "SELECT id FROM jobs WHERE key = ? AND version = ?"
    number: int = night.ledger.execute(query, (version.job.key, version.job.version)).fetchone()[0]
    return number


def a_file_that_nobody_wrote_down(night: Night) -> None:
    night.ledger.execute("DELETE FROM jobs WHERE path = ?", (done_at_once(night).job.path,))


def a_file_that_is_left_open(night: Night) -> None:
    number = number_of(night, done_at_once(night))
    night.ledger.execute("UPDATE jobs SET state = 'waiting' WHERE id = ?", (number,))


def an_end_without_a_cause(night: Night) -> None:
    number = number_of(night, doubts(night)[0][0])
    night.ledger.execute("UPDATE jobs SET cause = '' WHERE id = ?", (number,))


def new_bytes_that_nobody_looked_at(night: Night) -> None:
    night.ledger.execute("DELETE FROM jobs WHERE id = ?", (number_of(night, replacements(night)[0]),))


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


def a_request_without_need(night: Night) -> None:
    night.before_idle = night.everything()
    night.line.exchanges.append(night.line.exchanges[-1])
    night.after_idle = night.everything()


def an_event_without_need(night: Night) -> None:
    night.before_idle = night.everything()
    night.ledger.execute(
        "INSERT INTO events (job, at, run, event, detail) SELECT job, at, run, event, detail FROM events"
    )
    night.after_idle = night.everything()
    night.ledger.rollback()


def a_result_that_is_written_without_need(night: Night) -> None:
    night.before_idle = night.everything()
    os.utime(result_on_disk(night), ns=(0, 0))
    night.after_idle = night.everything()


def a_token_that_no_event_gave(night: Night) -> None:
    number = number_of(night, done_at_once(night))
    night.ledger.execute("DELETE FROM events WHERE job = ? AND event = 'Accepted'", (number,))


def an_attempt_that_no_event_made(night: Night) -> None:
    number = number_of(night, done_at_once(night))
    night.ledger.execute("UPDATE jobs SET attempts = attempts + 1 WHERE id = ?", (number,))


def leave_to_replace(night: Night, version: Version, *, given: bool) -> None:
    noted = (
        "UPDATE events SET detail = json_set(detail, '$.overwrite', json(?)) WHERE job = ? AND event = 'SendStarted'"
    )
    number = number_of(night, version)
    night.ledger.execute(noted, ("true" if given else "false", number))
    night.ledger.execute("UPDATE jobs SET overwrote = ? WHERE id = ?", (given, number))


def a_first_version_that_replaced_what_was_there(night: Night) -> None:
    first = next(one for one in read_history(night.ledger) if one.job.version == 1 and one.job.attempts == 1)
    leave_to_replace(night, first, given=True)


def a_new_version_that_did_not_replace_the_old(night: Night) -> None:
    leave_to_replace(night, replacements(night)[0], given=False)


def result_on_disk(night: Night) -> Path:
    return next((night.out / "results" / slug_of(done_at_once(night).job.name)).glob("*.txt"))


def a_result_that_was_never_served(night: Night) -> None:
    number = number_of(night, done_at_once(night))
    night.ledger.execute("UPDATE results SET body = CAST('another' AS BLOB) WHERE job = ?", (number,))


def a_result_that_was_not_kept(night: Night) -> None:
    night.ledger.execute("DELETE FROM results WHERE job = ?", (number_of(night, done_at_once(night)),))


def a_result_that_differs_on_disk(night: Night) -> None:
    result_on_disk(night).write_bytes(b"another")


def an_old_version_that_came_back(night: Night) -> None:
    effects = night.remote.by_name[done_at_once(night).job.name]
    effects.append(replace(effects[-1], request=replace(effects[-1].request, version=0, overwrite=True)))


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

"""Every phase × every way an exchange can end, held against the rules written down a second time as ranges."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from orchestrator.outcome import Outcome, Phase, Refusals, Reply, outcome_of

STATUSES = range(100, 1000)
TAKEN = {Outcome.ACCEPTED}
PROVEN_ABSENT = {Outcome.NOT_SENT, Outcome.BUSY, Outcome.REFUSED, Outcome.DENIED, Outcome.MISDIRECTED}
NOBODY_KNOWS = {Outcome.UNCLEAR, Outcome.GARBLED}


def every_reply() -> list[Reply]:
    either = (False, True)
    return [
        Reply(status=status, has_token=has_token, says_when=says_when, is_whole=is_whole, is_page=is_page)
        for status, has_token, says_when, is_whole, is_page in product(STATUSES, either, either, either, either)
    ]


def refusal(reply: Reply) -> Outcome | None:
    match reply.status:
        case 425 | 429:
            return Outcome.BUSY
        case 503 if reply.says_when:
            return Outcome.BUSY
        case 400 | 409 | 413 | 422:
            return Outcome.REFUSED
        case 401 | 403:
            return Outcome.DENIED
        case 404 | 405 | 415:
            return Outcome.MISDIRECTED
    return None


def expected(phase: Phase, reply: Reply) -> Outcome:
    said = refusal(reply)
    match phase, reply.status // 100:
        case Phase.SENDING, 2:
            return Outcome.GARBLED
        case Phase.SENDING, _:
            return said or Outcome.NOT_SENT
        case _ if not reply.is_whole:
            return Outcome.UNCLEAR
        case _, 2:
            return Outcome.ACCEPTED if reply.has_token else Outcome.GARBLED
        case _ if said and not reply.is_page:
            return said
        case _, hundreds:
            return Outcome.GARBLED if hundreds < 5 and reply.status not in (425, 429) else Outcome.UNCLEAR


@pytest.mark.parametrize("phase", Phase)
def test_every_answer_in_every_phase_means_what_the_rules_say(phase: Phase) -> None:
    for reply in every_reply():
        assert outcome_of(phase, reply, Refusals()) is expected(phase, reply), reply


@pytest.mark.parametrize(
    ("phase", "outcome"),
    [(Phase.SENDING, Outcome.NOT_SENT), (Phase.SENT, Outcome.UNCLEAR)],
)
def test_without_an_answer_only_the_last_byte_counts(phase: Phase, outcome: Outcome) -> None:
    assert outcome_of(phase, None, Refusals()) is outcome


def test_nothing_is_accepted_but_a_success_with_a_token_after_the_last_byte() -> None:
    for phase, reply in product(Phase, every_reply()):
        if outcome_of(phase, reply, Refusals()) in TAKEN:
            assert phase is Phase.SENT
            assert reply.has_token
            assert reply.is_whole
            assert 200 <= reply.status <= 299


def test_no_success_redirect_or_failure_of_the_server_proves_that_a_whole_submission_was_not_taken() -> None:
    for reply in every_reply():
        if reply.status < 400 or (reply.status >= 500 and not (reply.status == 503 and reply.says_when)):
            assert outcome_of(Phase.SENT, reply, Refusals()) in TAKEN | NOBODY_KNOWS, reply


def test_no_page_and_no_damaged_answer_proves_that_a_whole_submission_was_not_taken() -> None:
    for reply in every_reply():
        if reply.is_page or not reply.is_whole:
            assert outcome_of(Phase.SENT, reply, Refusals()) in TAKEN | NOBODY_KNOWS, reply


def test_before_the_last_byte_every_answer_but_a_success_proves_that_nothing_was_taken_whatever_its_form() -> None:
    for reply in every_reply():
        outcome = outcome_of(Phase.SENDING, reply, Refusals())
        assert outcome in (NOBODY_KNOWS if reply.is_success else PROVEN_ABSENT), reply
        assert outcome is outcome_of(Phase.SENDING, replace(reply, is_whole=True, is_page=False), Refusals()), reply


def test_what_a_remote_does_not_document_as_a_refusal_is_none() -> None:
    nothing: frozenset[int] = frozenset()
    silent = Refusals(busy=nothing, busy_when_dated=nothing, final=nothing, denied=nothing, misdirected=nothing)
    for reply in every_reply():
        assert outcome_of(Phase.SENT, reply, silent) not in PROVEN_ABSENT, reply


@pytest.mark.parametrize("status", [409, 418])
def test_each_remote_has_refusals_of_its_own(status: int) -> None:
    reply = Reply(status=status)
    assert outcome_of(Phase.SENT, reply, Refusals(busy=frozenset({status}))) is Outcome.BUSY
    assert outcome_of(Phase.SENT, reply, Refusals(busy=frozenset(), final=frozenset({status}))) is Outcome.REFUSED

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from orchestrator.errors import IllegalTransition
from orchestrator.model import (
    Accepted,
    Checked,
    Completed,
    Digest,
    Divided,
    Doubted,
    Event,
    Failed,
    Job,
    Key,
    Name,
    Part,
    Rejected,
    RelPath,
    Reopened,
    Resolved,
    Restored,
    SendRepeatable,
    SendStarted,
    SendUndone,
    Sheet,
    Sheets,
    Source,
    State,
    Superseded,
    TailReleased,
    Token,
    Verdict,
    evolve,
    next_version,
)

SHEETS = Sheets(data=Sheet(rows=3, bad=1))
EVENTS: tuple[Event, ...] = (
    Checked(SHEETS, "rules"),
    Rejected("bad rows", "rules"),
    Reopened(),
    SendStarted(overwrite=False, at=0.0),
    SendUndone("no connection"),
    SendRepeatable("answer lost", 8.0),
    Accepted(Token("t"), 1.0),
    Completed(),
    Failed("refused", owns=True),
    Doubted("answer lost"),
    Superseded("replaced"),
    Resolved(Verdict.ACCEPTED, Token("t"), 1.0),
    Resolved(Verdict.NOT_ACCEPTED),
    Resolved(Verdict.RESEND),
    Resolved(Verdict.ABANDON),
    TailReleased(),
    Divided(3, 1.0),
    Restored(1, SHEETS, "rules", "", 0, 0, 0),
)

LEGAL = {
    (State.FOUND, EVENTS[0]): State.READY,
    (State.FOUND, EVENTS[1]): State.REJECTED,
    (State.REJECTED, EVENTS[2]): State.FOUND,
    (State.READY, EVENTS[3]): State.SENDING,
    (State.READY, EVENTS[9]): State.IN_DOUBT,
    (State.READY, EVENTS[10]): State.SUPERSEDED,
    (State.SENDING, EVENTS[4]): State.READY,
    (State.SENDING, EVENTS[5]): State.READY,
    (State.SENDING, EVENTS[6]): State.WAITING,
    (State.SENDING, EVENTS[7]): State.DONE,
    (State.SENDING, EVENTS[8]): State.FAILED,
    (State.SENDING, EVENTS[9]): State.IN_DOUBT,
    (State.WAITING, EVENTS[7]): State.DONE,
    (State.WAITING, EVENTS[8]): State.FAILED,
    (State.WAITING, EVENTS[9]): State.IN_DOUBT,
    (State.IN_DOUBT, EVENTS[11]): State.WAITING,
    (State.IN_DOUBT, EVENTS[12]): State.READY,
    (State.IN_DOUBT, EVENTS[13]): State.READY,
    (State.IN_DOUBT, EVENTS[14]): State.FAILED,
    (State.SENDING, EVENTS[15]): State.SENDING,
    (State.READY, EVENTS[16]): State.WAITING,
    (State.FOUND, EVENTS[17]): State.DONE,
}


def job(state: State = State.FOUND, **changes: object) -> Job:
    made = Job(key=Key("a"), version=1, name=Name("a"), path=RelPath("a.csv"), state=state)
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are checked by replace


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, EVENTS)))
def test_every_event_leads_where_the_table_says_and_every_other_is_illegal(state: State, event: Event) -> None:
    if (state, event) in LEGAL:
        assert evolve(job(state), event).state is LEGAL[state, event]
    else:
        with pytest.raises(IllegalTransition, match=type(event).__name__):
            evolve(job(state), event)


def test_what_was_divided_waits_for_its_parts_and_may_be_superseded_by_other_bytes() -> None:
    whole = evolve(job(State.READY), Divided(3, 1.0))

    assert (whole.state, whole.parts, whole.token) == (State.WAITING, 3, None)
    assert evolve(whole, Superseded("replaced")).state is State.SUPERSEDED
    assert next_version(whole, Source(data=Digest("d"), size=1)).parts == 0


@pytest.mark.parametrize("parts", [0, -1])
def test_a_file_cannot_be_divided_into_nothing_nor_a_part_once_more(parts: int) -> None:
    with pytest.raises(IllegalTransition):
        evolve(job(State.READY), Divided(parts, 1.0))
    with pytest.raises(IllegalTransition):
        evolve(job(State.READY, part=Part(number=1, of=2, head=0, start=0, size=1, line=1)), Divided(2, 1.0))


def test_final_states_accept_only_what_a_person_or_new_rules_say() -> None:
    assert {state for state, _ in LEGAL if not state.is_open} == {State.REJECTED, State.IN_DOUBT}


def test_a_send_counts_and_remembers_whether_it_overwrites() -> None:
    sent = evolve(job(State.READY), SendStarted(overwrite=True, at=0.0))

    assert (sent.attempts, sent.overwrote) == (1, True)
    assert evolve(sent, SendUndone("x"), SendStarted(overwrite=False, at=0.0)).attempts == 2


def test_the_time_at_which_an_answer_was_given_up_is_kept_and_goes_on_to_the_next_version() -> None:
    sending = evolve(job(State.READY), SendStarted(overwrite=True, at=7.0))

    assert evolve(sending, SendUndone("not sent")).lost_at is None
    assert evolve(sending, SendRepeatable("lost", 8.0)).lost_at == 8.0
    assert evolve(sending, Doubted("lost", 8.0), Resolved(Verdict.ABANDON)).lost_at == 8.0
    again = evolve(sending, SendRepeatable("lost", 8.0), SendStarted(overwrite=True, at=9.0), Accepted(Token("t"), 9.5))
    assert again.lost_at == 8.0, "that the second arrived says nothing about the first"
    assert next_version(again, Source(data=Digest("d"), size=1)).lost_at == 8.0


def test_a_doubt_about_an_answer_keeps_its_token_until_a_person_has_it_sent_again() -> None:
    sending = evolve(job(State.READY), SendStarted(overwrite=True, at=7.0))
    doubted = evolve(sending, Doubted("token_twice", token=Token("t")))

    assert (doubted.token, doubted.lost_at) == (Token("t"), None)
    assert evolve(doubted, Resolved(Verdict.ABANDON)).token == Token("t")
    for verdict in (Verdict.NOT_ACCEPTED, Verdict.RESEND):
        assert evolve(doubted, Resolved(verdict)).token is None


def test_a_person_who_says_that_it_did_not_arrive_has_it_sent_as_configured() -> None:
    sending = evolve(job(State.READY), SendStarted(overwrite=True, at=7.0))
    again = evolve(sending, SendRepeatable("lost", 8.0), SendStarted(overwrite=True, at=9.0), Doubted("refused"))

    assert again.replaces
    assert not evolve(again, Resolved(Verdict.NOT_ACCEPTED)).replaces
    assert evolve(again, Resolved(Verdict.RESEND)).replaces


def test_a_tail_is_ours_until_it_is_released() -> None:
    held = evolve(job(State.READY), SendStarted(overwrite=False, at=1.0, held=True))

    assert held.held
    assert not evolve(held, TailReleased()).held
    assert not evolve(job(State.READY), SendStarted(overwrite=False, at=1.0)).held


def test_only_what_the_remote_took_makes_a_name_ours() -> None:
    assert evolve(job(State.WAITING), Completed()).owns
    assert evolve(job(State.WAITING), Failed("rows", owns=True)).owns
    assert not evolve(job(State.SENDING), Failed("name_conflict")).owns
    assert evolve(job(State.WAITING, owns=True), Failed("anything")).owns, "what was ours stays ours"
    in_parts = evolve(job(State.READY), Divided(2, 1.0))
    assert not evolve(in_parts, Completed()).owns, "its parts stand under Names of their own"


def test_what_a_person_gave_up_may_not_be_sent_over_what_stands_there() -> None:
    doubted = evolve(job(State.SENDING), Doubted("lost"))
    again = evolve(doubted, Resolved(Verdict.RESEND), SendStarted(overwrite=True, at=1.0), Doubted("lost"))
    given_up = evolve(again, Resolved(Verdict.ABANDON))

    assert again.replaces
    assert not next_version(given_up, Source(data=Digest("d"), size=1)).replaces


def test_a_lost_answer_lets_the_next_send_replace() -> None:
    again = evolve(job(State.SENDING), SendRepeatable("lost", 8.0))

    assert again.replaces
    assert not evolve(job(State.SENDING), SendUndone("not sent")).replaces


def test_a_person_who_wants_a_resend_allows_it_to_replace() -> None:
    assert evolve(job(State.IN_DOUBT), Resolved(Verdict.RESEND)).replaces
    assert not evolve(job(State.IN_DOUBT), Resolved(Verdict.NOT_ACCEPTED)).replaces


def test_an_item_is_not_accepted_without_its_token() -> None:
    with pytest.raises(IllegalTransition, match="token"):
        evolve(job(State.IN_DOUBT), Resolved(Verdict.ACCEPTED))


def test_a_next_version_keeps_what_is_known_of_the_name_and_nothing_of_the_bytes() -> None:
    done = job(State.DONE, owns=True, token=Token("t"), attempts=3, checked=SHEETS)
    following = next_version(done, Source(data=Digest("d"), size=1))

    assert (following.version, following.state, following.owns) == (2, State.FOUND, True)
    assert (following.token, following.attempts, following.checked) == (None, 0, None)

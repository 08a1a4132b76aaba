"""The transitions that the model allows, asked of the model itself."""

from __future__ import annotations

from functools import cache
from typing import get_args

from orchestrator.errors import IllegalTransition
from orchestrator.model import (
    Accepted,
    Checked,
    Completed,
    Divided,
    Doubted,
    Event,
    Failed,
    Job,
    Key,
    Name,
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
    State,
    Superseded,
    TailReleased,
    Token,
    Verdict,
    evolve,
)

Transition = tuple[State, str]
"""A state, and the event that a job leaves it by."""

_SAMPLES = (
    Checked(Sheets(data=Sheet()), ""),
    Rejected(""),
    Reopened(),
    Restored(1, None, "", "", 0, 0, 0),
    Divided(1, 1.0),
    SendStarted(overwrite=False, at=0.0),
    TailReleased(),
    SendUndone(""),
    SendRepeatable("", 0.0),
    Accepted(Token(""), 0.0),
    Completed(),
    Failed(""),
    Doubted(""),
    Superseded(""),
    Resolved(Verdict.RESEND),
)


@cache
def legal() -> frozenset[Transition]:
    """All that the model allows. Fails for an event that this table does not know."""
    assert {type(event) for event in _SAMPLES} == set(get_args(Event))
    return frozenset((state, type(event).__name__) for state in State for event in _SAMPLES if _after(state, event))


def transitions_of(state: State, commit: str) -> list[Transition]:
    """Those that one commit makes durable together, of a job that was in *state*."""
    events = {type(event).__name__: event for event in _SAMPLES}
    made = []
    for name in commit.split("+"):
        made.append((state, name))
        after = _after(state, events[name])
        assert after, made
        state = after
    return made


def _after(state: State, event: Event) -> State | None:
    try:
        return evolve(Job(key=Key(""), version=1, name=Name(""), path=RelPath(""), state=state), event).state
    except IllegalTransition:
        return None

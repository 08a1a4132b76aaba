"""SIGKILL before and after every transition of the ledger, for every class of delivery that can come to it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from cli.test_changed_back import RESTORING
from crash import ways
from crash.deliveries import (
    ENDGRATE,
    ENDGRATE_KEYED,
    EVERY,
    NOTHING_KNOWN,
    OVERWRITE,
    TAO_SESSIONS,
    TAO_USERS,
    Delivery,
)
from crash.promise import Promise, canon
from crash.scene import RUN, Moment, Scene, scene
from crash.tally import Tally
from crash.test_parts import DIVIDING
from crash.transitions import Transition, legal, transitions_of
from crash.turns import TURNS, Turn, healthy, impossible
from crash.ways import Before
from orchestrator.model import State, Verdict

SPEED = 20
"""How many times faster the program's clock goes, so that it does not wait long before it tries again."""
LONGEST = 0.15
"""Seconds until the next kill, at most: about as long as the program then takes, so that it may come too late."""

WHEN = ("before", "after")
POSSIBLE = [(delivery, turn) for turn in TURNS for delivery in EVERY if not turn.where(delivery)]
_SAMPLE = (
    ("its rules have changed", OVERWRITE),
    ("the remote is busy", NOTHING_KNOWN),
    ("a lost answer that a repeat mends", ENDGRATE_KEYED),
    ("a lost answer", TAO_SESSIONS),
    ("its tail is let go", ENDGRATE),
    ("refused", NOTHING_KNOWN),
    ("a job that fails", TAO_USERS),
    ("mended before it was sent", NOTHING_KNOWN),
    ("resend, its answer was lost", ENDGRATE),
)
SAMPLE = [(delivery, turn) for name, delivery in _SAMPLE for turn in TURNS if turn.name == name]


@pytest.mark.parametrize(("delivery", "turn"), SAMPLE, ids=str)
async def test_killed_at_a_turn_for_the_worse_nothing_is_lost_and_nothing_is_there_twice(
    tmp_path: Path, tally: Tally, delivery: Delivery, turn: Turn
) -> None:
    await kill_at(turn, delivery, tmp_path, tally)


@pytest.mark.chaos
@pytest.mark.parametrize(("delivery", "turn"), [case for case in POSSIBLE if case not in SAMPLE], ids=str)
async def test_killed_at_every_turn_of_every_delivery(
    tmp_path: Path, tally: Tally, delivery: Delivery, turn: Turn
) -> None:
    await kill_at(turn, delivery, tmp_path, tally)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(60))
async def test_killed_again_while_it_takes_up_what_a_kill_at_a_turn_left(
    tmp_path: Path, tally: Tally, seed: int
) -> None:
    print(f"seed {seed}")
    rng = random.Random(seed)
    delivery, turn = rng.choice(POSSIBLE)

    async def strike_again(killed: Scene) -> None:
        for _ in range(rng.randint(1, 3)):
            await killed.kill(seconds=rng.uniform(0.0, LONGEST), **turn.settings)

    await kill_at(turn, delivery, tmp_path, tally, strike_again)


def test_every_transition_of_the_model_is_struck() -> None:
    struck = {made for delivery in EVERY for made in healthy(delivery)}
    struck |= {made for _, turn in POSSIBLE for made in turn.transitions}

    assert struck | DIVIDING | RESTORING == legal()
    assert {turn.verdict for turn in TURNS} == {None, *Verdict}


def test_what_is_not_struck_for_a_delivery_is_said_to_be_impossible_with_its_reason() -> None:
    for delivery in EVERY:
        for made in impossible(delivery) - _OF_OTHERS:
            assert any(made in turn.transitions and turn.where(delivery) for turn in TURNS), (str(delivery), made)


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("delivery", "turn"),
    [(one, turn) for one in EVERY for turn in TURNS if impossible(one) & {*turn.transitions}],
    ids=str,
)
async def test_what_is_said_to_be_impossible_does_not_happen_when_it_is_asked_for(
    tmp_path: Path, delivery: Delivery, turn: Turn
) -> None:
    async with _scene(turn, delivery, tmp_path, Tally()) as tried:
        await turn.before(tried)
        earlier = _transitions(tried) if tried.trace.exists() else set()
        await tried.start(command=turn.command(tried), **turn.settings)
        made = earlier | _transitions(tried)

        assert made
        assert not made & impossible(delivery), turn.where(delivery)


_OF_OTHERS = {(State.SENDING, "Accepted"), (State.WAITING, "Completed"), (State.SENDING, "Completed")}
"""A push ends when it is answered, and nothing else does: these stand with the healthy files."""


async def kill_at(turn: Turn, delivery: Delivery, root: Path, tally: Tally, then: Before = ways.nothing) -> None:
    async with _scene(turn, delivery, root, Tally()) as calm:
        times = await _undisturbed(turn, calm)
        promise = replace(calm.promise, undisturbed=canon(await calm.finish(**turn.settings)))
    for nth in times:
        for moment in (f"{when} the commit of {turn.commit}" for when in WHEN):
            async with _scene(turn, delivery, root, tally, promise) as killed:
                await turn.before(killed)
                command = turn.command(killed)
                assert await killed.kill(moment, nth, command=command, **turn.settings), "the moment has come"
                await _call_again(killed, command, turn, moment)
                await then(killed)
                await killed.finish(**turn.settings)


async def _call_again(killed: Scene, command: Sequence[str], turn: Turn, moment: str) -> None:
    """The same command as before the kill, once, where it is another than the one that finishes."""
    if command == RUN:
        return
    outcome = await killed.start(command=command, **turn.settings)
    if command[0] == "run":
        killed.outcomes.append(outcome)
    else:
        is_final = turn.name != "accepted, its token was lost"  # a token may be given again where the remote gave none
        assert outcome.code == (2 if "after" in moment and is_final else 0), "decided already, or now"


async def _undisturbed(turn: Turn, calm: Scene) -> list[int]:
    """At which commits of that kind it is this turn, counted from 1."""
    await turn.before(calm)
    command = turn.command(calm)
    outcome = await calm.start(command=command, **turn.settings)
    if command[0] == "run":
        calm.outcomes.append(outcome)
    assert not _transitions(calm) & impossible(calm.delivery), "the table says that this cannot happen"
    commits = _commits(calm)
    of_its_kind = [moment.state for moment in commits if moment.what == f"before the commit of {turn.commit}"]
    times = [nth for nth, state in enumerate(of_its_kind, 1) if state == turn.state]
    assert times, [moment.what for moment in commits]
    return times


def _commits(made: Scene) -> list[Moment]:
    """Of its last start."""
    return [moment for moment in made.moments if moment.what.startswith("before the commit of ")]


def _transitions(made: Scene) -> set[Transition]:
    return {
        transition
        for moment in _commits(made)
        for transition in transitions_of(State(moment.state), moment.what.rpartition(" ")[2])
    }


def _scene(
    turn: Turn, delivery: Delivery, root: Path, tally: Tally, promise: Promise | None = None
) -> AbstractAsyncContextManager[Scene]:
    content = delivery.content
    first, other = content.of(turn.first), content.of("other")
    promise = promise or Promise(
        rosters=(content.of(turn.last) if turn.last else first, other),
        repeats=delivery.repeats,
        adds=delivery.adds,
        uploads=1,
        gone=frozenset({first.path} if turn.is_gone else ()),
    )
    return scene(
        root / "turning",
        tally,
        delivery,
        (first, other),
        promise=promise,
        profile=ways.profile_of(turn.trouble, first, delivery),
        pushes=ways.pushes_of(turn.trouble, first, delivery),
        speed=SPEED,
        hold_from=0 if turn.is_held else None,
    )

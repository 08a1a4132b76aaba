"""Every transition of the ledger, and a way to bring it about: the table of what is struck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crash import ways
from crash.contents import Which
from crash.deliveries import Delivery
from crash.transitions import Transition, legal, transitions_of
from crash.ways import IMPATIENT, ONE, Before, Command, Trouble, Where
from orchestrator.model import State, Verdict


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What befalls `f00.csv`, beside which `f01.csv` has a quiet night."""

    name: str
    state: State
    """Of the file, before it."""
    commit: str
    trouble: Trouble = ""
    before: Before = ways.nothing
    command: Command = ways.run
    settings: Mapping[str, object] = field(default_factory=lambda: ONE)
    first: Which = "clean"
    last: Which | None = None
    """As it lies in the folder in the end; None: as at first."""
    is_gone: bool = False
    is_held: bool = False
    verdict: Verdict | None = None
    where: Where = ways.everywhere

    def __str__(self) -> str:
        return self.name

    @property
    def transitions(self) -> list[Transition]:
        return transitions_of(self.state, self.commit)


def _verdict(verdict: Verdict, doubt: str, *words: str, **how: Any) -> Turn:
    fields = {"command": ways.resolve(*words), **how}
    return Turn(name=f"{verdict}, {doubt}", state=State.IN_DOUBT, commit="Resolved", verdict=verdict, **fields)


_LOST: dict[str, object] = {"trouble": "lost", "before": ways.ran, "where": ways.where_tokens_are_lost}
_GONE: dict[str, object] = {"trouble": "away", "before": ways.put_back}
_STUCK: dict[str, object] = {
    "trouble": "stuck",
    "before": ways.ran_impatiently,
    "settings": IMPATIENT,
    "where": ways.where_jobs_are_polled,
}

TURNS = (
    Turn(
        name="no token to be had",
        state=State.FOUND,
        commit="Checked",
        trouble="unsigned",
        where=ways.where_one_signs_in,
    ),
    Turn(
        name="no token to be had when its rules have changed",
        state=State.REJECTED,
        commit="Reopened+Checked",
        trouble="unsigned later",
        before=ways.ran,
        settings={**ONE, "validation__on_bad_rows": "drop_rows"},
        first="dirty",
        where=ways.where_one_signs_in,
    ),
    Turn(name="bad rows", state=State.FOUND, commit="Rejected", first="dirty"),
    Turn(
        name="its rejects went away",
        state=State.REJECTED,
        commit="Reopened+Rejected",
        before=ways.lost_its_rejects,
        first="dirty",
    ),
    Turn(
        name="its rules have changed",
        state=State.REJECTED,
        commit="Reopened+Checked+SendStarted",
        before=ways.ran,
        settings={**ONE, "validation__on_bad_rows": "drop_rows"},
        first="dirty",
    ),
    Turn(name="the remote is busy", state=State.SENDING, commit="SendUndone", trouble="busy"),
    Turn(name="sent again after that", state=State.READY, commit="SendStarted", trouble="busy"),
    Turn(
        name="killed before its tail",
        state=State.SENDING,
        commit="SendUndone",
        before=ways.killed_before_the_tail,
        is_held=True,
        where=ways.where_tails_are_held,
    ),
    Turn(
        name="its tail is let go",
        state=State.SENDING,
        commit="TailReleased",
        is_held=True,
        where=ways.where_tails_are_held,
    ),
    Turn(
        name="a lost answer that a repeat mends",
        state=State.SENDING,
        commit="SendRepeatable",
        trouble="lost",
        where=ways.where_a_repeat_replaces,
    ),
    Turn(
        name="a kill that a repeat mends",
        state=State.SENDING,
        commit="SendRepeatable",
        before=ways.killed_in_flight,
        where=ways.where_a_repeat_replaces,
    ),
    Turn(
        name="a lost answer",
        state=State.SENDING,
        commit="Doubted",
        trouble="lost",
        where=ways.where_nobody_can_tell,
    ),
    Turn(
        name="a kill in flight",
        state=State.SENDING,
        commit="Doubted",
        before=ways.killed_in_flight,
        where=ways.where_nobody_can_tell,
    ),
    Turn(
        name="a job that never ends",
        state=State.WAITING,
        commit="Doubted",
        trouble="stuck",
        settings=IMPATIENT,
        where=ways.where_jobs_are_polled,
    ),
    Turn(
        name="taken away before it was sent",
        state=State.READY,
        commit="Doubted",
        trouble="away",
        before=ways.taken_away,
        is_gone=True,
    ),
    Turn(name="refused", state=State.SENDING, commit="Failed", trouble="refused", first="refused"),
    Turn(
        name="a job that fails",
        state=State.WAITING,
        commit="Failed",
        trouble="failed",
        where=ways.where_jobs_are_polled,
    ),
    Turn(
        name="mended before it was sent",
        state=State.READY,
        commit="Superseded",
        trouble="away",
        before=ways.mended,
        last="mended",
    ),
    Turn(
        name="its rules have changed before it was sent",
        state=State.READY,
        commit="Superseded",
        trouble="away",
        before=ways.ran,
        settings={**ONE, "validation__on_bad_rows": "drop_rows"},
    ),
    Turn(
        name="failed, and sent again",
        state=State.FOUND,
        commit="Checked+SendStarted",
        trouble="failed",
        before=ways.ran,
        command=ways.retry,
        where=ways.where_it_replaces_what_failed,
    ),
    _verdict(Verdict.ACCEPTED, "its token was lost", command=ways.accept, **_LOST),
    _verdict(Verdict.ACCEPTED, "it never ended", command=ways.accept, **_STUCK),
    _verdict(Verdict.NOT_ACCEPTED, "its file was gone", "--not-accepted", **_GONE),
    _verdict(Verdict.RESEND, "its answer was lost", "--resend", **_LOST),
    _verdict(Verdict.RESEND, "it never ended", "--resend", **_STUCK),
    _verdict(Verdict.RESEND, "its file was gone", "--resend", **_GONE),
    _verdict(Verdict.ABANDON, "its answer was lost", "--abandon", **_LOST),
    _verdict(Verdict.ABANDON, "its file was gone", "--abandon", **_GONE),
)


def impossible(delivery: Delivery) -> frozenset[Transition]:
    """What the table says that this class never comes to."""
    struck = {made for turn in TURNS if not turn.where(delivery) for made in turn.transitions}
    return legal() - struck - healthy(delivery) - {(State.READY, "Divided"), (State.FOUND, "Restored")}


def healthy(delivery: Delivery) -> set[Transition]:
    """What `test_every_moment` strikes."""
    return {made for commit, state in delivery.commits.items() for made in transitions_of(state, commit)}

"""What leads a file to a transition: what the remote does to it, what people do to it, and what came before."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Literal

from cli.rosters import HEADER, Roster, Table, roster
from crash.deliveries import Delivery
from crash.push import AWAY, Answer
from crash.scene import RUN, Scene
from orchestrator.sandbox import Fault, Profile

CLEAN, OTHER = roster("f00.csv", 3), roster("f01.csv", 4)
MENDED = roster("f00.csv", 3, edition=2)
DIRTY = roster("f00.csv", 3, bad=1)
BACKWARDS = Roster(
    path="f00.csv", data=Table(header=HEADER, rows=("N1,02/07/2024,09:00,01/07/2024,17:00", *CLEAN.data.rows))
)
"""Its first row ends before it starts: clean to us, and not to a remote that looks at that."""

ONE = {"limits__uploads": 1}
"""One after the other, so that what happens does not hang on who is first."""
IMPATIENT = {**ONE, "polling__give_up": 0.1}

# What the remote does

Trouble = Literal["", "unsigned", "unsigned later", "busy", "away", "lost", "refused", "failed", "stuck"]
"""*failed*: once, so that it would be taken when it is sent again; what is *refused* is refused again."""
_FAULTS: dict[Trouble, Fault] = {
    "unsigned": Fault(endpoint="token", kind="drop_before"),
    "unsigned later": Fault(endpoint="token", kind="drop_before", nth=2),
    "busy": Fault(endpoint="upload", kind="throttle", seconds=0),
    "away": Fault(endpoint="upload", kind="throttle", seconds=AWAY),
    "lost": Fault(endpoint="upload", kind="drop_after"),
    "failed": Fault(endpoint="upload", kind="fail"),
    "stuck": Fault(endpoint="upload", kind="stuck"),
}
_PUSHES: dict[Trouble, list[Answer]] = {
    "busy": ["busy"],
    "away": ["away"],
    "lost": ["lost"],
    "refused": ["refused"] * 9,
    "failed": ["refused"],
}


def name_of(file: Roster, delivery: Delivery) -> str:
    """Under which a file without events arrives."""
    content = hashlib.sha256(file.data.source).hexdigest()
    return f"{file.name}-{content[:12]}" if "{sha12}" in str(delivery.settings.get("target__name")) else file.name


def profile_of(trouble: Trouble, file: Roster, delivery: Delivery) -> Profile:
    """Of a remote that does this to the first upload of *file*; what it refuses it refuses again."""
    if trouble == "refused":
        return replace(delivery.profile, validation="sync", check_order=True)
    if (fault := _FAULTS.get(trouble)) is None:
        return delivery.profile
    name = None if fault.endpoint == "token" else name_of(file, delivery)
    return replace(delivery.profile, script=(replace(fault, name=name),))


def pushes_of(trouble: Trouble, file: Roster, delivery: Delivery) -> dict[str, list[Answer]]:
    return {name_of(file, delivery): _PUSHES.get(trouble, [])}


# Where a transition can happen: an empty text, or the reason why it cannot

Where = Callable[[Delivery], str]


def everywhere(_: Delivery) -> str:
    return ""


def where_one_signs_in(delivery: Delivery) -> str:
    return "" if delivery.keyed is None else "a push needs no token to begin with"


def where_jobs_are_polled(delivery: Delivery) -> str:
    return "" if delivery.keyed is None else "a push has ended when it is answered"


def where_it_replaces_what_failed(delivery: Delivery) -> str:
    """It is sent again everywhere; elsewhere it does not come to the end of a file that was sent once."""
    if delivery.keyed is not None or delivery.repeats:
        return ""
    return f"its Name is taken at the remote since the job that failed, so {_CONFLICTS[delivery.on_conflict]}"


_CONFLICTS = {
    "409": "it is refused at once",
    "async-fail": "it is taken, and its job fails as well",
    "accept-new": "it is taken as a second copy, beside that of the job that failed",
}


def where_a_repeat_replaces(delivery: Delivery) -> str:
    return "" if delivery.repeats else "a repeat would not replace, so nothing is repeated unasked"


def where_nobody_can_tell(delivery: Delivery) -> str:
    return "a lost answer is mended by a repeat, which replaces" if delivery.repeats else ""


def where_tails_are_held(delivery: Delivery) -> str:
    return "a push keeps nothing back" if delivery.keyed is not None else where_nobody_can_tell(delivery)


def where_tokens_are_lost(delivery: Delivery) -> str:
    return where_jobs_are_polled(delivery) or where_nobody_can_tell(delivery)


# What came before

Before = Callable[[Scene], Awaitable[object]]


async def nothing(_: Scene) -> None:
    """The file is new."""


async def ran(scene: Scene) -> None:
    await scene.run(**ONE)


async def ran_impatiently(scene: Scene) -> None:
    await scene.run(**IMPATIENT)


async def killed_in_flight(scene: Scene) -> None:
    assert await scene.kill("after the upload", **ONE)


async def killed_before_the_tail(scene: Scene) -> None:
    assert await scene.kill("after the commit of Checked+SendStarted", **ONE)


async def mended(scene: Scene) -> None:
    """Before it was sent, for the remote had to be left alone."""
    await ran(scene)
    assert scene.states[CLEAN.path] == "ready"
    MENDED.write(scene.stage.folder)


async def taken_away(scene: Scene) -> None:
    await ran(scene)
    assert scene.states[CLEAN.path] == "ready"
    (scene.stage.folder / CLEAN.path).unlink()


async def put_back(scene: Scene) -> None:
    await taken_away(scene)
    await ran(scene)
    CLEAN.write(scene.stage.folder)


async def lost_its_rejects(scene: Scene) -> None:
    await ran(scene)
    (scene.stage.out / "rejects" / DIRTY.path).unlink()


# What is called then

Command = Callable[[Scene], Sequence[str]]


def run(_: Scene) -> Sequence[str]:
    return RUN


def retry(_: Scene) -> Sequence[str]:
    return ("run", "--retry-failed")


def resolve(*verdict: str) -> Command:
    return lambda _: ("resolve", CLEAN.path, *verdict)


def accept(scene: Scene) -> Sequence[str]:
    """With the token that the remote has noted, as a person would who looks there."""
    name = name_of(CLEAN, scene.delivery)
    (token,) = [entry["token"] for entry in scene.stage.uploads if entry["name"] == name]
    return ("resolve", CLEAN.path, "--accepted", token)

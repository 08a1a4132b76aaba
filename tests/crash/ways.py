"""What leads a file to a transition: what the remote does to it, what people do to it, and what came before."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Literal

from cli.rosters import Roster
from crash.contents import MOST_BYTES, MOST_ROWS
from crash.deliveries import Delivery
from crash.push import AWAY, Answer
from crash.scene import RUN, Scene
from orchestrator.sandbox import Fault, Profile, TaoKnobs

PATH = "f00.csv"
"""Of what is struck."""

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
    profile = delivery.profile
    if trouble == "refused":
        match delivery.api:
            case "tao":
                return replace(profile, tao=TaoKnobs(max_records=MOST_ROWS))
            case "endgrate":
                return replace(profile, max_body=MOST_BYTES)
            case _:
                return replace(profile, validation="sync", check_order=True)
    if (fault := _FAULTS.get(trouble)) is None:
        return profile
    name = None if fault.endpoint == "token" else _aim(file, delivery)
    return replace(profile, script=(replace(fault, name=name),))


def _aim(file: Roster, delivery: Delivery) -> str | None:
    """What a fault at its upload is aimed by; at Endgrate all bear the same name, and it is the first."""
    match delivery.api:
        case "tao":
            return file.path
        case "endgrate":
            return None
        case _:
            return name_of(file, delivery)


def pushes_of(trouble: Trouble, file: Roster, delivery: Delivery) -> dict[str, list[Answer]]:
    return {name_of(file, delivery): _PUSHES.get(trouble, [])}


# Where a transition can happen: an empty text, or the reason why it cannot

Where = Callable[[Delivery], str]


def everywhere(_: Delivery) -> str:
    return ""


def where_one_signs_in(delivery: Delivery) -> str:
    return "" if delivery.api in ("platform", "tao") else "a push needs no token to begin with"


def where_jobs_are_polled(delivery: Delivery) -> str:
    return "" if delivery.is_polled else "a push has ended when it is answered"


def where_it_replaces_what_failed(delivery: Delivery) -> str:
    """It is sent again everywhere; elsewhere it does not come to the end of a file that was sent once."""
    if delivery.api != "platform" or delivery.repeats:
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
    return where_nobody_can_tell(delivery) if delivery.is_polled else "the stand-in keeps nothing back"


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
    assert scene.states[PATH] == "ready"
    scene.delivery.content.of("mended").write(scene.stage.folder)


async def taken_away(scene: Scene) -> None:
    await ran(scene)
    assert scene.states[PATH] == "ready"
    (scene.stage.folder / PATH).unlink()


async def put_back(scene: Scene) -> None:
    await taken_away(scene)
    await ran(scene)
    scene.delivery.content.of("clean").write(scene.stage.folder)


async def lost_its_rejects(scene: Scene) -> None:
    await ran(scene)
    (scene.stage.out / "rejects" / PATH).unlink()


# What is called then

Command = Callable[[Scene], Sequence[str]]


def run(_: Scene) -> Sequence[str]:
    return RUN


def retry(_: Scene) -> Sequence[str]:
    return ("run", "--retry-failed")


def resolve(*verdict: str) -> Command:
    return lambda _: ("resolve", PATH, *verdict)


def accept(scene: Scene) -> Sequence[str]:
    """With the token that the remote has noted, as a person would who looks there."""
    name = name_of(scene.delivery.content.of("clean"), scene.delivery)
    (token,) = [send.token for send in scene.side.sends() if send.name == name]
    assert token is not None
    return ("resolve", PATH, "--accepted", token)

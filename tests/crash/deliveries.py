"""The classes of delivery: how a remote treats a second send, and what the program was told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from crash.contents import RECORDS, ROSTERS, SESSIONS, USERS, Content
from crash.moments import moments_of
from orchestrator.model import State
from orchestrator.sandbox import Profile

Api = Literal["platform", "tao", "endgrate", "push"]
"""*push*: a stand-in that takes a file and has nothing to poll."""

_REQUESTS: Mapping[Api, tuple[str, ...]] = {
    "platform": ("upload", "poll", "fetch of feedback", "fetch of tableofresultids"),
    "tao": ("upload", "poll", "fetch of status", "fetch of result"),
    "endgrate": ("upload", "poll", "fetch of statistics", "fetch of errors", "fetch of data"),
    "push": ("upload",),
}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    name: str
    repeats: bool
    """A lost answer is mended by sending again, which replaces; otherwise a person has to look."""
    settings: Mapping[str, object] = field(default_factory=dict)
    on_conflict: str = "409"
    api: Api = "platform"
    content: Content = field(default=ROSTERS, repr=False)

    def __str__(self) -> str:
        return self.name

    @property
    def profile(self) -> Profile:
        return Profile(job_base=0.0, on_conflict=self.on_conflict)

    @property
    def is_polled(self) -> bool:
        return self.api != "push"

    @property
    def adds(self) -> bool:
        """What is sent a second time, as a person may want it, is there a second time."""
        return not self.repeats and self.api != "platform"

    @property
    def commits(self) -> dict[str, State]:
        """Those on the way of a healthy file, each with the state that it leaves."""
        if self.is_polled:
            return {"Checked+SendStarted": State.FOUND, "Accepted": State.SENDING, "Completed": State.WAITING}
        return {"Checked+SendStarted": State.FOUND, "Completed": State.SENDING}

    @property
    def moments(self) -> list[str]:
        return moments_of([*self.commits], _REQUESTS[self.api])


_SOLE_WRITER = {"target__sole_writer": True}

OVERWRITE = Delivery(name="overwrite", settings={"target__overwrite": True}, repeats=True)
SOLE_WRITER = Delivery(name="sole writer", settings=_SOLE_WRITER, repeats=True)
NOTHING_KNOWN = Delivery(name="nothing known", repeats=False)
TAO_USERS = Delivery(name="TAO, users", api="tao", content=USERS, repeats=True)
TAO_SESSIONS = Delivery(name="TAO, sessions", api="tao", content=SESSIONS, repeats=False)
ENDGRATE_KEYED = Delivery(
    name="Endgrate with keys", api="endgrate", content=RECORDS, settings={"target__key": "id"}, repeats=True
)
ENDGRATE = Delivery(name="Endgrate without keys", api="endgrate", content=RECORDS, repeats=False)

COMMON = (OVERWRITE, SOLE_WRITER, NOTHING_KNOWN)
REAL = (TAO_USERS, TAO_SESSIONS, ENDGRATE_KEYED, ENDGRATE)
OTHERS = (
    *(
        Delivery(name=f"{name}, {conflict}", settings=settings, repeats=repeats, on_conflict=conflict)
        for name, settings, repeats in (("sole writer", _SOLE_WRITER, True), ("nothing known", {}, False))
        for conflict in ("async-fail", "accept-new")
    ),
    Delivery(name="content-addressed", settings={"target__name": "{relative}-{sha12}"}, repeats=True),
    Delivery(name="pushed with keys", api="push", repeats=True),
    Delivery(name="pushed without keys", api="push", repeats=False),
    *REAL,
)
EVERY = COMMON + OTHERS

"""The classes of delivery: how a remote treats a second send, and what the program was told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crash.moments import moments_of
from orchestrator.model import State
from orchestrator.sandbox import Profile


@dataclass(frozen=True, kw_only=True)
class Delivery:
    name: str
    repeats: bool
    """A lost answer is mended by sending again, which replaces; otherwise a person has to look."""
    settings: Mapping[str, object] = field(default_factory=dict)
    on_conflict: str = "409"
    keyed: bool | None = None
    """Pushes with or without keys; None: the Platform."""

    def __str__(self) -> str:
        return self.name

    @property
    def profile(self) -> Profile:
        return Profile(job_base=0.0, on_conflict=self.on_conflict)

    @property
    def commits(self) -> dict[str, State]:
        """Those on the way of a healthy file, each with the state that it leaves."""
        if self.keyed is None:
            return {"Checked+SendStarted": State.FOUND, "Accepted": State.SENDING, "Completed": State.WAITING}
        return {"Checked+SendStarted": State.FOUND, "Completed": State.SENDING}

    @property
    def moments(self) -> list[str]:
        if self.keyed is None:
            return moments_of([*self.commits], ("upload", "poll", "fetch of feedback", "fetch of tableofresultids"))
        return moments_of([*self.commits], ("upload",))


_SOLE_WRITER = {"target__sole_writer": True}

OVERWRITE = Delivery(name="overwrite", settings={"target__overwrite": True}, repeats=True)
SOLE_WRITER = Delivery(name="sole writer", settings=_SOLE_WRITER, repeats=True)
NOTHING_KNOWN = Delivery(name="nothing known", repeats=False)

COMMON = (OVERWRITE, SOLE_WRITER, NOTHING_KNOWN)
OTHERS = (
    *(
        Delivery(name=f"{name}, {conflict}", settings=settings, repeats=repeats, on_conflict=conflict)
        for name, settings, repeats in (("sole writer", _SOLE_WRITER, True), ("nothing known", {}, False))
        for conflict in ("async-fail", "accept-new")
    ),
    Delivery(name="content-addressed", settings={"target__name": "{relative}-{sha12}"}, repeats=True),
    Delivery(name="pushed with keys", keyed=True, repeats=True),
    Delivery(name="pushed without keys", keyed=False, repeats=False),
)
EVERY = COMMON + OTHERS

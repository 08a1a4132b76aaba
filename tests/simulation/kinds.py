"""The kinds of remotes, and what each lets us find out after an answer was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.ports import Clock, Target
from tests.remotes.line import Line
from tests.remotes.remote import Remote, Repeat
from tests.remotes.targets import Keyed, Keyless, Listed, Replacing


@dataclass(frozen=True, kw_only=True)
class Kind:
    name: str
    repeat: Repeat
    client: Callable[[Remote, Line, Clock], Target]
    overwrite: bool = False
    repeats: bool = False
    """Sending again has the effect of sending once, also without Overwrite."""
    finds: bool = False
    """It can be asked."""
    holds: bool = False
    """The last bytes of most uploads are held back."""

    def after_loss(self, *, overwrote: bool) -> set[str]:
        """The events that may follow an attempt whose answer nobody saw, once its last bytes may have left."""
        if self.repeat is Repeat.PILE:
            return {"Accepted", "SendUndone"} if self.finds else {"Doubted"}
        if not (self.repeats or overwrote):
            return {"Doubted"}
        return {"SendRepeatable", "Accepted"} if self.finds else {"SendRepeatable"}


def _replacing(remote: Remote, line: Line, clock: Clock) -> Target:
    return Replacing(remote=remote, line=line, clock=clock)


def _sole_writer(remote: Remote, line: Line, clock: Clock) -> Target:
    return Replacing(remote=remote, line=line, clock=clock, sole_writer=True)


def _keyed(remote: Remote, line: Line, clock: Clock) -> Target:
    return Keyed(remote=remote, line=line, clock=clock)


def _keyed_found(remote: Remote, line: Line, clock: Clock) -> Target:
    return Keyed(remote=remote, line=line, clock=clock, looks_up=True)


def _keyless(remote: Remote, line: Line, clock: Clock) -> Target:
    return Keyless(remote=remote, line=line, clock=clock)


def _replacing_held(remote: Remote, line: Line, clock: Clock) -> Target:
    return Replacing(remote=remote, line=line, clock=clock, holds=True)


def _listed_held(remote: Remote, line: Line, clock: Clock) -> Target:
    return Listed(remote=remote, line=line, clock=clock, holds=True)


def _keyless_held(remote: Remote, line: Line, clock: Clock) -> Target:
    return Keyless(remote=remote, line=line, clock=clock, holds=True)


def _listed(remote: Remote, line: Line, clock: Clock) -> Target:
    return Listed(remote=remote, line=line, clock=clock)


KINDS = (
    Kind(name="replacing, conflicts refused", repeat=Repeat.CONFLICT, client=_replacing),
    Kind(name="replacing, conflicts fail later", repeat=Repeat.LATE_CONFLICT, client=_replacing),
    Kind(name="replacing, conflicts taken as new", repeat=Repeat.AS_NEW, client=_replacing),
    Kind(name="replacing, overwrite", repeat=Repeat.CONFLICT, client=_replacing, overwrite=True),
    Kind(name="replacing, sole writer", repeat=Repeat.CONFLICT, client=_sole_writer, repeats=True),
    Kind(name="keyed", repeat=Repeat.SAME, client=_keyed, repeats=True),
    Kind(name="keyed, with look-up", repeat=Repeat.SAME, client=_keyed_found, repeats=True, finds=True),
    Kind(name="keyless", repeat=Repeat.PILE, client=_keyless),
    Kind(name="keyless, with look-up", repeat=Repeat.PILE, client=_listed, finds=True),
    Kind(name="replacing, held back", repeat=Repeat.AS_NEW, client=_replacing_held, holds=True),
    Kind(name="keyless, held back", repeat=Repeat.PILE, client=_keyless_held, holds=True),
    Kind(name="keyless, with look-up, held back", repeat=Repeat.PILE, client=_listed_held, finds=True, holds=True),
)

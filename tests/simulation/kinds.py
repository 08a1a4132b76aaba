"""The kinds of remotes, and what each lets us find out after an answer was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from orchestrator.ports import Target
from tests.remotes.remote import Repeat
from tests.remotes.targets import Keyed, Keyless, Listed, Replacing


@dataclass(frozen=True, kw_only=True)
class Kind:
    name: str
    repeat: Repeat
    client: Callable[..., Target]
    """Made with `remote`, `line` and `clock`."""
    overwrite: bool = False
    repeats: bool = False
    """Sending again is allowed also without Overwrite: it has the effect of sending once, or its owner takes two."""
    finds: bool = False
    """It can be asked."""
    holds: bool = False
    """The last bytes of most uploads are held back."""

    def after_loss(self, *, overwrote: bool) -> set[str]:
        """The events that may follow an attempt whose answer nobody saw, once its last bytes may have left."""
        if self.repeat is Repeat.PILE and self.finds:
            return {"Accepted", "SendUndone"}
        if not (self.repeats or (overwrote and self.repeat is not Repeat.PILE)):
            return {"Doubted"}
        return {"SendRepeatable", "Accepted"} if self.finds else {"SendRepeatable"}


KINDS = (
    Kind(name="replacing, conflicts refused", repeat=Repeat.CONFLICT, client=Replacing),
    Kind(name="replacing, conflicts fail later", repeat=Repeat.LATE_CONFLICT, client=Replacing),
    Kind(name="replacing, conflicts taken as new", repeat=Repeat.AS_NEW, client=Replacing),
    Kind(name="replacing, overwrite", repeat=Repeat.CONFLICT, client=Replacing, overwrite=True),
    Kind(
        name="replacing, sole writer", repeat=Repeat.CONFLICT, client=partial(Replacing, sole_writer=True), repeats=True
    ),
    Kind(name="keyed", repeat=Repeat.SAME, client=Keyed, repeats=True),
    Kind(
        name="keyed, with look-up", repeat=Repeat.SAME, client=partial(Keyed, looks_up=True), repeats=True, finds=True
    ),
    Kind(name="keyless", repeat=Repeat.PILE, client=Keyless),
    Kind(name="keyless, with look-up", repeat=Repeat.PILE, client=Listed, finds=True),
    Kind(name="replacing, held back", repeat=Repeat.AS_NEW, client=partial(Replacing, holds=True), holds=True),
    Kind(name="keyless, held back", repeat=Repeat.PILE, client=partial(Keyless, holds=True), holds=True),
    Kind(
        name="keyless, with look-up, held back",
        repeat=Repeat.PILE,
        client=partial(Listed, holds=True),
        finds=True,
        holds=True,
    ),
    Kind(name="keyless, sent again by policy", repeat=Repeat.PILE, client=partial(Keyless, resends=True), repeats=True),
)

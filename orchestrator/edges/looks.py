"""One file of those that are looked at beside each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.model import Source
from orchestrator.ports import File


@dataclass(slots=True, kw_only=True)
class Look:
    """As it was read."""

    number: int
    file: File
    source: Source | None = None
    kind: str = ""
    is_faulty: bool = True
    bad: int = 0
    done: bool = False
    columns: dict[tuple[int, int], int] = field(default_factory=dict)
    """Where a problem with each pool and way is told."""
    mark: str = ""
    """A digest of all for which its rows are kept back."""

    def is_whole(self, *, drop_rows: bool) -> bool:
        """Whether all that it holds is known, and goes with it."""
        return self.done or (not self.is_faulty and (drop_rows or not self.bad))

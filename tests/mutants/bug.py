"""What a seeded bug is: a small change of the program's text that one test has to notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class DoesNotFitError(Exception):
    """The program has changed, and the bug with its test has to be looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    wrong: str
    """What the program would do: one sentence."""
    file: str
    """Below `orchestrator/`."""
    old: str
    """Stands in the file exactly once."""
    new: str
    test: str
    """The node id, below `tests/`, of the test that claims to catch it; of one of its cases where all take long."""

    def plant(self, root: Path) -> None:
        """Change the file below *root*, which is a copy. Raises DoesNotFitError."""
        place = root / "orchestrator" / self.file
        changed = self.changed(place.read_text())
        place.unlink()
        place.write_text(changed)

    def changed(self, source: str) -> str:
        """The text with the bug in it, which is still Python. Raises DoesNotFitError."""
        if (found := source.count(self.old)) != 1:
            raise DoesNotFitError(f"{self.file} holds the text {found} times, not once")
        changed = source.replace(self.old, self.new)
        try:
            compile(changed, self.file, "exec")
        except SyntaxError as error:
            raise DoesNotFitError(f"{self.file} would be no Python any more: {error}") from None
        return changed

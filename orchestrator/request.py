"""What the command line asks of one run, beyond the settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from orchestrator.edges.folder import glob_to_regex
from orchestrator.model import RelPath
from orchestrator.naming import date_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    command: str = "run"
    only: str = ""
    since: date | None = None
    until: date | None = None
    canary: int = 0
    max_duration: float | None = None
    retry_failed: bool = False
    wait: float = 0.0
    lists: tuple[str, ...] | None = None
    """Mended lists of rejects that are sent, all of them if it is empty; None: files are sent, and no lists."""

    @property
    def is_whole(self) -> bool:
        """Whether all files of the folder are asked for."""
        return not self.only and self.since is None and self.lists is None

    def selection(
        self, chosen: Collection[RelPath] | None = None, missed: Collection[RelPath] = ()
    ) -> Callable[[RelPath], bool]:
        """*chosen*: no other files than these; *missed* were asked for as well."""
        only = glob_to_regex(self.only) if self.only else re.compile(r"(?s:.*)")
        since, until = self.since, self.until

        def wants(path: RelPath) -> bool:
            if path.endswith("/"):  # a folder that nobody looked into may hold what is asked for
                return chosen is None or any(asked.startswith(path) for asked in (*chosen, *missed))
            if not only.fullmatch(path) or (chosen is not None and path not in chosen):
                return False
            if since is None or until is None:
                return True
            day = date_in(path)
            return day is not None and since <= day <= until

        return wants

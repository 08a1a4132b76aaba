"""What the remote made of files in this run, for those that waited for them: rows that it refused are nobody's."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from orchestrator.edges.looks import Had, Look, lacking_rows
from orchestrator.edges.registry import Registry
from orchestrator.model import Source
from orchestrator.ports import File
from orchestrator.validation import SourceLines


class Aftermath:
    def __init__(
        self,
        registry: Registry,
        lines: Callable[[int], SourceLines],
        had: Callable[[File, Source], Had | None],
        *,
        in_turn: bool,
    ) -> None:
        """*had* is that of a census. Who asks for rows that do not come is given up *in_turn*, or else its file."""
        self._registry = registry
        self._lines = lines
        self._had = had
        self._in_turn = in_turn
        self._ended: list[Look] = []
        self._refused: deque[Look] = deque()
        self._lock = threading.Lock()

    def end(self, look: Look, *, refused: bool) -> None:
        """It is done. That is noted in no time: what follows of it is for the thread in which a file is read."""
        self._ended.append(look)
        if refused:
            self._refused.append(look)

    def take_in(self, looks: Iterable[Look], mark: Callable[[Look], None]) -> None:
        """Whoever asks for what was refused is told so from now on. *mark* is called for each of *looks* that is.

        Called in a thread. Files wait for those that they ask, so nobody is read before his own have ended.
        """
        with self._lock:
            if rows := [row for _ in range(len(self._refused)) for row in self._rows(self._refused.popleft())]:
                ended = [look.number for look in self._ended]
                told = self._registry.give_up_refused(ended, rows, in_turn=self._in_turn)
                for look in looks:
                    if look.number in told:
                        mark(look)

    def _rows(self, look: Look) -> Iterable[tuple[int, int]]:
        had = self._had(look.file, look.source) if look.source else None
        if had:
            for row in lacking_rows(self._lines(look.number), look.good, had):
                yield look.number, row

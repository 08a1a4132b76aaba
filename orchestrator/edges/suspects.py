"""Which files were being read when the program died, so that one that kills it does not end every night.

The paths of what is being read stand in a file of the state folder. Nothing of it is synced: it has to outlive this
process, not the machine. Whoever stands there at the next start is a suspect: it is taken after all others and alone,
and cleared as soon as it was read without a death. A run that a person kills makes suspects, too; they only wait for
the others. One of which the program died too often is refused unread, until it changes.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.edges.atomic import PRIVATE, put, storing
from orchestrator.errors import OrchestratorError, StorageError
from orchestrator.model import RelPath

POISON = (
    "poison: the program died {deaths} times while it read this file: look at it with orchestrator inspect, and mend "
    "it or take it away. When it changes, or with --retry-failed, it is read again"
)
DEATHS = 3
"""Of the program while it read the same bytes; at most the first of them in company."""


class Suspects:
    def __init__(self, folder: Path, stamp: Callable[[RelPath], tuple[int, ...]], *, pardoned: bool = False) -> None:
        """*stamp* tells one content of a file from another. When they are *pardoned*, each is read once more.

        Raises StorageError or OutputError.
        """
        self._stamp = stamp
        self._kept = folder / "suspects.json"
        self._place = folder / "reading"
        self._lock = threading.Lock()
        self._reading: Counter[RelPath] = Counter()
        self._deaths = self._known()
        with storing(self._place):
            self._file = os.open(self._place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
        self._note_deaths(_lines(self._place))
        if pardoned:
            self._deaths = {path: (min(count, DEATHS - 1), stamp) for path, (count, stamp) in self._deaths.items()}
        self._write("")

    def close(self) -> None:
        """Whoever is still being read has ended the run by something that is no word of ours: it stays noted."""
        os.close(self._file)

    def deaths(self, path: RelPath) -> int:
        """How often the program died while it read this file as it is now."""
        count, stamp = self._deaths.get(path, (0, ()))
        return count if count and stamp == self._stamp(path) else 0

    def why_refused(self, path: RelPath) -> str:
        """Why it is not to be read any more; empty when it is."""
        return POISON.format(deaths=DEATHS) if self.deaths(path) >= DEATHS else ""

    @contextmanager
    def reading(self, path: RelPath) -> Iterator[None]:
        """Around all that the program may die of. What we say is wrong with a file ends it well. Called in threads."""
        self._note(path, 1)
        try:
            yield
        except BaseException as error:
            if not isinstance(error, Exception) or isinstance(error, OrchestratorError | OSError):
                self._note(path, -1)  # a stop is not its fault either
            raise
        self._note(path, -1)
        if path in self._deaths:
            with self._lock:
                del self._deaths[path]
                self._keep()

    def _note(self, path: RelPath, by: int) -> None:
        with self._lock:
            self._reading[path] += by
            if not self._reading[path]:
                del self._reading[path]  # else every file would be gone through that was ever read
            self._write("".join(f"{json.dumps(path)}\n" for path in self._reading.elements()))

    def _write(self, text: str) -> None:
        with suppress(OSError):  # a disk that fails must not keep a file from being read
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text.encode(), 0)

    def _note_deaths(self, paths: Iterable[RelPath]) -> None:
        found = {path: (self.deaths(path) + 1, self._stamp(path)) for path in paths}
        if found:
            self._deaths |= found
            self._keep()

    def _keep(self) -> None:
        with suppress(StorageError):
            put(self._kept, json.dumps(self._deaths).encode(), durable=False)

    def _known(self) -> dict[RelPath, tuple[int, tuple[int, ...]]]:
        """What is no record of ours counts as none: it only says who has to wait."""
        try:
            kept = json.loads(self._kept.read_bytes())
            return {RelPath(path): (int(count), tuple(stamp)) for path, (count, stamp) in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


class Nobody:
    """Where no run could die of it, or nobody would know."""

    def deaths(self, path: RelPath) -> int:
        return 0

    def why_refused(self, path: RelPath) -> str:
        return ""

    @contextmanager
    def reading(self, path: RelPath) -> Iterator[None]:
        yield


NOBODY = Nobody()


def _lines(place: Path) -> Iterator[RelPath]:
    try:
        text = place.read_bytes()
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            path = json.loads(line)
        except ValueError:
            continue  # the last of them, cut short
        if isinstance(path, str):
            yield RelPath(path)

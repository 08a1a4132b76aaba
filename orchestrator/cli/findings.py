"""What `validate` found, counted: told at once, or kept in a file for the one JSON object at the end.

A folder may have many bad files, so that not even the first of each file are for the memory.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self, TextIO

from orchestrator.edges.atomic import storing
from orchestrator.model import RelPath
from orchestrator.survey import NOTE, Found, Rest
from orchestrator.validation import Severity

_AT_ONCE = 1 << 16


class Findings:
    """Within its block. Without *tell* they are kept for `as_json`."""

    def __init__(self, tell: Callable[[str], None] | None) -> None:
        self._tell = tell
        self._stack = ExitStack()
        self._kept: TextIO
        self._separator = ""
        self._rests: list[Rest] = []
        self._counts: Counter[str] = Counter({Severity.ERROR: 0, Severity.WARNING: 0, NOTE: 0})
        self._faulty: set[RelPath] = set()

    def __enter__(self) -> Self:
        if self._tell is None:
            with storing(tempfile.gettempdir()):
                self._kept = self._stack.enter_context(tempfile.TemporaryFile("w+", encoding="ascii"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def errors(self) -> int:
        return self._counts[Severity.ERROR]

    @property
    def warnings(self) -> int:
        return self._counts[Severity.WARNING]

    @property
    def faulty(self) -> int:
        """Files with a problem."""
        return len(self._faulty)

    def add(self, found: Found) -> None:
        self._counts[found.severity] += found.count if isinstance(found, Rest) else 1
        if found.severity == Severity.ERROR:
            self._faulty.add(found.path)
        if self._tell is not None:
            self._tell(found.text)
        elif isinstance(found, Rest):
            self._rests.append(found)
        else:
            with storing(tempfile.gettempdir()):
                self._kept.write(self._separator + json.dumps(found.as_json()))
            self._separator = ", "

    def as_json(self, head: Mapping[str, Any]) -> Iterator[str]:
        """One object, in pieces: *head*, the counts, and what is told one by one."""
        rests = [rest.as_json() for rest in self._rests]
        begin = json.dumps({**head, "counts": self._counts, "not_listed": rests})
        yield f'{begin[:-1]}, "problems": ['
        with storing(tempfile.gettempdir()):
            self._kept.seek(0)
        while piece := self._kept.read(_AT_ONCE):
            yield piece
        yield "]}\n"

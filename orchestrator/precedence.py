"""Which file waits for which: one whose rows depend on rows of another is sent when that one is done. Pure."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.model import RelPath
from orchestrator.trip import Ending

_ENOUGH = (Ending.DONE, Ending.SKIPPED)


@dataclass(frozen=True, slots=True)
class Precedence:
    parents: Mapping[RelPath, tuple[RelPath, ...]] = field(default_factory=dict)
    """Those that a file waits for. Nobody waits for itself, over however many others."""
    circles: tuple[tuple[RelPath, RelPath], ...] = ()
    """Child and parent, where the child would have waited for itself, and so does not wait."""

    @classmethod
    def of(cls, needs: Mapping[RelPath, Collection[RelPath]]) -> Precedence:
        """In a circle a file waits only for those that come before it by their paths."""
        ring = _rings(needs)
        parents, circles = {}, []
        for child, wanted in sorted(needs.items()):
            broken = {parent for parent in wanted if ring[parent] == ring[child] and parent >= child}
            circles += [(child, parent) for parent in sorted(broken - {child})]
            if kept := sorted({*wanted} - broken):
                parents[child] = tuple(kept)
        return cls(parents, tuple(circles))

    def parents_in(self, paths: Container[RelPath], child: RelPath) -> set[RelPath]:
        return {parent for parent in self.parents.get(child, ()) if parent in paths}

    def behind(self, paths: Collection[RelPath]) -> set[RelPath]:
        """*paths*, and all who wait for one of them, over however many others."""
        children: dict[RelPath, list[RelPath]] = defaultdict(list)
        for child, parents in self.parents.items():
            for parent in parents:
                children[parent].append(child)
        found, ahead = set(paths), list(paths)
        while ahead:
            fresh = [child for child in children[ahead.pop()] if child not in found]
            found.update(fresh)
            ahead += fresh
        return found

    def sorted(self, paths: Iterable[RelPath]) -> Iterator[RelPath]:
        """In their order, but for parents, which come before their children."""
        line = Line(paths, self)
        while (path := line.next()) is not None:
            yield path
            line.ended(path)

    def why_kept(self, child: RelPath, ends: Mapping[RelPath, Ending]) -> str:
        """Why *child* must not be sent, in words; empty when nothing keeps it. *ends* are those of this run."""
        for parent in self.parents.get(child, ()):
            end = ends.get(parent)
            if end not in _ENOUGH:
                words = f"is {end.replace('_', ' ')}" if end else "is not done, and no file of this run"
                return f"it depends on rows of {parent}, which {words}: it is sent when that file is done"
        return ""


class Line:
    """Who is next: the first, in the order given, of those whose parents have ended. Parents elsewhere do not count."""

    def __init__(self, paths: Iterable[RelPath], precedence: Precedence) -> None:
        self._paths = list(paths)
        self._places = {path: place for place, path in enumerate(self._paths)}
        self._missing: dict[RelPath, int] = {}
        self._children: dict[RelPath, list[RelPath]] = defaultdict(list)
        for path in self._paths:
            here = precedence.parents_in(self._places, path)
            self._missing[path] = len(here)
            for parent in here:
                self._children[parent].append(path)
        self._ready = [place for place, path in enumerate(self._paths) if not self._missing[path]]
        self._left = len(self._paths)

    def __bool__(self) -> bool:
        """Whether somebody is still to come."""
        return self._left > 0

    def next(self) -> RelPath | None:
        """None: everybody who is left waits for one that is under way."""
        if not self._ready:
            return None
        self._left -= 1
        return self._paths[heapq.heappop(self._ready)]

    def ended(self, path: RelPath) -> None:
        for child in self._children.pop(path, ()):
            self._missing[child] -= 1
            if not self._missing[child]:
                heapq.heappush(self._ready, self._places[child])


def _rings(needs: Mapping[RelPath, Collection[RelPath]]) -> dict[RelPath, int]:
    """Who waits for each other has the same number (Tarjan's strongly connected components, without recursion)."""
    ring: dict[RelPath, int] = {}
    low: dict[RelPath, int] = {}
    trail: list[RelPath] = []
    for start in needs:
        if start in low:
            continue
        steps = [(start, iter(needs[start]))]
        low[start] = found = len(low)
        first = {start: found}
        trail.append(start)
        while steps:
            path, rest = steps[-1]
            for parent in rest:
                if parent not in low:
                    low[parent] = first[parent] = len(low)
                    trail.append(parent)
                    steps.append((parent, iter(needs.get(parent, ()))))
                    break
                if parent not in ring:
                    low[path] = min(low[path], low[parent])
            else:
                steps.pop()
                if steps:
                    low[steps[-1][0]] = min(low[steps[-1][0]], low[path])
                if low[path] == first[path]:
                    while path not in ring:
                        ring[trail.pop()] = first[path]
    return ring

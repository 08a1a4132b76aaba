"""How many requests of a kind are under way at once, which is what a client's limits are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web


class Traffic:
    def __init__(self) -> None:
        self.most: Counter[str] = Counter()
        """By kind, the most at any moment. Whoever has gone away does not count, even if it is still being served."""
        self._under_way: dict[int, tuple[web.BaseRequest, str]] = {}

    @contextmanager
    def passing(self, request: web.BaseRequest, kind: str) -> Iterator[None]:
        self._under_way[id(request)] = request, kind
        here = sum(_is_here(other) for other, its in self._under_way.values() if its == kind)
        self.most[kind] = max(self.most[kind], here)
        try:
            yield
        finally:
            del self._under_way[id(request)]


def _is_here(request: web.BaseRequest) -> bool:
    return request.transport is not None and not request.transport.is_closing()

"""The remote's side: what it took in, what became of it, and what it answers. It outlives every client.

Three kinds of API differ in one point only: what a second complete request for the same thing does.
"""

from __future__ import annotations

import enum
import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.errors import Missing, Refused
from orchestrator.model import Key, Name, Token
from orchestrator.ports import Ended, Running


class Repeat(enum.Enum):
    """What a second request does under a Name, or with a key, that the remote has already."""

    CONFLICT = enum.auto()  # replaced with Overwrite, else refused at once
    LATE_CONFLICT = enum.auto()  # replaced with Overwrite, else taken in and failed later
    AS_NEW = enum.auto()  # replaced with Overwrite, else one more copy
    SAME = enum.auto()  # known by its key: the first answer is given again
    PILE = enum.auto()  # one more copy, whatever was said


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A complete submission. Version and attempt are for the record: no remote decides by them."""

    key: Key
    version: int
    attempt: int
    name: Name
    digest: str
    overwrite: bool

    @property
    def item(self) -> tuple[Key, int]:
        return self.key, self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What will become of a submission. Times are seconds after it was taken in."""

    ends: float | None = 0.0
    """None: it never ends."""
    success: bool = True
    known_from: float = 0.0
    """Until then the token is unknown where it is asked about."""
    results_from: float = 0.0
    """Seconds after its end until its results can be had."""
    forgotten: bool = False
    words: tuple[str, ...] = ()
    """What it answers in turn while it is at work; nobody documents them."""


@dataclass(slots=True, kw_only=True)
class Effect:
    """A submission that was taken in: the authoritative record."""

    at: float
    request: Request
    token: Token
    fate: Fate
    asked: int = 0


def result_of(token: Token, key: str) -> bytes:
    return f"{key} of {token}".encode()


@dataclass(kw_only=True)
class Remote:
    time: Callable[[], float]
    repeat: Repeat
    fate: Callable[[Request], Fate] = lambda request: Fate()
    results: tuple[str, ...] = ("feedback",)
    effects: list[Effect] = field(default_factory=list)
    """In the order in which they came about."""
    by_token: dict[Token, Effect] = field(default_factory=dict)
    by_item: dict[tuple[Key, int], list[Effect]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[Name, list[Effect]] = field(default_factory=lambda: defaultdict(list))
    replayed: int = 0
    conflicts: int = 0
    _under_way: list[tuple[float, int, Request]] = field(default_factory=list)
    """Complete requests that wait in some gateway, with the moment at which they get through."""
    _barred: set[tuple[Key, int, int]] = field(default_factory=set)
    _delayed: int = 0

    def take(self, request: Request) -> Token:
        """Raises Refused for a Name that is taken."""
        self.settle()
        return self._take(request, self.time())

    def take_later(self, request: Request, seconds: float) -> None:
        self._delayed += 1
        heapq.heappush(self._under_way, (self.time() + seconds, self._delayed, request))

    def settle(self, *, all_of_them: bool = False) -> None:
        """Let what was on its way come about."""
        while self._under_way and (all_of_them or self._under_way[0][0] <= self.time()):
            due, _, request = heapq.heappop(self._under_way)
            if (request.key, request.version, request.attempt) not in self._barred:
                try:
                    self._take(request, due)
                except Refused:
                    continue

    def find(self, key: Key, version: int, attempts: int) -> Token | None:
        """A look-up that is complete: what it did not find does not come through afterwards."""
        self.settle()
        self._barred |= {(key, version, attempt) for attempt in range(1, attempts + 1)}
        found = self.by_item.get((key, version))
        return found[-1].token if found else None

    def status(self, token: Token) -> Running | Ended:
        effect = self._known(token)
        fate, age = effect.fate, self.time() - effect.at
        if fate.ends is None or age < fate.ends:
            effect.asked += 1
            return Running(word=fate.words[effect.asked % len(fate.words)] if fate.words else "")
        return Ended(success=fate.success, word="over", results=self.results if fate.success else ("feedback",))

    def result(self, token: Token, key: str) -> bytes:
        effect = self._known(token)
        if self.time() - effect.at < (effect.fate.ends or 0.0) + effect.fate.results_from:
            raise Missing(f"there is no {key} yet")
        return result_of(token, key)

    def standing(self, name: Name) -> list[Effect]:
        """What is there under *name* now: one dataset, or copies. What was judged and refused is not there."""
        found: list[Effect] = []
        for effect in self.by_name[name]:
            if effect.fate.success:
                replaces = effect.request.overwrite and self.repeat not in (Repeat.PILE, Repeat.SAME)
                found = [effect] if replaces else [*found, effect]
        return found

    def _take(self, request: Request, at: float) -> Token:
        if self.repeat is Repeat.SAME and (known := self.by_item.get(request.item)):
            self.replayed += 1
            return known[0].token
        fate = self.fate(request)
        if self._is_conflict(request):
            self.conflicts += 1
            if self.repeat is Repeat.CONFLICT:
                raise Refused("the Name exists (409)")
            fate = Fate(ends=fate.ends, success=False)
        token = Token(f"token-{len(self.effects) + 1}")
        effect = Effect(at=at, request=request, token=token, fate=fate)
        self.effects.append(effect)
        self.by_token[token] = effect
        self.by_item[request.item].append(effect)
        self.by_name[request.name].append(effect)
        return token

    def _is_conflict(self, request: Request) -> bool:
        replaceable = self.repeat in (Repeat.CONFLICT, Repeat.LATE_CONFLICT)
        return replaceable and not request.overwrite and bool(self.standing(request.name))

    def _known(self, token: Token) -> Effect:
        self.settle()
        effect = self.by_token.get(token)
        if effect is None or effect.fate.forgotten or self.time() - effect.at < effect.fate.known_from:
            raise Missing("the remote does not know the token")
        return effect

"""What one remote API tells the common door: its paths, what a request is about, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from aiohttp.hdrs import AUTHORIZATION

from orchestrator.sandbox.answer import Answer
from orchestrator.sandbox.faults import Endpoint, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request without its body. The names of the headers are case-insensitive."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def authorization(self) -> str | None:
        return self.headers.get(AUTHORIZATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a request did. An upload that was `taken` got an identifier; it may still not be `applied`.

    The answer is sent after *wait* seconds of work. `detail` goes into the record.
    """

    answer: Answer
    taken: bool = False
    applied: bool = False
    wait: float = 0.0
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request that is far enough in order to be counted, and so to meet a fault.

    `act` does the work and is told the kind of that fault; it is not called where the fault comes instead.
    `name` is what the request is about: faults and holds can be aimed at it. `detail` goes into the record
    in any case, with null for what only the work can tell.
    """

    endpoint: Endpoint
    act: Callable[[Kind | None], Effect]
    name: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path and a method that the API has. An answer in place of an `Ask` turns the request away uncounted.

    `refuse` judges the headers before the body is read; *limit* is the most bytes of it that are read.
    `blank` is what the record says of a request that was not understood.
    """

    endpoint: Endpoint
    understand: Callable[[Head, bytes], Ask | Answer]
    refuse: Callable[[Head], Answer | None] = lambda _: None
    limit: int | None = None
    blank: Mapping[str, object] = field(default_factory=dict)


class Api(Protocol):
    """One remote API with everything that it knows."""

    @property
    def unlikely(self) -> frozenset[Kind]:
        """The faults that do not befall this API by chance, because no client could recover from them."""
        ...

    def route(self, method: str, path: str) -> Route | Answer:
        """What this request is as far as its first line tells, or the answer to what the API does not have."""
        ...

    def trouble(self, status: Literal[401, 500]) -> Answer:
        """In its own words: the token is void; something went wrong."""
        ...

    def revoke(self, authorization: str | None) -> None:
        """Make what this header holds void before its time."""
        ...

    def revoke_all(self) -> None: ...

    def tokens(self) -> tuple[str, ...]:
        """The bearer tokens that were issued and may still be live."""
        ...

    def addresses(self, base_url: str) -> dict[str, object]:
        """What a client has to be told beside the base URL. Holds no secret."""
        ...

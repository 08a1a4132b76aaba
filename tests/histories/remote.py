"""A remote that judges rows one by one, and what it keeps of them: three ways, of which it has one."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.model import Accepted, Completed, Job, Name, RelPath, Token
from orchestrator.ports import Body, Clock, Ended, Fetched, Held, Objection, Release, Trace
from orchestrator.ranges import ranges_of
from orchestrator.targets.own import Own
from tests.histories.rows import Row, rows_in

REFUSALS = "refusals"


class Way(enum.Enum):
    REPLACES = enum.auto()
    """By Name: what a submission holds takes the place of all that stood under its Name."""
    MERGES = enum.auto()
    """By id: a row takes the place of the one with its id, wherever that came from."""
    ADDS = enum.auto()


@dataclass(frozen=True, slots=True)
class Standing:
    path: RelPath
    name: Name
    row: Row


@dataclass(frozen=True, slots=True)
class Submission:
    token: Token
    rows: int
    refused: tuple[int, ...]
    """From 1."""


@dataclass(kw_only=True)
class Remote:
    way: Way
    lacks: set[str] = field(default_factory=set)
    """Ids of which it refuses the rows, as long as they are in here."""
    standing: list[Standing] = field(default_factory=list)
    accepted: set[Row] = field(default_factory=set)
    """In whatever form it ever took them, and did not refuse them since."""
    submissions: dict[Token, Submission] = field(default_factory=dict)
    by_attempt: dict[tuple[str, int, int], Token] = field(default_factory=dict)
    arriving: Callable[[Standing], None] = lambda one: None
    """Called before a row that it takes is there."""

    def take(self, job: Job, text: str) -> Token:
        rows = rows_in(text)
        refused = tuple(number for number, row in enumerate(rows, 1) if row.id in self.lacks)
        if self.way is Way.REPLACES:
            self.standing = [one for one in self.standing if one.name != job.name]
        for number, row in enumerate(rows, 1):
            if number in refused:
                self.accepted.discard(row)
            else:
                self._stand(Standing(job.path, job.name, row))
        token = Token(f"token-{len(self.submissions) + 1}")
        self.submissions[token] = Submission(token, len(rows), refused)
        self.by_attempt[job.key, job.version, job.attempts] = token
        return token

    def _stand(self, new: Standing) -> None:
        self.arriving(new)
        if self.way is Way.MERGES:
            same = (new.row.kind, new.row.id)
            self.standing = [one for one in self.standing if (one.row.kind, one.row.id) != same]
        self.standing.append(new)
        self.accepted.add(new.row)


class Client(Own):
    """Whether an attempt arrived it can be asked; `point` is passed before and after each upload."""

    looks_up = True

    def __init__(self, remote: Remote, clock: Clock, point: Callable[[], None]) -> None:
        self._remote, self._clock, self._point = remote, clock, point

    @property
    def id(self) -> str:
        return "histories"

    async def probe(self) -> None:
        """It is always well."""

    def finds_again(self, job: Job) -> bool:
        return self._remote.way is Way.MERGES

    async def submit(
        self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None
    ) -> Accepted | Completed:
        assert isinstance(body.data, Held)
        self._point()
        token = self._remote.take(job, body.data.text)
        self._point()
        return Accepted(token, self._clock.now().timestamp())

    async def recall(self, job: Job) -> Accepted | Trace:
        token = self._remote.by_attempt.get((job.key, job.version, job.attempts))
        return Accepted(token, self._clock.now().timestamp()) if token else Trace.ABSENT

    async def check(self, token: Token) -> Ended:
        refused = self._remote.submissions[token].refused
        return Ended(success=True, word="over", results=(REFUSALS,) if refused else ())

    async def fetch(self, token: Token, key: str) -> Fetched:
        one = self._remote.submissions[token]
        body = ",".join(map(str, one.refused)).encode()
        return Fetched(
            key=key,
            content_type="text/plain",
            body=body,
            size=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
            refused=len(one.refused),
            rows=ranges_of(one.refused),
            objections=tuple(Objection(rows=(row,), says="it lacks the id") for row in one.refused),
            told=one.rows,
        )

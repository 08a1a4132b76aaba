"""The line to a remote: what goes wrong on it is chosen by whoever tests, and what went over it is written down."""

from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from orchestrator.errors import Busy, Denied, Garbled, NotSent, Refused, TargetError, Unclear, Unreachable
from orchestrator.model import Token


class Call(enum.StrEnum):
    SIGN_IN = "sign_in"
    PROBE = "probe"
    SUBMIT = "submit"
    RECALL = "recall"
    CHECK = "check"
    FETCH = "fetch"


class Trouble(enum.StrEnum):
    NONE = "none"
    UNREACHABLE = "unreachable"
    NOT_SENT = "not_sent"
    THROTTLED = "throttled"
    DENIED = "denied"
    REFUSED = "refused"
    LOST = "lost"
    """The connection broke, and the request never got through."""
    LATE = "late"
    """The connection broke, and the request gets through later."""
    BROKEN = "broken"
    """The remote did it, and the answer was lost or was a 5xx."""
    GARBLED = "garbled"
    """The remote did it, and the answer makes no sense."""


class Part(enum.StrEnum):
    """Of an upload whose last bytes are held back."""

    HEAD = "head"
    RECORD = "record"
    """All else is there, and whether the last bytes may leave is being written down."""
    TAIL = "tail"


_BEFORE: dict[Trouble, Callable[[str], TargetError]] = {
    Trouble.UNREACHABLE: Unreachable,
    Trouble.NOT_SENT: NotSent,
    Trouble.DENIED: Denied,
    Trouble.REFUSED: Refused,
    Trouble.LOST: Unclear,
    Trouble.LATE: Unclear,
}
_AFTER: dict[Trouble, Callable[[str], TargetError]] = {Trouble.BROKEN: Unclear, Trouble.GARBLED: Garbled}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    trouble: Trouble = Trouble.NONE
    before: float = 0.0
    """Seconds until the request is through."""
    after: float = 0.0
    """Seconds from then to the answer."""
    arrives: float | None = None
    """Seconds after which a request still gets through whose sender gave up or died; None: it does not."""
    retry_after: float | None = None
    part: Part = Part.TAIL
    """In which it strikes, where the last bytes are held back."""
    record: float = 0.0
    """Seconds from the last byte but those until it strikes in the part of the record."""


class Ending(enum.StrEnum):
    """What the client saw of an exchange."""

    OPEN = "open"
    ANSWERED = "answered"
    UNTAKEN = "untaken"
    REFUSED = "refused"
    LOST = "lost"
    CUT = "cut"
    """The client gave up or died before the answer."""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One call as the line saw it. *about* is (key, version, attempt) of an upload, else a token."""

    call: Call
    about: object
    process: int
    began: float
    fault: Fault
    ended: float = math.nan
    ending: Ending = Ending.OPEN
    token: Token | None = None
    is_held: bool = False
    """Its last bytes are held back, or were."""
    struck: bool = False
    """Its fault came to pass; many a one is planned for a call that ends before."""

    def stop_before(self) -> None:
        """Raises what keeps the request from getting through."""
        trouble = self.fault.trouble
        if trouble is Trouble.THROTTLED:
            self.struck = True
            raise Busy("the remote is busy (429)", retry_after=self.fault.retry_after)
        self._strike(_BEFORE)

    def stop_after(self) -> None:
        """Raises what keeps the answer from getting back."""
        self._strike(_AFTER)

    def _strike(self, troubles: dict[Trouble, Callable[[str], TargetError]]) -> None:
        trouble = self.fault.trouble
        if trouble in troubles:
            self.struck = True
            raise troubles[trouble](f"scripted: {trouble}")


@dataclass(kw_only=True)
class Line:
    """All exchanges, in the order in which they began, of all processes that ever talked to the remote."""

    time: Callable[[], float]
    script: Callable[[Call, object], Fault] = lambda call, about: Fault()
    renewal: Callable[[], float] = lambda: 0.0
    """Seconds until there is a new bearer token; none where the old one is good."""
    exchanges: list[Exchange] = field(default_factory=list)
    tail: Callable[[object], None] = lambda about: None
    """Told when the last bytes of an upload leave that were held back."""
    fired: Counter[tuple[Call | Part, Trouble]] = field(default_factory=Counter)
    """The faults that came to pass; of an upload that is held back by its part as well."""
    most: Counter[Call] = field(default_factory=Counter)
    """How many exchanges were under way at once, at most, in any process; uploads count with their look-ups,
    polls with the results."""
    early: list[Exchange] = field(default_factory=list)
    """Exchanges that a process began although it had been told to stay away."""
    process: int = 0
    _inside: Counter[Call] = field(default_factory=Counter)
    _told: tuple[float, float] = (-math.inf, -math.inf)

    def begin_process(self) -> None:
        """What earlier processes knew and had under way is gone."""
        self.process += 1
        self._inside.clear()
        self._told = (-math.inf, -math.inf)

    @contextmanager
    def exchange(self, call: Call, about: object) -> Iterator[Exchange]:
        fault = self.script(call, about)
        now = self.time()
        one = Exchange(call=call, about=about, process=self.process, began=now, fault=fault)
        self.exchanges.append(one)
        told, until = self._told
        if told < now < until:
            self.early.append(one)
        lane = _LANES[call]
        self._inside[lane] += 1
        self.most[lane] = max(self.most[lane], self._inside[lane])
        try:
            yield one
            one.ending = Ending.ANSWERED
        except TargetError as error:
            one.ending = _ending_for(error)
            if error.retry_after and one.process == self.process:
                self._told = (self.time(), max(self._told[1], self.time() + error.retry_after))
            raise
        except BaseException:
            one.ending = Ending.CUT
            raise
        finally:
            one.ended = self.time()
            if one.struck:
                self.fired[call, fault.trouble] += 1
            if one.struck and one.is_held:
                self.fired[fault.part, fault.trouble] += 1
            if one.process == self.process:
                self._inside[lane] -= 1


_LANES = {
    Call.SIGN_IN: Call.SIGN_IN,
    Call.PROBE: Call.PROBE,
    Call.SUBMIT: Call.SUBMIT,
    Call.RECALL: Call.SUBMIT,
    Call.CHECK: Call.CHECK,
    Call.FETCH: Call.CHECK,
}


def _ending_for(error: TargetError) -> Ending:
    match error:
        case NotSent():
            return Ending.UNTAKEN
        case Unclear():
            return Ending.LOST
        case _:
            return Ending.REFUSED

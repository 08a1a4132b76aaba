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

    def stop_before(self) -> None:
        """Raises what keeps the request from getting through."""
        if self.trouble is Trouble.THROTTLED:
            raise Busy("the remote is busy (429)", retry_after=self.retry_after)
        if self.trouble in _BEFORE:
            raise _BEFORE[self.trouble](f"scripted: {self.trouble}")

    def stop_after(self) -> None:
        """Raises what keeps the answer from getting back."""
        if self.trouble in _AFTER:
            raise _AFTER[self.trouble](f"scripted: {self.trouble}")


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
    trouble: Trouble
    ended: float = math.nan
    ending: Ending = Ending.OPEN
    token: Token | None = None


@dataclass(kw_only=True)
class Line:
    """All exchanges, in the order in which they began, of all processes that ever talked to the remote."""

    time: Callable[[], float]
    script: Callable[[Call, object], Fault] = lambda call, about: Fault()
    exchanges: list[Exchange] = field(default_factory=list)
    fired: Counter[tuple[Call, Trouble]] = field(default_factory=Counter)
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
    def exchange(self, call: Call, about: object) -> Iterator[tuple[Fault, Exchange]]:
        fault = self.script(call, about)
        now = self.time()
        one = Exchange(call=call, about=about, process=self.process, began=now, trouble=fault.trouble)
        self.exchanges.append(one)
        told, until = self._told
        if told < now < until:
            self.early.append(one)
        lane = _LANES[call]
        self._inside[lane] += 1
        self.most[lane] = max(self.most[lane], self._inside[lane])
        try:
            yield fault, one
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
            self.fired[call, fault.trouble] += 1
            if one.process == self.process:
                self._inside[lane] -= 1


_LANES = {
    Call.SIGN_IN: Call.SIGN_IN,
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

"""What became of a submission: how far its sending came × how it ended → what may be done next. Pure.

A wrong "not sent" duplicates, a wrong "accepted" loses, a wrong "unclear" only costs somebody a question. So
the first two need proof, and everything else is unclear.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Phase(enum.Enum):
    """How far the sending came."""

    SENDING = enum.auto()
    """The last byte of the body has not been given away. A recipient must take that for an incomplete message
    (RFC 9112 6.3), because the length was announced."""
    SENT = enum.auto()
    """The last byte was given away, or nobody can tell whether it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of the remote, or of something on the way to it."""

    status: int
    has_token: bool = False
    """It holds what this remote's documentation calls its token, in the documented form."""
    says_when: bool = False
    """It says when to come again: Retry-After."""
    is_whole: bool = True
    """Its body is known to be all there, and in the form that was asked for."""
    is_page: bool = False
    """It is made for people to read, which this remote's answers are not."""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Outcome(enum.Enum):
    ACCEPTED = enum.auto()
    NOT_SENT = enum.auto()
    """It certainly did not arrive whole."""
    BUSY = enum.auto()
    """Not taken for now: refused, and to be sent again."""
    REFUSED = enum.auto()
    """Not taken, and sending the same again will not help."""
    DENIED = enum.auto()
    """Not taken, and nothing else of ours would be: the credentials."""
    MISDIRECTED = enum.auto()
    """Not taken, and nothing else would be: this is not the endpoint."""
    UNCLEAR = enum.auto()
    """It may or may not have been taken."""
    GARBLED = enum.auto()
    """As unclear, and the answer is not one that this API would give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """By which statuses a remote says that it took nothing."""

    busy: frozenset[int] = frozenset({425, 429})
    busy_when_dated: frozenset[int] = frozenset({503})
    """Only together with Retry-After: a bare one may come from anything on the way, after the whole body."""
    final: frozenset[int] = frozenset({400, 409, 413, 422})
    denied: frozenset[int] = frozenset({401, 403})
    misdirected: frozenset[int] = frozenset({404, 405, 415})

    def meaning(self, reply: Reply) -> Outcome | None:
        """None when the status is not one of them."""
        status = reply.status
        if status in self.busy or (reply.says_when and status in self.busy_when_dated):
            return Outcome.BUSY
        if status in self.final:
            return Outcome.REFUSED
        if status in self.denied:
            return Outcome.DENIED
        return Outcome.MISDIRECTED if status in self.misdirected else None


def outcome_of(phase: Phase, reply: Reply | None, refusals: Refusals) -> Outcome:
    """*reply* is None when the exchange broke or timed out before there was an answer of any status.

    Before the last byte was sent nothing can have been taken, so any other answer is as good as none; only a
    success contradicts itself then, and proves nothing. Afterwards a refusal counts when it is whole and no page:
    a page is some gateway's, and nobody knows what became of the submission behind it.
    """
    refusal = refusals.meaning(reply) if reply is not None else None
    if phase is Phase.SENDING:
        return Outcome.GARBLED if reply is not None and reply.is_success else refusal or Outcome.NOT_SENT
    if reply is None or not reply.is_whole:
        return Outcome.UNCLEAR
    if reply.is_success:
        return Outcome.ACCEPTED if reply.has_token else Outcome.GARBLED
    if refusal is not None and not reply.is_page:
        return refusal
    return Outcome.UNCLEAR if reply.status >= 500 or refusal is Outcome.BUSY else Outcome.GARBLED

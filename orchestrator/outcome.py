"""What became of a submission: how far its sending came × how it ended → what may be done next. Pure.

A wrong "not sent" duplicates, a wrong "accepted" loses, a wrong "unclear" only costs somebody a question. So
the first two need proof, and everything else is unclear.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Phase(enum.IntEnum):
    """How far the sending came; a later phase includes the earlier ones."""

    CONNECTING = enum.auto()
    """There never was a connection to send anything on: name, TCP or TLS failed."""
    SENDING = enum.auto()
    """Connected, and the last byte of the body has not been given away. A recipient must take that for an
    incomplete message (RFC 9112 6.3), because the length was announced."""
    SENT = enum.auto()
    """The last byte was given away, or nobody can tell whether it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole and well-framed answer of the remote."""

    status: int
    has_token: bool
    """It holds what this remote's documentation calls its token, in the documented form."""
    says_when: bool = False
    """It says when to come again: Retry-After."""


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
    """By which statuses a remote says, in its documentation, that it took nothing."""

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
    """*reply* is None when the exchange broke, timed out, was cancelled, or its answer was not whole.

    A success that comes before the last byte was sent contradicts itself, so it proves nothing.
    """
    if reply is None:
        return Outcome.UNCLEAR if phase is Phase.SENT else Outcome.NOT_SENT
    if 200 <= reply.status < 300:
        return Outcome.ACCEPTED if reply.has_token and phase is Phase.SENT else Outcome.GARBLED
    if (refusal := refusals.meaning(reply)) is not None:
        return refusal
    if phase is not Phase.SENT:
        return Outcome.NOT_SENT
    return Outcome.UNCLEAR if reply.status >= 500 else Outcome.GARBLED

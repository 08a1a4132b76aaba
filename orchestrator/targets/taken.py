"""Was a submission taken? How the answer to one is read, whatever the remote. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.edges.answer import Answer, begins_as_page
from orchestrator.errors import Busy, Denied, Garbled, Misdirected, NotSent, Refused, TargetError, Unclear
from orchestrator.model import Token
from orchestrator.outcome import Outcome, Phase, Refusals, Reply, outcome_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How one remote says no, in our words: its own may quote a cell."""

    denied: str
    objections: Mapping[int, str]
    """By status; what no text of `explain` says better."""
    misdirected: str = "this is not its upload endpoint. Check target.base_url."
    refusals: Refusals = field(default_factory=Refusals)
    explain: Callable[[Answer], str] = lambda _: ""


def taken(answer: Answer, token: Token | None, manners: Manners, what: str = "upload") -> Token:
    """*token* is what the answer's body holds, *what* is told in every message.

    Raises what the pipeline may do next: see each class.
    """
    outcome = _outcome(answer, manners.refusals, has_token=token is not None)
    if outcome is Outcome.ACCEPTED and token is not None:
        return token
    kind, cause = _objection(outcome, answer, manners)
    raise kind(f"{what}: {cause}", retry_after=answer.retry_after)


def denies(answer: Answer) -> bool:
    """Whether it is the remote's own word that it took nothing from these credentials, or came too soon for more."""
    return _outcome(answer, Refusals()) is Outcome.DENIED


def refuses(answer: Answer) -> bool:
    """Whether it is the remote's own word that it will not have this, however often it is asked."""
    return _outcome(answer, Refusals()) is Outcome.REFUSED


def _outcome(answer: Answer, refusals: Refusals, *, has_token: bool = False) -> Outcome:
    reply = Reply(
        status=answer.status,
        has_token=has_token,
        says_when=answer.retry_after is not None,
        is_whole=answer.is_whole,
        is_page=is_page(answer) or answer.text.lstrip().startswith("<"),
    )
    return outcome_of(answer.phase, reply, refusals)


def is_page(answer: Answer) -> bool:
    """By what it is called, or by how it begins, whatever it is called."""
    return "html" in answer.content_type.lower() or begins_as_page(answer.body)


def _objection(outcome: Outcome, answer: Answer, manners: Manners) -> tuple[type[TargetError], str]:
    status = answer.status
    match outcome:
        case Outcome.NOT_SENT:
            return NotSent, f"the remote answered {status} before it had the whole submission"
        case Outcome.BUSY:
            return Busy, f"the remote is busy ({status})"
        case Outcome.REFUSED:
            return Refused, f"{manners.explain(answer) or manners.objections[status]} ({status})"
        case Outcome.DENIED:
            return Denied, f"{manners.denied} ({status})"
        case Outcome.MISDIRECTED:
            return Misdirected, f"the remote answers {status}: {manners.misdirected}"
        case Outcome.GARBLED if answer.phase is not Phase.SENT:
            return Garbled, f"the remote answered {status} before it had the whole submission"
        case Outcome.GARBLED if answer.is_success:
            return Garbled, f"the remote answered {status} without a processing token"
        case _:
            kind = Garbled if outcome is Outcome.GARBLED else Unclear
            return kind, f"the remote answered {status}, which does not say whether it took the submission"

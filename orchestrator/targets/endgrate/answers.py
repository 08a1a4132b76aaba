"""How the answers of Endgrate are read. Pure.

Few of its statuses are documented, and some of its refusals come with a 200: then the members say so. What is not
understood is never taken for success.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from orchestrator.edges.answer import Answer
from orchestrator.errors import Denied, Garbled, Misdirected, Missing, NotSent, Refused, TargetError, Unclear
from orchestrator.model import Token
from orchestrator.outcome import Phase
from orchestrator.ports import Ended, Running
from orchestrator.targets.taken import Manners, is_page, taken

STATISTICS = "statistics"
ERRORS = "errors"
DATA = "data"
"""The results of a transfer: how its batches went, what is wrong with which record, and what got through."""

ALL = "completed"
SOME = "completed, but not for every record"
NONE = "completed, and no record got through"
"""How a transfer may end."""

_ID = re.compile(r"[!-~]{1,200}")
_PLAIN = re.compile(r"[a-z]{1,40}", re.ASCII)
_NO_ACCESS = "the remote refuses access. Check the API key"
_UNCONFIGURED, _GONE = "not yet configured", "invalid or expired session"
_OF_SESSIONS = (
    (
        _UNCONFIGURED,
        "the session is not configured: somebody has to open its page, which orchestrator session show prints",
    ),
    (
        _GONE,
        "the session is unknown or has expired. Make one with orchestrator session initiate, and set target.session_id",
    ),
    (
        r"session is not for|no such schema",
        "the session was initiated for something else. Check target.session_id and target.endgrate_type",
    ),
)
_MANNERS = Manners(
    denied=_NO_ACCESS,
    objections={
        400: "the remote refuses the records as they stand",
        409: "the remote refuses the records as they stand",
        413: "the records are too many or too large for the remote. Lower target.part_rows",
        422: "the remote refuses the content",
    },
)


def members_of(answer: Answer) -> dict[str, Any]:
    """Empty where the body is not a JSON object."""
    return parsed(answer.text)


def parsed(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def token_of(answer: Answer, what: str = "upload") -> Token:
    """The transfer_id of a transfer that was begun. Raises what the pipeline may do next: see each class."""
    require_session(answer, what)
    members = members_of(answer)
    transfer = members.get("transfer_id")
    if answer.phase is Phase.SENT and _says_no(answer, members) and transfer is None:
        raise Refused(f"{what}: the remote answered that it was no success (200)", retry_after=answer.retry_after)
    known = members.get("success") is True and isinstance(transfer, str) and _ID.fullmatch(transfer)
    return taken(answer, Token(str(transfer)) if known else None, _MANNERS, what)


def require_session(answer: Answer, what: str) -> None:
    """Raises Misdirected for what is wrong with the session: nothing of ours would be taken, until a person acts.

    The credentials are right, and what was configured is not.
    """
    members = members_of(answer)
    if answer.status in (400, 404) or (answer.phase is Phase.SENT and _says_no(answer, members)):
        for pattern, words in _OF_SESSIONS:
            if answer.is_whole and re.search(pattern, _message(members)):
                raise Misdirected(f"{what}: {words} ({answer.status})")


def is_unconfigured(answer: Answer) -> bool:
    """Nobody has opened the session's page yet."""
    return _UNCONFIGURED in _message(members_of(answer))


def is_gone(answer: Answer) -> bool:
    """There is no such session, or not any more."""
    return _GONE in _message(members_of(answer))


def session_of(members: dict[str, Any]) -> str | None:
    session = members.get("session_id")
    return session if isinstance(session, str) and _ID.fullmatch(session) else None


def status_of(answer: Answer) -> Running | Ended:
    if "not yet completed" in _message(members_of(answer)):
        return Running(retry_after=answer.retry_after)
    members = read(answer, STATISTICS)
    completed = members.get("completed")
    if completed is not True:
        word = str(completed).strip().lower() if isinstance(completed, str) else ""
        if completed is not False and not _PLAIN.fullmatch(word):
            raise Unclear(f"{STATISTICS}: an answer that does not say whether it is completed")
        return Running(word=word, retry_after=answer.retry_after)
    if any(isinstance(each, dict) and each.get("completed") is False for each in _told(members)):
        return Running(retry_after=answer.retry_after)  # the whole is no further than the last of its integrations
    word = counts_of(members).word
    return Ended(success=word == ALL, word=word, results=(STATISTICS, ERRORS, DATA))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the statistics say, over all that the transfer went to."""

    records: int = 0
    transferred: int = 0
    batches: int = 0
    succeeded: int = 0
    failed: int = 0
    batch: int | None = None
    """Records of the largest batch, where there is more than one."""

    @property
    def told(self) -> int:
        """Of so many records they tell."""
        return max(self.records, self.transferred)

    @property
    def lost(self) -> int:
        return max(self.records - self.transferred, 0)

    @property
    def word(self) -> str:
        if not self.failed and self.succeeded == self.batches and not self.lost:
            return ALL
        return SOME if self.transferred else NONE


def counts_of(members: dict[str, Any]) -> Counts:
    """Raises Unclear when they are not as documented."""
    told = _told(members)
    names = ("records", "records_transferred", "batches", "batches_success", "batches_fail")
    counts = [[each.get(name) for name in names] for each in told if isinstance(each, dict)]
    if not told or len(counts) < len(told) or any(type(n) is not int or n < 0 for each in counts for n in each):
        raise Unclear(f"{STATISTICS}: a transfer that is completed, without its counts")
    records, transferred, batches, succeeded, failed = (sum(numbers) for numbers in zip(*counts, strict=True))
    sizes = [size if type(size := each.get("batch_size")) is int else records for each in told]
    return Counts(
        records=records,
        transferred=transferred,
        batches=batches,
        succeeded=succeeded,
        failed=failed,
        batch=max(sizes) if batches > 1 else None,
    )


def _told(members: dict[str, Any]) -> list[Any]:
    """What the statistics say of each key."""
    found = members.get("statistics")
    return list(found.values()) if isinstance(found, dict) else []


def read(answer: Answer, what: str, body: bytes | None = None) -> dict[str, Any]:
    """The members of an answer to a read, or of its *body* where that was too long to hold. A read may be repeated."""
    members = members_of(answer) if body is None else parsed(body)
    if answer.status == 200 and members and members.get("success") is not False:
        return members
    kind, cause = _objection(answer, _message(members))
    raise kind(f"{what}: {cause}", retry_after=answer.retry_after)


def _objection(answer: Answer, message: str) -> tuple[type[TargetError], str]:
    status = answer.status
    if status in (401, 403):
        return Denied, f"{_NO_ACCESS} ({status})"
    if (status == 404 and not is_page(answer)) or (status == 200 and "not found" in message):
        return Missing, f"the remote does not know the transfer ({status})"
    if status in (405, 415):
        return Misdirected, f"the remote answers {status}. Check target.base_url."
    if status == 404:
        return Garbled, "the remote answered 404 with a page"
    if status == 200:
        kind = Garbled if is_page(answer) else Unclear
        return kind, "the remote answered 200, and not with what was asked for"
    if "not yet completed" in message:
        return NotSent, "the transfer is not completed yet"
    return NotSent, f"the remote answered {status}"


def _says_no(answer: Answer, members: dict[str, Any]) -> bool:
    return answer.status == 200 and answer.is_whole and not is_page(answer) and members.get("success") is False


def _message(members: dict[str, Any]) -> str:
    message = members.get("message")
    return message.lower() if isinstance(message, str) else ""

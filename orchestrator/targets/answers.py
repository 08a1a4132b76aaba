"""How the answers of the Platform's Upload API are read. Pure.

The vendor documents one status word and no error codes; everything else here is the safe side of a guess,
and what is not understood is never taken for success.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence

from orchestrator.edges.http import Answer
from orchestrator.errors import Misdirected, Missing, NotSent, Refused, Unclear
from orchestrator.model import Token
from orchestrator.ports import Ended, Running

_SUCCESS = "completedsuccessfully"
_RUNNING = frozenset("queued pending submitted received accepted validating running inprogress processing".split())
_FAILED = frozenset(
    "failed error faulted validationfailed completedwitherrors completedunsuccessfully cancelled canceled "
    "rejected expired".split()
)

_REFUSALS = {
    400: "the remote refuses the submission as it stands",
    409: "name_conflict: the Name exists at the remote, and it is not known to be ours. Choose another "
    "target.name, or set target.overwrite = true and run with --retry-failed if it may be replaced",
    413: "the submission is too large for the remote",
    422: "the remote refuses the content",
}
_WRONG_ENDPOINT = frozenset({404, 405, 415})


def token_of(answer: Answer) -> Token:
    """The processing token of an upload. Raises what the pipeline may do next: see each class."""
    if answer.is_success:
        return _processing_token(answer)
    status = answer.status
    if status in (425, 429) or (status == 503 and answer.retry_after is not None):
        raise NotSent(f"upload: the remote is busy ({status})", retry_after=answer.retry_after)
    if status in _REFUSALS:
        raise Refused(f"upload: {_REFUSALS[status]} ({status})")
    if status in _WRONG_ENDPOINT:
        raise Misdirected(
            f"upload: the remote answers {status}: this is not its upload endpoint. Check target.base_url."
        )
    raise Unclear(f"upload: the remote answered {status}, which does not say whether it took the submission")


def _processing_token(answer: Answer) -> Token:
    text = _bare(answer.text)
    try:
        return Token(str(uuid.UUID(text))) if len(text) == 36 else _no_token(answer)
    except ValueError:
        return _no_token(answer)


def _no_token(answer: Answer) -> Token:
    raise Unclear(f"upload: the remote answered {answer.status} without a processing token")


def status_of(answer: Answer, results: Sequence[str]) -> Running | Ended:
    """`results` are the keys to fetch after success; after a failure there is only the feedback."""
    _require_read(answer, "status")
    word = re.sub(r"[\s_-]+", "", _bare(answer.text)).casefold()
    if word == _SUCCESS:
        return Ended(success=True, word=word, results=tuple(results))
    if word in _FAILED or word.startswith("completed"):
        return Ended(success=False, word=_known(word), results=("feedback",))
    return Running(word="" if word in _RUNNING else "unknown", retry_after=answer.retry_after)


def _known(word: str) -> str:
    """A word that we do not know may quote anything, so it is not repeated."""
    return word if word in _FAILED else "completed, but not successfully"


def require_result(answer: Answer, key: str) -> None:
    _require_read(answer, key)


def _require_read(answer: Answer, key: str) -> None:
    """Raises for every answer that is not the 200 that was asked for. A read may always be repeated."""
    status = answer.status
    if status == 200:
        if _is_page(answer):
            raise Unclear(f"{key}: an HTML page in place of an answer")
        return
    if status == 404:
        raise Missing(f"{key}: the remote does not know the processing token (404)")
    if status == 400 and key != "status":
        raise Refused(f"{key}: the remote does not offer this result (400). Check target.results")
    if status in (405, 415):
        raise Misdirected(f"{key}: the remote answers {status}. Check target.base_url.")
    raise NotSent(f"{key}: the remote answered {status}", retry_after=answer.retry_after)


def _is_page(answer: Answer) -> bool:
    return "html" in answer.content_type.lower()


def bad_rows_in(feedback: bytes) -> int:
    """How many rows the remote objects to: lines `row|value|message`, of which only the row is read."""
    lines = _bare(feedback.decode("utf-8-sig", "replace")).splitlines()
    return len({line.partition("|")[0].strip() for line in lines if re.match(r"\s*\d+\s*\|.*\|", line)})


def names_conflict(feedback: bytes) -> bool:
    """Whether the one thing the remote objects to is the Name: then the Name is not ours."""
    rows = re.findall(r"^\s*(\d+)\s*\|", feedback.decode("utf-8-sig", "replace"), re.MULTILINE)
    return rows == ["0"]


def _bare(text: str) -> str:
    """Without the quotes that a JSON string comes in."""
    text = text.strip().lstrip("\ufeff")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        try:
            parsed = json.loads(text)
        except ValueError:
            return text[1:-1]
        return parsed.strip() if isinstance(parsed, str) else text
    return text

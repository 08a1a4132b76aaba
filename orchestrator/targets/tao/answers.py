"""How the answers of TAO are read. Pure.

The vendor lists the errors of an upload without their texts; those of its open sibling service stand in for them.
What is not understood is never taken for success.
"""

from __future__ import annotations

import json
import re
from typing import Any

from orchestrator.edges.answer import Answer
from orchestrator.errors import Denied, Garbled, Misdirected, Missing, NotSent, Nowhere, TargetError, Unclear
from orchestrator.model import Token
from orchestrator.ports import Ended, Running
from orchestrator.targets.taken import Manners, is_page, taken

STATUS = "status"
RESULT = "result"
"""The results of a job: its last status, with the remote's messages, and what became of each row."""

_RUNNING = frozenset({"pending", "processing"})
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_PLAIN = re.compile(r"[a-z]{1,40}", re.ASCII)
_TOO_LARGE = "the file is larger than the remote takes. Lower target.part_bytes"
NO_ACCESS = "the remote refuses access. Check that this client has the scope rostering"
_SAID = (
    (r"no file", "the remote found no file in the request"),
    (r"extension|file type", "the remote takes CSV files only"),
    (r"exceeds maximum allowed size|too large", _TOO_LARGE),
    (r"records count", "the file has more rows than the remote takes. Lower target.part_rows"),
    (
        r'csv structure detected at row [\\"]*(?P<row>[0-9]{1,9})',  # the quote may stand in a JSON string
        "the remote finds row {row} to have too many or few cells",
    ),
    (r"cannot be parsed|csv structure", "the remote cannot read the file as CSV"),
    (r"file is empty", "the remote found the file to be empty"),
)


def token_of(answer: Answer) -> Token:
    """The referenceId of an upload. Raises what the pipeline may do next: see each class."""
    result = _members(answer).get("result")
    reference = result.get("referenceId") if isinstance(result, dict) else None
    known = isinstance(reference, str) and _UUID.fullmatch(reference)
    return taken(answer, Token(str(reference)) if known else None, _MANNERS)


def status_of(answer: Answer, token: Token) -> Running | Ended:
    """A job that was processed may have rows that were not; a job that failed says why in its status."""
    require_read(answer, STATUS, token)
    result = _members(answer).get("result")
    word = result.get("status") if isinstance(result, dict) else None
    if not isinstance(word, str):
        raise Unclear(f"{STATUS}: an answer without a status", retry_after=answer.retry_after)
    word = word.strip().lower()
    if word == "processed":
        return Ended(success=True, word=word, results=(STATUS, RESULT))
    if word == "failed":
        return Ended(success=False, word=word, results=(STATUS,))
    if word in _RUNNING:
        return Running(retry_after=answer.retry_after)
    return Running(word=word if _PLAIN.fullmatch(word) else "unreadable", retry_after=answer.retry_after)


def signed_url_of(answer: Answer, token: Token) -> str:
    """Where the rows' results lie, for some minutes and for whoever has the address: it is never shown."""
    require_read(answer, RESULT, token)
    url = _members(answer).get("signedUrl")
    if not isinstance(url, str) or not url:
        raise Unclear(f"{RESULT}: an answer without an address to download from", retry_after=answer.retry_after)
    return url


def require_read(answer: Answer, key: str, token: Token) -> None:
    """Raises for every answer that is not the 200 that was asked for. A read may always be repeated."""
    status = answer.status
    if status == 200 and not is_page(answer):
        return
    kind: type[TargetError]
    if status == 200:
        kind, cause = Garbled, "an HTML page in place of an answer"
    elif status == 403:
        kind, cause = Denied, f"{NO_ACCESS} (403)"
    elif status == 404 and not is_page(answer) and _names(answer, token):
        kind, cause = Missing, "the remote does not know the referenceId, or not yet (404)"
    elif status == 404 and not is_page(answer):
        kind, cause = Nowhere, f"the remote answers 404, of no referenceId in particular. {_LOOK[key]}"
    elif status in (405, 415):
        kind, cause = Misdirected, f"the remote answers {status}. {_LOOK[key]}"
    elif status == 404:
        kind, cause = Garbled, f"an HTML page that says 404 in place of an answer. {_LOOK[key]}"
    else:
        kind, cause = NotSent, f"the remote answered {status}"
    raise kind(f"{key}: {cause}", retry_after=answer.retry_after)


_LOOK = {
    STATUS: "Check target.status_path, which is empty where the vendor offers no status",
    RESULT: "Check target.download_path, which is empty where the vendor offers no results",
}


def _names(answer: Answer, token: Token) -> bool:
    """Whether it speaks of that job. Who only knows that there is no such page may quote its path."""
    return re.search(rf"(?<!/){re.escape(token)}", answer.text, re.IGNORECASE) is not None


def _members(answer: Answer) -> dict[str, Any]:
    try:
        parsed = json.loads(answer.text)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _explained(answer: Answer) -> str:
    """In our words: what the remote writes may quote a cell."""
    for pattern, words in _SAID:
        if found := re.search(pattern, answer.text, re.ASCII | re.IGNORECASE):
            return words.format(**found.groupdict())
    return ""


_MANNERS = Manners(
    denied=NO_ACCESS,
    misdirected="this is not its upload endpoint. Check target.base_url and target.upload_path.",
    objections={
        400: "the remote refuses the file as it stands",
        409: "the remote refuses the file as it stands",
        413: _TOO_LARGE,
        422: "the remote refuses the content",
    },
    explain=_explained,
)

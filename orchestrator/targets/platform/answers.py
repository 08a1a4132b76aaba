"""How the answers of the Platform's Upload API are read. Pure.

The vendor documents one status word and no error codes; everything else here is the safe side of a guess,
and what is not understood is never taken for success.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from orchestrator.edges.answer import Answer
from orchestrator.errors import Denied, Garbled, Misdirected, Missing, NotSent, Refused, TargetError, Unclear
from orchestrator.model import Name, Token
from orchestrator.ports import OBJECTIONS_LIMIT, Ended, Objection, Running
from orchestrator.targets.taken import Manners, is_page, refuses, taken

FEEDBACK = "feedback"
_SUCCESS = "completedsuccessfully"
_RUNNING = frozenset("queued pending submitted received accepted validating running inprogress processing".split())
_FAILED = frozenset(
    "failed error faulted validationfailed completedwitherrors completedunsuccessfully cancelled canceled "
    "rejected expired".split()
)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_PLAIN = re.compile(r"[a-z]{1,40}", re.ASCII)
_OBJECTION = re.compile(r"\s*(?P<row>[0-9]{1,9})\s*\|(?P<value>.*)\|(?P<says>.*)", re.ASCII | re.DOTALL)
_OF_WHAT_IS_THERE = re.compile(r"exist|already|duplicate|conflict|overwrite", re.IGNORECASE)

NO_ACCESS = "the remote refuses access. Check that this client may use the API, and the API key"
NAME_CONFLICT = (
    "name_conflict: the Name exists at the remote, and it is not known to be ours. Rename the file, or set "
    "target.overwrite = true and run with --retry-failed if what stands there may be replaced"
)
_MANNERS = Manners(
    denied=NO_ACCESS,
    objections={
        400: "the remote refuses the submission as it stands",
        409: NAME_CONFLICT,
        413: "the submission is too large for the remote",
        422: "the remote refuses the content",
    },
)


def token_of(answer: Answer) -> Token:
    """The processing token of an upload. Raises what the pipeline may do next: see each class."""
    return taken(answer, _processing_token(answer.text), _MANNERS)


def _processing_token(body: str) -> Token | None:
    text = _bare(body)
    return Token(text.lower()) if _UUID.fullmatch(text) else None


def status_of(answer: Answer, results: Sequence[str]) -> Running | Ended:
    """`results` are the keys to fetch after success; after a failure there is only the feedback."""
    _require_read(answer, "status")
    word = re.sub(r"[\s_-]+", "", _bare(answer.text)).lower()
    if word == _SUCCESS:
        return Ended(success=True, word=word, results=tuple(results))
    if word in _FAILED or word.startswith("completed"):
        return Ended(success=False, word=_known(word), results=(FEEDBACK,))
    if word in _RUNNING:
        return Running(retry_after=answer.retry_after)
    # A plain word is repeated, because nobody documents it; anything else might quote a cell.
    return Running(word=word if _PLAIN.fullmatch(word) else "unreadable", retry_after=answer.retry_after)


def _known(word: str) -> str:
    return word if word in _FAILED else "completed, but not successfully"


def require_result(answer: Answer, key: str) -> None:
    _require_read(answer, key)


def _require_read(answer: Answer, key: str) -> None:
    """Raises for every answer that is not the 200 that was asked for. A read may always be repeated."""
    status = answer.status
    kind: type[TargetError]
    if status == 200 and not is_page(answer):
        return
    if status == 200:
        kind, cause = Unclear, "an HTML page in place of an answer"
    elif status == 403:
        raise Denied(f"{NO_ACCESS} (403)")
    elif status == 404 and not is_page(answer):
        kind, cause = Missing, "the remote does not know the processing token (404)"
    elif status == 400 and key != "status" and refuses(answer):
        kind, cause = Refused, "the remote does not offer this result (400). Check target.results"
    elif status in (405, 415):
        kind, cause = Misdirected, f"the remote answers {status}. Check target.base_url."
    elif status == 404:
        kind, cause = Garbled, "an HTML page that says 404 in place of an answer"
    else:
        kind, cause = NotSent, f"the remote answered {status}"
    raise kind(f"{key}: {cause}", retry_after=answer.retry_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What the remote objects to, without the values that it quotes."""

    rows: int
    """How many rows are named; row 0 is the submission as a whole."""
    is_about_name: bool
    """The Name exists there already, so whatever stands under it is not ours."""


def read_feedback(body: bytes, name: Name) -> Feedback:
    rows, about_name = set(), False
    for found in _objections(body):
        row = int(found["row"])
        rows.add(row)
        of_name = row == 0 and found["value"].strip() == name
        about_name |= of_name and _OF_WHAT_IS_THERE.search(found["says"]) is not None
    return Feedback(rows=len(rows - {0}), is_about_name=about_name)


def objections_in(body: bytes) -> tuple[Objection, ...]:
    """To the first of the rows. Whether the header counts as one of them the vendor does not say."""
    named = ((int(found["row"]), found["says"].strip()) for found in _objections(body))
    return tuple(islice((Objection(rows=(row - 1, row), says=says) for row, says in named if row), OBJECTIONS_LIMIT))


def _objections(body: bytes) -> Iterator[re.Match[str]]:
    """Lines `row|value|message`; the value may hold bars itself. Other lines are passed over."""
    for line in re.split(r"\r\n|\r|\n", _bare(body.decode("utf-8-sig", "replace"))):
        if found := _OBJECTION.fullmatch(line):
            yield found


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

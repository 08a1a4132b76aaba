"""One upload's body, judged: what the API requires of its members, and what its data come to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from orchestrator.sandbox.answer import Answer, as_json, refusal
from orchestrator.sandbox.credentials import TRIAL_API_KEY, TRIAL_CLIENT_ID
from orchestrator.sandbox.platform.tables import DATA, EVENTS, check, count_rows
from orchestrator.sandbox.profile import Profile

_TOO_LARGE = refusal(413, "The request is too large", note="too_large")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A well-formed upload. `errors` are the lines of feedback which its data have earned."""

    name: str
    overwrite: bool
    data_sha256: str
    events_sha256: str | None
    data_rows: int
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An upload that is turned away at the door, with its Name if that could be read."""

    answer: Answer
    name: str | None = None


class _MemberError(ValueError):
    """A member that is missing or of the wrong form; the message says which."""


def refuse_headers(content_type: str, length: str | None, profile: Profile) -> Answer | None:
    """Why an upload with these headers need not be read any further, or None if it must."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return refusal(415, "Content-Type must be application/json", note="content_type")
    if profile.max_body is not None and length is not None and int(length) > profile.max_body:
        return _TOO_LARGE
    return None


def parse(body: bytes, profile: Profile) -> Submission | Refusal:
    """Judge a body in the order in which a server would: form, credentials, data."""
    if profile.max_body is not None and len(body) > profile.max_body:
        return Refusal(answer=_TOO_LARGE)
    try:
        members = json.loads(body)
    except (ValueError, RecursionError):
        return Refusal(answer=refusal(400, "The body is not JSON", note="not_json"))
    if not isinstance(members, dict):
        return Refusal(answer=refusal(400, "The body is not a JSON object", note="not_json"))
    name = members.get("Name")
    known = name if isinstance(name, str) else None
    try:
        _required(members, "Name")
        data = _required(members, "Data")
        key = _required(members, "Key")
        username = _optional(members, "Username")
        events = _optional(members, "EventData")
        overwrite = _overwrite(members, profile)
    except _MemberError as wrong:
        return Refusal(name=known, answer=refusal(400, str(wrong), note="members"))
    if key != TRIAL_API_KEY:
        return Refusal(name=known, answer=refusal(403, "The Key is not valid", note="key"))
    if username is not None and username != TRIAL_CLIENT_ID:
        return Refusal(name=known, answer=refusal(403, "The Username is not the Client ID", note="username"))
    return _weigh(str(name), data, events, overwrite, profile)


def _weigh(name: str, data: str, events: str | None, overwrite: bool, profile: Profile) -> Submission | Refusal:
    errors: tuple[str, ...] = ()
    if profile.validation == "off":
        rows = count_rows(data)
    else:
        counts, order = profile.header_counts, profile.check_order
        rows, errors = check(data, DATA, header_counts=counts, check_order=order)
        if events is not None:
            errors += check(events, EVENTS, header_counts=counts, check_order=order)[1]
    if errors and profile.validation == "sync":
        answer = as_json({"message": "validation failed", "errors": list(errors)}, status=400)
        return Refusal(name=name, answer=answer)
    return Submission(
        name=name,
        overwrite=overwrite,
        data_sha256=_sha256(data),
        events_sha256=None if events is None else _sha256(events),
        data_rows=rows,
        errors=errors,
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _required(members: dict[str, object], member: str) -> str:
    text = _optional(members, member)
    if not text or text.isspace():
        raise _MemberError(f"The {member} field is required")
    return text


def _optional(members: dict[str, object], member: str) -> str | None:
    """A string or nothing; JSON's null is nothing, too."""
    text = members.get(member)
    if text is None:
        return None
    if not isinstance(text, str):
        raise _MemberError(f"The {member} field must be a string")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _MemberError(f"The {member} field holds half a surrogate pair") from None
    return text


def _overwrite(members: dict[str, object], profile: Profile) -> bool:
    value = members.get("Overwrite", False)
    form = profile.overwrite_form
    if isinstance(value, bool) and (form != "string" or "Overwrite" not in members):
        return value
    if isinstance(value, str) and form != "bool" and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise _MemberError("The Overwrite field must be true or false")

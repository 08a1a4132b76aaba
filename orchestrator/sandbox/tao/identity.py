"""The authorization server: client credentials in the body, in any of three forms, and nowhere else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from urllib.parse import parse_qsl

from orchestrator.sandbox.answer import TEXT, Answer
from orchestrator.sandbox.bearers import Bearers, is_the_client, oauth_error
from orchestrator.sandbox.profile import Profile
from orchestrator.sandbox.tao.multipart import MalformedError, is_form, parts
from orchestrator.sandbox.tao.refusals import Refusals

SCOPE = "rostering"
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class Identity:
    def __init__(self, profile: Profile, clock: Callable[[], float], rng: random.Random) -> None:
        self._profile = profile
        self._refusals = Refusals(profile.tao)
        self.bearers = Bearers(profile, clock, rng)

    def grant(self, content_type: str, authorization: str | None, body: bytes) -> Answer:
        """Answer a token request; `note` is the OAuth error, if it is one."""
        try:
            pairs = _members(content_type, body)
        except ValueError:
            return oauth_error("invalid_request")
        form = dict(pairs)
        if len(form) < len(pairs):
            return oauth_error("invalid_request")
        if authorization or not is_the_client(form.get("client_id", ""), form.get("client_secret", "")):
            return oauth_error("invalid_client", self._profile.invalid_client_status)
        if form.get("grant_type") != "client_credentials":
            return oauth_error("unsupported_grant_type")
        registered = frozenset(self._profile.tao.scopes)
        asked = frozenset(form.get("scope", "").split())
        if not asked <= registered:
            return oauth_error("invalid_scope")
        return self.bearers.issue(asked or registered)

    def refuse(self, authorization: str | None) -> Answer | None:
        """Why a request with this Authorization header is not let in, or None if it is."""
        scopes = self.bearers.scopes(authorization) if authorization else None
        if scopes is None:
            return self.void() if authorization else self._unauthorized(("WWW-Authenticate", "Bearer"))
        if SCOPE not in scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{SCOPE}"'
            headers = (("WWW-Authenticate", challenge),)
            return self._refusals.make(403, "The token lacks a scope.", note="insufficient_scope", headers=headers)
        return None

    def void(self) -> Answer:
        """What a token gets that is not a live one."""
        return self._unauthorized(("WWW-Authenticate", 'Bearer error="invalid_token"'))

    def _unauthorized(self, challenge: tuple[str, str]) -> Answer:
        if self._profile.tao.unauthorized == "text":
            return Answer(
                status=401, body=b"Unauthorized", content_type=TEXT, headers=(challenge,), note="unauthorized"
            )
        return self._refusals.make(401, "Unauthorized", note="unauthorized", headers=(challenge,))


def _members(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The members of the form; a ValueError if there is none to be read."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _FORM:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    if kind == _JSON:
        return _strings(json.loads(body))
    if is_form(content_type):
        fields = parts(content_type, body)
        if any(field.filename is not None for field in fields):
            raise MalformedError("a file is no member of a token request")
        return [(field.name, field.content.decode()) for field in fields]
    raise ValueError("this is no form")


def _strings(members: object) -> list[tuple[str, str]]:
    if not isinstance(members, dict) or not all(isinstance(value, str) for value in members.values()):
        raise ValueError("the body is not an object of strings")
    return list(members.items())

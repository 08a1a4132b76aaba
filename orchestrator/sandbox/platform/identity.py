"""The identity server: client credentials in, bearer tokens out, as strict as IdentityServer is."""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote_plus

from orchestrator.sandbox.answer import Answer, refusal
from orchestrator.sandbox.bearers import Bearers, is_the_client, oauth_error
from orchestrator.sandbox.profile import Profile

UPLOAD_SCOPE = "platform_upload_api"
_FORM = "application/x-www-form-urlencoded"
_LONGEST = 100  # characters of an encoded id or secret; IdentityServer treats longer ones as none
_OTHER_GRANTS = {"authorization_code", "refresh_token", "password", "implicit"}
_REALM = 'Bearer realm="platform"'


class Identity:
    """Grants tokens and judges them."""

    def __init__(self, profile: Profile, clock: Callable[[], float], rng: random.Random) -> None:
        self._profile = profile
        self.bearers = Bearers(profile, clock, rng)

    def grant(self, method: str, content_type: str, authorization: str | None, body: bytes) -> Answer:
        """Answer a token request; `note` is the OAuth error, if it is one."""
        if method != "POST" or content_type.partition(";")[0].strip().lower() != _FORM:
            return oauth_error("invalid_request")
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            return oauth_error("invalid_request")
        form = dict(pairs)
        if len(form) < len(pairs) or (authorization and "client_secret" in form):
            return oauth_error("invalid_request")
        if not self._knows(authorization, form):
            return self._invalid_client()
        grant = form.get("grant_type", "")
        if grant != "client_credentials":
            return oauth_error("unauthorized_client" if grant in _OTHER_GRANTS else "unsupported_grant_type")
        scopes = frozenset(form.get("scope", "").split())
        if not scopes or not scopes.issubset(self._profile.scopes):
            return oauth_error("invalid_scope")
        return self.bearers.issue(scopes)

    def refuse(self, authorization: str | None) -> Answer | None:
        """Why a request with this Authorization header may not use the Upload API, or None if it may."""
        if not authorization:
            return _unauthorized(_REALM)
        scopes = self.bearers.scopes(authorization)
        if scopes is None:
            return self.void()
        if UPLOAD_SCOPE not in scopes:
            challenge = f'{_REALM}, error="insufficient_scope", scope="{UPLOAD_SCOPE}"'
            headers = (("WWW-Authenticate", challenge),)
            return refusal(403, "Forbidden", note="insufficient_scope", headers=headers)
        return None

    def void(self) -> Answer:
        """What a token gets that is not a live one."""
        return _unauthorized(f'{_REALM}, error="invalid_token", error_description="The token expired"')

    def _knows(self, authorization: str | None, form: dict[str, str]) -> bool:
        if authorization:
            given = _basic(authorization, decode=self._profile.basic_encoding == "form")
        elif self._profile.body_credentials:
            given = form.get("client_id", ""), form.get("client_secret", "")
        else:
            given = None
        return given is not None and is_the_client(*given)

    def _invalid_client(self) -> Answer:
        if self._profile.invalid_client_status == 400:
            return oauth_error("invalid_client")
        return oauth_error("invalid_client", 401, ("WWW-Authenticate", 'Basic realm="identity"'))


def _unauthorized(challenge: str) -> Answer:
    headers = (("WWW-Authenticate", challenge),)
    return refusal(401, "Unauthorized", note="unauthorized", headers=headers)


def _basic(authorization: str, *, decode: bool) -> tuple[str, str] | None:
    """Id and secret: split at the first colon, and only then form-decoded, so that `+` is a space."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        if not colon or len(client_id) > _LONGEST or len(secret) > _LONGEST:
            return None
        if not decode:
            return client_id, secret
        return unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, UnicodeDecodeError):
        return None

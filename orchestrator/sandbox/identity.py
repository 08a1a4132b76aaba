"""The identity server: client credentials in, bearer tokens out, as strict as IdentityServer is."""

from __future__ import annotations

import base64
import binascii
import hmac
import random
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote_plus

from orchestrator.sandbox.answer import Answer, as_json, refusal
from orchestrator.sandbox.profile import Profile

# The documented credentials of the trial account: they open nothing but this emulator. The characters in
# the secret are there so that a client which forgets to form-encode it, or does so twice, is found out.
TRIAL_CLIENT_ID = "sandbox-trial-client"
TRIAL_CLIENT_SECRET = "not+a/real %2B=secret&:ß"  # noqa: S105  # a documented trial value, not a secret
TRIAL_API_KEY = "00000000-0000-4000-8000-00005A4DB0C5"

UPLOAD_SCOPE = "platform_upload_api"
_FORM = "application/x-www-form-urlencoded"
_LONGEST = 100  # characters of an encoded id or secret; IdentityServer treats longer ones as none
_OTHER_GRANTS = {"authorization_code", "refresh_token", "password", "implicit"}
_NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_REALM = 'Bearer realm="platform"'


class Identity:
    """Issues tokens and judges them. They expire on *clock*, in seconds."""

    def __init__(self, profile: Profile, clock: Callable[[], float], rng: random.Random) -> None:
        self._profile = profile
        self._clock = clock
        self._rng = rng
        self._live: dict[str, tuple[float, frozenset[str]]] = {}

    def grant(self, method: str, content_type: str, authorization: str | None, body: bytes) -> Answer:
        """Answer a token request; `note` is the OAuth error, if it is one."""
        if method != "POST" or content_type.partition(";")[0].strip().lower() != _FORM:
            return _error("invalid_request")
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            return _error("invalid_request")
        form = dict(pairs)
        if len(form) < len(pairs) or (authorization and "client_secret" in form):
            return _error("invalid_request")
        if not self._knows(authorization, form):
            return self._invalid_client()
        grant = form.get("grant_type", "")
        if grant != "client_credentials":
            return _error("unauthorized_client" if grant in _OTHER_GRANTS else "unsupported_grant_type")
        scopes = frozenset(form.get("scope", "").split())
        if not scopes or not scopes.issubset(self._profile.scopes):
            return _error("invalid_scope")
        return self._issue(scopes)

    def refuse(self, authorization: str | None) -> Answer | None:
        """Why a request with this Authorization header may not use the Upload API, or None if it may."""
        if not authorization:
            return _unauthorized(_REALM)
        bearer = _bearer(authorization)
        live = self._live.get(bearer)
        if live is None or self._clock() >= live[0]:
            self._live.pop(bearer, None)
            return _unauthorized(f'{_REALM}, error="invalid_token", error_description="The token expired"')
        if UPLOAD_SCOPE not in live[1]:
            challenge = f'{_REALM}, error="insufficient_scope", scope="{UPLOAD_SCOPE}"'
            headers = (("WWW-Authenticate", challenge),)
            return refusal(403, "Forbidden", note="insufficient_scope", headers=headers)
        return None

    def revoke(self, authorization: str | None) -> None:
        """Make the token of this header void before its time."""
        self._live.pop(_bearer(authorization or ""), None)

    def revoke_all(self) -> None:
        self._live.clear()

    def _knows(self, authorization: str | None, form: dict[str, str]) -> bool:
        if authorization:
            given = _basic(authorization, decode=self._profile.basic_encoding == "form")
        elif self._profile.body_credentials:
            given = form.get("client_id", ""), form.get("client_secret", "")
        else:
            given = None
        if given is None:
            return False
        known = (TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET)
        return all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, known, strict=True))

    def _issue(self, scopes: frozenset[str]) -> Answer:
        profile = self._profile
        bearer = f"sandbox.{self._rng.getrandbits(256):064x}.bearer"
        self._live[bearer] = self._clock() + profile.token_ttl, scopes
        announced = profile.token_ttl if profile.announced_ttl is None else profile.announced_ttl
        grant = {
            "access_token": bearer,
            "expires_in": int(announced),
            "token_type": "Bearer",
            "scope": " ".join(sorted(scopes)),
        }
        return as_json(grant, headers=_NO_STORE)

    def _invalid_client(self) -> Answer:
        if self._profile.invalid_client_status == 400:
            return _error("invalid_client")
        return _error("invalid_client", 401, ("WWW-Authenticate", 'Basic realm="identity"'))


def _error(code: str, status: int = 400, *headers: tuple[str, str]) -> Answer:
    body = f'{{"error":"{code}"}}'.encode()
    return Answer(status=status, body=body, headers=(*_NO_STORE, *headers), note=code)


def _unauthorized(challenge: str) -> Answer:
    headers = (("WWW-Authenticate", challenge),)
    return refusal(401, "Unauthorized", note="unauthorized", headers=headers)


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


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

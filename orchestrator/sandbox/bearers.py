"""Bearer tokens: who holds a live one, and for which scopes."""

from __future__ import annotations

import hmac
import random
from collections.abc import Callable

from orchestrator.sandbox.answer import Answer, as_json
from orchestrator.sandbox.credentials import TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET
from orchestrator.sandbox.profile import Profile

NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


class Bearers:
    """Issues tokens and knows them again. They expire on *clock*, in seconds."""

    def __init__(self, profile: Profile, clock: Callable[[], float], rng: random.Random) -> None:
        self._profile = profile
        self._clock = clock
        self._rng = rng
        self._live: dict[str, tuple[float, frozenset[str]]] = {}

    def issue(self, scopes: frozenset[str]) -> Answer:
        """The answer of the token endpoint, as the standard has it."""
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
        return as_json(grant, headers=NO_STORE)

    def scopes(self, authorization: str) -> frozenset[str] | None:
        """What the token in this header is good for; None if it is not a live one."""
        bearer = bearer_of(authorization)
        live = self._live.get(bearer)
        if live is None or self._clock() >= live[0]:
            self._live.pop(bearer, None)
            return None
        return live[1]

    def tokens(self) -> tuple[str, ...]:
        """Those that are live, as far as anybody has asked."""
        return tuple(self._live)

    def revoke(self, authorization: str | None) -> None:
        """Make the token of this header void before its time."""
        self._live.pop(bearer_of(authorization or ""), None)

    def revoke_all(self) -> None:
        self._live.clear()


def bearer_of(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_the_client(client_id: str, secret: str) -> bool:
    """Whether these are the credentials of the trial account."""
    pairs = ((client_id, TRIAL_CLIENT_ID), (secret, TRIAL_CLIENT_SECRET))
    return all(hmac.compare_digest(given.encode(), known.encode()) for given, known in pairs)


def oauth_error(code: str, status: int = 400, *headers: tuple[str, str]) -> Answer:
    """An error of a token endpoint; the code is its note."""
    body = f'{{"error":"{code}"}}'.encode()
    return Answer(status=status, body=body, headers=(*NO_STORE, *headers), note=code)

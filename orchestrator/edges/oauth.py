"""OAuth2 client credentials (RFC 6749 4.4): one bearer token, renewed early, fetched once for everybody."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import quote, urlencode

import anyio
import anyio.to_thread

from orchestrator.edges.answer import Answer
from orchestrator.edges.http import Http, Kind
from orchestrator.edges.multipart import Form
from orchestrator.errors import Denied, LeftAlone, Misdirected, NotSent, TargetError
from orchestrator.ports import Clock, MayGo

_LIFETIME = 3600.0
"""Seconds, when the server does not say; IdentityServer's default."""

_LONGEST = 24 * 3600.0
_EARLY = 60.0
"""Seconds before its end at which a token is renewed, at most a tenth of its life."""

_BEARER = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)
_PERMANENT = {
    "invalid_client",
    "unauthorized_client",
    "invalid_scope",
    "unsupported_grant_type",
    "access_denied",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthConfig:
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    style: Literal["basic", "form", "multipart", "json"] = "basic"
    """Where the credentials stand: in the header as RFC 6749 2.3.1 wants it, or in a body of this form."""
    key: str = "target.token_url"
    """Where the address stands in the configuration."""
    encode: bool = True
    """Form-urlencode id and secret before they are joined for the header; some servers do not decode."""


@dataclass(frozen=True, slots=True)
class _Bearer:
    token: str = field(repr=False)
    renew_at: float


class ClientCredentials:
    def __init__(
        self, config: OAuthConfig, http: Http, clock: Clock, *, newest: Callable[[], str] | None = None
    ) -> None:
        """*newest*: the secret as it stands where it came from; it may have been changed while the run went on."""
        self._config = config
        self._newest = newest
        self._http = http
        self._clock = clock
        self._lock = anyio.Lock()
        self._bearer: _Bearer | None = None
        self._failures = 0
        self._failure: TargetError | None = None

    async def token(self) -> str:
        """Raises Denied for wrong credentials, Misdirected for a wrong address, NotSent for passing trouble."""
        if (token := self._current()) is not None:
            return token
        if isinstance(self._failure, Denied):
            raise self._failure  # what is refused for good is not asked for again
        failures = self._failures
        async with self._lock:
            if (token := self._current()) is not None:
                return token
            if self._failure is not None and self._failures > failures:
                raise self._failure  # the one who fetched for all of us failed just now
            try:
                self._bearer = await self._fetch_as_known_now()
            except TargetError as error:
                self._failures += 1
                self._failure = error
                raise
        return self._bearer.token

    def forget(self, token: str) -> None:
        """The remote does not take *token* any more; a newer one is left alone."""
        if self._bearer is not None and self._bearer.token == token:
            self._bearer = None

    def _current(self) -> str | None:
        if self._bearer is None or self._clock.monotonic() >= self._bearer.renew_at:
            return None
        return self._bearer.token

    async def _fetch_as_known_now(self) -> _Bearer:
        try:
            return await self._fetch()
        except Denied as error:
            denied = error
        if (
            self._newest is None
            or (secret := await anyio.to_thread.run_sync(self._newest)) == self._config.client_secret
        ):
            raise denied
        self._config = replace(self._config, client_secret=secret)
        return await self._fetch()

    async def _fetch(self) -> _Bearer:
        started = self._clock.monotonic()
        try:
            headers, body = _request(self._config)
            answer = await self._http.call(Kind.TOKEN, "POST", self._config.token_url, headers=headers, data=body)
        except (Denied, Misdirected, NotSent):
            raise
        except TargetError as error:
            raise NotSent(str(error)) from None  # asking for a token twice does no harm
        token, lifetime = read_token(answer, self._config)
        return _Bearer(token=token, renew_at=started + lifetime - min(_EARLY, lifetime / 10))


def _request(config: OAuthConfig) -> tuple[dict[str, str], bytes]:
    """Headers and body of the request for a token: the credentials stand in one place only (RFC 6749 2.3)."""
    members = {"grant_type": "client_credentials"}
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    if config.scope:
        members["scope"] = config.scope
    if config.style == "basic":
        return headers | {"Authorization": f"Basic {basic_credentials(config)}"}, urlencode(members).encode()
    members |= {"client_id": config.client_id, "client_secret": config.client_secret}
    match config.style:
        case "form":
            return headers, urlencode(members).encode()
        case "json":
            return headers | {"Content-Type": "application/json"}, json.dumps(members).encode()
        case "multipart":
            form = Form()
            return headers | {"Content-Type": form.content_type}, form.fields(members)


def basic_credentials(config: OAuthConfig) -> str:
    """Percent-encoding with %20 for a space: a form decoder and a percent-only decoder both read it right."""
    encode: Callable[[str], str] = (lambda text: quote(text, safe="")) if config.encode else str
    joined = f"{encode(config.client_id)}:{encode(config.client_secret)}"
    return base64.b64encode(joined.encode()).decode("ascii")


def read_token(answer: Answer, config: OAuthConfig) -> tuple[str, float]:
    """The token and its life in seconds. The error's name decides, not its status: servers differ in that."""
    url, members = config.token_url, _members(answer)
    error = members.get("error")
    if isinstance(error, str) and error in _PERMANENT:
        raw = '; a server that does not decode Basic needs target.basic_encoding = "raw"' * (config.style == "basic")
        raise Denied(
            f"{url}: the identity server refuses the credentials ({error}). Check target.client_id, the client secret "
            f"and target.scope{raw}."
        )
    if answer.status in (408, 425, 429) or answer.status >= 500:
        raise NotSent(f"{url}: the identity server answered {answer.status}", retry_after=answer.retry_after)
    if answer.status == 401 or answer.status == 403:
        raise Denied(f"{url}: the identity server answered {answer.status}. Check target.client_id and the secret.")
    token, kind = members.get("access_token"), members.get("token_type", "Bearer")
    usable = isinstance(token, str) and _BEARER.fullmatch(token) and str(kind).lower() == "bearer"
    if answer.status != 200 or not usable:
        raise Misdirected(
            f"{url}: status {answer.status}, and no bearer token in the answer. Is {config.key} the token endpoint?"
        )
    return str(token), _lifetime(members.get("expires_in"))


def _lifetime(value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, int | float | str) else _LIFETIME
    except ValueError:
        seconds = _LIFETIME
    except OverflowError:
        seconds = _LONGEST
    return min(max(seconds, 0.0), _LONGEST) if seconds == seconds else _LIFETIME


def _members(answer: Answer) -> dict[str, object]:
    try:
        parsed = json.loads(answer.text)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


async def authorized(
    credentials: ClientCredentials,
    exchange: Callable[[Mapping[str, str]], Awaitable[Answer]],
    may_go: MayGo = lambda: True,
    took_nothing: Callable[[Answer], bool] = lambda _: True,
) -> Answer:
    """One exchange with a bearer token; once more with a new one when the remote says that this one is spent.

    *took_nothing* is asked of a 401, for a request whose repeat might do harm: without its yes the answer is
    returned as it is, and only the next request has a new token. Raises Denied for the second 401 in a row, and
    LeftAlone instead of an exchange that may not go any more: a token may take its time.
    """
    for _ in range(2):
        token = await credentials.token()
        require_leave(may_go)
        answer = await exchange({"Authorization": f"Bearer {token}"})
        if answer.status != 401:
            return answer
        credentials.forget(token)
        if not took_nothing(answer):
            return answer
    raise Denied("the remote refuses a fresh token (401). Check the client's rights and target.scope.")


def require_leave(may_go: MayGo) -> None:
    """For the moment before a request leaves. Raises LeftAlone."""
    if not may_go():
        raise LeftAlone("the remote wants to be left alone since just before it was asked")

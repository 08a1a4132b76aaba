"""Settings → the target: which remote API stands behind the port."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import assert_never
from urllib.parse import quote

from orchestrator import naming
from orchestrator.config import (
    ADDRESSES,
    CREDENTIALS,
    Credentials,
    EndgrateTarget,
    Need,
    OwnTarget,
    PlatformTarget,
    Settings,
    TaoTarget,
    require_addresses,
    require_secrets,
    target_id,
    unmet,
)
from orchestrator.edges.http import Http, trust
from orchestrator.edges.oauth import ClientCredentials, OAuthConfig
from orchestrator.errors import ConfigError
from orchestrator.naming import printable
from orchestrator.ports import Clock, Target
from orchestrator.targets.endgrate import Endgrate, EndgrateConfig, EndgratePull, Sessions
from orchestrator.targets.endgrate.api import Api
from orchestrator.targets.own import Setup
from orchestrator.targets.platform import Platform, PlatformConfig
from orchestrator.targets.tao import Tao, TaoConfig


def make_target(settings: Settings, secrets: Credentials, http: Http, clock: Clock) -> Target:
    """Raises ConfigError when there is none that could be asked."""
    require_addresses(settings)
    match target := settings.target:
        case PlatformTarget():
            return _platform(target, target_id(settings), secrets, http, clock)
        case TaoTarget():
            return _tao(target, target_id(settings), secrets, http, clock)
        case EndgrateTarget():
            return Endgrate(_endgrate_config(target, target_id(settings), secrets), http, clock)
        case OwnTarget():
            return _own(target, target_id(settings), secrets, http, clock)
        case _:
            assert_never(target)


async def require_paths(target: Target) -> None:
    """Asks where only some remotes can be configured wrongly. Raises Misdirected, or what any read does."""
    if isinstance(target, Tao):
        await target.require_paths()


def require_endgrate(settings: Settings, what: str) -> EndgrateTarget:
    """Raises ConfigError: only that remote has *what*."""
    if not isinstance(settings.target, EndgrateTarget):
        raise ConfigError(f'target.kind: only "endgrate" has {what}. Name a configuration for it with -c.')
    return settings.target


def need_of_endgrate(what: str, *, but: str = "") -> Need:
    """That it is this remote, and then all that is needed to ask it, except for what is called *but*."""

    def require(settings: Settings) -> None:
        require_endgrate(settings, what)
        if problems := [*unmet(settings, (Need(partial(require_secrets, but=but)), ADDRESSES), set())]:
            raise ConfigError(*problems)

    return Need(require)


def make_puller(settings: Settings, secrets: Credentials, http: Http, clock: Clock) -> EndgratePull:
    """Raises ConfigError."""
    target = require_endgrate(settings, "pulls")
    config = _endgrate_config(target, target_id(settings), secrets)
    return EndgratePull(config, http, clock, sync=target.sync)


def make_sessions(target: EndgrateTarget, secrets: Credentials, http: Http) -> Sessions:
    return Sessions(Api(target.base_url, secrets.api_key, http))


def _own(target: OwnTarget, id: str, secrets: Credentials, http: Http, clock: Clock) -> Target:
    """Raises ConfigError when it cannot be made."""
    setup = Setup(
        id=id,
        base_url=target.base_url,
        client_id=secrets.client_id,
        client_secret=secrets.client_secret,
        api_key=secrets.api_key,
        options=target.options,
        http=http,
        clock=clock,
    )
    with _as_configured(target, secrets.client_secret, secrets.api_key):
        made: Target = _maker_of(target)(setup)
    return made


def _maker_of(target: OwnTarget) -> Callable[[Setup], Target]:
    module, _, name = target.kind.partition(":")
    maker: Callable[[Setup], Target] = getattr(importlib.import_module(module), name)
    return maker


@contextmanager
def _as_configured(target: OwnTarget, *secrets: str) -> Iterator[None]:
    """Raises ConfigError for all that its code raises."""
    try:
        yield
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # whatever a module of somebody else's does
        raise ConfigError(
            f"target.kind: {printable(target.kind)} cannot be made ({_told_without(error, *secrets)}). Install the "
            "package that holds it, or name its folder in PYTHONPATH; else mend it, or target.options."
        ) from None


def _told_without(error: BaseException, *secrets: str) -> str:
    """Only its type where it has a secret in its words: they are those of somebody else."""
    words = str(error)
    forms = {form for secret in filter(None, secrets) for form in (secret, repr(secret)[1:-1], quote(secret, safe=""))}
    return type(error).__name__ + ("" if any(form in words for form in forms) else f": {printable(words)}")


def _require_maker(settings: Settings) -> None:
    if isinstance(settings.target, OwnTarget):
        with _as_configured(settings.target):
            _maker_of(settings.target)


def _require_authority(settings: Settings) -> None:
    trust(settings.target.ca_file)


TO_BE_ASKED = (CREDENTIALS, ADDRESSES, Need(_require_maker), Need(_require_authority, by=("target.ca_file",)))
"""What a target needs; what only its own code knows is left to `make_target`."""


def _platform(target: PlatformTarget, id: str, secrets: Credentials, http: Http, clock: Clock) -> Platform:
    oauth = OAuthConfig(
        token_url=target.token_url,
        client_id=secrets.client_id,
        client_secret=secrets.client_secret,
        scope=target.scope,
        encode=target.basic_encoding == "form",
    )
    config = PlatformConfig(
        id=id,
        base_url=target.base_url,
        client_id=secrets.client_id,
        api_key=secrets.api_key,
        results=target.results,
        overwrite_as_text=target.overwrite_encoding == "string",
        repeat_replaces=target.overwrite or target.sole_writer or naming.is_content_addressed(target.name),
    )
    return Platform(config, http, ClientCredentials(oauth, http, clock, newest=secrets.newest_secret), clock)


def _tao(target: TaoTarget, id: str, secrets: Credentials, http: Http, clock: Clock) -> Tao:
    oauth = OAuthConfig(
        token_url=target.base_url + target.token_path,
        client_id=secrets.client_id,
        client_secret=secrets.client_secret,
        scope=target.scope,
        style=target.token_body,
        key="target.base_url with target.token_path",
    )
    config = TaoConfig(
        id=id,
        base_url=target.base_url,
        upload_path=target.upload_path,
        status_path=target.status_path,
        download_path=target.download_path,
        resend=target.resend,
        result_hosts=target.result_hosts,
    )
    return Tao(config, http, ClientCredentials(oauth, http, clock, newest=secrets.newest_secret), clock)


def _endgrate_config(target: EndgrateTarget, id: str, secrets: Credentials) -> EndgrateConfig:
    return EndgrateConfig(
        id=id,
        base_url=target.base_url,
        session_id=target.session_id,
        endgrate_type=target.endgrate_type,
        api_key=secrets.api_key,
        key=target.key,
    )

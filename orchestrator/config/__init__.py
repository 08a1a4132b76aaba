"""The configuration of a run: read from all its sources, checked as a whole, never changed afterwards."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_settings import InitSettingsSource

from orchestrator.config.problems import explain
from orchestrator.config.secrets import Credentials, Secrets, renewable, require_secrets
from orchestrator.config.settings import (
    SECRET_KEYS,
    SECRETS,
    Input,
    Limits,
    Output,
    Polling,
    Settings,
    Validation,
    variable,
)
from orchestrator.config.sources import Values, from_environment, from_file, from_overrides, in_file
from orchestrator.config.targets import Client, EndgrateTarget, OwnTarget, PlatformTarget, TaoTarget, Target
from orchestrator.errors import ConfigError

__all__ = [
    "Client",
    "Credentials",
    "EndgrateTarget",
    "Input",
    "Limits",
    "Output",
    "OwnTarget",
    "PlatformTarget",
    "Polling",
    "Settings",
    "TaoTarget",
    "Target",
    "Validation",
    "load",
    "renewable",
    "require_secrets",
    "target_id",
]


def load(
    path: Path | None,
    *,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    output: Path | None = None,
) -> Settings:
    """Defaults, then the file, the environment, *overrides* (`section.key=value`) and the two folders.

    Raises ConfigError with every problem of every source, one line each that begins with where it stands.
    Without *path* there is no file; without *environ* it is the environment of the process.
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    arguments = {name: {"folder": at} for name, at in (("input", folder), ("output", output)) if at is not None}
    written = from_file(path, problems) if path else {}
    in_environment = from_environment(environ, problems)
    of_target = in_environment.get("target", {})
    secrets = {name: of_target.pop(name) for name in SECRETS if name in of_target}
    rising: list[tuple[Values, Callable[[str], str]]] = [
        (written, lambda key: in_file(path or Path(), key)),
        (in_environment, variable),
        (from_overrides(overrides, problems), lambda key: f"--set {key}"),
        (arguments, str),
    ]
    sources = [InitSettingsSource(Settings, values) for values, _ in reversed(rising)]
    settings = None
    try:
        settings = Settings(_build_sources=((*sources, Secrets(Settings, environ, secrets, problems)), {}))
    except ValidationError as error:
        spelled = {path: spell(path) for values, spell in rising for path in _keys(values)}
        problems += explain(error.errors(include_url=False), SECRET_KEYS, spelled)
    # Raised out here, so that the error does not carry pydantic's, which knows the raw values.
    if settings is None or problems:
        raise ConfigError(*problems)
    return settings


def _keys(values: Values) -> list[str]:
    return [f"{section}.{key}" for section, content in values.items() for key in content]


def target_id(settings: Settings) -> str:
    """What the ledger is bound to: `target.id`, or kind, origin and a digest of the account."""
    target = settings.target
    if target.id:
        return target.id
    base = urlsplit(target.base_url)
    host = f"[{base.hostname}]" if ":" in (base.hostname or "") else base.hostname
    port = "" if base.port in (None, {"https": 443, "http": 80}[base.scheme]) else f":{base.port}"
    account = hashlib.sha256(target.account.encode()).hexdigest()[:8]
    return f"{target.kind} {base.scheme}://{host}{port} {account}"

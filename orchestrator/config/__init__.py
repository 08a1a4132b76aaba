"""The configuration of a run: read from all its sources, checked as a whole, never changed afterwards."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.config.making import made_of, secrets_of
from orchestrator.config.needs import ADDRESSES, CREDENTIALS, FOLDERS, Need, require_addresses, require_folders, unmet
from orchestrator.config.problems import explain
from orchestrator.config.secrets import Credentials, Secrets, renewable, require_secrets
from orchestrator.config.settings import (
    KEYS,
    SECRET_KEYS,
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
    "ADDRESSES",
    "CREDENTIALS",
    "FOLDERS",
    "Client",
    "Credentials",
    "EndgrateTarget",
    "Input",
    "Limits",
    "Need",
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
    "require_addresses",
    "require_folders",
    "require_secrets",
    "target_id",
    "unmet",
]


def load(
    path: Path | None,
    *,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    output: Path | None = None,
    needs: Iterable[Need] = (),
    secrets: bool = True,
) -> Settings:
    """Defaults, then the file, the environment, *overrides* (`section.key=value`) and the two folders.

    Raises ConfigError with every problem of every source, and with what *needs* find lacking, one line each that begins
    with where it stands. Without *path* there is no file; without *environ* it is the environment of the process;
    without *secrets* nobody looks for them.
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    arguments = {name: {"folder": at} for name, at in (("input", folder), ("output", output)) if at is not None}
    written = from_file(path, problems) if path else {}
    rising: list[tuple[Values, Callable[[str], str]]] = [
        (written or {}, lambda key: in_file(path or Path(), key)),
        (from_environment(environ, problems), variable),
        (from_overrides(overrides, problems), lambda key: f"--set {key}"),
        (arguments, str),
    ]
    values = [each for each, _ in rising]
    given = secrets_of(values)
    spelled = {path: spell(path) for each, spell in rising for path in _keys(each)}
    unread = {*KEYS} - {*spelled} if written is None else set()
    made = made_of(values, partial(Secrets, Settings, environ, given) if secrets else None, problems, unread)
    problems += explain(made.faults, SECRET_KEYS, spelled)
    problems += unmet(made.settings, needs, made.doubtful)
    if problems:
        raise ConfigError(*dict.fromkeys(problems))  # what hangs on several keys may have been found by way of each
    return made.settings


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

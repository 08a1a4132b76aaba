"""The two secrets: where they may come from, and that they go nowhere else."""

from __future__ import annotations

import os
import shlex
import stat
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from orchestrator.config.problems import printable
from orchestrator.config.settings import SECRETS, Settings, variable
from orchestrator.config.targets import kind_of, model_of
from orchestrator.errors import ConfigError

LARGEST_SECRET = 64 * 1024
GROUP_AND_OTHERS = stat.S_IRWXG | stat.S_IRWXO
SYSTEMD = "CREDENTIALS_DIRECTORY"
TOLD = SecretStr("refused")
"""Stands for a secret that was given wrongly, so that it is not called missing as well. No settings come of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """All that the target wants to know of us, none of it missing; what its kind does not need is empty."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    newest_secret: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    """Reads `client_secret` once more from where it came from; the one that was read first when that fails."""


def places(path: str) -> str:
    """Every way to give the secret *path*, as a remedy."""
    name = path.partition(".")[2]
    return (
        f"Set {variable(path)}, or name a file that only you can read in {path}_file, "
        f"or put a file {name} into target.secrets_dir or systemd's {SYSTEMD}."
    )


def require_secrets(settings: Settings, *, but: str = "") -> Credentials:
    """Raises ConfigError for all that is needed and missing, except for what is called *but*."""
    target = settings.target
    given = {name: _text(getattr(target, name)) for name in (*target.needs, *target.may_need) if name != but}
    missing = [name for name in target.needs if name != but and not given[name].strip()]
    if missing:
        raise ConfigError(*(f"target.{name}: is missing. {_remedy(name)}" for name in missing))
    return Credentials(
        client_id=given.get("client_id", ""),
        client_secret=given.get("client_secret", ""),
        api_key=given.get("api_key", ""),
    )


def renewable(settings: Settings, again: Callable[[], Settings]) -> Credentials:
    """As `require_secrets`, for a run that may outlast the secret: *again* reads the configuration anew."""
    first = require_secrets(settings)

    def newest() -> str:
        try:
            return require_secrets(again()).client_secret
        except ConfigError:
            return first.client_secret

    return replace(first, newest_secret=newest)


def _text(given: SecretStr | str | None) -> str:
    return given.get_secret_value() if isinstance(given, SecretStr) else given or ""


def _remedy(name: str) -> str:
    path = f"target.{name}"
    hint = _HINTS.get(name, "")
    return places(path) if name in SECRETS else f"Write it into the file, or set {variable(path)}.{hint}"


_HINTS = {
    "session_id": " orchestrator session initiate makes one.",
    "endgrate_type": ' It names the schema of the records, such as "crm-contact".',
}


def clean(text: str) -> str:
    """*text* without the newline that editors and `echo` put at its end."""
    text = text.removesuffix("\n").removesuffix("\r")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise ValueError("holds more than one line, or a control character. Give the secret and nothing else.")
    return text


class Secrets(PydanticBaseSettingsSource):
    """Those that the kind of the target takes: *given* by the environment, or found in files.

    It stands last, and knows what the others said. What is given beyond is left alone: it may be there for a target of
    another kind.
    """

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        environ: Mapping[str, str],
        given: Mapping[str, SecretStr],
        problems: list[str],
    ) -> None:
        super().__init__(settings_cls)
        self._given = given
        self._systemd = environ.get(SYSTEMD, "")
        self._problems = problems

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False  # the secrets are looked up together, in __call__

    def __call__(self) -> dict[str, Any]:
        target = self.current_state.get("target", {})
        directory = _place(target, "secrets_dir")
        is_lost = bool(directory) and not Path(directory).is_dir()
        if is_lost:
            self._problems.append(
                f'target.secrets_dir: "{printable(directory)}" is no directory. Name an existing one.'
            )
        found: dict[str, SecretStr] = {}
        model = model_of(kind_of(target))
        wanted = (*model.needs, *model.may_need)
        for name in SECRETS:
            if name not in wanted:
                continue
            if name in self._given:
                found[name] = self._given[name]
                continue
            try:
                secret = self._find(name, target)
            except ConfigError as error:
                self._problems += error.problems
                found[name] = TOLD
            else:
                if secret is not None:
                    found[name] = SecretStr(secret)
                elif is_lost:
                    found[name] = TOLD
        return {"target": found}

    def _find(self, name: str, target: Mapping[str, Any]) -> str | None:
        if file := _place(target, f"{name}_file"):
            return _read(f"target.{name}_file", file, forbidden=GROUP_AND_OTHERS)
        directories = (
            # Container runtimes hand a mounted secret to an unprivileged process through its group.
            ("target.secrets_dir", _place(target, "secrets_dir"), stat.S_IRWXO),
            # systemd keeps the whole directory to the service; the group bits there are the mask of an ACL.
            (SYSTEMD, self._systemd, 0),
        )
        for key, directory, forbidden in directories:
            path = os.path.join(directory, name)
            if directory and os.path.lexists(path):
                return _read(key, path, forbidden=forbidden)
        return None


def _place(target: Mapping[str, Any], key: str) -> str:
    """The path under *key*; what is no text counts as none here, the rule of the key tells it."""
    path = target.get(key, "")
    return path if isinstance(path, str) else ""


def _read(key: str, path: str, *, forbidden: int) -> str:
    """The secret in the file at *path*, which nobody may reach by the *forbidden* bits of its mode."""
    try:
        secret = clean(_bytes(path, forbidden).decode("utf-8-sig"))
        if not secret:
            raise ValueError("is empty. Write the secret into it.")
    except FileNotFoundError:
        problem = "does not exist. Name a file that holds the secret."
    except OSError as error:
        problem = f"cannot be read ({error.strerror}). Give this user the right, and only this user: chmod 600."
    except UnicodeDecodeError:
        problem = "is not text in UTF-8. Name a file that holds the secret and nothing else."
    except ValueError as error:
        problem = str(error)
    else:
        return secret
    raise ConfigError(f'{key}: "{printable(path)}" {problem}')


def _bytes(path: str, forbidden: int) -> bytes:
    # Without blocking, so that a named pipe in this place is refused instead of waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        # Asked of what was opened: the path may lead elsewhere a moment later.
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("is not a regular file. Name a file that holds the secret.")
        if mode & forbidden:
            who = "group or others" if forbidden & stat.S_IRWXG else "others"
            raise ValueError(
                f"has mode {stat.S_IMODE(mode):04o}, which lets {who} in. Run: chmod 600 {shlex.quote(path)}"
            )
        raw = os.read(descriptor, LARGEST_SECRET + 1)
    finally:
        os.close(descriptor)
    if len(raw) > LARGEST_SECRET:
        raise ValueError("is too large to be a secret. Name a file that holds the secret and nothing else.")
    return raw

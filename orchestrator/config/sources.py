"""Where values come from: the TOML file, the environment, `--set`. Each source names its own mistakes."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from orchestrator.config.problems import printable, unknown
from orchestrator.config.secrets import TOLD, clean, places
from orchestrator.config.settings import KEYS, MEBIBYTE, PREFIX, SECRET_KEYS, Settings, variable
from orchestrator.errors import ConfigError

LARGEST_FILE = MEBIBYTE

Values = dict[str, dict[str, Any]]


def from_file(path: Path, problems: list[str]) -> Values | None:
    """None where it cannot be read, and nobody knows what it says."""
    values: Values = {}
    try:
        found = tables(path)
    except ConfigError as error:
        problems += error.problems
        return None
    wrong: list[str] = []
    for section, content in found.items():
        if section not in Settings.model_fields:
            known = Settings.model_fields if isinstance(content, dict) else KEYS
            wrong.append(f"{section}: {unknown(section, known)}")
        elif not isinstance(content, dict):
            wrong.append(f"{section}: is not a section. Write [{section}] on its own line, the keys below it.")
        else:
            for key, value in content.items():
                _admit(values, f"{section}.{key}", value, wrong)
    problems += [in_file(path, problem) for problem in wrong]
    return values


def in_file(file: Path, words: str) -> str:
    return printable(f"{file}: {words}")


def _admit(values: Values, path: str, value: object, problems: list[str]) -> None:
    if path in SECRET_KEYS:
        problems.append(f"{path}: a secret may not stand in the file. {places(path)}")
        _put(values, path, TOLD)
    elif path not in KEYS:
        problems.append(f"{path}: {unknown(path, KEYS)}")
    else:
        _put(values, path, value)


def tables(path: Path, parse: Callable[[str], dict[str, Any]] | None = None, language: str = "TOML") -> dict[str, Any]:
    """What a small file of settings holds. Raises ConfigError."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ConfigError(f"{printable(str(path))}: is not a regular file. Name the configuration file.")
            # One byte more than allowed tells a file that is too large, without reading all of it.
            raw = file.read(LARGEST_FILE + 1)
        if len(raw) <= LARGEST_FILE:
            return (parse or _parsed)(raw.decode("utf-8-sig"))
        problem = "is larger than 1 MiB. Name the configuration, not a data file."
    except FileNotFoundError:
        problem = "there is no such file. Name an existing configuration file."
    except IsADirectoryError:
        problem = "is a directory. Name the configuration file in it."
    except PermissionError:
        problem = "may not be read by this user. Give it the right: chmod u+r, and u+x on the folders above."
    except OSError as error:
        problem = f"cannot be read ({error.strerror}). Name a readable configuration file."
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = f"is not UTF-8 in line {line}. Save it in UTF-8."
    except ValueError as error:
        problem = f"is not valid {language}: {error}. Mend it there; text needs quotes."
    raise ConfigError(in_file(path, problem))


def _without_waiting(path: str, flags: int) -> int:
    """For a writer, where a named pipe is in this place."""
    return os.open(path, flags | os.O_NONBLOCK)


def _parsed(text: str) -> dict[str, Any]:
    """Raises ValueError with the place in front; tomllib puts it last, and has none for the end of a file."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).removesuffix(")").rpartition(" (at ")
    except (ValueError, RecursionError):
        what, place = "a number of thousands of digits, or brackets nested as deep", "somewhere"
    if place == "end of document":
        place = f"line {text.count(chr(10)) + 1}, column {len(text.rpartition(chr(10))[2]) + 1}"
    raise ValueError(f"{place}: {printable(what[:1].lower() + what[1:])}")


def from_environment(environ: Mapping[str, str], problems: list[str]) -> Values:
    values: Values = {}
    seen: dict[str, str] = {}
    for name in sorted(environ):
        if not name.upper().startswith(PREFIX):
            continue
        path = name[len(PREFIX) :].lower().replace("__", ".", 1)
        if path not in KEYS:
            problems.append(f"{printable(name)}: {unknown(path, KEYS, variable)}")
        elif path in seen:
            problems.append(f"{name}: sets the same as {seen[path]}. Unset one of them.")
        elif path in SECRET_KEYS:
            _put_secret(values, path, environ[name], problems)
        else:
            _put(values, path, _typed(path, environ[name]))
        seen.setdefault(path, name)
    return values


def _put_secret(values: Values, path: str, text: str, problems: list[str]) -> None:
    try:
        secret = clean(text)
    except ValueError as error:
        problems.append(f"{variable(path)}: {error}")
        _put(values, path, TOLD)
    else:
        # An empty variable is how container files pass on what nobody set; the next source may know better.
        if secret:
            _put(values, path, SecretStr(secret))


def from_overrides(overrides: Sequence[str], problems: list[str]) -> Values:
    values: Values = {}
    for nth, override in enumerate(overrides, start=1):
        path, equals, text = override.partition("=")
        if not equals or not re.fullmatch(r"\w+\.\w+", path):
            # Not shown: `--set client_secret:…` would put the secret into the log.
            problems.append(f"--set number {nth}: is not section.key=value. Write it as in limits.uploads=8.")
        elif path in SECRET_KEYS:
            problems.append(f"{path}: a secret may not be an argument, others can see it. {places(path)}")
            _put(values, path, TOLD)
        elif path not in KEYS:
            problems.append(f"--set {path}: {unknown(path, KEYS)}")
        else:
            _put(values, path, _typed(path, text))
    return values


def _put(values: Values, path: str, value: object) -> None:
    section, _, key = path.partition(".")
    values.setdefault(section, {})[key] = value


def _typed(path: str, text: str) -> object:
    """*text* as the type of its key, or unchanged where it is none: then the rule of the key says so."""
    kind = KEYS[path].annotation
    try:
        if kind is bool:
            return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)
        if kind is int or kind is float:
            return kind(text)
        if kind == tuple[str, ...]:
            if text.lstrip().startswith("["):
                return json.loads(text)
            return [word.strip() for word in text.split(",")] if text.strip() else []
    except (ValueError, RecursionError):
        return text
    return text

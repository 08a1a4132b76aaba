"""Settings out of values; where some of these are wrong, out of the others, so that what else is amiss is told, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import InitSettingsSource

from orchestrator.config.problems import path_of
from orchestrator.config.secrets import Secrets
from orchestrator.config.settings import KEYS, SECRET_KEYS, SECRETS, Settings
from orchestrator.config.sources import Values

Fault = Mapping[str, Any]
"""As pydantic tells it: it knows the raw value."""

_KNOWN_BY = {
    **{f"{key}_file": {key} for key in SECRET_KEYS},
    "target.secrets_dir": {*SECRET_KEYS},
}
"""What else nobody can tell while such a key is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    settings: Settings
    faults: Sequence[Fault]
    """Where there are any, defaults stand in the places of what is wrong."""
    doubtful: set[str]
    """The keys of which nobody knows what they were to be."""


def made_of(
    rising: Sequence[Values], secrets: Callable[[list[str]], Secrets] | None, problems: list[str], doubtful: set[str]
) -> Made:
    """*secrets* is where these are looked for; what is wrong with them comes to *problems*."""
    faults: Sequence[Fault] = ()
    while True:
        found = _settings(rising, [secrets([] if faults else problems)] if secrets else [])
        if isinstance(found, Settings):
            return Made(settings=found, faults=faults, doubtful=doubtful)
        faults = faults or found
        doubtful = doubtful | _taken_out(rising, found)


def secrets_of(rising: Sequence[Values]) -> dict[str, SecretStr]:
    """Takes them out: which of them are wanted depends on what the others say."""
    sections = [values.get("target", {}) for values in rising]
    return {name: section.pop(name) for section in sections for name in SECRETS if name in section}


def _settings(rising: Sequence[Values], secrets: Sequence[Secrets]) -> Settings | Sequence[Fault]:
    sources = [InitSettingsSource(Settings, values) for values in reversed(rising)]
    try:
        return Settings(_build_sources=((*sources, *secrets), {}))
    except ValidationError as error:
        return error.errors(include_url=False)


def _taken_out(rising: Sequence[Values], faults: Sequence[Fault]) -> set[str]:
    """Leaves the other values, and returns the keys that are doubtful now."""
    wrong = {path_of(fault) for fault in faults}
    doubtful = set(wrong)
    if any(fault["type"] == "extra_forbidden" for fault in faults):
        doubtful.add("target.kind")  # or is it the kind that is wrong?
    for path in wrong:
        section, _, key = path.partition(".")
        doubtful |= _KNOWN_BY.get(path, set())
        if not [values[section].pop(key) for values in rising if key in values.get(section, {})]:
            # It is a default that the others do not go with.
            for values in rising:
                values.pop(section, None)
            doubtful |= {each for each in KEYS if each.startswith(f"{section}.")}
    return doubtful

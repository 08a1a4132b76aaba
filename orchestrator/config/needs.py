"""What a command needs of the configuration beyond what each value must be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from urllib.parse import urlsplit

from orchestrator.config.secrets import require_secrets
from orchestrator.config.settings import Settings
from orchestrator.errors import ConfigError
from orchestrator.naming import printable


@dataclass(frozen=True, slots=True)
class Need:
    """Something that has to hold of settings, and the keys *by* which that is known."""

    require: Callable[[Settings], object]
    """Raises ConfigError, each of whose problems begins with its key."""
    by: tuple[str, ...] = ("target.kind",)


def unmet(settings: Settings, needs: Iterable[Need], doubtful: Set[str]) -> Iterator[str]:
    """What *settings* lack, but for keys that are *doubtful*, and for what hangs on these."""
    for need in needs:
        if not doubtful & {*need.by}:
            try:
                need.require(settings)
            except ConfigError as error:
                yield from (problem for problem in error.problems if problem.partition(":")[0] not in doubtful)


def require_addresses(settings: Settings) -> None:
    """A secret goes to no host that stands in an example only. Raises ConfigError."""
    given = ((name, getattr(settings.target, name, "")) for name in ("base_url", "token_url"))
    if unset := [name for name, url in given if f".{urlsplit(url).hostname}".endswith(".example.com")]:
        raise ConfigError(
            *(f"target.{name}: is that of the example. Name the configuration of your API (-c)." for name in unset)
        )


def require_folders(settings: Settings) -> None:
    """Raises ConfigError when there is no folder to read, or it is the one to be written."""
    root = settings.input.folder
    if not os.path.isdir(root):
        raise ConfigError(
            f"input.folder: {printable(str(root))} is not a folder. Name the folder that holds the files."
        )
    if os.path.realpath(settings.output.folder) == os.path.realpath(root):  # a link to itself is told where it is made
        raise ConfigError("output.folder: it is the input folder itself. Name another one (-o), or one inside it.")


CREDENTIALS = Need(require_secrets)
ADDRESSES = Need(require_addresses)
FOLDERS = Need(require_folders, by=("input.folder",))

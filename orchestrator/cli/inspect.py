"""`inspect`: what one file looks like, and what to write into the configuration for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import Common, command, json_option, print_json, put_out

if TYPE_CHECKING:
    from orchestrator.validation import Sight

_LOOKED_AT = 1 << 20


@command
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def inspect(common: Common, file: Path) -> int:
    """Look at FILE and propose the settings that read it: encoding, delimiter, quotes, kind.

    It only proposes. A run takes what is configured, and guesses nothing.
    """
    from orchestrator.config.schemas import built_in, built_in_names, load_schemas
    from orchestrator.errors import ConfigError
    from orchestrator.naming import printable
    from orchestrator.validation import look

    if file.exists() and not (file.is_file() or file.is_dir()):
        raise ConfigError(f"{printable(str(file))}: is no regular file. Name one.")
    own = load_schemas(common.settings().validation.schema_names)
    known = [built_in(name) for name in built_in_names()]
    try:
        with file.open("rb") as content:
            data = content.read(_LOOKED_AT + 1)
    except OSError as error:
        raise ConfigError(f"{printable(str(file))}: cannot be read ({error.strerror}). Name a file.") from None
    whole = len(data) <= _LOOKED_AT
    sight = look(data[:_LOOKED_AT], list(dict.fromkeys([*own, *known])), whole=whole)
    settings = _settings(sight)
    if common.json:
        return 0 if print_json({"exit_code": 0, **asdict(sight), "validation": settings}) else 2
    proposed = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    lines = [*_seen(sight, whole=whole), "", "[validation]", *proposed]
    return 0 if put_out("\n".join(lines)) else 2


def _settings(sight: Sight) -> dict[str, str]:
    signs = asdict(sight.dialect)
    kind = {"schema": sight.kind} if sight.kind else {}
    return {"encoding": sight.encoding, **signs, **kind}


def _seen(sight: Sight, *, whole: bool) -> list[str]:
    from orchestrator.naming import printable

    marked = "by its byte order mark" if sight.marked else "by what can be decoded: look at the letters with accents"
    ends = ", ".join(f"{count:,} {name}" for name, count in sight.ends.items()) or "none"
    names = printable(", ".join(sight.names)) or "no header"
    even = "in every record" if sight.even else "in most records, others in some"
    kind = sight.kind or sight.lacks or "none that is known"
    return [
        f"looked at  {'the whole file' if whole else 'its beginning'}",
        f"encoding   {sight.encoding}, {marked if sight.marked or sight.encoding != 'utf-8' else 'as it should be'}",
        f"line ends  {ends}",
        f"cells      {sight.width:,} {even}",
        f"columns    {names}",
        f"kind       {printable(kind)}",
    ]

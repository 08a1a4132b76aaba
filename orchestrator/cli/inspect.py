"""`inspect`: what one file looks like, and what to write into the configuration for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import Common, Place, command, json_option, print_json, put_out

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from orchestrator.config import Settings
    from orchestrator.validation import Schema, Sight

_LOOKED_AT = 1 << 20


@command
@click.argument("file", type=Place())
@json_option
def inspect(common: Common, file: Path) -> int:
    """Look at FILE and propose the settings that read it: encoding, delimiter, quotes, kind.

    It only proposes. A run takes what is configured, and guesses nothing.
    """
    from orchestrator.config.schemas import built_in, built_in_names
    from orchestrator.validation import look

    settings = common.settings()
    taken, events = _taken(settings), _events(settings)
    data, whole = _beginning(file)
    others, mapped = [built_in(name) for name in built_in_names()], bool(settings.validation.mapping)
    sight = look(data, [*taken, *events], others, whole=whole, mapped=mapped)
    proposed = {} if sight.fault else {"encoding": sight.encoding, **asdict(sight.dialect)}
    if sight.kind in {schema.name for schema in events}:
        proposed["events_schema"] = sight.kind
    elif sight.elsewhere and not taken:
        proposed["schema"] = sight.elsewhere  # beside others it would shut out the files of the other kinds
    if common.json:
        return 0 if print_json({"exit_code": 0, **asdict(sight), "validation": proposed}) else 2
    lines = [f"looked at  {'the whole file' if whole else 'its beginning'}"]
    if sight.fault:
        lines += [f"found      {sight.fault}"]
    else:
        written = [f"{key} = {json.dumps(value)}" for key, value in proposed.items()]
        lines += [*_seen(sight, proposed), "", "[validation]", *written]
    return 0 if put_out("\n".join(lines)) else 2


def _taken(settings: Settings) -> Sequence[Schema]:
    """What a file may be here. None where a target of one's own has not been told."""
    from orchestrator.config.mappings import load_mapping
    from orchestrator.config.schemas import load_schemas
    from orchestrator.validation import source_of

    taken = load_schemas(settings.schemas, settings.target.key_column, nests=settings.target.nests)
    mapping = load_mapping(settings.validation.mapping, taken) if taken else None
    return [source_of(mapping)] if mapping else taken


def _events(settings: Settings) -> Sequence[Schema]:
    """What its companion may be."""
    from orchestrator.config.schemas import load_events_schema

    return load_events_schema(settings.events_schema)


def _beginning(file: Path) -> tuple[bytes, bool]:
    """And whether it is the whole of it."""
    from orchestrator.errors import ConfigError
    from orchestrator.naming import printable

    if file.exists() and not (file.is_file() or file.is_dir()):
        raise ConfigError(f"{printable(str(file))}: is no regular file. Name one.")
    try:
        with file.open("rb") as content:
            data = content.read(_LOOKED_AT + 1)
    except OSError as error:
        raise ConfigError(f"{printable(str(file))}: cannot be read ({error.strerror}). Name a file.") from None
    return data[:_LOOKED_AT], len(data) <= _LOOKED_AT


def _seen(sight: Sight, proposed: Collection[str]) -> list[str]:
    from orchestrator.naming import printable

    marked = "by its byte order mark" if sight.marked else "by what can be decoded: look at the letters with accents"
    ends = ", ".join(f"{count:,} {name}" for name, count in sight.ends.items()) or "none"
    names = printable(", ".join(name.strip() or "(no name)" for name in sight.names)) or "no header"
    even = "in every record" if sight.even else "in most records, others in some"
    cells = f"{sight.width:,} {even}" if sight.width else "none: no record ends in what was looked at"
    return [
        f"encoding   {sight.encoding}, {marked if sight.marked or sight.encoding != 'utf-8' else 'as it should be'}",
        f"line ends  {ends}",
        f"cells      {cells}",
        f"columns    {names}",
        f"kind       {printable(_kind(sight, proposed))}",
        *(f"mend       {remark}" for remark in sight.remarks),
    ]


def _kind(sight: Sight, proposed: Collection[str]) -> str:
    if "events_schema" in proposed:
        return f"{sight.kind}, the companion of a file"
    if "schema" in proposed:
        return sight.elsewhere
    if sight.elsewhere:
        return f"{sight.elsewhere}, which nothing here takes: {sight.lacks or 'see target.kind and validation.schema'}"
    return sight.kind or sight.lacks or "none that is taken here"

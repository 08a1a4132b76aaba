"""`schema`: which columns a file of each kind has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, command, json_option, print_json, put_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.config import Settings
    from orchestrator.config.schemas import AsWritten
    from orchestrator.validation import Schema

_TAKEN = {"file": "taken as a file", "mapped": "made by the mapping", "companion": "taken as a companion"}
_LANGUAGES = (".toml", ".json")
"""What a file of one's own is written in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    schema: Schema
    written: AsWritten
    taken: str = ""
    """As what the configuration takes one, if it does: a key of _TAKEN."""

    @property
    def names(self) -> set[str]:
        """One that has to be keyed is called by that as well."""
        return {self.schema.name, self.written.name}


@command
@click.argument("name", required=False, default="")
@click.option("--source", is_flag=True, help="Print the schema as it was written, as the start of one of your own.")
@json_option
def schema(common: Common, name: str, source: bool) -> int:
    """Which columns a file needs: the schema NAME in words, or a list of those whose names begin so.

    NAME is one of that list, or a file of your own. With --json a single one is printed as Table Schema in JSON, which
    validation.schema reads as well.
    """
    from orchestrator.naming import printable

    if source and common.json:
        raise click.UsageError("--source prints a schema as it was written, and --json as JSON: use one of them.")
    single, several = _found(common.settings(), name)
    if single is None and source:
        raise click.UsageError("--source prints one schema: give its NAME.")
    if single and source:
        whole = put_out(single.written.text, end="")
    elif single and common.json:
        whole = put_out(json.dumps(single.written.values, default=str))
    elif common.json:
        whole = print_json({"exit_code": 0, "schemas": [_as_json(entry) for entry in several]})
    else:
        lines = _in_words(single) if single else _listed(several)
        whole = put_out("\n".join(printable(line) for line in lines))
    return 0 if whole else 2


def _found(settings: Settings, name: str) -> tuple[_Entry | None, list[_Entry]]:
    """The one that is meant, or those that may be."""
    from orchestrator.config.schemas import as_written, load_schema, unknown_kind

    if Path(name).suffix in _LANGUAGES:
        return _Entry(schema=load_schema(Path(name)), written=as_written(Path(name))), []
    entries = _known(settings)
    single = next((entry for entry in entries if name in entry.names), None)
    several = [entry for entry in entries if not name or f"{entry.written.name}.".startswith(f"{name}.")]
    if not single and not several:
        raise click.UsageError(unknown_kind(name))
    return single, several


def _known(settings: Settings) -> list[_Entry]:
    """What the configuration takes, as it is judged then, and what else comes with the program."""
    from orchestrator.config.schemas import as_written, built_in, built_in_names, load_schemas, place_of, places_of

    target, companions = settings.target, [settings.events_schema] if settings.events_schema else []
    chosen = load_schemas(settings.schemas, target.key_column, nests=target.nests)
    entries = [
        _Entry(schema=schema, written=as_written(place), taken=taken)
        for taken, choices, schemas in (
            ("mapped" if settings.validation.mapping else "file", settings.schemas, chosen),
            ("companion", companions, load_schemas(companions)),
        )
        for schema, place in zip(schemas, places_of(choices), strict=True)
    ]
    names = {entry.written.name for entry in entries}
    others = [name for name in built_in_names() if name not in names]
    return entries + [_Entry(schema=built_in(name), written=as_written(place_of(name))) for name in others]


def _as_json(entry: _Entry) -> dict[str, Any]:
    written = entry.written
    return {
        "name": written.name,
        "title": written.title,
        "taken": entry.taken or None,
        "columns": list(entry.schema.names),
        "required": [column.name for column in entry.schema.columns if column.constraints.required],
    }


def _listed(entries: Sequence[_Entry]) -> Iterator[str]:
    width = max(len(entry.written.name) for entry in entries)
    for entry in entries:
        yield f"{entry.written.name:<{width}}  {_title(entry)}".rstrip()


def _in_words(entry: _Entry) -> Iterator[str]:
    from orchestrator.validation import describe

    yield f"{entry.schema.name}  {_title(entry)}".rstrip()
    yield from describe(entry.schema, entry.written.notes)


def _title(entry: _Entry) -> str:
    return f"{entry.written.title} ({_TAKEN[entry.taken]})".strip() if entry.taken else entry.written.title

"""The kinds of files that are known by name, and those that people describe in a file of their own."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import chain
from pathlib import Path
from typing import Any

from orchestrator.config.problems import shown
from orchestrator.config.sources import in_file, tables
from orchestrator.errors import ConfigError
from orchestrator.validation import Schema, keyed, read_schema

_FOLDER = resources.files("orchestrator") / "schemas"


@cache
def built_in_names() -> tuple[str, ...]:
    found = (file.name for file in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


@cache
def built_in(name: str) -> Schema:
    return read_schema(tomllib.loads(place_of(name).read_text(encoding="utf-8")), name)


def _built_in_of(choice: str) -> list[str]:
    return [name for name in built_in_names() if f"{name}.".startswith(f"{choice}.")]


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("brackets nested too deeply") from None


def load_schema(path: Path) -> Schema:
    """TOML, or JSON where the name of the file ends so. Raises ConfigError with all that is wrong with it."""
    values = tables(path, _from_json, "JSON") if path.suffix == ".json" else tables(path)
    try:
        return read_schema(values, path.stem)
    except ConfigError as error:
        problems = [in_file(path, problem) for problem in error.problems]
    raise ConfigError(*problems)


def place_of(name: str) -> Traversable:
    """Where a built-in one stands."""
    return _FOLDER / f"{name}.toml"


def places_of(chosen: Iterable[str]) -> list[Traversable]:
    """The files that `load_schemas` reads, in its order."""
    return [place for choice in chosen for place in [*map(place_of, _built_in_of(choice))] or [Path(choice)]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsWritten:
    """A schema for people, who may copy it: with what only they can read."""

    name: str
    text: str
    values: Mapping[str, Any]

    @property
    def title(self) -> str:
        return str(self.values.get("title", ""))

    @property
    def notes(self) -> dict[str, str]:
        """About columns, by their names."""
        return {str(field["name"]): str(field.get("description", "")) for field in self.values.get("fields", ())}


def as_written(place: Traversable) -> AsWritten:
    """Of a schema that has been loaded from there."""
    text = place.read_text(encoding="utf-8-sig")
    values = _from_json(text) if place.name.endswith(".json") else tomllib.loads(text)
    return AsWritten(name=values.get("name", Path(place.name).stem), text=text, values=values)


def unknown_kind(choice: str) -> str:
    near = get_close_matches(choice, [*built_in_names(), *{name.partition(".")[0] for name in built_in_names()}], n=1)
    meant = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(built_in_names())}."
    return f"{shown(choice)} is neither a kind of file that is known nor a file of TOML or JSON. {meant}"


def load_schemas(
    chosen: Iterable[str], key_column: str = "", *, nests: bool = False, key: str = "validation.schema"
) -> tuple[Schema, ...]:
    """*chosen*: built-in names, beginnings of names up to a dot ("tao" is all of TAO's), and paths of files.

    With *key_column* every row needs a value of its own there; where the remote *nests* columns they have to fit.
    *key* is where they were chosen.

    Raises ConfigError with all that is wrong with all of them.
    """
    schemas: list[Schema] = []
    problems: list[str] = []
    for choice in chosen:
        known = _built_in_of(choice)
        if not known and not Path(choice).suffix:
            problems.append(f"{key}: {unknown_kind(choice)}")
            continue
        try:
            schemas += [built_in(name) for name in known] if known else [load_schema(Path(choice))]
        except ConfigError as error:
            problems += [f"{key}: {problem}" for problem in error.problems]
    names = [schema.name for schema in schemas]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"{key}: two schemas are called {name}. Give each a name of its own.")
    problems += _lost(schemas, key)
    if key_column:
        schemas = [_keyed(schema, key_column, problems) for schema in schemas]
    if nests:
        schemas = [_nested(schema, key, problems) for schema in schemas]
    if problems:
        raise ConfigError(*problems)
    return tuple(schemas)


def load_events_schema(name: str) -> tuple[Schema, ...]:
    """Of companions; "" means that there are none. Raises ConfigError."""
    return load_schemas(filter(None, (name,)), key="validation.events_schema")


def _lost(schemas: Sequence[Schema], key: str) -> Iterator[str]:
    """References that no file could ever meet: a slip of the pen would look as if all were well."""
    for schema in schemas:
        for reference in schema.references:
            others = chain(schemas, map(built_in, built_in_names()))
            if not any(reference.is_to(other) for other in others):
                wanted = f"{' or '.join(reference.kinds)} with {', '.join(reference.keys)}"
                yield (
                    f"{key}: {schema.name}: foreignKeys: there is no schema {wanted}. Correct it, or name "
                    "the file of that schema in validation.schema, too."
                )


def _nested(schema: Schema, key: str, problems: list[str]) -> Schema:
    try:
        return replace(schema, nests=True)
    except ValueError as error:
        problems.append(f"{key}: {schema.name}: {error}, as a dot makes a field of a field.")
        return schema


def _keyed(schema: Schema, column: str, problems: list[str]) -> Schema:
    try:
        return keyed(schema, column)
    except ValueError as error:
        problems.append(f"target.key: {error}. Name a column that the files have.")
        return schema

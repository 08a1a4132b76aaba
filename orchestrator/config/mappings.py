"""The mapping that turns the files of a source into those of a schema, where one is configured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestrator.config.sources import in_file, tables
from orchestrator.errors import ConfigError
from orchestrator.validation import Mapping, Schema, bound_to, read_mapping, source_of


def load_mapping(name: str, schemas: Sequence[Schema] | None = None) -> Mapping | None:
    """None for "". Raises ConfigError with all that is wrong with it, and when it makes none of *schemas*, if these are
    known."""
    if not name:
        return None
    path = Path(name)
    try:
        values = tables(path)
    except ConfigError as error:
        raise ConfigError(*[f"validation.mapping: {problem}" for problem in error.problems]) from None
    try:
        mapping = read_mapping(values, path.stem)
        source_of(mapping)
        if schemas is not None:
            bound_to(mapping, schemas)
    except ConfigError as error:
        raise ConfigError(*[f"validation.mapping: {in_file(path, problem)}" for problem in error.problems]) from None
    return mapping

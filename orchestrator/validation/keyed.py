"""A schema whose rows have to tell themselves apart by one column, because the remote finds its records by that."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.validation.schema import Column, Schema


def keyed(schema: Schema, name: str) -> Schema:
    """No row without a value in the column *name*, and no two with the same; it is called by that as well.

    Raises ValueError, in words, when there can be no such column.
    """
    known = {column.name: column for column in schema.columns if not column.is_pattern}
    if name not in known and not schema.match.takes_others:
        raise ValueError(f"{schema.name} has no column {name}")
    column = known.get(name) or Column(name=name)
    # What is its primary key already need not be told twice.
    constraints = replace(column.constraints, required=True, unique=schema.key != (name,))
    strict = replace(column, constraints=constraints)
    columns = tuple(strict if each.name == name else each for each in schema.columns)
    return replace(schema, name=_called(schema.name, name), columns=columns if name in known else (*columns, strict))


def is_keyed(schema: str, name: str) -> bool:
    """Whether a file that was found to be of the kind called *schema* keeps to that."""
    return bool(name) and schema.endswith(_called("", name))


def _called(schema: str, name: str) -> str:
    return f"{schema} by {name}"

"""A schema in words, for whoever has to make a file of that kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from orchestrator.validation.dialect import written
from orchestrator.validation.forms import form_of
from orchestrator.validation.schema import WRITTEN, Check, Column, Header, Match, Reference, Schema, Severity, Type

_MATCHES: Mapping[Match, str] = MappingProxyType(
    {
        Match.EXACT: "all of these, in this order, and no others",
        Match.EQUAL: "all of these, in any order, and no others",
        Match.SUBSET: "all of these, in any order, and any others",
        Match.SUPERSET: "those that are required, of the rest any, in any order, and no others",
        Match.PARTIAL: "those that are required, at least one, in any order, and any others",
    }
)
_TYPES: Mapping[Type, str] = MappingProxyType(
    {
        Type.STRING: "text",
        Type.INTEGER: "whole number",
        Type.NUMBER: "number, with a point before the decimals",
        Type.OBJECT: 'JSON object, as in {"key": "value"}',
    }
)
_REQUIRED = "required"


def describe(schema: Schema, notes: Mapping[str, str]) -> Iterator[str]:
    """*notes* are what its author wrote about columns, by their names."""
    names = [column.name for column in schema.columns if not column.is_pattern]
    if names:
        yield f"header    {written(names)}"
    optional = schema.header is Header.OPTIONAL
    yield f"columns   {_MATCHES[schema.match] if schema.columns else 'any'}{'; the header may be missing' * optional}"
    if schema.key:
        yield f"rows      no two with the same {', '.join(schema.key)}"
    if schema.blank_deletes:
        yield "blank     deletes what the remote has, in a column that is there (a warning only)"
    if schema.nests:
        yield "dots      a column a.b is field b in a"
    for check in schema.checks:
        yield f"check     {_of_check(check)}"
    for reference in schema.references:
        yield f"refers    {_of_reference(reference)}"
    width = max(map(len, (column.name for column in schema.columns)), default=0)
    yield from [""] * bool(schema.columns)
    for column in schema.columns:
        required = _REQUIRED if column.constraints.required else ""
        yield f"{column.name:<{width}}  {required:<{len(_REQUIRED)}}  {_of_cells(column)}"
        if note := notes.get(column.name):
            yield f"{'':<{width}}  {'':<{len(_REQUIRED)}}  {note}"


def _of_cells(column: Column) -> str:
    limits = ", ".join(_limits(column))
    also = [f"{limits}{_unless_error(column.constraints.severity)}"] if limits else []
    if column.constraints.unique:
        also.append("different in every row")
    if column.is_pattern:
        also.append("every column whose name begins so")
    return "; ".join([_type(column), *also])


def _type(column: Column) -> str:
    match column.type:
        case Type.BOOLEAN:
            return f"{_or(column.true_values)} for yes, {_or(column.false_values)} for no"
        case Type.LIST:
            return f'list, with "{column.delimiter}" between two items'
        case kind if kind in WRITTEN:
            return f"{'moment' if kind is Type.DATETIME else kind} written {form_of(kind, column.written).spelled}"
    return _TYPES[column.type]


def _limits(column: Column) -> Iterator[str]:
    limits = column.constraints
    if limits.min_length is not None:
        yield f"at least {limits.min_length:,} characters"
    if limits.max_length is not None:
        yield f"at most {limits.max_length:,} characters"
    if limits.minimum:
        yield f"at least {limits.minimum}"
    if limits.maximum:
        yield f"at most {limits.maximum}"
    each = "each " if column.type is Type.LIST else ""
    if limits.pattern:
        yield f"{each}matching {limits.pattern}"
    if limits.enum:
        yield f"{each}one of {', '.join(limits.enum)}"


def _of_check(check: Check) -> str:
    left, right = " ".join(check.left), " ".join(check.right)
    return f"{left} {check.order} {right}{_unless_error(check.severity)}"


def _of_reference(reference: Reference) -> str:
    fields, keys, kinds = ", ".join(reference.fields), ", ".join(reference.keys), _or(reference.kinds)
    unless = f", or {_or(reference.unless)}" if reference.unless else ""
    return f"{fields} to {keys} of {kinds}{unless}{_unless_error(reference.severity)}"


def _unless_error(severity: Severity) -> str:
    return "" if severity is Severity.ERROR else " (a warning only)"


def _or(words: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))

"""A schema as people write it, in the words of Table Schema, and a few of our own.

Ours are: `header = "optional"`; a name that ends in `*`, for every column that begins so; `[…]` in a `format`, for
what may be left out; `severity` among the constraints; `[[checks]]` between the cells of one row; `severity` and
`unless` of a foreign key, and more than one kind as its resource; and `blank = "deletes"`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from orchestrator.errors import ConfigError
from orchestrator.validation.cells import value_of
from orchestrator.validation.forms import form_of
from orchestrator.validation.schema import (
    WRITTEN,
    Check,
    Column,
    Constraints,
    Header,
    Match,
    Order,
    Reference,
    Schema,
    Severity,
    Type,
)
from orchestrator.validation.written import Table

_WITH_VALUES = (Type.INTEGER, Type.NUMBER, *WRITTEN)
_USES: Mapping[str, tuple[Type, ...]] = MappingProxyType(
    {
        "minLength": (Type.STRING,),
        "maxLength": (Type.STRING,),
        "minimum": _WITH_VALUES,
        "maximum": _WITH_VALUES,
        "pattern": (Type.STRING, Type.LIST),
    }
)
"""Which types a constraint has a meaning for; the others are for all."""


def read_schema(values: object, name: str) -> Schema:
    """*name* is what it is called where it does not say so itself. Raises ConfigError with all that is wrong."""
    problems: list[str] = []
    table = Table(values, problems)
    table.remark("$schema", "title", "description", "homepage")
    match = Match(table.text("fieldsMatch", "exact", among=list(Match)))
    header = Header(table.text("header", "required", among=list(Header)))
    called = table.text("name", name)
    blank = table.text("blank", "value", among=("value", "deletes"))
    if header is Header.OPTIONAL and match is not Match.EXACT:
        table.complain("header", 'columns without names have to stand in order. Set fieldsMatch = "exact".')
    columns = tuple(_column(field, match) for field in table.tables("fields", named="name"))
    by_name = {column.name: column for column in columns}
    key = table.texts("primaryKey")
    for missing in sorted(set(key) - set(by_name)):
        table.complain("primaryKey", f'there is no field "{missing}". Name fields of this schema.')
    for many in (name for name in key if name in by_name and by_name[name].is_pattern):
        words = "stands for columns in any number, which together tell no rows apart. Name fields without a *"
        table.complain("primaryKey", f'"{many}" {words}; constraints.unique has each of these columns differ.')
    if table.texts("missingValues", ("",)) != ("",):
        table.complain("missingValues", 'only the empty cell is missing. Take it out, or leave it at [""].')
    checks = tuple(check for one in table.tables("checks") if (check := _check(one, by_name)))
    references = tuple(_reference(one, by_name, called) for one in table.tables("foreignKeys"))
    table.done()
    if not problems:
        try:
            return Schema(
                name=called,
                columns=tuple(_as_key(column) if column.name in key else column for column in columns),
                header=header,
                match=match,
                key=key,
                checks=checks,
                references=references,
                blank_deletes=blank == "deletes",
            )
        except ValueError as error:
            problems.append(f"fields: {error}. Names differ in more than case, and are on one line.")
    raise ConfigError(*problems)


def _as_key(column: Column) -> Column:
    """Without a value it would tell no row from another."""
    return replace(column, constraints=replace(column.constraints, required=True))


def _column(field: Table, match: Match) -> Column:
    field.remark("title", "description", "example")
    name = field.text("name")
    if not name:
        field.complain("name", "is missing. Give the field the name of its column.")
    if name.endswith("*") and match is Match.EXACT:
        field.complain("name", 'a * stands for columns in any number. Set fieldsMatch = "superset" or "equal".')
    kind = field.text("type", "string", among=[*Type, "any"])
    column = Column(
        name=name,
        type=Type("string" if kind == "any" else kind),
        format=field.text("format"),
        delimiter=field.text("delimiter", ","),
        true_values=field.texts("trueValues", Column(name=name).true_values),
        false_values=field.texts("falseValues", Column(name=name).false_values),
    )
    if not column.delimiter:
        field.complain("delimiter", "is empty. Write the sign that stands between two items.")
    if not all(word.strip() for word in column.true_values + column.false_values):
        field.complain("trueValues", "a word in it or in falseValues is blank. Take it out.")
    column = _with_form(field, column)
    constraints = _constraints(field.table("constraints"), column)
    field.done()
    return replace(column, constraints=constraints)


def _with_form(field: Table, column: Column) -> Column:
    written = "" if column.format == "default" else column.format
    column = replace(column, format=written)
    if column.type in WRITTEN:
        try:
            form_of(column.type, column.written)
        except ValueError as error:
            field.complain("format", f'"{written}" {error}')
            return replace(column, format="")
    elif written:
        field.complain("format", f"a {column.type} has none here. Take it out; constraints.pattern may say more.")
    return column


def _constraints(table: Table, column: Column) -> Constraints:
    for key, types in _USES.items():
        if key in table and column.type not in types:
            table.complain(key, f"has no meaning for a {column.type}. Take it out; it is for {', '.join(types)}.")
    pattern = table.text("pattern")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        table.complain("pattern", f"is no regular expression ({error}). Mend it.")
    constraints = Constraints(
        required=table.flag("required"),
        unique=table.flag("unique"),
        min_length=table.count("minLength"),
        max_length=table.count("maxLength"),
        minimum=table.number_as_text("minimum"),
        maximum=table.number_as_text("maximum"),
        pattern=pattern,
        enum=table.texts("enum"),
        severity=Severity(table.text("severity", "error", among=list(Severity))),
    )
    if "enum" in table and not constraints.enum:
        table.complain("enum", "is empty, so no cell could be right. Write what cells may be, or take it out.")
    if column.type in _WITH_VALUES:
        _require_possible(table, column, constraints)
    table.done()
    return constraints


def _require_possible(table: Table, column: Column, constraints: Constraints) -> None:
    """Complains of what no cell can be."""
    low, high = (value_of(column, limit) for limit in (constraints.minimum, constraints.maximum))
    words = [
        ("minimum", constraints.minimum),
        ("maximum", constraints.maximum),
        *(("enum", v) for v in constraints.enum),
    ]
    for key, word in words:
        if word and value_of(column, word) is None:
            table.complain(key, f'"{word}" is no {column.type} as the cells have to be. Write it as in a cell.')
    if low is not None and high is not None and not Order.AT_MOST.holds(low, high):
        table.complain("maximum", "is less than the minimum. No cell can be both: change one of them.")


def _check(table: Table, columns: Mapping[str, Column]) -> Check | None:
    table.remark("title", "description")
    left, right = table.texts("left"), table.texts("right")
    order = table.text("is", ">=", among=list(Order))
    severity = Severity(table.text("severity", "error", among=list(Severity)))
    table.done()
    before = len(table.problems)
    for side, names in (("left", left), ("right", right)):
        if not names:
            table.complain(side, "is missing. Name the columns that are compared.")
        for name in names:
            if name not in columns or columns[name].is_pattern:
                table.complain(side, f'there is no field "{name}". Name fields of this schema.')
    if len(table.problems) > before:
        return None
    kinds = [[columns[name].type for name in names] for names in (left, right)]
    if kinds[0] != kinds[1]:
        table.complain("right", "has not the types of left, one by one. Compare dates with dates, and so on.")
    return Check(left=left, order=Order(order), right=right, severity=severity)


def _reference(table: Table, columns: Mapping[str, Column], own: str) -> Reference:
    """*own* is the name of the schema, which Table Schema spells "" here."""
    table.remark("title", "description")
    fields = table.texts("fields")
    to = table.table("reference")
    kinds, keys = to.texts("resource", ("",)), to.texts("fields")
    to.done()
    unless = table.texts("unless")
    severity = Severity(table.text("severity", "warning", among=list(Severity)))
    table.done()
    if not fields:
        table.complain("fields", "is missing. Name the columns that refer to another row.")
    for name in fields:
        if name not in columns or columns[name].is_pattern:
            table.complain("fields", f'there is no field "{name}". Name fields of this schema.')
        elif columns[name].type is Type.LIST and len(fields) > 1:
            table.complain("fields", f'"{name}" is a list, which refers by each of its items. Name it alone.')
    if len(keys) != len(fields):
        to.complain("fields", "does not name as many columns as refer to them. Name one for each, in turn.")
    return Reference(
        fields=fields, kinds=tuple(kind or own for kind in kinds), keys=keys, unless=unless, severity=severity
    )

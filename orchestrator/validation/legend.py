"""A mapping as people write it: `[[columns]]` that are made, `[[moments]]` that are read, `[[leave_out]]` for rows."""

from __future__ import annotations

import re
from collections.abc import Collection
from zoneinfo import ZoneInfo

from orchestrator.errors import ConfigError
from orchestrator.validation.mapping import LeaveOut, Made, Mapping
from orchestrator.validation.moments import READ, WRITE, Moment
from orchestrator.validation.written import Table

_DATE = frozenset("Ymd")
_PARTS = '{ dep_time = "%H%M" }'
_KINDS = {"from": "cells", "moment": "a moment", "value": "a constant"}


def read_mapping(values: object, name: str) -> Mapping:
    """*name* is what it is called where it does not say so itself. Raises ConfigError with all that is wrong."""
    problems: list[str] = []
    table = Table(values, problems)
    table.remark("title", "description")
    called = table.text("name", name)
    moments: dict[str, Moment] = {}
    for one in table.tables("moments", named="name"):
        moment = _moment(one, moments)
        if moment.name:
            moments[moment.name] = moment
    columns = tuple(_made(one, moments) for one in table.tables("columns", named="to"))
    if not columns:
        table.complain("columns", "is missing. Write [[columns]] for each column of the schema.")
    targets = [made.to for made in columns]
    for to in sorted({to for to in targets if targets.count(to) > 1}):
        table.complain("columns", f'"{to}" is made twice. Keep one.')
    leave_out = tuple(_leave_out(one) for one in table.tables("leave_out", named="column"))
    table.done()
    if problems:
        raise ConfigError(*problems)
    return Mapping(name=called, columns=columns, moments=tuple(moments.values()), leave_out=leave_out)


def _moment(table: Table, before: dict[str, Moment]) -> Moment:
    table.remark("title", "description")
    name = table.text("name")
    if table.lacks("name"):
        table.complain("name", "is missing. Give the moment a name, by which columns find it.")
    elif name in before:
        table.complain("name", "there is a moment of this name already. Give it one of its own.")
    moment = Moment(
        name=name,
        parts=table.pairs("from", _PARTS),
        short=table.flag("short"),
        zone=_zone(table, "zone"),
        to_zone=_zone(table, "to_zone"),
        twice=table.text("twice", "", among=("", "first", "second")),
        not_before=_moment_named(table, "not_before", before, " above this one"),
    )
    table.done()
    _look_at(table, moment)
    earlier = before.get(moment.not_before)
    if earlier and _has_zone(earlier) != _has_zone(moment):
        table.complain("not_before", "one of the two has a zone and the other has none. Give both one, or neither.")
    if moment.to_zone and not _has_zone(moment):
        table.complain("to_zone", "needs to know where from. Set zone, or read it with %z.")
    return moment


def _look_at(table: Table, moment: Moment) -> None:
    if table.lacks("from"):
        table.complain("from", f"is missing. Name columns and how they are written, as in {_PARTS}.")
    if any(len(written) > 64 for _, written in moment.parts):
        table.complain("from", "is written in more than 64 characters. Split the cell, or shorten it.")
    for column, written in moment.parts:
        _look_at_directives(table, "from", f'"{written[:60]}" for {column[:60]}', written, READ)
    read = set(moment.directives)
    twice = sorted({letter for letter in moment.directives if moment.directives.count(letter) > 1})
    if twice or {"b", "m"} <= read or {"H", "I"} <= read:
        table.complain("from", "tells one thing twice. Read year, month, day, hour, minute and second once each.")
    has_month = bool(read & {"m", "b"})
    if read & {"Y", "m", "b", "d"} and not ({"Y", "d"} <= read and has_month):
        table.complain("from", "does not tell a day. Read year, month and day: %Y, %m and %d.")
    if ("I" in read) != ("p" in read):
        table.complain("from", "hours up to 12 need AM or PM, and the other way round. Read %I with %p, or %H.")


def _has_zone(moment: Moment) -> bool:
    return bool(moment.zone) or "z" in moment.directives


def _zone(table: Table, key: str) -> str:
    name = table.text(key)
    try:
        if name:
            ZoneInfo(name)
    except (ValueError, OSError):
        table.complain(key, f'"{name[:60]}" is no time zone. Write one as in "Europe/Paris" or "UTC".')
        return ""
    except KeyError:
        table.complain(key, f'"{name[:60]}" is not known here. Write one as in "Europe/Paris" or "UTC".')
        return ""
    return name


def _made(table: Table, moments: dict[str, Moment]) -> Made:
    table.remark("title", "description")
    to = table.text("to")
    if not to:
        table.complain("to", "is missing. Name the column of the schema.")
    given = [key for key in _KINDS if key in table]
    if len(given) != 1:
        table.complain("", f"needs one of {', '.join(_KINDS)}. Say what it is made of, and nothing else.")
    moment = _moment_named(table, "moment", moments)
    made = Made(
        to=to,
        sources=table.texts("from"),
        join=table.text("join"),
        blank=table.text("blank", "", among=("", "skip", "keep")),
        split=table.text("split"),
        part=table.whole("part", 1),
        trim=table.flag("trim"),
        values=table.pairs("values"),
        value=table.text("value"),
        moment=moment,
        format=table.text("format"),
    )
    table.done()
    for key in ("join", "split", "part", "trim", "values"):
        if key in table and "from" not in table:
            table.complain(key, "has a meaning for cells only. Take it out, or set from.")
    if len(made.sources) > 1 and "join" not in table:
        table.complain("join", 'is missing. Write what stands between the cells, "" for nothing.')
    if len(made.sources) < 2 and "blank" in table:
        table.complain("blank", "has a meaning for cells that are joined only. Take it out, or name several in from.")
    if made.part == 0:
        table.complain("part", "counts from 1, or from -1 at the end. Use one of these.")
    if moment:
        _look_at_format(table, made.format, moments[moment])
    elif made.format and "moment" not in table:
        table.complain("format", "has a meaning for a moment only. Take it out, or set moment.")
    return made


def _moment_named(table: Table, key: str, moments: Collection[str], where: str = "") -> str:
    """The name of one of *moments*, "" where none is named."""
    name = table.text(key)
    if not name or name in moments:
        return name
    remedy = f"Name one of {', '.join(moments)}" if moments else f'Write [[moments]] with name = "{name[:60]}"{where}'
    table.complain(key, f'there is no moment "{name[:60]}"{where}. {remedy}.')
    return ""


def _look_at_directives(table: Table, key: str, what: str, written: str, known: Collection[str]) -> None:
    letters = re.findall("%(.?)", written)
    unknown = [f"%{letter}" for letter in letters if letter not in known]
    if unknown or not letters:
        holds = f"{unknown[0]}, which is not known" if unknown else "no directive"
        table.complain(key, f"{what} holds {holds}. Known are {', '.join(f'%{letter}' for letter in sorted(known))}.")


def _look_at_format(table: Table, written: str, moment: Moment) -> None:
    letters = re.findall("%(.?)", written)
    if table.lacks("format"):
        table.complain("format", 'is missing. Say how the moment is written, as in "%d/%m/%Y" or "%H:%M".')
    else:
        _look_at_directives(table, "format", f'"{written[:60]}"', written, WRITE)
    if set(letters) & _DATE and "d" not in moment.directives:
        table.complain("format", "writes a day, and the moment has none. Read one, or write hours and minutes only.")
    if "z" in letters and not _has_zone(moment):
        table.complain("format", "writes a zone, and the moment has none. Set its zone.")


def _leave_out(table: Table) -> LeaveOut:
    table.remark("title", "description")
    rule = LeaveOut(column=table.text("column"), among=table.texts("among"), unless=table.texts("unless"))
    table.done()
    if not rule.column:
        table.complain("column", "is missing. Name the column of the source that decides.")
    if bool(rule.among) == bool(rule.unless):
        table.complain("", "needs either among or unless. List the values that leave a row out, or those that keep it.")
    return rule

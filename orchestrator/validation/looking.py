"""What a file looks like, from its beginning: proposals for a person to read. A run never guesses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from orchestrator.validation.decoding import Decoding, byte_order_mark
from orchestrator.validation.dialect import CANONICAL, Dialect
from orchestrator.validation.header import is_header, recognise
from orchestrator.validation.problem import MESSAGES, Problem
from orchestrator.validation.record import Record
from orchestrator.validation.rejects import is_list
from orchestrator.validation.schema import Rule, Schema
from orchestrator.validation.signs import RECORDS, dialect_of, quotes_of, records_of

_TOLD = 3
_NO_NAME = re.compile(r"\s*|[-+.0-9].*", re.DOTALL)
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f\x7f]")
_FEWEST_OF_TEXT = 20
"""Characters to one that controls: of compressed bytes every tenth does."""
_FEW = 3
_LONE = re.compile(r"\r(?![\r\n])(?!\Z)")
_OLD_MACS = "its lines end in lone carriage returns, as on old Macs, and no run reads those: write CRLF or LF"
_PACKED = ((b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "zip"), (b"\xfd7zXZ", "xz"), (b"(\xb5/\xfd", "zstd"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """`marked` is whether a byte order mark says the encoding; `ends` counts the line ends by what they are."""

    fault: str = ""
    """Why there is nothing to propose, and what to do; "" where there is."""
    encoding: str = ""
    marked: bool = False
    ends: dict[str, int] = field(default_factory=dict)
    dialect: Dialect = CANONICAL
    width: int = 0
    even: bool = True
    """Whether all records that were looked at have as many cells."""
    names: tuple[str, ...] = ()
    """The columns; none where the first record does not look like a header."""
    kind: str = ""
    """The schema that fits, "" where none does."""
    lacks: str = ""
    """What the nearest one misses, where none fits."""
    elsewhere: str = ""
    """What its header fits of the *others*, where no schema does that it may be of."""
    remarks: tuple[str, ...] = ()
    """What no settings help against: it has to be mended."""


def look(
    data: bytes, schemas: Sequence[Schema], others: Sequence[Schema] = (), *, whole: bool, mapped: bool = False
) -> Sight:
    """*data* is the beginning of a file, or all of it; *schemas* are what it may be, or what a mapping reads."""
    mark = byte_order_mark(data)
    encoding = mark[1] if mark else _encoding_of(data, whole=whole)
    text, readable = Decoding(encoding).decode(data, last=whole)
    if fault := _fault_of(data, text, readable=readable):
        return Sight(fault=fault)
    of_old_macs = "\r" in text and "\n" not in text
    lines = text.replace("\r", "\n") if of_old_macs else text
    if not whole:
        lines = lines[: lines.rfind("\n") + 1]  # what comes after it is cut somewhere
    dialect = dialect_of(lines)
    dialect = replace(dialect, skip_rows=_titles_above(list(islice(records_of(lines, dialect), RECORDS)), schemas))
    records = list(islice(records_of(lines, dialect), RECORDS))
    widths = Counter(record.count for record in records)
    width = widths.most_common(1)[0][0] if widths else 0
    kind, lacks, header = _kind_of(records, schemas, mapped=mapped)
    names = records[0].cells if header else ()
    dialect, unclosed = quotes_of(lines, dialect, whole=whole)
    remarks = [_OLD_MACS] if of_old_macs else []
    remarks += [unclosed] if unclosed else []
    remarks += _nameless(names) if not mapped else []
    remarks += _uneven(records, width) if not unclosed else []
    if not of_old_macs and (at := _LONE.search(lines)):
        remarks.append(f"line {lines.count(chr(10), 0, at.start()) + 1:,}: {MESSAGES[Rule.CARRIAGE_RETURN]}")
    if (before := lines.find("\n\ufeff")) >= 0:
        remarks.append(f"line {lines.count(chr(10), 0, before) + 2:,}: {MESSAGES[Rule.MARK]}")
    remarks += [] if readable else [MESSAGES[Rule.ENCODING]]
    if names and whole and len(records) == 1 and not unclosed:
        remarks.append(MESSAGES[Rule.NO_ROWS])
    return Sight(
        encoding=encoding,
        marked=mark is not None,
        ends=_line_ends(text[: len(lines)]),
        dialect=dialect,
        width=width,
        even=len(widths) <= 1,
        names=names,
        kind=kind,
        lacks=lacks,
        elsewhere="" if kind else _named_by(records, others),
        remarks=tuple(remarks),
    )


def _fault_of(data: bytes, text: str, *, readable: bool) -> str:
    packed = next((name for sign, name in _PACKED if data.startswith(sign)), "")
    if packed:
        return f"no text, but a compressed file ({packed}): unpack it, or export a workbook as CSV"
    if "\0" in text or len(_CONTROL.findall(text)) * _FEWEST_OF_TEXT > len(text):
        return "no text: it has signs in it that no text has. Unpack it if it is packed, or export it as CSV"
    return MESSAGES[Rule.EMPTY] if readable and not text.strip("\r\n") else ""


def _encoding_of(data: bytes, *, whole: bool) -> str:
    """The first that can read it. Many NULs are those of UTF-16, at every other place."""
    if data.count(0) * 4 > len(data):
        return "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"
    for encoding in ("utf-8", "cp1252"):
        if Decoding(encoding).decode(data, last=whole)[1]:
            return encoding
    return "latin-1"


def _titles_above(records: Sequence[Record], schemas: Sequence[Schema]) -> int:
    """How many lines stand above the names, if most cells of these are blank or missing."""
    width = Counter(record.count for record in records).most_common(1)[0][0] if records else 0
    first = next((record for record in records if 2 * sum(map(bool, record.cells)) > width), None)
    if first is None or first is records[0] or first.count != width or is_list(records[0].text):
        return 0
    named = [schema for schema in schemas if schema.columns]
    return first.line - 1 if _looks_like_names(first) or is_header(named, first) else 0


def _uneven(records: Sequence[Record], width: int) -> list[str]:
    ragged = [record for record in records if record.count != width]
    if not ragged or len(ragged) * _FEW > len(records):
        return []  # where many differ nobody knows which of them are right
    first = f"line {ragged[0].line:,} has {ragged[0].count:,} cells, where most have {width:,}"
    return [
        f"{first}: look for a missing sign between cells, or for one that needs quotes; {len(ragged):,} are like it"
    ]


def _nameless(names: Sequence[str]) -> list[str]:
    numbers = [f"{number:,}" for number, name in enumerate(names, 1) if not name.strip()]
    if not numbers:
        return []
    which = ", ".join(numbers[:_TOLD]) + f" and {len(numbers) - _TOLD:,} more" * (len(numbers) > _TOLD)
    lack = f"columns {which} have no names" if numbers[1:] else f"column {which} has no name"
    return [f"{lack}, as the index of an exported table has none: export it without, or give each a name"]


def _line_ends(text: str) -> dict[str, int]:
    crlf = text.count("\r\n")
    found = {"CRLF": crlf, "LF": text.count("\n") - crlf, "CR": text.count("\r") - crlf}
    return {name: count for name, count in found.items() if count}


def _kind_of(records: Sequence[Record], schemas: Sequence[Schema], *, mapped: bool) -> tuple[str, str, bool]:
    """Name of the kind, what it lacks, and whether there is a header."""
    if not records:
        return "", "", False
    first = records[0]
    named = [schema for schema in schemas if schema.columns]
    header = _looks_like_names(first) or is_header(named, first)
    found = recognise(named, first, mapped=mapped) if named or is_list(first.text) else None
    if isinstance(found, tuple) and (found[1] or first.count == len(found[0].columns)):
        return found[0].schema.name, "", found[1]
    taking_any = [schema for schema in schemas if not schema.columns][:1]
    if taking_any and header and not isinstance(found, Problem):
        found = recognise(taking_any, first, mapped=mapped)
        if isinstance(found, tuple):
            return found[0].schema.name, "", True
    return "", found.message if isinstance(found, Problem) else "", header


def _looks_like_names(first: Record) -> bool:
    """The first may be missing, as an index has none."""
    names = first.cells if first.cells[0].strip() or first.count == 1 else first.cells[1:]
    return not any(_NO_NAME.fullmatch(cell) for cell in names) and len(set(first.cells)) == first.count


def _named_by(records: Sequence[Record], schemas: Sequence[Schema]) -> str:
    """The schema that the header fits; one that takes any columns says nothing about a file."""
    named = [schema for schema in schemas if schema.columns]
    found = recognise(named, records[0]) if named and records else None
    return found[0].schema.name if isinstance(found, tuple) and found[1] else ""

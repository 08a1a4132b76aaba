"""What a file looks like, from its beginning: proposals for a person to read. A run never guesses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from orchestrator.validation.decoding import Decoding, byte_order_mark
from orchestrator.validation.dialect import CANONICAL, Dialect
from orchestrator.validation.header import recognise
from orchestrator.validation.problem import MESSAGES, Problem
from orchestrator.validation.record import Reading, Record
from orchestrator.validation.rejects import is_list
from orchestrator.validation.schema import Rule, Schema

_DELIMITERS = (",", ";", "\t", "|")
_QUOTES = ('"', "'", "")
_RECORDS = 300
_NO_NAME = re.compile(r"\s*|[-+.0-9].*", re.DOTALL)
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f\x7f]")
_FEWEST_OF_TEXT = 20
"""Characters to one that controls: of compressed bytes every tenth does."""
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


def look(data: bytes, schemas: Sequence[Schema], others: Sequence[Schema] = (), *, whole: bool) -> Sight:
    """*data* is the beginning of a file, or all of it; *schemas* are what it may be."""
    mark = byte_order_mark(data)
    encoding = mark[1] if mark else _encoding_of(data, whole=whole)
    text, readable = Decoding(encoding).decode(data, last=whole)
    if fault := _fault_of(data, text, readable=readable):
        return Sight(fault=fault)
    if not whole:
        text = text[: text.rfind("\n") + 1]  # what comes after it is cut somewhere
    dialect = _dialect_of(text)
    records = list(islice(_records(text, dialect), _RECORDS))
    widths = Counter(record.count for record in records)
    width = widths.most_common(1)[0][0] if widths else 0
    kind, lacks, header = _kind_of(records, schemas)
    return Sight(
        encoding=encoding,
        marked=mark is not None,
        ends=_line_ends(text),
        dialect=dialect,
        width=width,
        even=len(widths) <= 1,
        names=records[0].cells if header else (),
        kind=kind,
        lacks=lacks,
        elsewhere="" if kind else _named_by(records, others),
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


def _dialect_of(text: str) -> Dialect:
    """That in which the most records have the same number of cells and no others' quotes, and then the most cells."""
    best, first = CANONICAL, (0.0, 0)
    for delimiter, quote in product(_DELIMITERS, _QUOTES):
        escapes = ("", "\\") if quote and f"\\{quote}" in text else ("",)
        for escape in escapes:
            dialect = Dialect(delimiter=delimiter, quote=quote, escape=escape)
            records = list(islice(_records(text, dialect), _RECORDS))
            widths = Counter(record.count for record in records if record.count > 1 and _is_quoted_in(record, dialect))
            if widths:
                width, count = widths.most_common(1)[0]
                score = (count / len(records), width)
                if score > first:
                    best, first = dialect, score
    return best


def _is_quoted_in(record: Record, dialect: Dialect) -> bool:
    """And in no other way: no cell begins with the quote of another dialect where this or a later one ends with it."""
    text = f"{dialect.delimiter}{record.text}{dialect.delimiter}"
    others = (quote for quote in _QUOTES if quote and quote != dialect.quote)
    return not record.misquoted and not any(
        0 <= text.find(dialect.delimiter + quote) < text.rfind(quote + dialect.delimiter) - 1 for quote in others
    )


def _records(text: str, dialect: Dialect) -> Iterator[Record]:
    """Those that are whole; the last line may be cut."""
    reading = None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip("\r") and reading is None:
            continue
        reading = reading or Reading(number, dialect)
        reading.read(line.removesuffix("\r"))
        if reading.oversize:
            return
        if not reading.is_open:
            yield reading.record()
            reading = None
        else:
            reading.go_on("\n")


def _line_ends(text: str) -> dict[str, int]:
    crlf = text.count("\r\n")
    found = {"CRLF": crlf, "LF": text.count("\n") - crlf, "CR": text.count("\r") - crlf}
    return {name: count for name, count in found.items() if count}


def _kind_of(records: Sequence[Record], schemas: Sequence[Schema]) -> tuple[str, str, bool]:
    """Name of the kind, what it lacks, and whether there is a header."""
    if not records:
        return "", "", False
    first = records[0]
    named = [schema for schema in schemas if schema.columns]
    found = recognise(named, first) if named or is_list(first.text) else None
    if isinstance(found, tuple):
        bound, is_header = found
        if is_header:
            return bound.schema.name, "", True
        if first.count == len(bound.columns):
            return bound.schema.name, "", False
    looks_like_one = not any(_NO_NAME.fullmatch(cell) for cell in first.cells) and len(set(first.cells)) == first.count
    lacks = found.message if isinstance(found, Problem) and looks_like_one else ""
    taking_any = next((schema.name for schema in schemas if not schema.columns), "")
    return (taking_any if looks_like_one and not lacks else ""), lacks, looks_like_one


def _named_by(records: Sequence[Record], schemas: Sequence[Schema]) -> str:
    """The schema that the header fits; one that takes any columns says nothing about a file."""
    named = [schema for schema in schemas if schema.columns]
    found = recognise(named, records[0]) if named and records else None
    return found[0].schema.name if isinstance(found, tuple) and found[1] else ""

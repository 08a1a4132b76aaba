"""What a file looks like, from its beginning: proposals for a person to read. A run never guesses."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product

from orchestrator.validation.decoding import Decoding, byte_order_mark
from orchestrator.validation.dialect import CANONICAL, Dialect
from orchestrator.validation.header import is_header, recognise
from orchestrator.validation.problem import MESSAGES, Problem
from orchestrator.validation.record import Reading, Record
from orchestrator.validation.rejects import is_list
from orchestrator.validation.schema import Rule, Schema

_DELIMITERS = (",", ";", "\t", "|")
_QUOTES = ('"', "'", "")
_RECORDS = 300
_TOLD = 3
_NO_NAME = re.compile(r"\s*|[-+.0-9].*", re.DOTALL)
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f\x7f]")
_FEWEST_OF_TEXT = 20
"""Characters to one that controls: of compressed bytes every tenth does."""
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
    dialect = _dialect_of(lines)
    dialect = replace(dialect, skip_rows=_titles_above(list(islice(_records(lines, dialect), _RECORDS)), schemas))
    records = list(islice(_records(lines, dialect), _RECORDS))
    widths = Counter(record.count for record in records)
    width = widths.most_common(1)[0][0] if widths else 0
    kind, lacks, header = _kind_of(records, schemas, mapped=mapped)
    names = records[0].cells if header else ()
    dialect, unclosed = _quotes_of(lines, dialect, whole=whole)
    remarks = [_OLD_MACS] if of_old_macs else []
    remarks += [unclosed] if unclosed else []
    remarks += _nameless(names) if not mapped else []
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


def _titles_above(records: Sequence[Record], schemas: Sequence[Schema]) -> int:
    """How many lines stand above the names, if most cells of these are blank or missing."""
    width = Counter(record.count for record in records).most_common(1)[0][0] if records else 0
    first = next((record for record in records if 2 * sum(map(bool, record.cells)) > width), None)
    if first is None or first is records[0] or first.count != width or is_list(records[0].text):
        return 0
    named = [schema for schema in schemas if schema.columns]
    return first.line - 1 if _looks_like_names(first) or is_header(named, first) else 0


def _is_quoted_in(record: Record, dialect: Dialect) -> bool:
    """And in no other way: no cell begins with the quote of another dialect where this or a later one ends with it."""
    text = f"{dialect.delimiter}{record.text}{dialect.delimiter}"
    others = (quote for quote in _QUOTES if quote and quote != dialect.quote)
    return not record.misquoted and not any(
        0 <= text.find(dialect.delimiter + quote) < text.rfind(quote + dialect.delimiter) - 1 for quote in others
    )


def _records(text: str, dialect: Dialect) -> Iterator[Record]:
    """Those that are whole; the last line may be cut."""
    return (reading.record() for reading in _readings(text, dialect) if not (reading.is_open or reading.oversize))


def _readings(text: str, dialect: Dialect) -> Iterator[Reading]:
    """Each as far as it goes: only the last one may be open, or in a cell beyond the limit."""
    reading = None
    for number, line in enumerate(text.split("\n"), 1):
        if number <= dialect.skip_rows or (not line.strip("\r") and reading is None):
            continue
        reading = reading or Reading(number, dialect)
        reading.read(line.removesuffix("\r"))
        if reading.is_open and not reading.oversize:
            reading.go_on("\n")
        if reading.oversize:
            break
        if not reading.is_open:
            yield reading
            reading = None
    if reading is not None:
        yield reading


def _quotes_of(text: str, dialect: Dialect, *, whole: bool) -> tuple[Dialect, str]:
    """And what is to be said of a quote that never closes, or "".

    It swallows all that follows, so that another quote, which stands nowhere, reads more records.
    """
    used = not dialect.quote or any(f"{before}{dialect.quote}" in f"\n{text}" for before in ("\n", dialect.delimiter))
    quoted = replace(dialect, quote=CANONICAL.quote, escape="")
    for one in (dialect,) if used or dialect == quoted else (dialect, quoted):
        if remark := _unclosed(text, one, whole=whole):
            return one, remark
    return dialect, ""


def _unclosed(text: str, dialect: Dialect, *, whole: bool) -> str:
    last = deque(_readings(text, dialect), maxlen=1)
    for reading in last:
        if reading.oversize:
            return f"line {reading.cell_line:,}: {MESSAGES[Rule.FIELD_SIZE]}"
        if reading.is_open and whole:
            return f"line {reading.cell_line:,}: {MESSAGES[Rule.UNCLOSED_QUOTE]}"
    return ""


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

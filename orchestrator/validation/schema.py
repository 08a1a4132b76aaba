"""What a CSV file has to look like: the columns, their formats, and whether the header may be left out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_NOT_IN_NAMES = frozenset(',"\r\n\0')


class Rule(StrEnum):
    """Everything a file or a row can break; the values stand in reports and must not change."""

    ENCODING = "encoding"
    NUL = "nul"
    UNCLOSED_QUOTE = "unclosed_quote"
    FIELD_SIZE = "field_size"
    RECORD_SIZE = "record_size"
    EMPTY = "empty"
    HEADER = "header"
    NO_ROWS = "no_rows"
    QUOTE = "quote"
    CARRIAGE_RETURN = "carriage_return"
    COLUMNS = "columns"
    REQUIRED = "required"
    DATE = "date"
    TIME = "time"
    DIGIT = "digit"


class Format(StrEnum):
    """How a cell has to be written."""

    TEXT = "text"
    DATE = "date"
    TIME = "time"
    TIME_REFERENCE = "time_reference"


class Header(StrEnum):
    """Whether the source may come without the row of column names."""

    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    format: Format = Format.TEXT
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The columns in their order. A name needs no quotes, so that the header is always one plain line."""

    name: str
    columns: tuple[Column, ...]
    header: Header

    def __post_init__(self) -> None:
        names = self.names
        if not names or len({name.casefold() for name in names}) < len(names):
            raise ValueError(f"schema {self.name}: the columns need names that differ")
        for name in names:
            if not name or name != name.strip() or _NOT_IN_NAMES & set(name):
                raise ValueError(f"schema {self.name}: {name!r} cannot be the name of a column")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def name_at(self, cell: int) -> str:
        """The name of the column that cell number *cell* (from 1) belongs to, "" beyond the last one."""
        return self.columns[cell - 1].name if cell <= len(self.columns) else ""

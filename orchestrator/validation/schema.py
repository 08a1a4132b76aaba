"""What a CSV file has to look like. The words are those of Table Schema, as far as they say what we check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import eq, ge, gt, le, lt, ne
from types import MappingProxyType
from typing import Any

from orchestrator.validation.nesting import shape_of

_NOT_IN_NAMES = frozenset("\r\n\0")


class Rule(StrEnum):
    """Everything a file or a row can break; the values stand in reports and must not change."""

    ENCODING = "encoding"
    NUL = "nul"
    MARK = "byte_order_mark"
    UNCLOSED_QUOTE = "unclosed_quote"
    FIELD_SIZE = "field_size"
    RECORD_SIZE = "record_size"
    PART_SIZE = "part_size"
    EMPTY = "empty"
    HEADER = "header"
    NO_ROWS = "no_rows"
    ALL_LEFT_OUT = "all_left_out"
    KEYS = "keys"
    QUOTE = "quote"
    CARRIAGE_RETURN = "carriage_return"
    COLUMNS = "columns"
    REQUIRED = "required"
    DELETES = "deletes"
    FORMULA = "formula"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    DIGIT = "digit"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    OBJECT = "object"
    ENUM = "enum"
    PATTERN = "pattern"
    MIN_LENGTH = "min_length"
    MAX_LENGTH = "max_length"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    UNIQUE = "unique"
    REFERENCE = "reference"
    CHECK = "check"
    MAPPING = "mapping"
    REFUSED = "refused"
    KEPT_BACK = "kept_back"
    ABANDONED = "abandoned"


class Type(StrEnum):
    """What a cell means."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    LIST = "list"
    OBJECT = "object"


WRITTEN: Mapping[Type, str] = MappingProxyType(
    {Type.DATE: "%Y-%m-%d", Type.TIME: "%H:%M:%S", Type.DATETIME: "%Y-%m-%dT%H:%M:%SZ"}
)
"""How a date or a time is written where the schema does not say."""


class Header(StrEnum):
    """Whether the source may come without the row of column names."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class Match(StrEnum):
    """How the columns of a file stand to those of the schema."""

    EXACT = "exact"
    """All of them, in their order."""
    EQUAL = "equal"
    """All of them, in any order."""
    SUBSET = "subset"
    """All of them, and any others."""
    SUPERSET = "superset"
    """Those that are required, and of the rest any; no others."""
    PARTIAL = "partial"
    """Those that are required, at least one, and any others."""

    @property
    def takes_others(self) -> bool:
        return self in (Match.SUBSET, Match.PARTIAL)

    @property
    def wants_all(self) -> bool:
        return self in (Match.EXACT, Match.EQUAL, Match.SUBSET)


class Severity(StrEnum):
    """Whether a row that breaks a rule is kept back, or sent and told about."""

    ERROR = "error"
    WARNING = "warning"


class Order(StrEnum):
    """How two values of a row have to stand to each other."""

    SAME = "=="
    OTHER = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="

    @property
    def holds(self) -> Callable[[Any, Any], bool]:
        return _ORDERS[self]


_ORDERS = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Beyond its type. `severity` is not that of `required` and `unique`, which always keep a row back.

    Of a list, `pattern` and `enum` are about each item.
    """

    required: bool = False
    unique: bool = False
    min_length: int | None = None
    max_length: int | None = None
    minimum: str = ""
    maximum: str = ""
    pattern: str = ""
    enum: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    """One that ends in `*` stands for every column that begins so."""
    type: Type = Type.STRING
    format: str = ""
    """How a date or a time is written, in the directives of strftime."""
    delimiter: str = ","
    """Between the items of a list."""
    true_values: tuple[str, ...] = ("true", "True", "TRUE", "1")
    false_values: tuple[str, ...] = ("false", "False", "FALSE", "0")
    constraints: Constraints = Constraints()

    @property
    def is_pattern(self) -> bool:
        return self.name.endswith("*")

    @property
    def written(self) -> str:
        return self.format or WRITTEN.get(self.type, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the cells of one row have to be to each other: the columns of *left*, in turn, to those of *right*."""

    left: tuple[str, ...]
    order: Order
    right: tuple[str, ...]
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """These columns of a row are the *keys* of one of another kind, which may stand in another file."""

    fields: tuple[str, ...]
    """A single one that is a list refers by each of its items."""
    kinds: tuple[str, ...]
    """Names of schemas, or beginnings of names up to a dot; a row of any of them will do."""
    keys: tuple[str, ...]
    unless: tuple[str, ...] = ()
    """Values that stand for something else than a row."""
    severity: Severity = Severity.WARNING
    """The remote may have the row from earlier."""

    def is_to(self, schema: Schema) -> bool:
        """Whether a row of that kind can be meant. One that has to be keyed is called by that as well."""
        named = any(f"{schema.name}.".startswith((f"{kind}.", f"{kind} ")) for kind in self.kinds)
        return named and {*self.keys} <= {column.name for column in schema.columns if not column.is_pattern}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One kind of file."""

    name: str
    columns: tuple[Column, ...]
    header: Header = Header.REQUIRED
    match: Match = Match.EXACT
    key: tuple[str, ...] = ()
    """The columns that tell rows apart: together they must not come twice in a file."""
    checks: tuple[Check, ...] = ()
    references: tuple[Reference, ...] = ()
    blank_deletes: bool = False
    """A blank cell makes the remote delete what it has: allowed, but told."""
    nests: bool = False
    """The remote gets records: a column `a.b` is field b in a."""

    def __post_init__(self) -> None:
        names = self.names
        if (not names and not self.match.takes_others) or len({name.casefold() for name in names}) < len(names):
            raise ValueError(f"schema {self.name}: the columns need names, and names that differ")
        for name in names:
            if not name or name != name.strip() or _NOT_IN_NAMES & set(name):
                raise ValueError(f"schema {self.name}: {name!r} cannot be the name of a column")
        if self.nests and self.match.wants_all:
            shape_of([column.name for column in self.columns if not column.is_pattern])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

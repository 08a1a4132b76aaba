"""Which kind of file is this? Its first record says so, and in which order its columns stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from orchestrator.naming import printable
from orchestrator.validation.likeness import correction, is_nearly, missing, shown
from orchestrator.validation.limits import CELL_LIMIT
from orchestrator.validation.nesting import Tangled, shape_of
from orchestrator.validation.problem import MESSAGES, Problem
from orchestrator.validation.record import Record
from orchestrator.validation.rejects import ADDED, is_list
from orchestrator.validation.schema import Column, Header, Match, Rule, Schema, Type

_TOLD = 3
_IN_DIGITS = {Type.INTEGER, Type.NUMBER, Type.DATE, Type.TIME, Type.DATETIME}
"""What no cell can be without a digit in it."""
_FEWEST_WORDS = 2
"""Cells that hold none all the same, from which on a first line is one of names."""
_LONGEST_NAME = 255
_REJECTS = (
    "a list of rejects, not a file to send: it would take the place of the whole file. Mend its rows where it lies, "
    "below rejects/, and run orchestrator resubmit"
)
_SIGNS = ",;\t|"
_OR_ABOVE = ", or set validation.skip_rows to the number of lines that stand above them"

_PARTED = (
    "the first line is a single cell with {} in it: if that parts the cells, set validation.delimiter, which "
    "orchestrator inspect FILE proposes; else put the cell in quotes"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A schema as one file keeps to it: the columns that are there, in their order."""

    schema: Schema
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @classmethod
    def unread(cls, schema: Schema) -> Bound:
        """What is known before the header."""
        return cls(schema=schema, columns=schema.columns if schema.match is Match.EXACT else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    column: int
    name: str
    words: str
    rule: Rule = Rule.HEADER


def recognise(schemas: Sequence[Schema], record: Record, *, mapped: bool = False) -> tuple[Bound, bool] | Problem:
    """The kind of the file and whether *record* is its header, which it is as soon as one cell is a known name.

    Better a fault of the header than a wrong row. Of several kinds that fit it is the one that misses the
    fewest columns. In one that is *mapped* columns that the mapping does not know may be called as they like.
    """
    if is_list(record.text):
        added = (number for number, cell in enumerate(record.cells, 1) if cell in ADDED)
        return _problem(record, _Fault(column=next(added, 1), name="", words=_REJECTS))
    if sign := _other_sign(schemas, record):
        return _problem(
            record, _Fault(column=1, name="", words=_PARTED.format("a tab" if sign == "\t" else f'"{sign}"'))
        )
    if not is_header(schemas, record):
        for schema in schemas:
            if schema.header is Header.OPTIONAL:
                fault = _unknown_names(schema, record)
                return _problem(record, fault) if fault else (Bound.unread(schema), False)
        return _problem(record, _no_source(schemas[0]) if mapped else _no_header(schemas))
    attempts = [(schema, *_bind(schema, record, mapped=mapped)) for schema in schemas]
    fitting = [(schema, columns) for schema, columns, faults in attempts if not faults]
    if fitting:
        schema, columns = min(fitting, key=lambda fit: len(set(fit[0].columns) - set(fit[1])))
        return Bound(schema=schema, columns=columns), True
    # The kind that the file has most of, and then the one that it is least at odds with.
    schema, _, faults = max(attempts, key=lambda one: (_known(one[0], record), -len(one[2])))
    first, *more = faults[:_TOLD]
    words = "; ".join([first.words, *[fault.words for fault in more]])
    if len(faults) > _TOLD:
        words += f"; and {len(faults) - _TOLD:,} more"
    if len(schemas) > 1 and first.rule is Rule.HEADER:
        words = f"nearest to {schema.name}, but {words}"
    return _problem(record, replace(first, words=words))


def _other_sign(schemas: Iterable[Schema], record: Record) -> str:
    """What seems to part the cells of a first line that is a single one as it was read."""
    if record.count > 1 or record.misquoted or record.text != record.cells[0]:
        return ""
    if any(len(schema.columns) == 1 and schema.header is Header.OPTIONAL for schema in schemas):
        return ""  # it may be a row
    return max(filter(record.text.__contains__, _SIGNS), key=record.text.count, default="")


def is_header(schemas: Iterable[Schema], record: Record) -> bool:
    """Whether a cell of it is a name that one of them knows; one that takes any takes any for names."""
    return record.count <= CELL_LIMIT and any(not schema.columns or _known(schema, record) for schema in schemas)


def _unknown_names(schema: Schema, record: Record) -> _Fault | None:
    """Words without a digit in all cells that are to hold numbers and dates: a row has no such, a foreign header has.

    As a bad row it would be left out, and the columns below it taken for ours in whatever order they stand.
    """
    if record.count != len(schema.columns):
        return None  # it is bad as a row, and so is every row that is as long
    places = [number for number, column in enumerate(schema.columns) if column.type in _IN_DIGITS]
    cells = [record.cells[place] for place in places if record.cells[place].strip()]
    if len(cells) < _FEWEST_WORDS or any(char.isdigit() for cell in cells for char in cell):
        return None
    words = f"the first line has names that this schema does not know: write {', '.join(schema.names)}, in this order"
    return _Fault(column=1, name=schema.names[0], words=words)


def _known(schema: Schema, record: Record) -> int:
    """How many cells look like names of the schema."""
    folded = {column.name.casefold() for column in schema.columns if not column.is_pattern}
    begins = tuple(column.name[:-1].casefold() for column in schema.columns if column.is_pattern)
    names = [cell.strip().casefold() for cell in record.cells]
    return sum(name in folded or name.startswith(begins) for name in names)


def _no_header(schemas: Sequence[Schema]) -> _Fault:
    first = schemas[0]
    if len(schemas) == 1 and first.match is Match.EXACT:
        return _exact_fault(first.names, 1)
    kinds = ", ".join(schema.name for schema in schemas)
    if len(schemas) == 1:
        kinds += f" ({_some_of(first)})"
    remedy = f"put the column names there (see orchestrator schema NAME){_OR_ABOVE}"
    return _Fault(column=1, name="", words=f"the first line has no column of {kinds}: {remedy}")


def _no_source(source: Schema) -> _Fault:
    """A mapping reads it by its names."""
    remedy = f"put the column names there, or write those there into the mapping{_OR_ABOVE}"
    words = f"the first line has no column that the mapping {source.name} reads ({_some_of(source)}): {remedy}"
    return _Fault(column=1, name="", words=words)


def _some_of(schema: Schema) -> str:
    return ", ".join(map(shown, schema.names[:_TOLD])) + ", …" * (len(schema.names) > _TOLD)


def _bind(schema: Schema, record: Record, *, mapped: bool) -> tuple[tuple[Column, ...], list[_Fault]]:
    if schema.match is Match.EXACT:
        fault = _out_of_line(schema.names, record)
        return schema.columns, [fault] if fault else []
    names = {column.name: column for column in schema.columns if not column.is_pattern}
    patterns = [column for column in schema.columns if column.is_pattern]
    columns: list[Column] = []
    faults = [*_torn(record)]
    seen: set[str] = set()
    for number, cell in enumerate(record.cells, 1):
        column = names.get(cell) or next((_named(p, cell) for p in patterns if _fits(p, cell)), None)
        words = ""
        if mapped and column is None:
            pass  # nothing of it is sent
        elif not cell.strip():
            words = f"column {number} has no name: give it one, or take it out"
        elif len(cell) > _LONGEST_NAME:
            words = f"column {number} has a name of {len(cell):,} characters: shorten it"
        elif cell in seen:
            words = f"{shown(cell)} is there twice: keep one of them"
        elif column is None and not schema.match.takes_others:
            near = correction(cell, names) if len(faults) < _TOLD else ""  # looking for it is dear
            words = f"{shown(cell)} is no column of {schema.name}{near}"
        if words:
            faults.append(_Fault(column=number, name=shown(cell), words=words))
        seen.add(cell)
        columns.append(column or Column(name=cell))
    for name, column in names.items():
        if name not in seen and (schema.match.wants_all or column.constraints.required):
            words = missing(name, record.cells, mapped=mapped)
            faults.append(_Fault(column=record.count + 1, name=name, words=words))
    if schema.nests and not faults:
        faults += _tangled(record)
    return tuple(columns), faults


def _torn(record: Record) -> Iterable[_Fault]:
    """What makes the names themselves doubtful, which is what helps to hear then."""
    if record.returns:
        yield _Fault(column=record.returns[0], name="", words=MESSAGES[Rule.CARRIAGE_RETURN], rule=Rule.CARRIAGE_RETURN)
    elif record.misquoted:
        yield _Fault(column=record.misquoted, name="", words=MESSAGES[Rule.QUOTE], rule=Rule.QUOTE)


def _tangled(record: Record) -> Iterable[_Fault]:
    try:
        shape_of(record.cells)
    except Tangled as error:
        yield _Fault(column=error.place + 1, name=shown(record.cells[error.place]), words=printable(str(error)))


def _fits(pattern: Column, cell: str) -> bool:
    return cell.startswith(pattern.name[:-1]) and len(cell) >= len(pattern.name)


def _named(pattern: Column, cell: str) -> Column:
    return replace(pattern, name=cell)


def _out_of_line(names: Sequence[str], record: Record) -> _Fault | None:
    """The first cell that is not what the header must have there, to the letter."""
    for number, (name, cell) in enumerate(zip(names, record.cells, strict=False), 1):
        if cell != name:
            if number in record.returns:
                words = MESSAGES[Rule.CARRIAGE_RETURN]
                return _Fault(column=number, name=name, words=words, rule=Rule.CARRIAGE_RETURN)
            if is_nearly(cell, name):
                words = f"the header must have {name} here, without blanks, signs that nobody sees, or other case"
                return _Fault(column=number, name=name, words=words)
            return _exact_fault(names, number)
    if record.count != len(names):
        return _exact_fault(names, min(record.count, len(names)) + 1)
    return None


def _exact_fault(names: Sequence[str], number: int) -> _Fault:
    name = names[number - 1] if number <= len(names) else ""
    if not name:
        words = "the header has surplus cells from here on: remove them"
    elif number == 1:
        words = f"the header must begin with {name}: put the column names on the first line, in order"
    else:
        words = f"the header must have {name} here: write the column names exactly, in their order"
    return _Fault(column=number, name=name, words=words)


def _problem(record: Record, fault: _Fault) -> Problem:
    line = record.lines[fault.column - 1] if fault.column <= len(record.lines) else record.line
    return Problem(line=line, column=fault.column, name=fault.name, rule=fault.rule, message=fault.words)

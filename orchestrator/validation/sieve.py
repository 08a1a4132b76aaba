"""Keeps the good rows of one file, counts the others, and learns from the first record what is good."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from orchestrator.validation.cuts import UNLIMITED, Limits
from orchestrator.validation.dialect import Dialect, written
from orchestrator.validation.header import Bound, recognise
from orchestrator.validation.kept import Kept
from orchestrator.validation.keys import Shelves
from orchestrator.validation.limits import FIELD_LIMIT
from orchestrator.validation.mapped import bound_to, mapped_rows_for, source_of
from orchestrator.validation.mapping import Mapping
from orchestrator.validation.mends import NO_MENDS, Mends, Twins
from orchestrator.validation.problem import BadRow, Problem, each_once
from orchestrator.validation.proof import Proof
from orchestrator.validation.record import Record, plain_record
from orchestrator.validation.rejects import is_list
from orchestrator.validation.remarks import Remarks, nothing
from orchestrator.validation.rows import rows_for
from orchestrator.validation.schema import Rule, Schema
from orchestrator.validation.verdict import Tally, Verdict

_LINE_END = "\r\n"
_ALWAYS_TOLD = (Rule.REFUSED, Rule.ABANDONED)
"""Beside what else is wrong with a row that is not sent."""


class Sieve:
    """What comes through is taken out by `text`. With a `fault` nothing more is to be put in."""

    def __init__(
        self,
        schemas: Sequence[Schema],
        dialect: Dialect,
        on_bad: Callable[[BadRow], object],
        mapping: Mapping | None = None,
        limits: Limits = UNLIMITED,
        leave_out: Callable[[int], bool] = lambda line: False,
        mends: Mends = NO_MENDS,
        remarks: Remarks = nothing,
        fast: bool = True,
        shelves: Shelves | None = None,
    ) -> None:
        """Without *fast* every row is looked at as a record, which is what says what is right."""
        self.fault: Problem | None = None
        self.first_seen = False
        self._mapping = mapping
        self._target = bound_to(mapping, schemas) if mapping else None
        self._schemas = [source_of(mapping)] if mapping else schemas
        self.schema = ""
        self._dialect = dialect
        self._delimiter = dialect.delimiter
        self._is_canonical = dialect.is_canonical
        self._rules = rows_for(Bound.unread(self._schemas[0]), dialect)
        self._keys = self._rules.keys()
        self._shelves = shelves
        self._tally = Tally()
        self._on_bad = on_bad
        # The line that the header stands on, 0 without one.
        self._header = 0
        self._rows = 0
        self._bad = 0
        self._back = 0
        self.left_out = 0
        self._kept = Kept(limits)
        self._leave_out = leave_out
        self._mends = mends
        self._sent_before = False
        self._remarks = remarks
        self._fast = fast

    @property
    def proof(self) -> Proof | None:
        """The short cut, as soon as it is known what is to be proven."""
        return self._rules.proof if self.first_seen else None

    @property
    def header(self) -> str:
        """As it is sent."""
        return self._rules.header

    @property
    def names(self) -> tuple[str, ...]:
        return self._rules.names

    @property
    def is_divided(self) -> bool:
        return self._kept.is_divided

    def verdict(self) -> Verdict:
        return Verdict(
            schema=self.schema,
            rows=self._rows,
            bad=self._bad,
            back=self._back,
            left_out=self.left_out,
            warned=self._tally.rows,
            fault=self.fault,
            gaps=self._kept.gaps(),
            header_line=self._header,
            cuts=self._kept.cuts(),
            warnings=self._tally.told(),
        )

    def text(self) -> str:
        """The canonical text of the good rows since the last time."""
        return self._kept.take()

    def fail(self, rule: Rule, line: int, cell: int, message: str = "") -> None:
        fault = self._rules.problem(rule, line, cell, message)
        # Before the first record it is not known which columns there are.
        self.fault = fault if self.first_seen else replace(fault, name="")

    def end(self) -> None:
        """There is nothing more to come."""
        if not self.fault and not self.first_seen:
            self.fail(Rule.EMPTY, 1, 1)
        if not self.fault and not self._rows and not self._sent_before:
            self.fail(Rule.ALL_LEFT_OUT if self.left_out else Rule.NO_ROWS, self._header, 1)

    def take_clean(self, text: str, canonical: bool, line: int) -> int:
        """Take rows that were proven; *canonical* says that they end with CRLF. Returns how many they are."""
        if self._dialect.delimiter != ",":
            text = text.replace(self._dialect.delimiter, ",")  # no cell that is proven has a comma
        if canonical:
            rows, kept = text.count("\n"), text[:-2]
        else:
            kept = text[:-1].replace("\n", _LINE_END)
            rows = len(kept) - len(text) + 2  # each line end but the last grew by one: cheaper than to count them
        self._keep(kept, line, rows)
        return rows

    def _keep(self, text: str, line: int, rows: int = 1) -> None:
        self._rows += rows
        if not self._kept.good(text, line, rows):
            self.fail(Rule.PART_SIZE, self._kept.too_large, 1)

    def take_above(self, text: str, line: int) -> None:
        """Take a line that the dialect skips, like a blank one; only a list of rejects is none, whatever it skips."""
        if is_list(text):
            self.take_record(plain_record(text, line, text.split(self._delimiter)))
        else:
            self._kept.skip(line, line)

    def take_plain(self, text: str, line: int) -> None:
        """Take a line without a quote, the usual one, with as little ado as possible."""
        if not text:
            self._kept.skip(line, line)
            return
        cells = text.split(self._delimiter)
        if len(text) > FIELD_LIMIT:
            for number, cell in enumerate(cells, 1):
                if len(cell) > FIELD_LIMIT:
                    self.fail(Rule.FIELD_SIZE, line, number)
                    return
        usual = self._fast and self.first_seen and "\r" not in text and not self._is_told_of(line)
        if usual and self._rules.takes(cells, line, self._keys):
            self._keep(text if self._is_canonical else written(cells), line)
        else:
            self.take_record(plain_record(text, line, cells))

    def take_record(self, record: Record) -> None:
        if not self.first_seen and self._take_first(record):
            return
        rows = self._mends.instead_of(record)
        if len(rows) > 1 and not self._kept.together([self._text_of(row) for row in rows], record.line):
            words = "the rows that take its place do not fit into one part: mend it in the file itself"
            self.fail(Rule.PART_SIZE, record.line, 1, words)
        for row in rows:
            if not self.fault:
                self._take_row(row)

    def _text_of(self, record: Record) -> str:
        """As it is sent if nothing is wrong with it."""
        return self._rules.look(record, self._rules.keys()).text

    def _take_row(self, record: Record) -> None:
        if self._leave_out(record.line):
            return
        beside, back = tuple(self._beside_others(record)), self._mends.why_back(record.line)
        # What others alone have against it leaves it its key: else one would be good that they were not asked about.
        keys = self._rules.keys() if self._mends.twins_of(record.line) else self._keys
        looked = self._rules.look(record, keys)
        if self._mends.was_sent(record.line):  # looked at, because no other row may have its key
            self._sent_before = True
            self._kept.skip(record.line, record.last_line)
            return
        if looked.left_out:
            self.left_out += 1
            self._kept.skip(record.line, record.last_line)
            return
        if self._keys.is_full:
            self.fail(Rule.KEYS, record.line, 1)
            return
        errors = self._tally.take(each_once((*looked.problems, *beside)))
        if back in _ALWAYS_TOLD or (back and not errors):
            errors = (*errors, replace(self._rules.problem(back, record.line, 1), column=0, name=""))
        if errors:
            self._rows += 1
            self._bad += 1
            self._back += back is not None
            self._kept.skip(record.line, record.last_line, bad=1)
            self._on_bad(self._rules.bad_row(record, errors))
            return
        self._keep(looked.text, record.line)
        if record.last_line > record.line:
            self._kept.skip(record.line + 1, record.last_line)

    def _is_told_of(self, line: int) -> bool:
        return self._leave_out(line) or self._mends.touches(line, line) or bool(self._remarks(line))

    def _beside_others(self, record: Record) -> Iterator[Problem]:
        for remark in self._remarks(record.line):
            problem = self._rules.problem(remark.rule, record.lines[remark.column - 1], remark.column, remark.message)
            yield replace(problem, severity=remark.severity)
        for column, line in self._mends.twins_of(record.line):
            words = f"the same as in line {line:,}, which was accepted: correct this one"
            yield self._rules.problem(Rule.UNIQUE, record.line, column, words)

    def twins_of(self, record: Record) -> Twins:
        """Of the rows that came so far."""
        return self._rules.twins_of(record, self._keys)

    def _take_first(self, record: Record) -> bool:
        """Whether there is nothing more to do about it: it was the header, or no file begins so."""
        self.first_seen = True
        kind = recognise(self._schemas, record, mapped=self._mapping is not None)
        if isinstance(kind, Problem):
            self.fault = kind
            return True
        bound, is_header = kind
        if self._mapping and self._target:
            self.schema = self._target.schema.name
            self._rules = mapped_rows_for(bound, self._dialect, self._mapping, self._target)
        else:
            self.schema, self._rules = bound.schema.name, rows_for(bound, self._dialect)
        self._keys = self._rules.keys(self._shelves)
        self._header = record.line if is_header else 0
        self._kept.begin(self._rules.header, self._header)
        return is_header
